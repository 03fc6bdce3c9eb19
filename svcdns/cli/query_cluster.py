"""The cluster that `svcdns query` answers from: manifests, or what an API server lists."""

from typing import TYPE_CHECKING, NamedTuple

import typer

from svcdns.cli.progress import Progress

if TYPE_CHECKING:
    from svcdns.app.inprocess import Known

MAX_PROBLEMS = 10
"""Of what could not be read, shown beside an answer."""


class Cluster(NamedTuple):
    """A cluster that was read, and where it is from."""

    known: "Known"
    place: str
    corefile: str | None


class Live(NamedTuple):
    """An API server, as the command line names it."""

    kubeconfig: str
    context: str
    servers: tuple[str, ...]


def cluster_of(manifests: str | None, live: Live | None, corefile: str | None) -> Cluster | None:
    """Return the cluster that a command line names; None: it names none.

    Raises:
        typer.BadParameter: it names two, or a Corefile for none.
        typer.Exit: nothing can be read; it was said why.
    """
    if manifests is not None and live is not None:
        raise typer.BadParameter(
            "--manifests is instead of an API server: leave out --kubeconfig, --context and "
            "--apiserver, or --manifests"
        )
    if manifests is None and live is None:
        if corefile is not None:
            raise typer.BadParameter("--corefile goes with --manifests DIR, or with a cluster")
        return None
    # A whole server, loaded only when it is wanted.
    from svcdns.app import inprocess  # noqa: PLC0415
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        if live is None:
            found = Cluster(inprocess.of_manifests(manifests or "-"), manifests or "-", corefile)
        else:
            with Progress("objects") as progress:
                with_pods = corefile is not None
                known = inprocess.of_cluster(*live, progress.show, with_pods=with_pods)
            found = Cluster(known, "the API server", corefile)
    except StartError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    _complain(found.known.problems)
    return found


def _complain(problems: tuple[str, ...]) -> None:
    for problem in problems[:MAX_PROBLEMS]:
        typer.echo(problem, err=True)
    if len(problems) > MAX_PROBLEMS:
        typer.echo(f"{len(problems) - MAX_PROBLEMS:,} more like these", err=True)
