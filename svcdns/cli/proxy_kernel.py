"""`svcdns proxy list`, `diff` and `cleanup`: what the kernel has, beside what it should have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from svcdns.cli.cluster_flags import AllNamespaces, Namespace, one_namespace
from svcdns.cli.progress import Progress
from svcdns.cli.proxy_flags import ProxyFlags, settings_of, with_flags
from svcdns.cli.terminal import has_colour

if TYPE_CHECKING:
    from svcdns.app.proxy_backend import Observed
    from svcdns.app.proxy_plan import Planned
    from svcdns.app.proxy_settings import ProxySettings

MOST_SHOWN = 10
"""Of what could not be read."""


@with_flags
def show_list(
    *,
    output: Annotated[
        Literal["table", "wide", "json", "yaml"],
        typer.Option("--output", "-o", help="How to print it; wide has each real server."),
    ] = "table",
    namespace: Namespace = "",
    all_namespaces: AllNamespaces = False,
    flags: ProxyFlags,
) -> None:
    """Print what the kernel has.

    Virtual servers with their Services, real servers, weights and connections.

    Exit codes: 0 printed, 1 the kernel or the cluster cannot be read, 2 the command line is
    wrong.
    """
    from svcdns.cli import proxy_tables  # noqa: PLC0415 - help must not load a server

    settings = settings_of(flags)
    planned = plan_or_exit(settings)
    found = _observed_or_exit(settings, planned)
    rows = proxy_tables.rows(found.realized, planned.desired)
    if only := one_namespace(namespace, every=all_namespaces):
        rows = [row for row in rows if row.service.startswith(f"{only}/")]
    if output == "json":
        typer.echo(proxy_tables.as_json(rows))
    elif output == "yaml":
        typer.echo(proxy_tables.as_yaml(rows), nl=False)
    else:
        typer.echo(proxy_tables.table(rows, wide=output == "wide", colour=has_colour()))
    if found.foreign:
        typer.echo(f"{found.foreign:,} of others are not shown", err=True)


@with_flags
def show_diff(*, flags: ProxyFlags) -> None:
    """Compare the kernel with the cluster.

    Nothing is changed. Works beside a running kube-proxy too.

    Exit codes: 0 they agree; 1 they differ, or one of them cannot be read; 2 the command line
    is wrong.
    """
    from svcdns.cli import proxy_tables  # noqa: PLC0415 - help must not load a server

    settings = settings_of(flags)
    planned = plan_or_exit(settings)
    found = _observed_or_exit(settings, planned)
    colour = has_colour()
    lines = proxy_tables.differences(found.realized, planned.desired, colour=colour)
    count = len(planned.desired.virtual_servers)
    for line in lines:
        typer.echo(line)
    typer.echo(proxy_tables.verdict(len(lines), count, settings.sync_seconds, colour=colour))
    raise typer.Exit(1 if lines else 0)


@with_flags
def cleanup(
    *,
    kube_proxy: Annotated[
        bool, typer.Option("--kube-proxy", help="Also take away what kube-proxy left behind.")
    ] = False,
    flags: ProxyFlags,
) -> None:
    """Take away what the proxy made.

    Stop the proxy of this node first: connections through it end. The mode does not matter. What
    others made stays; with --kube-proxy its virtual servers, chains, sets, tables and device go
    too, and beside a proxy that runs nothing else. What can be taken away goes, whatever else
    cannot.

    Exit codes: 0 nothing is left, 1 something could not be taken away, 2 the command line is
    wrong.
    """
    from svcdns.app import proxy_backend  # noqa: PLC0415 - help must not load a server
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    settings = settings_of(flags)
    try:
        removed = proxy_backend.clean(settings, and_kube_proxys=kube_proxy)
    except StartError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    for what in removed:
        typer.echo(f"taken away: {what}")
    whose = "kube-proxy" if kube_proxy else "the proxy"
    typer.echo(f"nothing of {whose} is left on this node")


def plan_or_exit(settings: "ProxySettings") -> "Planned":
    """Return what the node should have, or say why it is not known and exit with 1."""
    from svcdns.app.proxy_plan import planned  # noqa: PLC0415
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        with Progress("objects") as progress:
            found = planned(settings, progress.show)
    except StartError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    for line in found.warnings:
        typer.echo(f"warning: {line}", err=True)
    complain(found.problems)
    return found


def complain(problems: Sequence[str]) -> None:
    """Say what could not be read, if there is any."""
    if problems:
        typer.echo("not everything could be read:", err=True)
    for line in problems[:MOST_SHOWN]:
        typer.echo(f"  {line}", err=True)
    if len(problems) > MOST_SHOWN:
        typer.echo(f"  and {len(problems) - MOST_SHOWN:,} more", err=True)


def _observed_or_exit(settings: "ProxySettings", planned: "Planned") -> "Observed":
    from svcdns.app.proxy_backend import observed  # noqa: PLC0415
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        return observed(settings, planned.desired)
    except StartError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
