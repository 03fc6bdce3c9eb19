"""Packets of any octets: an answer or silence, never an exception, and then business as usual."""

import random
import re
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from svcdns.wire.edns import BARE_OPT
from svcdns.wire.frame import Frames, frame
from svcdns.wire.question import MalformedQueryError, Query
from tests.e2e.conftest import SHOP
from tests.support.messages import outcome
from tests.support.process import ServerProcess, free_port, page, serving
from tests.support.stubs import packet, question
from tests.support.tree import ROOT

PACKETS = 2000
WEB = "web.shop.svc.cluster.local."
NAMES = (
    *(WEB, "crt.shop.svc.cluster.local.", "_sql._tcp.db.shop.svc.cluster.local."),
    *("7.1.244.10.in-addr.arpa.", "payments.shop.svc.cluster.local.", "example.org.", "."),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, int]]:
    """Serve with every directive that looks at queries; the port of the metrics comes with it."""
    metrics = free_port()
    corefile = tmp_path_factory.mktemp("garbage") / "Corefile"
    corefile.write_text(
        f". {{\n    errors\n    log\n    metadata\n    loadbalance\n"
        f"    prometheus 127.0.0.1:{metrics}\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n        pods verified\n"
        "        fallthrough\n    }\n    whoami\n}\n"
    )
    with serving(corefile, "--manifests", str(SHOP)) as server:
        yield server, metrics


def corpus() -> list[bytes]:
    """Odd packets that have a file of their own."""
    files = sorted((ROOT / "tests/fuzz/packets").glob("*.hex"))
    return [bytes.fromhex(re.sub(r"#.*", "", file.read_text(encoding="ascii"))) for file in files]


def garbage(seed: int) -> list[bytes]:
    """Return packets, always the same ones: good and odd queries, and both with octets changed."""
    chance = random.Random(seed)  # noqa: S311  the same packets in every run, not secrets
    good = [
        packet(question(name, rrtype), opt=opt)
        for name in NAMES
        for rrtype in (1, 12, 28, 33, 255)
        for opt in (b"", BARE_OPT)
    ]
    sources = [*good, *corpus()]
    packets = corpus()
    while len(packets) < PACKETS:
        octets = bytearray(chance.choice(sources))
        for _ in range(chance.choice((0, 1, 1, 2, 8))):
            at = chance.randrange(len(octets))
            octets[at] = chance.choice((0, 1, 0xC0, 0x3F, 0xFF, chance.randrange(256)))
        cut = chance.choice((0, 0, 0, chance.randrange(len(octets))))
        tail = chance.randbytes(chance.choice((0, 0, 0, 1, 40)))
        packets.append(bytes(octets[: len(octets) - cut]) + tail)
    return packets


def check(server: ServerProcess, metrics: int) -> None:
    """Fail if anything went wrong that one can see from outside."""
    assert server.addresses(WEB) == ["10.96.4.7"]
    assert server.ask(WEB, tcp=True).answer
    assert "coredns_panics_total 0.0\n" in page(metrics, "/metrics")[1]
    assert server.process.poll() is None
    for word in ("Traceback", ".failed", "[ERROR]   "):
        assert word not in str(server.output)


def test_datagrams_of_any_octets(server: tuple[ServerProcess, int]) -> None:
    process, metrics = server
    replies = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((process.address, process.port))
        packets = garbage(1)
        for start in range(0, len(packets), 50):
            for octets in packets[start : start + 50]:
                client.send(octets)
            marker = packet(question(WEB), identity=0xFFFF)
            client.send(marker)  # what comes before its response is the response to the others
            while (response := client.recv(65_535)) and response[:2] != b"\xff\xff":
                assert len(response) >= 12
                assert response[2] & 0x80
                replies += 1

    assert replies > PACKETS / 2
    check(process, metrics)
    counted = re.search(
        r"\nsvcdns_malformed_queries_total{.+} (.+)\n", page(metrics, "/metrics")[1]
    )
    assert counted
    assert float(counted[1]) > PACKETS / 4


def test_streams_of_any_octets(server: tuple[ServerProcess, int]) -> None:
    process, metrics = server
    packets = garbage(2)[:400]
    answered = 0
    for start in range(0, len(packets), 40):
        with socket.create_connection((process.address, process.port), timeout=5) as client:
            client.sendall(b"".join(map(frame, packets[start : start + 40])))
            client.shutdown(socket.SHUT_WR)
            frames = Frames()
            while received := client.recv(65_535):
                answered += len(frames.receive(received))

    assert answered > 100
    check(process, metrics)


def test_a_stream_that_is_no_dns_is_closed(server: tuple[ServerProcess, int]) -> None:
    process, metrics = server
    with socket.create_connection((process.address, process.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.shutdown(socket.SHUT_WR)

        assert client.recv(65_535) == b""

    check(process, metrics)


def test_http_of_any_octets(server: tuple[ServerProcess, int]) -> None:
    process, metrics = server
    for octets in (
        b"\0" * 100,
        b"GET /metrics\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\n\r\n",
        WEB.encode(),
    ):
        with socket.create_connection((process.address, metrics), timeout=5) as client:
            client.sendall(octets)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_535):
                pass

    check(process, metrics)


def test_the_packets_are_many_and_of_many_kinds() -> None:
    outcomes = Counter(type(outcome(octets)) for octets in garbage(1))

    assert outcomes.total() == PACKETS
    assert min(outcomes[Query], outcomes[MalformedQueryError]) > PACKETS / 4
