"""What a secondary gets of a zone of external names."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.external_records import ExternalNames
from svcdns.answers.external_zone import ExternalZone
from svcdns.answers.settings import ExternalSettings, KubernetesSettings
from svcdns.cluster.state import State
from svcdns.wire.codes import RRType, type_text
from svcdns.wire.name import from_text, pack_address, to_text
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset
from tests.support.cluster_text import events_of, state_of

ZONES = (from_text("example.org"), from_text("2.0.192.in-addr.arpa"))
LINES = (
    "Service shop/edge 10.96.4.8 port http/TCP 80 port b/UDP 5 outside=192.0.2.1 outside=fd00::1",
    "Service shop/cloud LoadBalancer 10.96.4.9 port http/TCP 80 outside=lb.cloud",
    "Service shop/both LoadBalancer 10.96.4.5 port http/TCP 80 outside=192.0.2.9 outside=lb.cloud",
    "Service shop/bare 10.96.4.6 outside=192.0.2.3",
    "Service shop/plain 10.96.4.7 port http/TCP 80",
    "Service shop/db headless port sql/TCP 5432",
    "EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3 hostname=a, 10.1.0.4",
    "Service shop/fqdn headless port sql/TCP 5432",
    "EndpointSlice shop/fqdn-1 of fqdn port sql/TCP 5432: www.example.net, b.example.net",
    "Service shop/mixed headless port sql/TCP 5432",
    "EndpointSlice shop/mixed-1 of mixed port sql/TCP 5432: 10.1.0.9",
    "EndpointSlice shop/mixed-2 of mixed port sql/TCP 5432: www.example.net",
    "Service ops/edge 10.96.4.4 port http/TCP 80 outside=192.0.2.1",
    f"Service shop/{'x' * 63} 10.96.4.3 outside=192.0.2.1",
)


def names_of(
    state: State, *, headless: bool = False, namespaces: frozenset[str] = frozenset()
) -> ExternalNames:
    return ExternalNames(
        ExternalSettings(ZONES, headless=headless),
        KubernetesSettings((from_text("cluster.local"),), namespaces=namespaces),
        state,
        local_addresses=(pack_address("198.51.100.7"),),
        ask=lambda _: None,
    )


def zone_of(names: ExternalNames, index: int = 0) -> ExternalZone:
    return ExternalZone(names, names.zones[index])


def listed(rrsets: Iterator[RRset], under: str = ".shop.example.org.") -> list[str]:
    """Return owner, type and number of records of what is under a Namespace."""
    return [
        f"{owner.removesuffix(under)} {type_text(one.rrtype)} {len(one.records)}"
        for one in rrsets
        if (owner := to_text(one.owner)).endswith(under)
    ]


def test_it_begins_with_its_soa_and_its_name_server() -> None:
    zone = zone_of(names_of(state_of(LINES[0])))

    found = [(to_text(one.owner), type_text(one.rrtype)) for one in zone.rrsets()]

    assert found[:3] == [
        ("example.org.", "SOA"),
        ("example.org.", "NS"),
        ("ns1.dns.example.org.", "A"),
    ]
    soa = next(zone.rrsets())
    assert int.from_bytes(soa.records[0][-20:-16]) == zone.serial() != 0


def test_a_service_has_its_addresses_and_ports() -> None:
    assert listed(zone_of(names_of(state_of(LINES[0]))).rrsets()) == [
        "edge A 1",
        "edge AAAA 1",
        "edge SRV 2",
        "_http._tcp.edge SRV 1",
        "_b._udp.edge SRV 1",
    ]


def test_there_is_nothing_beside_a_load_balancer_that_is_a_name() -> None:
    rrsets = zone_of(names_of(state_of("\n".join(LINES[1:5])))).rrsets()

    assert listed(rrsets) == [
        "cloud CNAME 1",
        "_http._tcp.cloud SRV 1",
        "both A 1",
        "both SRV 2",
        "_http._tcp.both SRV 2",
        "bare A 1",
    ]


def test_headless_services_are_in_it_where_the_stanza_says_so() -> None:
    state = state_of("\n".join(LINES[5:12]))

    assert listed(zone_of(names_of(state)).rrsets()) == []
    assert sorted(listed(zone_of(names_of(state, headless=True)).rrsets())) == [
        "10-1-0-4.db A 1",
        "10-1-0-9.mixed A 1",
        "_sql._tcp.db SRV 2",
        "_sql._tcp.fqdn SRV 2",
        "_sql._tcp.mixed SRV 2",
        "a.db A 1",
        "b-example-net.fqdn CNAME 1",
        "db A 2",
        "db SRV 2",
        "fqdn CNAME 1",
        "mixed A 1",
        "mixed SRV 2",
        "www-example-net.fqdn CNAME 1",
        "www-example-net.mixed CNAME 1",
    ]


def test_only_served_namespaces_are_in_it() -> None:
    state = state_of("\n".join((LINES[0], LINES[12])))

    rrsets = zone_of(names_of(state, namespaces=frozenset({"ops"}))).rrsets()

    assert listed(rrsets, ".example.org.") == [
        "ns1.dns A 1",
        "edge.ops A 1",
        "edge.ops SRV 1",
        "_http._tcp.edge.ops SRV 1",
    ]


def test_a_reverse_zone_is_its_apex() -> None:
    rrsets = zone_of(names_of(state_of(LINES[0])), 1).rrsets()

    assert [type_text(one.rrtype) for one in rrsets] == ["SOA", "NS", "A"]


def test_before_the_first_lists_there_is_nothing_to_send() -> None:
    assert list(zone_of(names_of(State())).rrsets()) == []


def test_what_is_sent_is_what_there_was_when_the_transfer_began() -> None:
    state = state_of(LINES[0])
    rrsets = zone_of(names_of(state)).rrsets()
    next(rrsets)

    state.apply(events_of(["delete Service shop/edge"]), 7)

    assert "edge A 1" in listed(rrsets)


@given(lines=st.lists(st.sampled_from(LINES), unique=True), headless=st.booleans())
def test_single_questions_are_answered_with_what_is_in_it(
    lines: list[str], *, headless: bool
) -> None:
    names = names_of(state_of("\n".join(lines)), headless=headless)
    rrsets = list(zone_of(names).rrsets())

    assert len({(one.owner, one.rrtype) for one in rrsets}) == len(rrsets)
    aliases = {one.owner for one in rrsets if one.rrtype == RRType.CNAME}
    for one in rrsets:
        asked = RRType.A if one.rrtype == RRType.CNAME else one.rrtype
        answer = names.find(Question.of(one.owner, asked))
        assert isinstance(answer, Answer)
        assert one in answer.answer
        assert one.owner not in aliases or one.rrtype == RRType.CNAME


def test_a_service_whose_name_is_too_long_is_left_out() -> None:
    deep = ".".join(["y" * 60] * 3 + ["z" * 4])
    settings = ExternalSettings((from_text(deep),))
    state = state_of(f"Service shop/{'x' * 63} 10.96.4.3 outside=192.0.2.1")
    names = ExternalNames(
        settings, KubernetesSettings((from_text("cluster.local"),)), state, ask=lambda _: None
    )

    assert [type_text(one.rrtype) for one in zone_of(names).rrsets()] == ["SOA", "NS"]
