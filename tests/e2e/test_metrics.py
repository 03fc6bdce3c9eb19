"""The metrics of a running server, scraped over HTTP while it answers."""

import socket
from collections import Counter
from collections.abc import Iterator
from threading import Thread

import dns.message
import pytest
from prometheus_client.parser import text_string_to_metric_families

from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO
from svcdns.wire.frame import Frames, frame
from tests.e2e.conftest import SHOP
from tests.support.process import ServerProcess, free_port, page, serving
from tests.support.stubs import packet, question

WEB = "web.shop.svc.cluster.local."
ASKED = {
    (WEB, 1): 400,
    ("db.shop.svc.cluster.local.", 33): 150,
    ("crt.shop.svc.cluster.local.", 1): 50,
    ("cart.shop.svc.cluster.local.", 28): 40,
    ("example.org.", 1): 10,
}
OPTS = (b"", BARE_OPT, BARE_OPT_DO)
DO = 2
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, int]]:
    """Serve with metrics; their port comes with it."""
    metrics = free_port()
    corefile = tmp_path_factory.mktemp("metrics") / "Corefile"
    corefile.write_text(
        f"cluster.local {{\n    errors\n    prometheus 127.0.0.1:{metrics}\n    kubernetes\n}}\n"
    )
    with serving(corefile, "--manifests", str(SHOP)) as server:
        yield server, metrics


def scrape(port: int) -> Series:
    status, text = page(port, "/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(series: Series, name: str, /, **labels: str) -> int:
    """Return the sum over all series of a name that have these labels."""
    wanted = labels.items()
    return round(
        sum(value for (one, own), value in series.items() if one == name and wanted <= own)
    )


def ask_everything(server: ServerProcess) -> None:
    """Ask each question as often as `ASKED` says, half of them over TCP, with EDNS by turns."""
    packets = [
        packet(question(name, rrtype), identity=number, opt=OPTS[number % 3])
        for (name, rrtype), times in ASKED.items()
        for number in range(times)
    ]
    place = (server.address, server.port)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_connection(place, timeout=5) as stream,
    ):
        datagrams.settimeout(5)
        datagrams.connect(place)
        frames = Frames()
        for over_udp, over_tcp in zip(packets[::2], packets[1::2], strict=True):
            datagrams.send(over_udp)
            stream.sendall(frame(over_tcp))
            dns.message.from_wire(datagrams.recv(4096))
            while not frames.receive(stream.recv(65_535)):
                pass


def test_counts_agree_with_what_was_asked_and_with_each_other(
    server: tuple[ServerProcess, int],
) -> None:
    process, port = server
    asking = Thread(target=ask_everything, args=(process,))
    before = 0
    asking.start()
    while asking.is_alive():
        series = scrape(port)
        requests = total(series, "coredns_dns_requests_total")
        assert requests >= before
        assert requests == total(series, "coredns_dns_responses_total")
        assert requests == total(series, "coredns_dns_response_size_bytes_count")
        before = requests
    asking.join()

    series = scrape(port)
    queries = sum(ASKED.values())
    dropped = ASKED["example.org.", 1]
    names = ("requests_total", "responses_total", "request_size_bytes_count")
    for name in (*names, "response_size_bytes_count", "request_duration_seconds_count"):
        assert total(series, f"coredns_dns_{name}") == queries, name
        assert total(series, f"coredns_dns_{name}", zone="cluster.local.") == queries - dropped
        assert total(series, f"coredns_dns_{name}", zone="dropped") == dropped, name
    by_type = Counter[str]()
    for (_, rrtype), times in ASKED.items():
        by_type[{1: "A", 28: "AAAA", 33: "SRV"}[rrtype]] += times
    for type_text, times in by_type.items():
        assert total(series, "coredns_dns_requests_total", type=type_text) == times
    for proto in ("udp", "tcp"):
        assert total(series, "coredns_dns_requests_total", proto=proto) == queries / 2
    answered = ASKED[WEB, 1] + ASKED["db.shop.svc.cluster.local.", 33]
    denied = queries - answered - dropped
    responses = "coredns_dns_responses_total"
    assert total(series, responses, rcode="NOERROR", plugin="kubernetes") == answered
    assert total(series, responses, rcode="NXDOMAIN", plugin="kubernetes") == denied
    assert total(series, responses, rcode="REFUSED", plugin="") == dropped
    with_do = sum(len(range(times)[DO::3]) for times in ASKED.values())
    assert total(series, "coredns_dns_do_requests_total") == with_do


def test_everything_else_is_on_the_page(server: tuple[ServerProcess, int]) -> None:
    process, port = server

    series = scrape(port)

    server_label = f"dns://{process.address}:{process.port}"
    assert total(series, "coredns_build_info") == 1
    assert total(series, "coredns_plugin_enabled", server=server_label, name="kubernetes") == 1
    assert total(series, "svcdns_kubernetes_objects", kind="services") == 12
    assert total(series, "coredns_panics_total") == 0
    assert total(series, "svcdns_udp_dropped_total") == 0
    assert total(series, "svcdns_manifest_problems") == 0
    assert total(series, "process_open_fds") > 5


def test_there_is_nothing_else_at_that_port(server: tuple[ServerProcess, int]) -> None:
    _, port = server

    assert page(port, "/health")[0] == 404
