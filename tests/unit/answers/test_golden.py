"""The golden set: names of CoreDNS's own test cluster, and what it answers to them.

Where svcdns differs on purpose, docs/compatibility.md has a row that names the test.
"""

import pytest

from svcdns.answers.answer import Answer
from svcdns.wire.name import from_text, to_text
from svcdns.wire.question import Question
from svcdns.wire.rrset import addresses
from tests.support.golden import SERIAL, golden_state, stanza_of
from tests.support.replies import Reply, ask

STATE = golden_state()
ZONE = "svc.cluster.local."
EXT = from_text("ext.interwebs.test")


def upstream(question: Question) -> Answer | None:
    if question.owner == EXT and question.rrtype == 1:
        return Answer(answer=(addresses(EXT, 300, (bytes((1, 2, 3, 4)),)),), authoritative=False)
    return None


def reply(name: str, rrtype: str, **options: object) -> Reply:
    found = ask(stanza_of(STATE, ask=upstream, **options), name, rrtype)  # type: ignore[arg-type]
    assert found is not None
    assert found.authoritative
    return found


def records(owner: str, rrtype: str, *rdata: str, ttl: int = 5) -> tuple[str, ...]:
    return tuple(sorted(f"{owner} {ttl} {rrtype} {one}" for one in rdata))


POSITIVE = [
    ("svc1.testns", "A", "10.0.0.1"),
    ("svc6.testns", "AAAA", "1234:abcd::1"),
    ("svcempty.testns", "A", "10.0.0.11"),
    ("svc-dual-stack.testns", "A", "10.0.0.3"),
    ("svc-dual-stack.testns", "AAAA", "10::3"),
    ("svcprtls.testns", "A", "10.0.0.4"),
    ("kube-dns.kube-system", "A", "10.0.0.10"),
    # Names of ports resolve like the Service, filtered by the port; underscores are optional.
    ("_http._tcp.svc1.testns", "A", "10.0.0.1"),
    ("http.tcp.svc1.testns", "A", "10.0.0.1"),
    ("_._tcp.svc1.testns", "A", "10.0.0.1"),
    ("_._.svcprtls.testns", "A", "10.0.0.4"),
    # Headless.
    ("hdls1.testns", "A", "172.0.0.2 172.0.0.3 172.0.0.4 172.0.0.5"),
    ("hdls1.testns", "AAAA", "5678:abcd::1 5678:abcd::2"),
    ("hdlsprtls.testns", "A", "172.0.0.20"),
    ("_http._tcp.hdls1.testns", "AAAA", "5678:abcd::1 5678:abcd::2"),
    # Endpoints, of headless Services and of others.
    ("172-0-0-2.hdls1.testns", "A", "172.0.0.2"),
    ("5678-abcd--1.hdls1.testns", "AAAA", "5678:abcd::1"),
    ("dup-name.hdls1.testns", "A", "172.0.0.4 172.0.0.5"),
    ("172-0-0-20.hdlsprtls.testns", "A", "172.0.0.20"),
    ("ep1a.svc1.testns", "A", "172.0.0.1"),
    ("172-0-0-6.svc1.testns", "A", "172.0.0.6"),
]


@pytest.mark.parametrize(("name", "rrtype", "expected"), POSITIVE)
def test_a_name_has_these_addresses(name: str, rrtype: str, expected: str) -> None:
    found = reply(f"{name}.{ZONE}", rrtype)

    assert found.rcode == "NOERROR"
    assert found.answer == records(f"{name}.{ZONE}", rrtype, *expected.split())


SRV = [
    ("svc1.testns", "0 100 80 svc1.testns"),
    ("_http._tcp.svc1.testns", "0 100 80 svc1.testns"),
    ("_http._tcp.svc-dual-stack.testns", "0 50 80 svc-dual-stack.testns"),
    (
        "two-ports.testns",
        "0 33 80 two-ports.testns|0 33 53 two-ports.testns|0 33 9 two-ports.testns",
    ),
    ("_dns._udp.two-ports.testns", "0 100 53 two-ports.testns"),
    ("_http._tcp.two-ports.testns", "0 100 80 two-ports.testns"),
    # Six addresses, five names: the weight counts addresses.
    (
        "_http._tcp.hdls1.testns",
        "|".join(
            f"0 16 80 {label}.hdls1.testns"
            for label in ("172-0-0-2", "172-0-0-3", "5678-abcd--1", "5678-abcd--2", "dup-name")
        ),
    ),
    ("dup-name.hdls1.testns", "0 50 80 dup-name.hdls1.testns"),
    ("ep1a.svc1.testns", "0 100 8080 ep1a.svc1.testns"),
]


@pytest.mark.parametrize(("name", "expected"), SRV)
def test_a_name_has_these_srv_records(name: str, expected: str) -> None:
    found = reply(f"{name}.{ZONE}", "SRV")

    assert found.rcode == "NOERROR"
    rdata = [f"{one}.{ZONE}" for one in expected.split("|")]
    assert found.answer == records(f"{name}.{ZONE}", "SRV", *rdata)


def test_srv_brings_the_addresses_of_its_targets() -> None:
    found = reply(f"_http._tcp.svc-dual-stack.testns.{ZONE}", "SRV")

    owner = f"svc-dual-stack.testns.{ZONE}"
    assert found.additional == (f"{owner} 5 A 10.0.0.3", f"{owner} 5 AAAA 10::3")


def test_srv_of_two_endpoints_with_one_name_brings_both_addresses() -> None:
    found = reply(f"dup-name.hdls1.testns.{ZONE}", "SRV")

    owner = f"dup-name.hdls1.testns.{ZONE}"
    assert found.additional == (f"{owner} 5 A 172.0.0.4", f"{owner} 5 A 172.0.0.5")


NXDOMAIN = [
    "svc0.testns.svc",
    "svc0.svc-nons.svc",
    "svc-nons.svc",
    "svc-nons.pod",
    "foo",
    "foo.svc",
    "_nope._tcp.svc1.testns.svc",
    "_http._udp.svc1.testns.svc",
    "_http._tcp.svcprtls.testns.svc",
    "_http._tcp.hdlsprtls.testns.svc",
    "bogusendpoint.svc1.testns.svc",
    "bogusendpoint.hdls1.testns.svc",
    "_http.hdls1.testns.svc",
    "172-0-0-1.svc1.testns.svc",  # it has a hostname, so its address is not its name
    "5678-abcd-0-0-0-0-0-1.hdls1.testns.svc",
    "*.testns.svc",
    "any.testns.svc",
    "a.b.c.svc1.testns.svc",
    "hdls-unready.testns.svc",
    "cart-0.hdls-unready.testns.svc",
    "_http._tcp.hdls-unready.testns.svc",
    "hdls-none.testns.svc",
    "endpoint.external.testns.svc",
    "_http._tcp.external.testns.svc",
    "_._.external.testns.svc",
    "external-address.testns.svc",
    "x.dns-version",
    "x.ns.dns",
    "ns.dns.cluster.local",
    "a.svc1.testns.pod",
    "172-0-0-7.empty.svc",
]
TYPES = ("A", "AAAA", "TXT", "SRV", "SOA", "NS", "PTR", "CNAME", "MX", "HTTPS", "ANY", "TYPE4711")


@pytest.mark.parametrize("name", NXDOMAIN)
def test_a_name_that_does_not_exist_is_nxdomain_for_every_type(name: str) -> None:
    for rrtype in TYPES:
        found = reply(f"{name}.cluster.local.", rrtype)

        assert (found.rcode, found.soa, found.answer) == ("NXDOMAIN", "cluster.local.", ())
        assert found.why


NODATA = [
    # name, and the types for which it has records
    ("cluster.local.", "SOA"),
    ("svc.cluster.local.", ""),
    ("pod.cluster.local.", ""),
    ("testns.svc.cluster.local.", ""),
    ("empty.svc.cluster.local.", ""),
    ("dns.cluster.local.", ""),
    ("ns.dns.cluster.local.", ""),
    ("dns-version.cluster.local.", "TXT"),
    ("svc1.testns.svc.cluster.local.", "A SRV"),
    ("svc6.testns.svc.cluster.local.", "AAAA SRV"),
    ("svcprtls.testns.svc.cluster.local.", "A"),
    ("hdls1.testns.svc.cluster.local.", "A AAAA SRV"),
    ("hdlsprtls.testns.svc.cluster.local.", "A"),
    ("hdls-fqdn.testns.svc.cluster.local.", "A AAAA CNAME"),
    ("_http._tcp.svc1.testns.svc.cluster.local.", "A SRV"),
    ("_tcp.svc1.testns.svc.cluster.local.", ""),
    ("tcp.svc1.testns.svc.cluster.local.", ""),
    ("_udp.two-ports.testns.svc.cluster.local.", ""),
    ("_tcp.hdls1.testns.svc.cluster.local.", ""),
    ("ep1a.svc1.testns.svc.cluster.local.", "A SRV"),
    ("external.testns.svc.cluster.local.", "A AAAA CNAME"),
    ("external-dangling.testns.svc.cluster.local.", "CNAME"),
    ("external-loop.testns.svc.cluster.local.", "CNAME"),
    ("external-self.testns.svc.cluster.local.", "CNAME"),
    ("in-addr.arpa.", "SOA"),
    ("10.in-addr.arpa.", ""),
    ("0.0.10.in-addr.arpa.", ""),
    ("0.172.in-addr.arpa.", ""),
    ("d.c.b.a.4.3.2.1.ip6.arpa.", ""),
    ("1.ip6.arpa.", ""),
    ("1.0.0.10.in-addr.arpa.", "PTR"),
    ("2.0.0.172.in-addr.arpa.", "PTR"),
]


@pytest.mark.parametrize(("name", "present"), NODATA)
def test_a_name_that_exists_is_nodata_for_every_type_it_lacks(name: str, present: str) -> None:
    for rrtype in TYPES:
        found = reply(name, rrtype)

        if rrtype in present.split():
            assert found.rcode == "NOERROR", rrtype
        else:
            assert (found.rcode, found.answer) == ("NODATA", ()), rrtype
            assert name.endswith(found.soa)
            assert found.soa
            assert found.why


CHAINS = [
    ("external", "A", ["external CNAME ext.interwebs.test.", "!ext.interwebs.test. 300 A 1.2.3.4"]),
    ("external", "AAAA", ["external CNAME ext.interwebs.test."]),
    ("external", "CNAME", ["external CNAME ext.interwebs.test."]),
    ("external-to-service", "CNAME", ["external-to-service CNAME svc1.testns.{zone}"]),
    (
        "external-to-service",
        "A",
        ["external-to-service CNAME svc1.testns.{zone}", "svc1 A 10.0.0.1"],
    ),
    (
        "external-to-external",
        "A",
        [
            "external-to-external CNAME external-to-service.testns.{zone}",
            "external-to-service CNAME svc1.testns.{zone}",
            "svc1 A 10.0.0.1",
        ],
    ),
    ("hdls-fqdn", "CNAME", ["hdls-fqdn CNAME a.interwebs.test."]),
    ("hdls-fqdn", "A", ["hdls-fqdn CNAME a.interwebs.test."]),
]


@pytest.mark.parametrize(("name", "rrtype", "chain"), CHAINS)
def test_an_external_name_is_answered_with_its_chain(
    name: str, rrtype: str, chain: list[str]
) -> None:
    found = reply(f"{name}.testns.{ZONE}", rrtype)

    expected = []
    for link in chain:
        if link.startswith("!"):
            expected.append(link[1:])
        else:
            owner, linked, rdata = link.format(zone=ZONE).split()
            expected.append(f"{owner}.testns.{ZONE} 5 {linked} {rdata}")
    assert found.rcode == "NOERROR"
    assert found.answer == tuple(sorted(expected))


PTR = [
    ("1.0.0.10.in-addr.arpa.", "svc1.testns"),
    ("10.0.0.10.in-addr.arpa.", "kube-dns.kube-system"),
    ("2.0.0.172.in-addr.arpa.", "172-0-0-2.hdls1.testns"),
    ("4.0.0.172.in-addr.arpa.", "dup-name.hdls1.testns"),
    ("1.0.0.172.in-addr.arpa.", "ep1a.svc1.testns"),
    # In the slices of two Services, one with a ClusterIP: two names.
    ("20.0.0.172.in-addr.arpa.", "172-0-0-20.hdlsprtls.testns 172-0-0-20.svc1.testns"),
]


@pytest.mark.parametrize(("name", "expected"), PTR)
def test_an_address_points_to_these_names(name: str, expected: str) -> None:
    found = reply(name, "PTR")

    assert found.rcode == "NOERROR"
    assert found.answer == records(name, "PTR", *(f"{one}.{ZONE}" for one in expected.split()))


def test_ipv6_addresses_point_to_names_too() -> None:
    service = "1" + ".0" * 23 + ".d.c.b.a.4.3.2.1.ip6.arpa."

    found = reply(service, "PTR")

    assert found.answer == records(service, "PTR", f"svc6.testns.{ZONE}")


def test_an_ipv4_mapped_address_points_to_what_the_ipv4_address_does() -> None:
    name = "1.0.0.0.0.0.a.0.f.f.f.f" + ".0" * 20 + ".ip6.arpa."

    found = reply(name, "PTR")

    assert found.answer == records(name, "PTR", f"svc1.testns.{ZONE}")
    assert reply(name.removeprefix("1."), "PTR").rcode == "NXDOMAIN"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("9.9.9.10.in-addr.arpa.", id="nobody's address"),
        pytest.param("50.0.0.172.in-addr.arpa.", id="in a slice without a Service"),
        pytest.param("30.0.0.172.in-addr.arpa.", id="an endpoint that is not ready"),
        pytest.param("21.0.0.172.in-addr.arpa.", id="a Pod alone"),
        pytest.param("11.in-addr.arpa.", id="no address begins so"),
        pytest.param("01.0.0.10.in-addr.arpa.", id="no number"),
        pytest.param("1.1.0.0.10.in-addr.arpa.", id="five numbers"),
        pytest.param("svc.in-addr.arpa.", id="a tree of forward zones"),
        pytest.param("pod.ip6.arpa.", id="the other tree"),
        pytest.param("x.1" + ".0" * 23 + ".d.c.b.a.4.3.2.1.ip6.arpa.", id="33 labels"),
        pytest.param("svc1.testns.svc.in-addr.arpa.", id="a Service below a reverse zone"),
        pytest.param("2.ip6.arpa.", id="no IPv6 address begins so"),
        pytest.param("x.ip6.arpa.", id="no nibble"),
    ],
)
def test_a_reverse_name_without_owner_is_nxdomain(name: str) -> None:
    for rrtype in ("PTR", "A", "TXT", "SOA"):
        found = reply(name, rrtype)

        assert found.rcode == "NXDOMAIN"
        assert name.endswith(f".{found.soa}")


def test_the_soa_of_the_apex_has_the_serial_of_the_state() -> None:
    found = reply("cluster.local.", "SOA")

    names = "ns.dns.cluster.local. hostmaster.cluster.local."
    assert found.answer == (f"cluster.local. 5 SOA {names} {SERIAL} 7200 1800 86400 5",)


def test_a_mixed_case_question_gets_its_own_spelling_back_and_lower_case_targets() -> None:
    found = reply("SvC1.TestNS.sVc.ClUsTeR.LoCaL.", "SRV")

    assert found.answer == (
        "SvC1.TestNS.sVc.ClUsTeR.LoCaL. 5 SRV 0 100 80 svc1.testns.svc.cluster.local.",
    )


def test_transfers_are_refused() -> None:
    stanza = stanza_of(STATE)

    for rrtype in (251, 252):
        answer = stanza.find(Question.of(from_text("cluster.local"), rrtype))

        assert isinstance(answer, Answer)
        assert (answer.rcode, answer.authority, answer.authoritative) == (5, None, False)


def test_a_name_outside_the_zones_or_of_another_class_is_not_ours() -> None:
    stanza = stanza_of(STATE)

    assert ask(stanza, "example.com.", "A") is None
    assert ask(stanza, "xcluster.local.", "A") is None
    assert ask(stanza, "local.", "A") is None
    chaos = Question.of(from_text("svc1.testns.svc.cluster.local"), 1, 3)
    assert stanza.find(chaos) is None


@pytest.mark.parametrize(
    ("name", "rrtype", "expected"),
    [
        ("172-0-0-2.hdls1.testns", "A", ["172.0.0.2"]),
        ("us-east.1a.pin._zone.hdls-zones.testns", "A", ["172.0.0.41"]),
        ("us-west.pin._zone.hdls-zones.testns", "A", ["172.0.0.42"]),
        ("us-west.prefer._zone.hdls-zones.testns", "A", ["172.0.0.42"]),
        ("nowhere.prefer._zone.hdls-zones.testns", "A", ["172.0.0.41", "172.0.0.42"]),
        ("nowhere.pin._zone.hdls-zones.testns", "A", "NODATA"),
        ("nowhere.pin._zone.hdls-zones.testns", "TXT", "NODATA"),
        ("1a.pin._zone.hdls-zones.testns", "A", "NODATA"),
        ("pin._zone.hdls-zones.testns", "A", "NODATA"),
        ("_zone.hdls-zones.testns", "A", "NODATA"),
        ("us-west.avoid._zone.hdls-zones.testns", "A", "NXDOMAIN"),
        ("us-west.pin._zone.svc1.testns", "A", "NXDOMAIN"),
        # The name stays while nobody is ready, although that of the Service itself does not.
        ("us-west.pin._zone.hdls-unready.testns", "A", "NODATA"),
        ("us-west.prefer._zone.hdls-unready.testns", "TXT", "NODATA"),
        ("us-west.pin._zone.hdls-none.testns", "A", "NODATA"),
        ("hdls-none.testns", "A", "NXDOMAIN"),
        ("us-west.pin._zone.svc0.testns", "A", "NXDOMAIN"),
        ("pin._zone.svc1.testns", "A", "NXDOMAIN"),
    ],
)
def test_names_with_a_topology_zone(name: str, rrtype: str, expected: str | list[str]) -> None:
    found = reply(f"{name}.{ZONE}", rrtype, zonal=True)

    if isinstance(expected, str):
        assert found.rcode == expected
    else:
        assert found.answer == records(f"{name}.{ZONE}", rrtype, *expected)


def test_srv_targets_of_names_with_a_topology_zone_are_the_endpoints_own_names() -> None:
    found = reply(f"us-west.pin._zone.hdls-zones.testns.{ZONE}", "SRV", zonal=True)

    owner = f"us-west.pin._zone.hdls-zones.testns.{ZONE}"
    target = f"172-0-0-42.hdls-zones.testns.{ZONE}"
    assert found.answer == (f"{owner} 5 SRV 0 100 80 {target}",)


def test_names_with_a_topology_zone_need_the_option() -> None:
    assert reply(f"us-west.pin._zone.hdls-zones.testns.{ZONE}", "A").rcode == "NXDOMAIN"
    assert reply(f"pin._zone.hdls-zones.testns.{ZONE}", "A").rcode == "NXDOMAIN"
    assert reply(f"_zone.hdls-zones.testns.{ZONE}", "A").rcode == "NXDOMAIN"


@pytest.mark.parametrize(
    ("mode", "name", "rrtype", "expected"),
    [
        ("disabled", "172-0-0-20.testns", "A", "NXDOMAIN"),
        ("disabled", "testns", "A", "NXDOMAIN"),
        ("disabled", "testns", "TXT", "NXDOMAIN"),
        ("insecure", "testns", "A", "NODATA"),
        ("insecure", "10-20-0-101.testns", "A", "10.20.0.101"),
        ("insecure", "10-20-0-101.testns", "AAAA", "NODATA"),
        ("insecure", "10-20-0-101.testns", "HINFO", "NODATA"),
        ("insecure", "10-20-0-101.testns", "SRV", "0 100 0 10-20-0-101.testns.pod.cluster.local."),
        ("insecure", "1234-abcd--2.testns", "AAAA", "1234:abcd::2"),
        ("insecure", "1234-abcd-0-0-0-0-0-2.testns", "AAAA", "1234:abcd::2"),
        ("insecure", "1234-abcd--2.testns", "A", "NODATA"),
        ("insecure", "--ffff-a14-65.testns", "A", "10.20.0.101"),
        ("verified", "--ffff-ac00-14.testns", "A", "NXDOMAIN"),
        ("insecure", "blah.testns", "HINFO", "NXDOMAIN"),
        ("insecure", "10-20-0-256.testns", "A", "NXDOMAIN"),
        ("insecure", "010-20-0-1.testns", "A", "NXDOMAIN"),
        ("insecure", "10-20-0-101.pod-nons", "A", "NXDOMAIN"),
        ("insecure", "foo.10-20-0-101.testns", "A", "NXDOMAIN"),
        ("verified", "172-0-0-20.testns", "A", "172.0.0.20"),
        ("verified", "172-0-0-20.testns", "TXT", "NODATA"),
        ("verified", "5678-abcd--20.testns", "AAAA", "5678:abcd::20"),
        ("verified", "5678-abcd-0-0-0-0-0-20.testns", "AAAA", "NXDOMAIN"),
        ("verified", "172-0-0-21.testns", "A", "NXDOMAIN"),
        ("verified", "172-0-0-21.other", "A", "172.0.0.21"),
        ("verified", "testns", "A", "NODATA"),
        ("verified", "svc-nons", "A", "NXDOMAIN"),
    ],
)
def test_pod_names_by_mode(mode: str, name: str, rrtype: str, expected: str) -> None:
    found = reply(f"{name}.pod.cluster.local.", rrtype, pods=mode)

    if expected in ("NODATA", "NXDOMAIN"):
        assert found.rcode == expected
    else:
        assert found.answer == records(f"{name}.pod.cluster.local.", rrtype, expected)


def test_every_rcode_is_servfail_with_the_soa_before_the_first_lists_are_in() -> None:
    state = golden_state()
    state.synced = False
    stanza = stanza_of(state)

    missing = ask(stanza, f"svc0.testns.{ZONE}", "A")
    found = ask(stanza, f"svc1.testns.{ZONE}", "A")
    nodata = ask(stanza, "svc.cluster.local.", "A")

    assert missing is not None
    assert (missing.rcode, missing.authoritative) == ("SERVFAIL", True)
    assert missing.soa == "cluster.local."
    assert "still being loaded" in missing.why
    assert found is not None
    assert found.rcode == "NOERROR"
    assert nodata is not None
    assert nodata.rcode == "NODATA"


def test_only_listed_namespaces_exist() -> None:
    options = {"namespaces": frozenset({"testns"})}

    assert reply(f"svc1.testns.{ZONE}", "A", **options).rcode == "NOERROR"
    assert reply(f"kube-dns.kube-system.{ZONE}", "A", **options).rcode == "NXDOMAIN"
    assert reply(f"kube-system.{ZONE}", "A", **options).rcode == "NXDOMAIN"
    assert reply("10.0.0.10.in-addr.arpa.", "PTR", **options).rcode == "NXDOMAIN"
    assert reply("100.0.0.172.in-addr.arpa.", "PTR", **options).rcode == "NXDOMAIN"
    assert reply("1.0.0.10.in-addr.arpa.", "PTR", **options).rcode == "NOERROR"


def test_a_listed_namespace_has_to_exist() -> None:
    options = {"namespaces": frozenset({"testns", "svc-nons"})}

    assert reply(f"svc-nons.{ZONE}", "A", **options).rcode == "NXDOMAIN"


def test_ignore_empty_service_hides_services_without_ready_endpoints() -> None:
    options = {"ignore_empty_service": True}

    for name in ("svcempty", "_http._tcp.svcempty", "_tcp.svcempty"):
        assert reply(f"{name}.testns.{ZONE}", "A", **options).rcode == "NXDOMAIN"
    assert reply(f"svc1.testns.{ZONE}", "A", **options).rcode == "NOERROR"
    assert reply(f"external.testns.{ZONE}", "A", **options).rcode == "NOERROR"


def test_noendpoints_leaves_only_cluster_addresses() -> None:
    options = {"noendpoints": True}

    for name in ("hdls1", "172-0-0-2.hdls1", "ep1a.svc1"):
        assert reply(f"{name}.testns.{ZONE}", "A", **options).rcode == "NXDOMAIN"
    assert reply(f"svc1.testns.{ZONE}", "A", **options).rcode == "NOERROR"
    assert reply("2.0.0.172.in-addr.arpa.", "PTR", **options).rcode == "NXDOMAIN"
    assert reply("172.in-addr.arpa.", "PTR", **options).rcode == "NXDOMAIN"
    empty = options | {"ignore_empty_service": True}
    assert reply(f"svc1.testns.{ZONE}", "A", **empty).rcode == "NXDOMAIN"


def test_the_ttl_is_on_every_record_but_that_of_the_schema_version() -> None:
    assert reply(f"svc1.testns.{ZONE}", "A", ttl=30).answer == (
        f"svc1.testns.{ZONE} 30 A 10.0.0.1",
    )
    found = reply(f"hdls1.testns.{ZONE}", "SRV", ttl=30)
    assert {line.split()[1] for line in found.answer + found.additional} == {"30"}
    version = reply("dns-version.cluster.local.", "TXT", ttl=30)
    assert version.answer == ('dns-version.cluster.local. 28800 TXT "1.1.0"',)


def test_every_zone_has_the_same_names() -> None:
    zones = ("cluster.local", "k8s.home.arpa", "local")

    for zone in zones:
        found = reply(f"svc1.testns.svc.{zone}.", "SRV", zones=zones)

        assert found.answer == (f"svc1.testns.svc.{zone}. 5 SRV 0 100 80 svc1.testns.svc.{zone}.",)


def test_pointers_end_in_the_first_forward_zone() -> None:
    zones = ("in-addr.arpa", "second.example", "cluster.local")

    found = reply("1.0.0.10.in-addr.arpa.", "PTR", zones=zones)

    assert found.answer == records(
        "1.0.0.10.in-addr.arpa.", "PTR", "svc1.testns.svc.second.example."
    )


def test_the_root_zone_works_like_any_other() -> None:
    zones = (".",)

    assert reply("svc1.testns.svc.", "A", zones=zones).rcode == "NOERROR"
    assert reply("ns.dns.", "MX", zones=zones).rcode == "NODATA"
    server = reply("ns.dns.", "A", zones=zones, local=("192.0.2.1",))
    assert server.answer == ("ns.dns. 5 A 192.0.2.1",)
    found = reply("1.0.0.10.in-addr.arpa.", "PTR", zones=zones)
    assert found.answer == records("1.0.0.10.in-addr.arpa.", "PTR", "svc1.testns.svc.")
    missing = reply("svc0.testns.svc.", "A", zones=zones)
    assert (missing.rcode, missing.soa) == ("NXDOMAIN", ".")


def test_endpoint_pod_names_name_endpoints_after_their_pods() -> None:
    options = {"endpoint_pod_names": True}

    name = f"coredns-1.kube-dns.kube-system.{ZONE}"
    assert reply(name, "A", **options).answer == records(name, "A", "172.0.0.100")
    assert reply(name, "A").rcode == "NXDOMAIN"
    assert reply(f"ep1a.svc1.testns.{ZONE}", "A", **options).rcode == "NOERROR"
    found = reply("100.0.0.172.in-addr.arpa.", "PTR", **options)
    assert found.answer == records("100.0.0.172.in-addr.arpa.", "PTR", name)


def test_owner_names_of_answers_are_the_question() -> None:
    stanza = stanza_of(STATE)
    question = Question.of(from_text(f"svc1.testns.{ZONE}"), 1)

    answer = stanza.find(question)

    assert isinstance(answer, Answer)
    assert to_text(answer.answer[0].owner) == f"svc1.testns.{ZONE}"
