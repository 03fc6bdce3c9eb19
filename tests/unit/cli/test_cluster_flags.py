"""How a cluster and a Namespace are named on the command line."""

import pytest
import typer

from svcdns.cli.cluster_flags import one_namespace, servers_of


def test_servers_are_apart() -> None:
    assert servers_of("https://a:6443,https://b:6443") == ("https://a:6443", "https://b:6443")
    assert servers_of("") == ()


def test_a_namespace_is_one_or_every() -> None:
    assert one_namespace("shop", every=False) == "shop"
    assert one_namespace("", every=True) == ""
    with pytest.raises(typer.BadParameter):
        one_namespace("shop", every=True)
