"""`svcdns migrate`: what it takes to put svcdns in CoreDNS's place. It changes nothing.

What is read and what it comes to is `app.migration`'s business; here it is asked for and printed.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from svcdns.cli.cluster_flags import Apiserver, Context, Kubeconfig, servers_of
from svcdns.cli.doctor import lines, summary
from svcdns.cli.progress import Progress
from svcdns.cli.terminal import Tone, has_colour, toned

if TYPE_CHECKING:
    from svcdns.app.migration import Plan
    from svcdns.app.migration_sources import Found, Request
    from svcdns.app.migration_steps import Step

EXAMPLES = """\b
Examples:
  svcdns migrate                                   the cluster of the current context
  svcdns migrate --context prod --mode canary      a share of the queries first
  svcdns migrate --values > svcdns.yaml            Helm values alone
  svcdns migrate --corefile Corefile --deployment coredns.yaml --custom custom/
  svcdns migrate -o json | jq -r '.findings[] | select(.level == "fail") | .text'
"""


def migrate(  # noqa: PLR0913 - one parameter an option
    *,
    corefile: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Corefile, instead of a cluster; `-` is standard input."),
    ] = None,
    custom: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="What is in the ConfigMap coredns-custom, as files."),
    ] = None,
    workload: Annotated[
        str | None,
        typer.Option(
            "--deployment",
            metavar="FILE",
            help="Manifests of CoreDNS: its Deployment, its Service, what scales it.",
        ),
    ] = None,
    mode: Annotated[
        Literal["replace", "canary", "standalone"],
        typer.Option(
            help="Take all queries, take a share of them, or bring a Service along.",
        ),
    ] = "replace",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", metavar="NAME", help="Where CoreDNS is.")
    ] = "kube-system",
    config_map: Annotated[
        str, typer.Option(metavar="NAME", help="ConfigMap with the Corefile.")
    ] = "coredns",
    kubeconfig: Kubeconfig = "",
    kube_context: Context = "",
    apiserver: Apiserver = "",
    values: Annotated[
        bool, typer.Option("--values", help="Print the Helm values alone, as YAML.")
    ] = False,
    output: Annotated[
        Literal["text", "json", "yaml"], typer.Option("--output", "-o", help="How to print it.")
    ] = "text",
) -> None:
    """Print a plan to replace CoreDNS, with risks and Helm values.

    Reads the Corefile, coredns-custom, the Deployment and what stands beside it, from the
    cluster or from files. Nothing is changed; the Corefile is used as it is.

    Exit codes: 0 nothing stands in the way, 1 something does, or it cannot be read, 2 the
    command line is wrong.
    """
    if corefile is None and (custom is not None or workload is not None):
        raise typer.BadParameter("--custom and --deployment go with --corefile FILE")
    if corefile is not None and (kubeconfig or kube_context or apiserver):
        raise typer.BadParameter(
            "--corefile is instead of a cluster: leave out --kubeconfig, --context and --apiserver"
        )
    from svcdns.app.migration import plan  # noqa: PLC0415 - help must not load a server
    from svcdns.app.migration_sources import Request  # noqa: PLC0415
    from svcdns.source.yaml_writer import document  # noqa: PLC0415

    request = Request(
        corefile,
        custom,
        workload,
        namespace,
        config_map,
        kubeconfig,
        kube_context,
        servers_of(apiserver),
    )
    made = plan(_found(request), mode, request)
    if values:
        typer.echo(document(made.values), nl=False)
    elif output == "json":
        typer.echo(json.dumps(as_document(made), indent=2))
    elif output == "yaml":
        typer.echo(document(as_document(made)), nl=False)
    else:
        typer.echo("\n".join(text(made, document(made.values), colour=has_colour())))
    raise typer.Exit(0 if made.is_possible else 1)


def text(made: "Plan", values: str, *, colour: bool) -> Iterator[str]:
    """Yield the plan for a person.

    Args:
        made: the plan.
        values: its values, as YAML.
        colour: whether there are colours.
    """
    yield from lines(made.findings, colour=colour)
    yield summary(made.findings, colour=colour)
    yield ""
    yield toned("Values:", Tone.STRONG, colour=colour)
    yield from (f"  {line}" for line in values.splitlines())
    yield ""
    head = "Steps:" if made.is_possible else "Steps, once nothing fails any more:"
    yield toned(head, Tone.STRONG, colour=colour)
    yield from _numbered(made.steps)
    yield ""
    yield toned("Back:", Tone.STRONG, colour=colour)
    yield from _numbered(made.back)


def as_document(made: "Plan") -> dict[str, Any]:
    """Return the plan for a program: one object, its fields always there."""
    return {
        "possible": made.is_possible,
        "findings": [
            {
                "level": str(one.level),
                "name": one.name,
                "text": one.text,
                "remedy": [line for line in one.remedy if line],
            }
            for one in made.findings
        ],
        "values": made.values,
        "steps": [{"what": one.what, "command": one.command} for one in made.steps],
        "back": [{"what": one.what, "command": one.command} for one in made.back],
    }


def _numbered(steps: "tuple[Step, ...]") -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield f"  {number}. {step.what}"
        yield f"     {step.command}"


def _found(request: "Request") -> "Found":
    from svcdns.app.migration_sources import of_cluster, of_files  # noqa: PLC0415
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        if request.corefile is not None:
            return of_files(request)
        with Progress("answers of the API server") as progress:
            return of_cluster(request, progress.show)
    except StartError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
