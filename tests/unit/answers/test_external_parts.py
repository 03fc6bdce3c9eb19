"""What a Service is from outside, by what it has."""

import dns.rdata
import pytest

from svcdns.answers.external_parts import external_parts, is_outside, names_of, srv_records
from svcdns.cluster.model import Service
from svcdns.cluster.state import State
from svcdns.wire.name import from_text, to_text
from svcdns.wire.rrset import RRset
from tests.support.cluster_text import state_of

CLUSTER = """
Service shop/edge 10.96.4.8 port http/TCP 80 outside=192.0.2.1 outside=192.0.2.2
Service shop/cloud LoadBalancer 10.96.4.9 port http/TCP 80 outside=b.cloud outside=b.cloud
Service shop/both LoadBalancer 10.96.4.5 port http/TCP 80 outside=192.0.2.9 outside=b.cloud
Service shop/bare LoadBalancer 10.96.4.4 outside=b.cloud
Service shop/mixed headless port http/TCP 80
EndpointSlice shop/mixed-1 of mixed port http/TCP 80: 10.1.0.3 hostname=a
EndpointSlice shop/mixed-2 of mixed port http/TCP 80: www.example.net, 1.2.3.4.5.net not-ready
Service shop/plain 10.96.4.7 port http/TCP 80
"""
OWNER = from_text("_http._tcp.x.shop.example.org")
OWN = from_text("x.shop.example.org")


@pytest.fixture
def state() -> State:
    return state_of(CLUSTER)


def service_of(state: State, name: str) -> Service:
    service = state.service("shop", name)
    assert service is not None
    return service


def targets(rrsets: tuple[RRset, ...]) -> list[str]:
    return [
        dns.rdata.from_wire("IN", "SRV", record, 0, len(record)).to_text()
        for rrset in rrsets
        for record in rrset.records
    ]


@pytest.mark.parametrize(
    ("name", "outside", "names"),
    [
        ("edge", True, []),
        ("cloud", True, ["b.cloud."]),
        ("both", True, ["b.cloud."]),
        ("bare", True, ["b.cloud."]),
        ("mixed", False, ["www.example.net."]),
        ("plain", False, []),
    ],
)
def test_names_stand_in_the_place_of_addresses(
    state: State, name: str, *, outside: bool, names: list[str]
) -> None:
    service = service_of(state, name)
    parts = external_parts(service, state.slices("shop", name))

    assert is_outside(service) == outside
    assert list(map(to_text, names_of(service, parts))) == names


@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("edge", ["0 50 80 x.shop.example.org."]),
        ("cloud", ["0 100 80 b.cloud."]),
        ("both", ["0 50 80 x.shop.example.org.", "0 50 80 b.cloud."]),
        ("bare", []),
        ("mixed", ["0 50 80 a.x.shop.example.org.", "0 50 80 www.example.net."]),
        ("plain", []),
    ],
)
def test_addresses_and_names_share_the_weight(state: State, name: str, records: list[str]) -> None:
    service = service_of(state, name)
    parts = external_parts(service, state.slices("shop", name))

    answer, additional = srv_records(service, parts, OWNER, OWN, 5, pod_names=False)

    assert targets(answer) == records
    owners = {to_text(rrset.owner) for rrset in additional}
    assert owners == {text.split()[-1] for text in records if text.endswith(".shop.example.org.")}


def test_a_port_that_is_not_there_selects_nothing(state: State) -> None:
    edge, mixed = service_of(state, "edge"), service_of(state, "mixed")

    assert external_parts(edge, (), "smtp", "tcp") == ()
    assert external_parts(mixed, state.slices("shop", "mixed"), "http", "udp") == ()
    assert external_parts(edge, (), "http", "tcp")
