"""A real svcdns process for tests that look at it from outside.

It is this source tree, or where SVCDNS_COMMAND names another one, what is installed there:
`.ci/run` has them start the built wheel.
"""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import IO

import dns.message
import dns.query

from tests.support.tree import ROOT

PATIENCE_SECONDS = int(os.environ.get("SVCDNS_PATIENCE", "20"))
"""In a virtual machine everything takes longer."""
INSTALLED = os.environ.get("SVCDNS_COMMAND", "")
"""Path of the command to start instead of this tree's."""

_READY = r"serve\.ready|^Ctrl-C stops"


class Output:
    """What a process prints, line by line while it runs."""

    def __init__(self, stream: IO[str]) -> None:
        self.lines: list[str] = []
        self._stream = stream
        self._news = Condition()
        self._is_over = False
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def line(self, pattern: str, since: int = 0) -> str:
        """Return the first line with `pattern` from number `since` on; wait until it comes."""
        searched = since
        with self._news:
            while True:
                fresh = self.lines[searched:]
                searched += len(fresh)
                for line in fresh:
                    if re.search(pattern, line):
                        return line
                assert not self._is_over, f"ended without a line '{pattern}':\n{self}"
                arrived = self._news.wait(PATIENCE_SECONDS)
                assert arrived, f"no line '{pattern}' within {PATIENCE_SECONDS} s:\n{self}"

    def end(self) -> None:
        """Wait for the last line."""
        self._reader.join(PATIENCE_SECONDS)

    def _read(self) -> None:
        with self._stream:
            for line in self._stream:
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()


@dataclass
class ServerProcess:
    """One running server."""

    process: subprocess.Popen[str]
    output: Output
    port: int
    address: str = "127.0.0.1"

    @property
    def printed(self) -> int:
        """How many lines it has printed so far."""
        return len(self.output.lines)

    def ask(
        self, name: str, rrtype: str = "A", *, tcp: bool = False, port: int = 0
    ) -> dns.message.Message:
        query = dns.message.make_query(name, rrtype, use_edns=0, payload=1232)
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(query, self.address, timeout=5, port=port or self.port)

    def addresses(self, name: str, rrtype: str = "A") -> list[str]:
        """Return the addresses of an answer, sorted."""
        answer = self.ask(name, rrtype).answer
        return sorted(record.address for rrset in answer for record in rrset)

    def line(self, pattern: str, since: int = 0) -> str:
        """Return the first line it printed with `pattern`; wait until it comes."""
        return self.output.line(pattern, since)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> tuple[int, str]:
        """Stop it, or wait until it stops; return the exit code and everything it printed."""
        if number is not None and self.process.poll() is None:
            self.send(number)
        code = self.process.wait(PATIENCE_SECONDS)
        self.output.end()
        return code, str(self.output)


def free_ports(count: int, address: str = "127.0.0.1") -> tuple[int, ...]:
    """Return ports that nobody uses over UDP and TCP; an empty address is every address."""
    family = socket.AF_INET6 if ":" in address or not address else socket.AF_INET
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < count:
            udp = held.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            udp.bind((address, 0))
            tcp = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            with contextlib.suppress(OSError):
                tcp.bind((address, udp.getsockname()[1]))
                found.append(int(udp.getsockname()[1]))
    return tuple(found)


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port that nobody uses over UDP and TCP."""
    return free_ports(1, address)[0]


def command(*arguments: str) -> list[str]:
    """Return the command line of svcdns with these arguments."""
    return [*([INSTALLED] if INSTALLED else [sys.executable, "-m", "svcdns"]), *arguments]


def environment() -> dict[str, str]:
    """Return an environment in which svcdns is found from any folder."""
    return {**os.environ} if INSTALLED else {**os.environ, "PYTHONPATH": str(ROOT)}


def run(
    *arguments: str, stdin: str = "", folder: Path = ROOT, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run svcdns until it ends by itself; in `home` there may be a kubeconfig, nowhere else."""
    variables = environment()
    if home is not None:
        outside = {key: value for key, value in variables.items() if "KUBE" not in key}
        variables = {**outside, "HOME": str(home)}
    return subprocess.run(
        command(*arguments),
        input=stdin,
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextlib.contextmanager
def running(
    *arguments: str, port: int = 0, address: str = "127.0.0.1", ready: str = _READY
) -> Iterator[ServerProcess]:
    """Start svcdns, wait until it prints `ready`, and end it."""
    process = subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    server = ServerProcess(process, Output(process.stdout), port, address)
    try:
        server.line(ready)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_SECONDS)
        server.output.end()


@contextlib.contextmanager
def serving(corefile: Path, *arguments: str, address: str = "127.0.0.1") -> Iterator[ServerProcess]:
    """Serve a Corefile on a free port, wait until that answers, and end it."""
    port = free_port(address)
    line = ("serve", "--corefile", str(corefile), "--port", str(port), "--bind", address)
    with running(*line, *arguments, port=port, address=address) as server:
        yield server


def page(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Return status and body of a page of a server's side listeners."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
