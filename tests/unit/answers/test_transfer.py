from collections.abc import Iterator

import pytest

from svcdns.answers.negative import Zone
from svcdns.answers.settings import KubernetesSettings
from svcdns.answers.transfer import MESSAGE_SIZE, ClusterZone, messages
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import (
    Condition,
    EndpointPort,
    EndpointSlice,
    Namespace,
    Service,
    ServicePort,
)
from svcdns.cluster.state import State
from svcdns.wire.codes import type_text
from svcdns.wire.name import from_text, to_text
from svcdns.wire.rrset import RRset, addresses, soa_record

ZONE = from_text("cluster.local")
LOCAL = (b"\x0a\xf4\0\x09",)
HTTP = ServicePort("http", "TCP", 80)
SOA = RRset(
    ZONE,
    6,
    5,
    (soa_record(ZONE, ZONE, serial=1, refresh=1, retry=1, expire=1, minimum=1),),
)


def state_of(*objects: Namespace | Service | EndpointSlice) -> State:
    state = State()
    state.synced = True
    shop = Namespace("shop")
    state.apply((WatchEvent(type(one), one.key, one) for one in (shop, *objects)), 1)
    return state


def zone_of(state: State, name: str = "cluster.local", **options: object) -> ClusterZone:
    settings = KubernetesSettings((from_text(name),), **options)  # type: ignore[arg-type]
    zone = Zone(from_text(name), settings.ttl, state)
    return ClusterZone(zone, settings, state, LOCAL)


def lines(rrsets: Iterator[RRset], below: str = ".shop.svc.cluster.local.") -> list[str]:
    """Owner, type and number of records, without those of the zone itself."""
    return [
        f"{owner.removesuffix(below)} {type_text(one.rrtype)} {len(one.records)}"
        for one in rrsets
        if (owner := to_text(one.owner)).endswith(below)
    ]


WEB = Service(
    "shop", "web", addresses=(b"\x0a\x60\0\1", b"\xfd" + bytes(14) + b"\1"), ports=(HTTP,)
)
HEADLESS = Service("shop", "db", headless=True, ports=(HTTP,))
SLICE = EndpointSlice(
    "shop",
    "db-1",
    "db",
    4,
    b"\x0a\xf4\0\1\x0a\xf4\0\2\x0a\xf4\0\3",
    bytes([Condition.READY, Condition.READY, 0]),
    hostnames=("db-0", "", ""),
    ports=(EndpointPort("http", "TCP", 8080),),
)


def test_the_zone_begins_with_its_soa_and_name_servers() -> None:
    zone = zone_of(state_of(WEB))

    first, second, third, *_ = zone.rrsets()

    assert (to_text(first.owner), type_text(first.rrtype)) == ("cluster.local.", "SOA")
    assert second.records == (from_text("ns.dns.cluster.local"),)
    assert (to_text(third.owner), third.records) == ("ns.dns.cluster.local.", LOCAL)
    assert int.from_bytes(first.records[0][-20:-16]) == zone.serial() == 1


def test_a_service_has_addresses_and_ports() -> None:
    assert lines(zone_of(state_of(WEB)).rrsets()) == [
        "web A 1",
        "web AAAA 1",
        "web SRV 1",
        "_http._tcp.web SRV 1",
    ]


def test_a_headless_service_has_its_ready_endpoints() -> None:
    assert lines(zone_of(state_of(HEADLESS, SLICE)).rrsets()) == [
        "db A 2",
        "db-0.db A 1",
        "10-244-0-2.db A 1",
        "db SRV 2",
        "_http._tcp.db SRV 2",
    ]


def test_endpoints_without_ports_have_names_too() -> None:
    bare = EndpointSlice("shop", "db-1", "db", 4, b"\x0a\xf4\0\1", bytes([Condition.READY]))

    assert lines(zone_of(state_of(HEADLESS, bare)).rrsets()) == ["db A 1", "10-244-0-1.db A 1"]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (Service("shop", "ext", "ExternalName", external_name="example.com"), ["ext CNAME 1"]),
        (Service("shop", "ext", "ExternalName", external_name="192.0.2.1"), []),
        (Service("shop", "ext", "ExternalName", external_name="a..b"), []),
    ],
)
def test_an_external_name_is_an_alias_if_it_is_a_name(
    service: Service, expected: list[str]
) -> None:
    assert lines(zone_of(state_of(service)).rrsets()) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"namespaces": frozenset({"other"})}, []),
        (
            {"ignore_empty_service": True},
            ["db A 2", "db-0.db A 1", "10-244-0-2.db A 1", "db SRV 2", "_http._tcp.db SRV 2"],
        ),
        ({"noendpoints": True}, ["web A 1", "web AAAA 1", "web SRV 1", "_http._tcp.web SRV 1"]),
    ],
)
def test_what_the_stanza_hides_is_not_handed_out(
    options: dict[str, object], expected: list[str]
) -> None:
    state = state_of(WEB, HEADLESS, SLICE)

    assert lines(zone_of(state, "cluster.local", **options).rrsets()) == expected


def test_a_service_in_a_namespace_that_is_gone_is_not_handed_out() -> None:
    gone = Service("gone", "web", addresses=(b"\x0a\x60\0\1",))

    assert lines(zone_of(state_of(gone)).rrsets(), ".gone.svc.cluster.local.") == []


def test_a_reverse_zone_has_its_apex_only() -> None:
    zone = zone_of(state_of(WEB), "10.in-addr.arpa")

    assert [type_text(one.rrtype) for one in zone.rrsets()] == ["SOA", "NS", "A"]


def test_there_is_nothing_before_the_cluster_is_known() -> None:
    state = state_of(WEB)
    state.synced = False

    assert list(zone_of(state).rrsets()) == []


def test_changes_during_a_transfer_are_not_in_it() -> None:
    state = state_of(WEB)
    rrsets = zone_of(state).rrsets()
    next(rrsets)

    state.apply([WatchEvent(Service, WEB.key, None)], 2)

    assert lines(rrsets) == ["web A 1", "web AAAA 1", "web SRV 1", "_http._tcp.web SRV 1"]


def test_messages_begin_and_end_with_the_soa() -> None:
    others = [
        addresses(from_text(f"a{number}.cluster.local"), 5, (LOCAL[0],)) for number in range(9)
    ]

    (message,) = messages(SOA, others)

    assert message == (SOA, *others, SOA)


def test_large_contents_are_cut_into_messages_that_stay_small() -> None:
    packed = [number.to_bytes(4) for number in range(5000)]
    others = [addresses(from_text("a.cluster.local"), 5, packed)]

    found = list(messages(SOA, others))

    assert found[0][0] == found[-1][-1] == SOA
    assert len(found) > 5
    assert all(_octets(message) <= MESSAGE_SIZE for message in found)
    sent = [
        record for message in found for one in message if one.rrtype == 1 for record in one.records
    ]
    assert sent == packed


def _octets(message: tuple[RRset, ...]) -> int:
    return sum(
        (len(one.owner) + 10) * len(one.records) + sum(map(len, one.records)) for one in message
    )
