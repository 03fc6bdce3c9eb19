from svcdns.answers.answer import Answer
from svcdns.answers.name_servers import name_servers
from svcdns.answers.settings import KubernetesSettings
from svcdns.wire.name import from_text, pack_address, to_text
from tests.support.cluster_text import state_of
from tests.support.golden import golden_state, stanza_of
from tests.support.replies import Reply, ask
from tests.support.stubs import question

ZONE = from_text("cluster.local")

CLUSTER = """
Service kube-system/dns 10.96.0.10 fd00::a port dns/UDP 53
EndpointSlice kube-system/dns-1 of dns port dns/UDP 53: 10.244.0.2, 10.244.0.3, 10.244.0.4 not-ready
Service kube-system/dns-headless headless port dns/UDP 53
EndpointSlice kube-system/dns-h of dns-headless port dns/UDP 53: 10.244.0.2 hostname=a, 10.244.0.3
EndpointSlice kube-system/gone-1 of gone port dns/UDP 53: 10.244.0.9
Service kube-system/waiting port dns/UDP 53
EndpointSlice kube-system/waiting-1 of waiting port dns/UDP 53: 10.244.0.7
Service kube-system/elsewhere ExternalName dns.example.com
EndpointSlice kube-system/elsewhere-1 of elsewhere port dns/UDP 53: 10.244.0.8
"""


def servers(*local: str, noendpoints: bool = False) -> list[str]:
    settings = KubernetesSettings((ZONE,), noendpoints=noendpoints)
    addresses = tuple(map(pack_address, local))
    found = name_servers(state_of(CLUSTER), settings, ZONE, addresses)
    return [f"{to_text(one.name).split('.svc.')[0]} {len(one.address)}" for one in found]


def reply(name: str, rrtype: str, *local: str) -> Reply:
    found = ask(stanza_of(state_of(CLUSTER), local=local), name, rrtype)
    assert found is not None
    return found


def test_our_own_services_are_the_name_servers() -> None:
    assert servers("10.244.0.2") == [
        "dns.kube-system 4",
        "dns.kube-system 16",
        "a.dns-headless.kube-system 4",
        "10-244-0-3.dns-headless.kube-system 4",
    ]


def test_two_addresses_of_one_service_name_it_once() -> None:
    assert servers("10.244.0.2", "10.244.0.3") == servers("10.244.0.2")


def test_without_a_service_of_our_own_the_local_addresses_are_the_name_server() -> None:
    found = reply("cluster.local.", "NS", "192.0.2.1", "2001:db8::1")

    assert found.answer == ("cluster.local. 5 NS ns.dns.cluster.local.",)
    assert found.additional == (
        "ns.dns.cluster.local. 5 A 192.0.2.1",
        "ns.dns.cluster.local. 5 AAAA 2001:db8::1",
    )


def test_an_endpoint_of_ours_that_is_not_ready_does_not_count() -> None:
    assert servers("10.244.0.4") == ["ns.dns.cluster.local. 4"]


def test_without_endpoints_the_local_addresses_are_the_name_server() -> None:
    assert servers("10.244.0.2", noendpoints=True) == ["ns.dns.cluster.local. 4"]


def test_our_slice_without_its_service_leaves_no_name_server() -> None:
    assert servers("10.244.0.9") == []
    assert reply("cluster.local.", "NS", "10.244.0.9").rcode == "NODATA"
    assert reply("ns.dns.cluster.local.", "A", "10.244.0.9").rcode == "NODATA"


def test_our_service_without_an_address_leaves_no_name_server() -> None:
    for local in ("10.244.0.7", "10.244.0.8"):
        assert servers(local) == []
        assert reply("cluster.local.", "NS", local).rcode == "NODATA"
        assert reply("ns.dns.cluster.local.", "A", local).rcode == "NODATA"


def test_a_process_with_loopback_only_has_no_name_server() -> None:
    found = reply("cluster.local.", "NS")

    assert found.rcode == "NODATA"
    assert "no address but loopback" in found.why


def test_the_answer_to_ns_brings_every_address_once() -> None:
    state = golden_state()
    stanza = stanza_of(state, local=("172.0.0.100", "172.0.0.100"))

    found = ask(stanza, "cluster.local.", "NS")

    assert found is not None
    owner = "kube-dns.kube-system.svc.cluster.local."
    assert found.answer == (f"cluster.local. 5 NS {owner}",)
    assert found.additional == (f"{owner} 5 A 10.0.0.10",)


def test_ns_dns_has_the_addresses_of_the_name_servers_under_its_own_name() -> None:
    found = reply("ns.dns.cluster.local.", "AAAA", "10.244.0.2")

    assert found.answer == ("ns.dns.cluster.local. 5 AAAA fd00::a",)
    assert reply("ns.dns.cluster.local.", "MX", "10.244.0.2").rcode == "NODATA"


def test_letter_case_of_the_question_does_not_matter() -> None:
    apex = reply("CLUSTER.local.", "NS", "192.0.2.1")
    server = reply("NS.dns.CLUSTER.local.", "A", "192.0.2.1")

    assert [line.lower() for line in apex.answer] == ["cluster.local. 5 ns ns.dns.cluster.local."]
    assert server.answer == ("NS.dns.CLUSTER.local. 5 A 192.0.2.1",)


def test_every_zone_names_its_servers_within_itself() -> None:
    found = reply("in-addr.arpa.", "NS", "192.0.2.1")

    assert found.answer == ("in-addr.arpa. 5 NS ns.dns.in-addr.arpa.",)


def test_name_servers_are_never_kept() -> None:
    stanza = stanza_of(state_of(CLUSTER), local=("192.0.2.1",))

    for name, rrtype in (("cluster.local", 2), ("ns.dns.cluster.local", 1), ("cluster.local", 6)):
        answer = stanza.find(question(name, rrtype))

        assert isinstance(answer, Answer)
        assert answer.depends_on is None
