"""Dashboards and alerts made for CoreDNS find every series they ask for."""

import time

import dns.message
import dns.query
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import SHOP
from tests.support.process import PATIENCE_SECONDS, ServerProcess, free_ports, page, serving
from tests.support.queried import COREDNS
from tests.support.stub_upstream import StubUpstream

WEB = "web.shop.svc.cluster.local."
OUTSIDE = "www.example.org."


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the labels of each series of a server that has answered a bit of everything."""
    folder = tmp_path_factory.mktemp("dashboards")
    metrics, health, upstream, silent = free_ports(4)
    corefile = folder / "Corefile"
    corefile.write_text(
        ". {\n    errors\n    local\n"
        f"    health 127.0.0.1:{health}\n    prometheus 127.0.0.1:{metrics}\n"
        "    kubernetes cluster.local\n"
        f"    forward . 127.0.0.1:{upstream} 127.0.0.1:{silent} {{\n"
        "        policy round_robin\n    }\n"
        "    cache 30\n    loop\n    reload\n}\n"
    )
    with (
        StubUpstream([("127.0.0.1", upstream)], {(OUTSIDE, "A"): ("192.0.2.1",)}),
        serving(corefile, "--manifests", str(SHOP)) as server,
    ):
        load(server)
        assert page(health, "/health")[0] == 200
        text = scraped(metrics, "coredns_proxy_healthcheck_failures_total{")
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def load(server: ServerProcess) -> None:
    """Ask over both transports, with and without DO, for what is there and what is not."""
    outside = (OUTSIDE, OUTSIDE, "nowhere.example.org.", "elsewhere.example.org.")
    for tcp in (False, True):
        for name in (WEB, "none.shop.svc.cluster.local.", *outside):
            server.ask(name, tcp=tcp)
    query = dns.message.make_query(WEB, "A", want_dnssec=True)
    dns.query.udp(query, server.address, timeout=5, port=server.port)


def scraped(port: int, needed: str) -> str:
    """Return the page as soon as it has a series that comes a little later than the others."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        status, text = page(port, "/metrics")
        assert status == 200
        if needed in text:
            return text
        assert time.monotonic() < deadline, text
        time.sleep(0.05)


@pytest.mark.parametrize("line", COREDNS.strip().splitlines())
def test_a_series_that_is_asked_for_is_there(labels: dict[str, set[str]], line: str) -> None:
    name, *wanted = line.split()

    assert set(wanted) <= labels[name]
