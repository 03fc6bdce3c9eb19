"""Names of Services as seen from outside: addresses, ports, pointers, and the zone itself."""

from dataclasses import replace

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, on_address, on_namespace, on_service
from svcdns.answers.external_records import ExternalNames
from svcdns.answers.settings import ExternalSettings, KubernetesSettings
from svcdns.cluster.state import State
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import OwnerName, from_text, pack_address, to_text
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, addresses
from tests.support.cluster_text import state_of

EDGE = "LoadBalancer 10.96.4.8 port https/TCP 443 port http/TCP 80"
BOTH = "LoadBalancer 10.96.4.5 port https/TCP 443"
DB = "10.1.0.3 hostname=db-0, 10.1.0.4, 10.1.0.5 not-ready"
CLUSTER = f"""
Service shop/edge {EDGE} outside=192.0.2.1 outside=2001:db8::1
Service shop/plain 10.96.4.7 port http/TCP 80
Service shop/cloud LoadBalancer 10.96.4.9 port https/TCP 443 outside=lb-1.cloud.example
Service shop/both {BOTH} outside=192.0.2.9 outside=lb-2.cloud.example
Service shop/silent LoadBalancer 10.96.4.6 outside=192.0.2.3
Service ops/edge LoadBalancer 10.96.4.4 port https/TCP 443 outside=192.0.2.1
Service shop/db headless port sql/TCP 5432
EndpointSlice shop/db-1 of db port sql/TCP 5432: {DB}
Service shop/far headless port sql/TCP 5432
EndpointSlice shop/far-1 of far port sql/TCP 5432: lb-1.cloud.example, gone.cloud.example
Service kube-system/kube-dns 10.96.0.10 port dns/UDP 53 outside=192.0.2.53
EndpointSlice kube-system/kube-dns-1 of kube-dns port dns/UDP 53: 10.244.0.2
"""
ZONES = (from_text("example.org"), from_text("2.0.192.in-addr.arpa"))
SETTINGS = ExternalSettings(ZONES)
HEADLESS = ExternalSettings(ZONES, headless=True)
ELSEWHERE = addresses(from_text("lb-1.cloud.example"), 60, [pack_address("203.0.113.7")])


@pytest.fixture
def state() -> State:
    return state_of(CLUSTER)


def names_of(
    state: State,
    settings: ExternalSettings = SETTINGS,
    *,
    namespaces: frozenset[str] = frozenset(),
    local: tuple[str, ...] = ("10.244.0.2",),
) -> ExternalNames:
    def ask(question: Question) -> Answer | None:
        found = question.owner == ELSEWHERE.owner and question.rrtype == ELSEWHERE.rrtype
        return Answer(answer=(ELSEWHERE,)) if found else None

    return ExternalNames(
        settings,
        KubernetesSettings((from_text("cluster.local"),), namespaces=namespaces),
        state,
        local_addresses=tuple(map(pack_address, local)),
        ask=ask,
    )


def find(names: ExternalNames, name: str, rrtype: RRType = RRType.A) -> Answer:
    found = names.find(Question.of(from_text(name), rrtype))
    assert isinstance(found, Answer)
    assert found.written_by == "k8s_external"
    return found


def said(rrsets: tuple[RRset, ...]) -> list[str]:
    return [
        f"{to_text(one.owner)} {RRType(one.rrtype).name} "
        + dns.rdata.from_wire("IN", RRType(one.rrtype).name, record, 0, len(record)).to_text()
        for one in rrsets
        for record in one.records
    ]


@pytest.mark.parametrize(
    ("name", "rrtype", "records"),
    [
        ("edge.shop.example.org", RRType.A, ["edge.shop.example.org. A 192.0.2.1"]),
        ("edge.shop.example.org", RRType.AAAA, ["edge.shop.example.org. AAAA 2001:db8::1"]),
        ("any.edge.shop.example.org", RRType.A, ["any.edge.shop.example.org. A 192.0.2.1"]),
        (
            "_http._tcp.edge.shop.example.org",
            RRType.A,
            ["_http._tcp.edge.shop.example.org. A 192.0.2.1"],
        ),
        ("silent.shop.example.org", RRType.A, ["silent.shop.example.org. A 192.0.2.3"]),
        (
            "cloud.shop.example.org",
            RRType.A,
            [
                "cloud.shop.example.org. CNAME lb-1.cloud.example.",
                "lb-1.cloud.example. A 203.0.113.7",
            ],
        ),
        (
            "cloud.shop.example.org",
            RRType.AAAA,
            ["cloud.shop.example.org. CNAME lb-1.cloud.example."],
        ),
        ("both.shop.example.org", RRType.A, ["both.shop.example.org. A 192.0.2.9"]),
        (
            "_https._tcp.edge.shop.example.org",
            RRType.SRV,
            ["_https._tcp.edge.shop.example.org. SRV 0 50 443 edge.shop.example.org."],
        ),
        (
            "edge.shop.example.org",
            RRType.SRV,
            [
                "edge.shop.example.org. SRV 0 25 443 edge.shop.example.org.",
                "edge.shop.example.org. SRV 0 25 80 edge.shop.example.org.",
            ],
        ),
        (
            "cloud.shop.example.org",
            RRType.SRV,
            ["cloud.shop.example.org. SRV 0 100 443 lb-1.cloud.example."],
        ),
        (
            "both.shop.example.org",
            RRType.SRV,
            [
                "both.shop.example.org. SRV 0 50 443 both.shop.example.org.",
                "both.shop.example.org. SRV 0 50 443 lb-2.cloud.example.",
            ],
        ),
        (
            "1.2.0.192.in-addr.arpa",
            RRType.PTR,
            [
                "1.2.0.192.in-addr.arpa. PTR edge.ops.example.org.",
                "1.2.0.192.in-addr.arpa. PTR edge.shop.example.org.",
            ],
        ),
    ],
)
def test_a_service_with_external_addresses_is_answered(
    state: State, name: str, rrtype: RRType, records: list[str]
) -> None:
    found = find(names_of(state), name, rrtype)

    assert said(found.answer) == records
    assert found.authoritative


@pytest.mark.parametrize(
    ("name", "rrtype"),
    [
        ("example.org", RRType.A),
        ("shop.example.org", RRType.A),
        ("edge.shop.example.org", RRType.TXT),
        ("edge.shop.example.org", RRType.PTR),
        ("both.shop.example.org", RRType.AAAA),
        ("silent.shop.example.org", RRType.SRV),
        ("dns.example.org", RRType.A),
        ("ns1.dns.example.org", RRType.AAAA),
    ],
)
def test_a_name_without_such_records_is_nodata(state: State, name: str, rrtype: RRType) -> None:
    found = find(names_of(state), name, rrtype)

    assert (found.rcode, found.answer) == (RCode.NOERROR, ())
    assert found.authority is not None
    assert found.reason is not None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("edge.nowhere.example.org", "no Namespace 'nowhere'"),
        ("nobody.shop.example.org", "no Service 'nobody' in Namespace 'shop'"),
        (
            "plain.shop.example.org",
            "Service shop/plain has no external address: neither externalIPs nor a load balancer's",
        ),
        ("db.shop.example.org", "Service shop/db has no external address"),
        ("_smtp._tcp.edge.shop.example.org", "Service shop/edge has no port 'smtp' of 'tcp'"),
        ("a.b.c.edge.shop.example.org", "the name has too many labels"),
        ("ns2.dns.example.org", "below 'dns' there is only 'ns1'"),
        ("9.2.0.192.in-addr.arpa", "no Namespace"),
    ],
)
def test_a_name_that_is_not_there_says_why(state: State, name: str, why: str) -> None:
    found = find(names_of(state), name)

    assert found.rcode == RCode.NXDOMAIN
    assert found.reason is not None
    assert why in found.reason.text()


def test_an_address_of_nobody_is_no_name(state: State) -> None:
    found = find(names_of(state), "77.2.0.192.in-addr.arpa", RRType.PTR)

    assert found.rcode == RCode.NXDOMAIN
    assert found.depends_on == (on_address(pack_address("192.0.2.77")),)


@pytest.mark.parametrize(
    ("name", "rrtype", "records"),
    [
        (
            "db.shop.example.org",
            RRType.A,
            ["db.shop.example.org. A 10.1.0.3", "db.shop.example.org. A 10.1.0.4"],
        ),
        ("db-0.db.shop.example.org", RRType.A, ["db-0.db.shop.example.org. A 10.1.0.3"]),
        (
            "_sql._tcp.db.shop.example.org",
            RRType.SRV,
            [
                "_sql._tcp.db.shop.example.org. SRV 0 50 5432 db-0.db.shop.example.org.",
                "_sql._tcp.db.shop.example.org. SRV 0 50 5432 10-1-0-4.db.shop.example.org.",
            ],
        ),
        (
            "far.shop.example.org",
            RRType.A,
            [
                "far.shop.example.org. CNAME lb-1.cloud.example.",
                "lb-1.cloud.example. A 203.0.113.7",
            ],
        ),
        (
            "gone-cloud-example.far.shop.example.org",
            RRType.AAAA,
            ["gone-cloud-example.far.shop.example.org. CNAME gone.cloud.example."],
        ),
        (
            "_sql._tcp.far.shop.example.org",
            RRType.SRV,
            [
                "_sql._tcp.far.shop.example.org. SRV 0 50 5432 lb-1.cloud.example.",
                "_sql._tcp.far.shop.example.org. SRV 0 50 5432 gone.cloud.example.",
            ],
        ),
    ],
)
def test_headless_services_are_their_endpoints_where_the_stanza_says_so(
    state: State, name: str, rrtype: RRType, records: list[str]
) -> None:
    assert said(find(names_of(state, HEADLESS), name, rrtype).answer) == records


@pytest.mark.parametrize(
    "name", ["cloud.shop.example.org", "far.shop.example.org", "both.shop.example.org"]
)
def test_an_srv_answer_brings_the_addresses_of_names_elsewhere(state: State, name: str) -> None:
    found = find(names_of(state, HEADLESS), name, RRType.SRV)

    own = [f"{name}. A 192.0.2.9"] if name.startswith("both") else []
    elsewhere = [] if name.startswith("both") else ["lb-1.cloud.example. A 203.0.113.7"]
    assert said(found.additional) == [*own, *elsewhere]
    assert found.depends_on is None


async def test_addresses_that_others_have_to_be_asked_for_come_later(state: State) -> None:
    asked: list[str] = []

    async def ask(question: Question) -> Answer | None:
        asked.append(to_text(question.owner))
        found = question.owner == ELSEWHERE.owner and question.rrtype == ELSEWHERE.rrtype
        return Answer(answer=(ELSEWHERE,)) if found else None

    kubernetes = KubernetesSettings((from_text("cluster.local"),))
    names = ExternalNames(HEADLESS, kubernetes, state, ask=ask)

    later = names.find(Question.of(from_text("far.shop.example.org"), RRType.SRV))
    assert later is not None
    assert not isinstance(later, Answer)
    found = await later

    assert said(found.additional) == ["lb-1.cloud.example. A 203.0.113.7"]
    assert asked == [*["lb-1.cloud.example."] * 2, *["gone.cloud.example."] * 2]


def test_a_service_with_many_names_has_few_of_them_looked_up() -> None:
    asked: list[OwnerName] = []
    many = ", ".join(f"n{number}.example.net" for number in range(100))
    state = state_of(
        f"Service shop/far headless\nEndpointSlice shop/far-1 of far port sql/TCP 5432: {many}"
    )
    kubernetes = KubernetesSettings((from_text("cluster.local"),))
    names = ExternalNames(
        HEADLESS, kubernetes, state, ask=lambda question: asked.append(question.owner)
    )

    found = find(names, "far.shop.example.org", RRType.SRV)

    assert len(said(found.answer)) == 100
    assert 0 < len(set(asked)) < 10


def test_the_zone_has_a_name_server_with_external_addresses_of_this_server(state: State) -> None:
    found = find(names_of(state), "example.org", RRType.NS)

    assert said(found.answer) == ["example.org. NS ns1.dns.example.org."]
    assert said(found.additional) == ["ns1.dns.example.org. A 192.0.2.53"]


def test_a_server_outside_the_cluster_is_its_own_addresses(state: State) -> None:
    names = names_of(state, local=("198.51.100.7", "2001:db8::7"))

    found = find(names, "ns1.dns.example.org", RRType.AAAA)

    assert said(found.answer) == ["ns1.dns.example.org. AAAA 2001:db8::7"]


def test_the_start_of_authority_names_the_apex_of_the_stanza(state: State) -> None:
    names = names_of(state, replace(SETTINGS, apex=("names",), ttl=30))

    found = find(names, "example.org", RRType.SOA)

    names_text = "ns1.names.example.org. hostmaster.names.example.org."
    assert said(found.answer) == [
        f"example.org. SOA {names_text} {state.serial} 7200 1800 86400 30"
    ]
    assert found.answer[0].ttl == 30


def test_records_have_the_ttl_of_the_stanza(state: State) -> None:
    found = find(names_of(state, replace(SETTINGS, ttl=77)), "edge.shop.example.org")

    assert found.answer[0].ttl == 77


def test_an_answer_depends_on_its_service_and_a_pointer_on_its_address(state: State) -> None:
    names = names_of(state)

    service = find(names, "edge.shop.example.org")
    missing = find(names, "nobody.shop.example.org")
    pointer = find(names, "1.2.0.192.in-addr.arpa", RRType.PTR)
    followed = find(names, "cloud.shop.example.org")

    assert service.depends_on == (on_namespace("shop"), on_service("shop", "edge"))
    assert missing.depends_on == (on_namespace("shop"), on_service("shop", "nobody"))
    assert pointer.depends_on is not None
    assert on_address(pack_address("192.0.2.1")) in pointer.depends_on
    assert followed.depends_on is None


def test_only_served_namespaces_are_there(state: State) -> None:
    names = names_of(state, namespaces=frozenset({"ops"}))

    assert find(names, "edge.shop.example.org").rcode == RCode.NXDOMAIN
    assert said(find(names, "1.2.0.192.in-addr.arpa", RRType.PTR).answer) == [
        "1.2.0.192.in-addr.arpa. PTR edge.ops.example.org."
    ]


def test_before_the_first_lists_nothing_is_denied() -> None:
    names = names_of(State())

    assert find(names, "edge.shop.example.org").rcode == RCode.SERVFAIL


def test_other_zones_and_other_classes_are_not_for_it(state: State) -> None:
    names = names_of(state)

    assert names.find(Question.of(from_text("edge.shop.cluster.local"), RRType.A)) is None
    assert names.find(Question.of(from_text("edge.shop.example.org"), RRType.A, 3)) is None


def test_a_transfer_is_refused(state: State) -> None:
    assert find(names_of(state), "example.org", RRType.AXFR).rcode == RCode.REFUSED


LABELS = st.sampled_from(
    ("edge", "db", "db-0", "cloud", "far", "shop", "ops", "_http", "_tcp", "dns", "ns1", "x", "1")
)


@given(
    st.lists(LABELS, max_size=6),
    st.sampled_from(("example.org", "2.0.192.in-addr.arpa")),
    st.sampled_from([*RRType]),
    st.sampled_from((SETTINGS, HEADLESS)),
)
def test_every_name_of_the_zones_has_an_answer_or_a_reason(
    labels: list[str], zone: str, rrtype: RRType, settings: ExternalSettings
) -> None:
    found = find(names_of(state_of(CLUSTER), settings), ".".join([*labels, zone]), rrtype)

    assert found.answer or found.reason is not None
    assert not found.reason or found.reason.text()
