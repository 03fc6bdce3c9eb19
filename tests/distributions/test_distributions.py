"""The Corefiles that clusters are made with run as they are.

Each server has a machine of its own: the ports it is written for, its own /etc, and one resolver
at the other end of a cable. What is asked about the cluster must not reach that resolver.
"""

import signal
import socket

import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from svcdns.app.files import examine_corefile
from svcdns.plugins import DIRECTIVES, UNSUPPORTED
from svcdns.route.compile import examine
from tests.distributions.conftest import COREFILES, Fleet, Node
from tests.distributions.distributions import CLUSTER_DNS, DISTRIBUTIONS, OUTSIDE, Example
from tests.support.process import page

WEB = "web.shop.svc.cluster.local."
GATEWAY = "gateway.shop.external.test. 203.0.113.10"


def records(response: dns.message.Message) -> list[str]:
    """The answer section: owner and RDATA, without TTL."""
    return [f"{rrset.name} {record.to_text()}" for rrset in response.answer for record in rrset]


def ask(node: Node, example: Example) -> dns.message.Message:
    query = dns.message.make_query(example.name, example.rrtype, example.rrclass)
    address = example.asked_at or node.server.address
    return dns.query.udp(query, address, port=node.server.port, timeout=5)


def test_every_corefile_is_started() -> None:
    folders = sorted(folder.name for folder in COREFILES.iterdir() if folder.is_dir())

    assert sorted(distribution.name for distribution in DISTRIBUTIONS) == folders


@pytest.mark.parametrize("name", [distribution.name for distribution in DISTRIBUTIONS])
def test_a_corefile_has_no_mistakes(name: str) -> None:
    reading = examine_corefile(str(COREFILES / name / "Corefile"), {})

    findings = examine(reading.corefile, DIRECTIVES, UNSUPPORTED)

    assert [str(mistake) for mistake in (*reading.mistakes, *findings.mistakes)] == []


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_name_of_the_cluster_is_answered(node: Node, *, tcp: bool) -> None:
    response = node.server.ask(WEB, tcp=tcp)

    assert records(response) == [f"{WEB} 10.96.4.7"]


def test_a_name_of_the_cluster_that_is_not_there_is_nxdomain(node: Node) -> None:
    response = node.server.ask("nobody.shop.svc.cluster.local.")

    assert response.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]


def test_only_a_cache_asks_others_about_the_cluster(node: Node) -> None:
    before = len(node.upstream.asked)

    node.server.ask("cart.shop.svc.cluster.local.")

    asked = [asked for asked in node.upstream.asked[before:] if "cart.shop" in asked.name]
    if node.distribution.has_cluster:
        assert asked == []
    else:
        assert {(one.address, one.protocol) for one in asked} == {(CLUSTER_DNS, "tcp")}


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_another_name_is_forwarded(node: Node, *, tcp: bool) -> None:
    response = node.server.ask(OUTSIDE, tcp=tcp)

    assert records(response) == [f"{OUTSIDE} 203.0.113.80"]
    assert node.upstream.questions(OUTSIDE)


def test_what_the_resolver_does_not_know_is_nxdomain(node: Node) -> None:
    response = node.server.ask("nobody.outside.test.")

    assert response.rcode() == dns.rcode.NXDOMAIN


def test_names_of_its_own_are_answered(node: Node) -> None:
    facts = {"host": socket.gethostname(), "gateway": GATEWAY}
    for example in node.distribution.examples:
        before = len(node.upstream.questions(example.name))

        response = ask(node, example)

        expected = [record.format_map(facts) for record in example.answer]
        assert (dns.rcode.to_text(response.rcode()), records(response)) == (example.rcode, expected)
        is_forwarded = len(node.upstream.questions(example.name)) > before
        assert is_forwarded == example.is_forwarded, example.name


def test_the_probes_are_answered(node: Node) -> None:
    assert page(8080, "/health", node.distribution.probes) == (200, "OK")
    if node.distribution.is_ready_served:
        assert page(8181, "/ready") == (200, "OK")


def test_metrics_are_served(node: Node) -> None:
    node.server.ask(WEB)

    status, text = page(node.distribution.metrics, "/metrics")

    assert status == 200
    assert "coredns_dns_requests_total{" in text
    assert "coredns_build_info{" in text


@pytest.mark.usefixtures("reloads")
def test_a_changed_corefile_is_taken_into_use(node: Node) -> None:
    printed = node.server.printed
    block = f"\nreloaded.test.:{node.server.port} {{\n    whoami\n}}\n"
    if node.distribution.own_addresses:
        block = block.replace("whoami", f"bind {node.server.address}\n    whoami")
    node.corefile.write_text(node.corefile.read_text() + block)

    node.server.send(signal.SIGUSR1)
    node.server.line(r"Reloading complete", since=printed)

    assert node.server.ask("reloaded.test.").additional
    assert records(node.server.ask(WEB)) == [f"{WEB} 10.96.4.7"]


def test_nothing_went_wrong_on_the_way(node: Node) -> None:
    lines = [line for line in node.server.output.lines if "[ERROR]" in line or "Traceback" in line]

    assert lines == []


def test_sigterm_ends_each_of_them_with_0(fleet: Fleet) -> None:
    codes = {name: server.end()[0] for name, server in fleet.ending.items()}

    assert codes
    assert codes == dict.fromkeys(codes, 0)
