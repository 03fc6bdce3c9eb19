"""How a server ends: signals, the lameduck time, exit codes."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dns.message
import dns.query
import pytest

from tests.e2e.conftest import SHOP
from tests.support.process import ServerProcess, free_ports, page, serving

WEB = "web.shop.svc.cluster.local."
Stopping = Callable[..., AbstractContextManager[tuple[ServerProcess, int]]]


@pytest.fixture
def lameduck(tmp_path: Path) -> Stopping:
    """Start a server with that lameduck time, and the port of its probes."""

    @contextmanager
    def start(duration: str, manifests: Path = SHOP) -> Iterator[tuple[ServerProcess, int]]:
        (probes,) = free_ports(1)
        corefile = tmp_path / "Corefile"
        corefile.write_text(
            f". {{\n    health 127.0.0.1:{probes} {{\n        lameduck {duration}\n    }}\n"
            f"    ready 127.0.0.1:{probes}\n    kubernetes cluster.local\n}}\n"
        )
        with serving(corefile, "--manifests", str(manifests)) as server:
            yield server, probes

    return start


def test_sigterm_is_answered_with_a_lameduck_time_and_exit_0(lameduck: Stopping) -> None:
    with lameduck("1500ms") as (server, probes):
        with socket.create_connection((server.address, server.port), timeout=5) as stream:
            query = dns.message.make_query(WEB, "A")
            dns.query.send_tcp(stream, query)
            dns.query.receive_tcp(stream)
            assert page(probes, "/ready") == (200, "OK")

            server.send(signal.SIGTERM)
            server.line(r"^\[INFO\] plugin/health: Going into lameduck mode for 1\.5s$")

            assert page(probes, "/ready") == (503, "stopping")
            assert page(probes, "/health") == (200, "OK")
            assert server.addresses(WEB) == ["10.96.4.7"]
            assert server.ask(WEB, tcp=True).answer
            dns.query.send_tcp(stream, query)
            assert dns.query.receive_tcp(stream)[0].answer
            assert stream.recv(1) == b""
        code, output = server.end(None)

    assert code == 0
    assert output.splitlines()[-2:] == [
        "[INFO] SIGTERM: Shutting down servers then terminating",
        "[INFO] plugin/health: Going into lameduck mode for 1.5s",
    ]


def test_a_change_of_the_cluster_is_served_during_lameduck(
    lameduck: Stopping, tmp_path: Path
) -> None:
    manifest = tmp_path / "web.yaml"
    text = (SHOP / "web.yaml").read_text(encoding="utf-8")
    manifest.write_text(text, encoding="utf-8")
    with lameduck("60s", manifest) as (server, _):
        assert server.addresses(WEB) == ["10.96.4.7"]
        server.send(signal.SIGTERM)
        server.line("Going into lameduck")

        manifest.write_text(text.replace("10.96.4.7", "10.96.4.8"), encoding="utf-8")
        server.line(r"manifests\.changed")

        assert server.addresses(WEB) == ["10.96.4.8"]


def test_sigint_ends_with_exit_0(lameduck: Stopping) -> None:
    with lameduck("0s") as (server, _):
        code, output = server.end(signal.SIGINT)

    assert code == 0
    assert output.splitlines()[-1] == "[INFO] SIGINT: Shutting down"


def test_a_second_sigint_ends_at_once_with_exit_2(lameduck: Stopping) -> None:
    with lameduck("60s") as (server, _):
        server.send(signal.SIGINT)
        server.line("Going into lameduck")
        code, output = server.end(signal.SIGINT)

    assert code == 2
    assert output.splitlines()[-1] == "[INFO] SIGINT: Force quit"


def test_sigquit_ends_at_once_with_exit_0(lameduck: Stopping) -> None:
    with lameduck("60s") as (server, _):
        code, output = server.end(signal.SIGQUIT)

    assert code == 0
    assert output.splitlines()[-1] == "[INFO] SIGQUIT: Quitting process immediately"


def test_other_signals_do_not_end_it(lameduck: Stopping) -> None:
    with lameduck("0s") as (server, _):
        server.send(signal.SIGHUP)
        server.send(signal.SIGUSR2)
        server.send(signal.SIGUSR1)
        server.line(r"Reloading complete")
        answered = server.ask(WEB).answer
        code, _output = server.end(signal.SIGTERM)

    assert answered
    assert code == 0
