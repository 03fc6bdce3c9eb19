import pytest

from svcdns.answers import external_target as target
from svcdns.answers.answer import on_namespace, on_service
from svcdns.answers.external_target import Target, target_of
from svcdns.cluster.model import Service


@pytest.mark.parametrize(
    ("left", "meant"),
    [
        (["web"], Target("shop", "web")),
        (["_a", "web"], Target("shop", "web", endpoint="a")),
        (["_http", "_tcp", "web"], Target("shop", "web", port="http", protocol="tcp")),
        (["http", "tcp", "web"], Target("shop", "web", port="http", protocol="tcp")),
        (["a", "b", "c", "web"], None),
        ([], None),
    ],
)
def test_labels_mean_a_service_an_endpoint_or_a_port(left: list[str], meant: Target | None) -> None:
    assert target_of("shop", left) == meant


def test_an_answer_depends_on_the_service_and_its_namespace() -> None:
    assert Target("shop", "web").depends_on == (on_namespace("shop"), on_service("shop", "web"))


def test_what_is_missing_is_named() -> None:
    asked = Target("shop", "web", port="x", protocol="tcp")

    assert target.no_address(asked, None) == "no Service 'web' in Namespace 'shop'"
    assert target.no_address(asked, Service("shop", "web", outside_names=("a.b",))) == (
        "Service shop/web has no port 'x' of 'tcp'"
    )
    assert "has no external address" in target.no_address(asked, Service("shop", "web"))
    assert target.no_namespace("shop") == "no Namespace 'shop'"
    assert target.only_server("ns1", "dns").startswith("below 'dns' there is only 'ns1'")
    assert "too many labels" in target.too_long()
