"""How a command names a cluster and a Namespace: the same words everywhere, which are kubectl's."""

from typing import Annotated

import typer

Kubeconfig = Annotated[
    str,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="How to reach the API server. Without it: the Pod we run in, $KUBECONFIG, "
        "~/.kube/config.",
        show_default=False,
    ),
]
Context = Annotated[
    str,
    typer.Option(
        "--context", metavar="NAME", help="Context of the kubeconfig.", show_default=False
    ),
]
Apiserver = Annotated[
    str,
    typer.Option(
        "--apiserver",
        metavar="URL",
        help="API server, instead of the kubeconfig's.",
        show_default=False,
    ),
]

Namespace = Annotated[
    str,
    typer.Option(
        "--namespace", "-n", metavar="NAME", help="Only of this Namespace.", show_default=False
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Of every Namespace; so it is without -n.")
]


def one_namespace(namespace: str, *, every: bool) -> str:
    """Return the Namespace that is meant; empty for every one.

    Raises:
        typer.BadParameter: both are typed.
    """
    if namespace and every:
        raise typer.BadParameter("-n names one Namespace, -A every one: leave one of them out")
    return namespace


def servers_of(apiserver: str) -> tuple[str, ...]:
    """Return the URLs in `--apiserver`."""
    return tuple(filter(None, apiserver.split(",")))
