"""Names that somebody may have meant."""

import pytest

from svcdns.app.near import near
from svcdns.wire.name import from_text
from tests.support.cluster_text import state_of

STATE = state_of(
    """
    Service shop/web 10.96.0.1
    Service shop/cart 10.96.0.2
    Service shop/carts 10.96.0.3
    Service checkout/cart 10.96.0.4
    Service default/kubernetes 10.96.0.5
    """
)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        pytest.param("crat.shop.svc.cluster.local", ("cart.shop", "carts.shop"), id="two letters"),
        pytest.param("web.default.svc.cluster.local", ("web.shop",), id="another namespace"),
        pytest.param("web.shpo.svc.cluster.local", ("web.shop",), id="namespace misspelled"),
        pytest.param("wbe.shpo.svc.cluster.local", ("web.shop",), id="both misspelled"),
        pytest.param("web.shop.cluster.local", ("web.shop",), id="only svc left out"),
        pytest.param("wep.shop.cluster.local", ("web.shop",), id="svc left out, and misspelled"),
        pytest.param("_sql._tcp.web.shop.svc.cluster.local", (), id="the Service is there"),
        pytest.param("_http._tcp.wep.shop.svc.cluster.local", ("web.shop",), id="a port before it"),
        pytest.param(
            "db-0.crat.shop.svc.cluster.local", ("cart.shop", "carts.shop"), id="endpoint"
        ),
        pytest.param("cart.default.svc.cluster.local", ("cart.checkout", "cart.shop"), id="twice"),
        pytest.param("kubernets.shop.svc.cluster.local", ("kubernetes.default",), id="elsewhere"),
        pytest.param("qqqq.zzzz.svc.cluster.local", (), id="nothing like it"),
        pytest.param("local", (), id="one label"),
        pytest.param(".", (), id="the root"),
        pytest.param("svc.cluster.local", (), id="nothing before svc"),
        pytest.param("\\255\\000.shop.svc.cluster.local", (), id="octets that are no text"),
    ],
)
def test_what_resembles_a_name_is_found(name: str, names: tuple[str, ...]) -> None:
    assert near(STATE, from_text(name))[: len(names) or None] == names


def test_there_are_never_more_than_three_and_none_twice() -> None:
    state = state_of("\n".join(f"Service shop/web-{number} 10.96.0.1" for number in range(9)))

    found = near(state, from_text("web.shop.svc.cluster.local"))

    assert len(found) == len(set(found)) == 3


def test_a_namespace_that_is_right_counts_most() -> None:
    assert near(STATE, from_text("cat.checkout.svc.cluster.local"))[0] == "cart.checkout"


def test_an_empty_cluster_has_nothing_near() -> None:
    assert near(state_of(""), from_text("web.shop.svc.cluster.local")) == ()
