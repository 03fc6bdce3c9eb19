"""A real svcdns process for tests that look at it from outside."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query

_PATIENCE_SECONDS = 20


@dataclass
class ServerProcess:
    """One running server; its output is collected until it ends."""

    process: subprocess.Popen[str]
    port: int
    address: str = "127.0.0.1"

    def ask(self, name: str, rrtype: str, *, tcp: bool = False) -> dns.message.Message:
        query = dns.message.make_query(name, rrtype, use_edns=0, payload=1232)
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(query, self.address, timeout=5, port=self.port)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Stop it and return the exit code and everything it printed."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=_PATIENCE_SECONDS)
        return self.process.returncode, output


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port that nobody uses over UDP and TCP."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(50):
        with (
            socket.socket(family, socket.SOCK_DGRAM) as udp,
            socket.socket(family, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((address, 0))
            port = int(udp.getsockname()[1])
            with contextlib.suppress(OSError):
                tcp.bind((address, port))
                return port
    raise AssertionError("no port is free")


def command(*arguments: str) -> list[str]:
    """Return the command line of svcdns with these arguments."""
    return [sys.executable, "-m", "svcdns", *arguments]


@contextlib.contextmanager
def serving(corefile: Path, *arguments: str, address: str = "127.0.0.1") -> Iterator[ServerProcess]:
    """Start a server, wait until it answers, and end it."""
    port = free_port(address)
    line = command(
        "serve", "--corefile", str(corefile), "--port", str(port), "--bind", address, *arguments
    )
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    server = ServerProcess(process, port, address)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _wait(server: ServerProcess) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    query = dns.message.make_query("cluster.local.", "SOA")
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError, dns.exception.Timeout):
            dns.query.udp(query, server.address, timeout=0.1, port=server.port)
            return
    server.process.kill()
    output, _ = server.process.communicate()
    raise AssertionError(f"the server does not answer:\n{output}")
