"""`svcdns doctor`: is everything there that a server or a proxy needs, and what helps if not.

What is looked at is in `app.doctor`; here it is asked for and printed.
"""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from svcdns.cli.cluster_flags import Apiserver, Context, Kubeconfig, servers_of
from svcdns.cli.progress import Progress
from svcdns.cli.terminal import Tone, has_colour, toned
from svcdns.corefile.errors import printable

if TYPE_CHECKING:
    from svcdns.app.doctor_finding import Finding

EXAMPLES = """\b
Examples:
  svcdns doctor                              everything
  svcdns doctor dns --corefile Corefile      ports, resolv.conf, upstreams
  svcdns doctor api --context prod --service-account svcdns
  svcdns doctor proxy --mode nftables        what a node's kernel lacks
  svcdns doctor -o json | jq -r '.findings[] | select(.level == "fail") | .remedy[]'
"""

_WIDEST_NAME = 32


class Section(StrEnum):
    """What can be looked at by itself."""

    DNS = "dns"
    PROXY = "proxy"
    API = "api"


def doctor(  # noqa: PLR0913 - one parameter an option
    sections: Annotated[
        list[Section] | None,
        typer.Argument(
            metavar="dns|proxy|api",
            help="What to look at; without one everything.",
            show_default=False,
        ),
    ] = None,
    *,
    corefile: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Corefile whose ports, upstreams and permissions are wanted; without it what "
            "kubeadm writes.",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            "--port", "-p", metavar="N", min=0, max=65535, help="Port of keys that name none."
        ),
    ] = 53,
    bind: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address of server blocks that do not say where to listen.",
            show_default=False,
        ),
    ] = "",
    mode: Annotated[
        Literal["ipvs", "nftables", "iptables", "userspace"],
        typer.Option(help="Mode of the service proxy that is wanted."),
    ] = "ipvs",
    kubeconfig: Kubeconfig = "",
    kube_context: Context = "",
    apiserver: Apiserver = "",
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", metavar="NAME", help="Where --service-account is."),
    ] = "kube-system",
    account: Annotated[
        str,
        typer.Option(
            "--service-account",
            metavar="NAME",
            help="Look at the permissions of this ServiceAccount instead of your own.",
            show_default=False,
        ),
    ] = "",
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, max=60, help="For each check; all run at once."),
    ] = 2.0,
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", "-o", help="How to print it.")
    ] = "text",
) -> None:
    """Say what this machine lacks, and what helps.

    Nothing is changed: ports are opened and closed, upstreams are asked one question, the API
    server is asked what it allows. What only a proxy needs is a failure only with `proxy`.

    Exit codes: 0 nothing fails, 1 something does, 2 the command line is wrong.
    """
    from svcdns.app import doctor as app  # noqa: PLC0415 - help must not load a server
    from svcdns.app.doctor_finding import Level, examine  # noqa: PLC0415
    from svcdns.source.apiserver.reviews import ServiceAccount  # noqa: PLC0415

    request = app.Request(
        tuple(dict.fromkeys(str(one) for one in sections or ())),
        corefile,
        port,
        bind,
        mode,
        kubeconfig,
        kube_context,
        servers_of(apiserver),
        ServiceAccount(namespace, account) if account else None,
        timeout,
    )
    with Progress("checks") as progress:
        findings = app.weighed(examine(app.checks(request), timeout, progress.show), request)
    if output == "json":
        typer.echo(as_json(findings))
    else:
        colour = has_colour()
        shown = [*lines(findings, colour=colour), summary(findings, colour=colour)]
        typer.echo("\n".join(shown))
    raise typer.Exit(1 if any(one.level is Level.FAIL for one in findings) else 0)


def lines(findings: Sequence["Finding"], *, colour: bool) -> Iterator[str]:
    """Yield the findings for a person, a remedy below each that has one."""
    width = min(_WIDEST_NAME, max((len(one.name) for one in findings), default=0))
    indent = " " * (6 + width + 2)
    for one in findings:
        level = toned(f"{one.level:<4}", Tone(str(one.level)), colour=colour)
        yield f"{level}  {one.name:<{width}}  {printable(one.text)}"
        yield from (f"{indent}{printable(line)}" for line in one.remedy if line)


def summary(findings: Sequence["Finding"], *, colour: bool) -> str:
    """Return how many are bad."""
    words = []
    for tone, word in ((Tone.FAIL, "failure"), (Tone.WARN, "warning")):
        if count := sum(one.level == tone.value for one in findings):
            words.append(toned(f"{count} {word}{'s' * (count != 1)}", tone, colour=colour))
    if words:
        return ", ".join(words)
    count = len(findings)
    among = f"in {count} finding{'s' * (count != 1)}"
    return f"{toned('nothing to complain about', Tone.OK, colour=colour)} {among}"


def as_json(findings: Sequence["Finding"]) -> str:
    """Return the findings for a program: one object, its fields always there."""
    listed = [
        {
            "section": one.section,
            "level": str(one.level),
            "name": one.name,
            "text": one.text,
            "remedy": [line for line in one.remedy if line],
        }
        for one in findings
    ]
    is_good = all(one.level != "fail" for one in findings)
    return json.dumps({"good": is_good, "findings": listed}, indent=2)
