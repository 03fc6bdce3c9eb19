"""What it costs a server to start: from its first instruction to its first right answers."""

import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.agreement import Truth, ask
from tests.bench.peers import Peer, Site, free_port, svcdns_corefile
from tests.bench.questions import Query
from tests.bench.running import Running, children_seconds, environment, last_lines, pinned

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.01


class StartError(Exception):
    """A server did not come to answer rightly; carries what it said last."""


class Start(NamedTuple):
    """One start of one server."""

    cpu_seconds: float
    wall_seconds: float
    megabytes: float


class Started(NamedTuple):
    """A server that answers."""

    running: Running
    port: int
    start: Start


class Starter:
    """Starts servers of one site on one core."""

    def __init__(self, site: Site, truth: Truth, probes: Sequence[Query], core: int) -> None:
        self._site = site
        self._truth = truth
        self._probes = probes
        self._core = core

    def start(self, peer: Peer, program: str, folder: Path) -> Started:
        """Start a server and wait until it answers every probe rightly.

        Raises:
            StartError: it ended, or it has not answered after a minute.
        """
        folder.mkdir(exist_ok=True)
        port = free_port()
        command = peer.command(program, self._site, folder, port)
        running = Running(command, core=self._core, log=folder / "log")
        try:
            for probe in self._probes:
                self._wait(running, port, probe)
            return Started(
                running,
                port,
                Start(
                    running.cpu_seconds(),
                    time.monotonic() - running.started_at,
                    running.memory_megabytes(),
                ),
            )
        except BaseException:
            running.stop()
            raise

    def _wait(self, running: Running, port: int, probe: Query) -> None:
        while wrong := ask(port, self._truth, probe, transport="udp", edns=False):
            if running.ended:
                raise StartError(f"it ended: {running.last_words()}")
            if time.monotonic() - running.started_at > _PATIENCE_SECONDS:
                raise StartError(f"after {_PATIENCE_SECONDS:.0f} s still {wrong}")
            time.sleep(_PAUSE_SECONDS)


def wait_until_open(running: Running, port: int) -> None:
    """Return once a program accepts TCP connections on a port of 127.0.0.1.

    Raises:
        StartError: it ended, or the port is still closed after a minute.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if running.ended or time.monotonic() > deadline:
                raise StartError(f"port {port} stays closed: {running.last_words()}") from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def check_seconds(program: str, folder: Path, core: int) -> float:
    """Return the CPU time of one `svcdns check` of kubeadm's Corefile.

    Raises:
        StartError: it finds fault with that Corefile.
    """
    folder.mkdir(exist_ok=True)
    command = [program, "-m", "svcdns", "check", str(svcdns_corefile(folder))]
    before = children_seconds()
    with pinned(core):
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment()
        )
    used = children_seconds() - before
    if ended.returncode:
        raise StartError(f"svcdns check: {last_lines(ended.stderr + ended.stdout)}")
    return used
