import pytest

from svcdns.answers.answer import on_address, on_namespace
from svcdns.answers.reverse_records import pointers
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.state import State
from svcdns.wire.name import from_text, pack_address, to_text
from tests.support.cluster_text import state_of

CLUSTER = """
Service shop/web 10.96.4.7 fd00::4:7 port http/TCP 80
Service ops/web 10.96.4.7 port http/TCP 80
EndpointSlice shop/web-1 of web port http/TCP 80: 10.1.0.3 hostname=a, 10.1.0.4 not-ready, 10.1.0.5
EndpointSlice shop/old-1 of old port http/TCP 80: 10.1.0.3 pod=old-0
EndpointSlice shop/loose-1: 10.1.0.3, 10.1.0.6
EndpointSlice ops/db-1 of db port http/TCP 80: 10.1.0.5, 10.96.4.7
"""
OPTIONS = KubernetesSettings((from_text("in-addr.arpa"), from_text("cluster.local")))
FILTERED = KubernetesSettings(OPTIONS.zones, namespaces=frozenset({"shop"}))


@pytest.fixture
def state() -> State:
    return state_of(CLUSTER)


def names(state: State, address: str, settings: KubernetesSettings = OPTIONS) -> list[str]:
    found = pointers(state, settings, lambda name: name == "shop", pack_address(address))
    return [to_text(name).removesuffix(".svc.cluster.local.") for name in found.targets]


def test_a_cluster_address_points_to_one_service(state: State) -> None:
    assert names(state, "10.96.4.7") == ["web.ops"]
    assert names(state, "fd00::4:7") == ["web.shop"]


def test_an_endpoint_has_a_name_below_each_service(state: State) -> None:
    assert names(state, "10.1.0.5") == ["10-1-0-5.db.ops", "10-1-0-5.web.shop"]


def test_a_slice_without_a_service_gives_no_name_and_spoils_none(state: State) -> None:
    assert names(state, "10.1.0.3") == ["10-1-0-3.old.shop", "a.web.shop"]
    assert names(state, "10.1.0.6") == []


def test_an_endpoint_that_is_not_ready_has_no_name(state: State) -> None:
    assert names(state, "10.1.0.4") == []


def test_pods_are_called_by_name_where_the_stanza_says_so(state: State) -> None:
    settings = KubernetesSettings(OPTIONS.zones, endpoint_pod_names=True)

    assert names(state, "10.1.0.3", settings) == ["old-0.old.shop", "a.web.shop"]


def test_without_endpoints_only_services_have_addresses(state: State) -> None:
    settings = KubernetesSettings(OPTIONS.zones, noendpoints=True)

    assert names(state, "10.1.0.5", settings) == []
    assert names(state, "10.96.4.7", settings) == ["web.ops"]


def test_listed_namespaces_filter_services_and_endpoints(state: State) -> None:
    assert names(state, "10.96.4.7", FILTERED) == ["web.shop"]
    assert names(state, "10.1.0.5", FILTERED) == ["10-1-0-5.web.shop"]


def test_a_pointer_depends_on_its_address_and_on_the_namespaces_it_asked_about(
    state: State,
) -> None:
    address = pack_address("10.1.0.5")

    plain = pointers(state, OPTIONS, lambda _: True, address)
    filtered = pointers(state, FILTERED, lambda name: name == "shop", address)

    assert plain.depends_on == (on_address(address),)
    assert filtered.depends_on == (on_address(address), on_namespace("ops"), on_namespace("shop"))


def test_a_name_that_is_too_long_is_left_out(state: State) -> None:
    settings = KubernetesSettings((from_text(".".join(["a" * 62] * 4)),))

    assert names(state, "10.96.4.7", settings) == []
    assert names(state, "10.1.0.5", settings) == []
