"""Where queries arrive, and where responses leave from."""

import socket
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from svcdns.wire.frame import Frames, frame
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from tests.e2e.conftest import SHOP
from tests.support.dig import dig
from tests.support.process import ServerProcess, free_port, free_ports, running
from tests.support.stubs import packet

WEB = "web.shop.svc.cluster.local."


@pytest.mark.parametrize("address", ["127.0.0.9", "127.0.0.1", "::1"])
def test_a_response_leaves_from_the_address_that_was_asked(
    shop: ServerProcess, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(dns.message.make_query(WEB, "A").to_wire(), (address, shop.port))

        _, source = client.recvfrom(4096)

    assert source[:2] == (address, shop.port)


def test_dig_accepts_the_response_of_a_further_address(shop: ServerProcess) -> None:
    assert "status: NOERROR" in dig(shop.port, WEB, server="127.0.0.9")


def test_many_queries_at_once_on_a_connection_are_all_answered(shop: ServerProcess) -> None:
    names = (WEB, "crt.shop.svc.cluster.local.", "many.shop.svc.cluster.local.")
    questions = [Question.of(from_text(name), 1) for name in names]
    queries = [packet(questions[number % 3], identity=number) for number in range(300)]

    messages: list[dns.message.Message] = []
    with socket.create_connection(("127.0.0.1", shop.port), timeout=5) as client:
        client.sendall(b"".join(map(frame, queries)))
        frames = Frames()
        while len(messages) < len(queries):
            received = client.recv(65_535)
            assert received, "closed before all was answered"
            messages += map(dns.message.from_wire, frames.receive(received))

    assert sorted(message.id for message in messages) == list(range(len(queries)))
    rcodes = {message.id % 3: message.rcode() for message in messages}
    assert rcodes == {0: dns.rcode.NOERROR, 1: dns.rcode.NXDOMAIN, 2: dns.rcode.NOERROR}
    assert not any(message.flags & dns.flags.TC for message in messages)


def test_a_query_in_two_pieces_is_one_query(shop: ServerProcess) -> None:
    octets = frame(dns.message.make_query(WEB, "A").to_wire())
    with socket.create_connection(("127.0.0.1", shop.port), timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(octets[:9])
        client.sendall(octets[9:])

        (response,) = Frames().receive(client.recv(65_535))

    assert dns.message.from_wire(response).answer


@pytest.fixture(scope="module")
def two_ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, int]]:
    """Serve two server blocks at one port and a third one at another, which is returned too."""
    port, other = free_ports(2)
    corefile = tmp_path_factory.mktemp("two") / "Corefile"
    corefile.write_text(
        f"cluster.local 10.in-addr.arpa {{\n    kubernetes\n}}\n"
        f"who.example {{\n    whoami\n}}\n"
        f"cluster.local:{other} {{\n    kubernetes {{\n        namespaces shop\n    }}\n}}\n"
    )
    line = ("--corefile", str(corefile), "--manifests", str(SHOP), "--bind", "127.0.0.1")
    with running("serve", *line, "--port", str(port), port=port) as server:
        yield server, other


@pytest.mark.parametrize(
    ("name", "at_the_port", "at_the_other"),
    [
        ("web.shop.svc.cluster.local.", "NOERROR", "NOERROR"),
        ("my-service.default.svc.cluster.local.", "NOERROR", "NXDOMAIN"),
        ("7.4.96.10.in-addr.arpa.", "NOERROR", "REFUSED"),
        ("who.example.", "NOERROR", "REFUSED"),
        ("example.", "REFUSED", "REFUSED"),
        (".", "REFUSED", "REFUSED"),
    ],
)
def test_each_port_answers_for_its_own_server_blocks(
    two_ports: tuple[ServerProcess, int], name: str, at_the_port: str, at_the_other: str
) -> None:
    server, other = two_ports

    here, there = (server.ask(name, port=port) for port in (server.port, other))

    assert dns.rcode.to_text(here.rcode()) == at_the_port
    assert dns.rcode.to_text(there.rcode()) == at_the_other


def test_both_ports_are_named_at_the_start(two_ports: tuple[ServerProcess, int]) -> None:
    server, other = two_ports
    start = str(server.output).split("svcdns-")[0].splitlines()[-4:]

    assert start == [
        f"cluster.local.:{server.port} on 127.0.0.1",
        f"10.in-addr.arpa.:{server.port} on 127.0.0.1",
        f"who.example.:{server.port} on 127.0.0.1",
        f"cluster.local.:{other} on 127.0.0.1",
    ]


def test_a_port_that_the_system_chooses_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "Corefile").write_text(".:0 {\n    whoami\n}\n")

    with running("serve", "--corefile", str(tmp_path / "Corefile"), "--bind", "::1") as server:
        server.port = int(server.line(r"^\.:\d+ on ::1$").split(":")[1].split()[0])
        server.address = "::1"
        response = server.ask("x.")

    assert response.rcode() == dns.rcode.NOERROR
    assert server.port != 0


def test_a_port_of_ones_own_beside_somebody_elses_address_can_be_had(tmp_path: Path) -> None:
    (tmp_path / "Corefile").write_text(". {\n    whoami\n}\n")
    port = free_port("127.0.0.1")
    line = ("serve", "--corefile", str(tmp_path / "Corefile"), "--port", str(port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.8", port))

        with running(*line, "--bind", "127.0.0.1", port=port) as server:
            assert server.ask("x.").rcode() == dns.rcode.NOERROR
