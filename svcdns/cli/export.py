"""`svcdns export`: the objects that answers are made of, as manifests to keep or to send on.

Reading, renaming and writing is composed in `app.export`; here it is asked for and summed up.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from svcdns.cli.cluster_flags import (
    AllNamespaces,
    Apiserver,
    Context,
    Kubeconfig,
    one_namespace,
    servers_of,
)
from svcdns.cli.cluster_flags import (
    Namespace as NamespaceFlag,
)
from svcdns.cli.progress import Progress
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Pod, Service

if TYPE_CHECKING:
    from svcdns.app.export import Outcome

EXAMPLES = """\b
Examples:
  svcdns export --kubeconfig ~/.kube/config cluster   a folder that is easy to read
  svcdns export --manifests dump.yaml --anonymize     to standard output, for a bug report
  svcdns export --context prod -n shop                one Namespace, and the Nodes
  svcdns export --manifests dump.yaml --anonymize --names names.tsv report
  kubectl get svc,endpointslices,ns -A -o json | svcdns export --manifests - cluster
"""

MOST_SHOWN = 10
"""Of what could not be read."""


def export(  # noqa: PLR0913 - one parameter an option
    invocation: typer.Context,
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="DIR",
            help="Folder to write to, a new or an empty one; without it everything goes to "
            "standard output.",
        ),
    ] = None,
    *,
    manifests: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder or file of Kubernetes objects to read; `-` is standard input.",
        ),
    ] = None,
    kubeconfig: Kubeconfig = "",
    kube_context: Context = "",
    apiserver: Apiserver = "",
    namespace: NamespaceFlag = "",
    all_namespaces: AllNamespaces = False,
    anonymize: Annotated[
        bool,
        typer.Option(
            "--anonymize",
            help="Rename Namespaces, Services, Pods, hosts, Nodes, zones, labels and names "
            "outside the cluster, and change addresses.",
        ),
    ] = False,
    names: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --anonymize: write there what was renamed to what, to keep to yourself.",
        ),
    ] = None,
    output: Annotated[
        Literal["yaml", "json"],
        typer.Option("--output", "-o", help="How to write it; json is read far faster."),
    ] = "yaml",
) -> None:
    """Write the objects that answers are made of as manifests.

    `--manifests` of serve and query reads them back to the same cluster. They hold what DNS
    needs and nothing else; EndpointSlices that follow from Pods are written out.

    With --anonymize structure, ports, counts, readiness and address families stay, and so do
    names that every cluster has. The same objects get the same names each time.

    Exit codes: 0 everything is written, 1 not everything could be read or written, 2 the
    command line is wrong.
    """
    is_plugin = (invocation.find_root().info_name or "").startswith("kubectl")
    is_live = bool(kubeconfig or kube_context or apiserver) or (is_plugin and manifests is None)
    if is_live == (manifests is not None):
        raise typer.BadParameter(
            "say where the objects are: either --manifests DIR, or an API server with "
            "--kubeconfig FILE, --context NAME or --apiserver URL"
        )
    if names is not None and not anonymize:
        raise typer.BadParameter("--names goes with --anonymize")
    from svcdns.app import export as app  # noqa: PLC0415 - help must not load a server
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        with Progress("objects") as progress:
            outcome = app.export(
                app.Request(
                    manifests,
                    folder,
                    output,
                    anonymize,
                    names,
                    kubeconfig,
                    kube_context,
                    servers_of(apiserver),
                    one_namespace(namespace, every=all_namespaces),
                ),
                progress.show,
            )
    except StartError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    typer.echo(outcome.text, nl=False)
    typer.echo(summary(outcome, folder), err=True)
    raise typer.Exit(1 if outcome.missing else 0)


def summary(outcome: "Outcome", folder: str | None) -> str:
    """Return what was written and what could not be read, without a final newline."""
    values = [one.value for one in outcome.objects]
    counts = [
        _count(sum(isinstance(value, kind) for value in values), kind.__name__)
        for kind in (Namespace, Service, Pod, Node)
    ]
    slices = [value for value in values if isinstance(value, EndpointSlice)]
    counts.insert(2, _count(sum(map(len, slices)), "endpoint"))
    head = ", ".join(counts)
    if folder is not None:
        head += f" written to {folder} in {_count(outcome.files, 'file')}"
    if not outcome.missing:
        return head
    shown = [f"  {problem}" for problem in outcome.missing[:MOST_SHOWN]]
    if rest := len(outcome.missing) - len(shown):
        shown.append(f"  and {rest:,} more: svcdns serve --manifests logs them all")
    return "\n".join([head, "not everything could be read:", *shown])


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"
