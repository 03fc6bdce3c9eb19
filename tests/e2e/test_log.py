"""What a running server logs of its queries, in both forms."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.message
import pytest

from svcdns.wire.edns import BARE_OPT
from tests.e2e.conftest import SHOP
from tests.support.process import ServerProcess, serving
from tests.support.stubs import packet, question

COREFILE = """
. {
    errors
    log
    log example.org "{name} {rcode}" {
        class error
    }
    kubernetes cluster.local
}
"""
WEB = "web.shop.svc.cluster.local."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serve with the directives errors and log."""
    corefile = tmp_path_factory.mktemp("log") / "Corefile"
    corefile.write_text(COREFILE)
    with serving(corefile, "--manifests", str(SHOP)) as server:
        yield server


def send(server: ServerProcess, octets: bytes) -> tuple[int, bytes]:
    """Return the port a query left from, and the response."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((server.address, server.port))
        client.send(octets)
        response = client.recv(4096)
        return client.getsockname()[1], response


@pytest.mark.parametrize("turn", ["computed", "from the table"])
def test_a_query_is_a_line_in_the_format_of_coredns(server: ServerProcess, turn: str) -> None:
    seen = server.printed
    octets = packet(question(WEB), identity=4711, opt=BARE_OPT)

    port, response = send(server, octets)

    line = server.line(r" - 4711 ", seen)
    assert re.fullmatch(
        rf'\[INFO\] 127\.0\.0\.1:{port} - 4711 "A IN web\.shop\.svc\.cluster\.local\. udp '
        rf'{len(octets)} false 1232" NOERROR qr,aa,rd {len(response)} 0\.\d+s',
        line,
    ), turn


def test_a_name_error_over_tcp_is_logged_with_its_flags(server: ServerProcess) -> None:
    seen = server.printed

    server.ask("crt.shop.svc.cluster.local.", "SRV", tcp=True)

    line = server.line(r'"SRV IN crt\.shop', seen)
    assert re.search(r' tcp \d+ false 65535" NXDOMAIN qr,aa,rd \d+ \d', line)


def test_a_failed_query_is_an_error_too(server: ServerProcess) -> None:
    seen = server.printed

    server.ask("www.elsewhere.")

    line = server.line(r"plugin/errors", seen)
    assert line.startswith("[ERROR] plugin/errors: 2 www.elsewhere. A: no next plugin found")


def test_a_name_cannot_forge_a_line(server: ServerProcess) -> None:
    seen = server.printed
    label = b'" NOERROR\n[INFO] SIGTERM: all is lost'
    name = bytes([len(label)]) + label + b"\x04shop\x03svc\x07cluster\x05local\0"

    send(server, packet(question(WEB), octets=name + b"\0\1\0\1", identity=4712))

    line = server.line(r" - 4712 ", seen)
    assert r'"A IN \"\032noerror\010[info]\032sigterm:\032all\032is\032lost.shop.svc.' in line
    assert line.count(' "') == line.count('" ') == 1


def test_every_line_is_an_object_when_asked_for(tmp_path: Path) -> None:
    corefile = tmp_path / "Corefile"
    corefile.write_text(COREFILE)
    with serving(corefile, "--manifests", str(SHOP), "--log-format", "json") as server:
        server.ask(WEB)
        server.line("NOERROR")
        _, output = server.end()

    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"level"} < set(line) for line in lines)
    assert {"manifests.read", "serve.ready"} <= {line.get("event") for line in lines}
    (ready,) = (line for line in lines if line.get("event") == "serve.ready")
    assert (ready["services"], ready["listeners"]) == (12, 2)
    assert any("A IN web.shop" in line.get("message", "") for line in lines)


def test_messages_are_read_by_dnspython(server: ServerProcess) -> None:
    _, response = send(server, packet(question(WEB)))

    assert dns.message.from_wire(response).answer
