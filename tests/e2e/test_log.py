"""What a running server logs of its queries, in both forms."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcdns.wire.edns import BARE_OPT
from svcdns.wire.frame import Frames, frame
from tests.e2e.conftest import SHOP
from tests.support.process import (
    PATIENCE_SECONDS,
    ServerProcess,
    command,
    environment,
    free_port,
    serving,
)
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


@pytest.mark.parametrize("reader", ["stuck", "gone"])
def test_a_reader_of_the_log_that_is_stuck_or_gone_holds_up_no_query(
    tmp_path: Path, reader: str
) -> None:
    corefile = tmp_path / "Corefile"
    corefile.write_text(COREFILE)
    port = free_port()
    line = ("--corefile", str(corefile), "--manifests", str(SHOP), "--bind", "127.0.0.1")
    process = subprocess.Popen(
        command("serve", *line, "--port", str(port)),
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    try:
        assert process.stdout is not None
        while "serve.ready" not in process.stdout.readline():
            pass
        if reader == "gone":
            process.stdout.close()

        answers = ask_often(port, 2000)

        assert answers == 2000
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def ask_often(port: int, times: int) -> int:
    """Ask that many times over one connection, a hundred at once; return how often one answers."""
    answers = 0
    frames = Frames()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
        for asked in range(100, times + 1, 100):
            client.sendall(100 * frame(packet(question(WEB))))
            while answers < asked:
                received = client.recv(65_535)
                assert received
                answers += len(frames.receive(received))
    return answers
