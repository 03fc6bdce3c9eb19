"""The two servers that are compared on a real API server, started, frozen and weighed.

Both read the same Corefile but for `bind`, as the same user with the same role. CoreDNS has no
`cache`: with it an old answer stays for up to the TTL, whatever the API server says.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import NamedTuple

from tests.bench.agreement import Truth, ask
from tests.bench.peers import find_coredns, find_python_with_svcdns, free_port
from tests.bench.questions import Query
from tests.bench.running import Running
from tests.bench.starting import Start, StartError

COREFILE = Template("""\
. {
$bind    errors
    health 127.0.0.1:$health
    ready 127.0.0.1:$ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        $access
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus 127.0.0.1:$metrics
    loadbalance
}
""")

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.005


class ClusterPeer(NamedTuple):
    """One program."""

    name: str
    program: str
    arguments: tuple[str, ...]
    """Behind them stands the port."""
    bind: str
    """The Corefile's line, if the command line does not say it."""

    def command(self, folder: Path, port: int, access: str) -> list[str]:
        """Return the command line, and write the Corefile that it names.

        Args:
            folder: for the Corefile.
            port: of DNS.
            access: line of the stanza that says where the API server is.
        """
        ports = {name: free_port() for name in ("health", "ready", "metrics")}
        corefile = folder / "Corefile"
        corefile.write_text(COREFILE.substitute(ports, access=access, bind=self.bind))
        return [self.program, *self.arguments, str(port), "-conf", str(corefile)]


def peers() -> list[ClusterPeer]:
    """Return those that are here, svcdns first."""
    found = []
    if find_python_with_svcdns():
        ours = ("-m", "svcdns", "serve", "--bind", "127.0.0.1", "--port")
        found.append(ClusterPeer("svcdns", sys.executable, ours, ""))
    if program := find_coredns():
        bind = "    bind 127.0.0.1\n"
        found.append(ClusterPeer("coredns", program, ("-dns.port",), bind))
    return found


def version(peer: ClusterPeer) -> str:
    """Return what the program says of itself; empty: nothing."""
    question = ["-m", "svcdns", "--version"] if peer.program == sys.executable else ["-version"]
    ended = subprocess.run(
        [peer.program, *question], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r"\d+\.\d+[\w.]*", ended.stdout + ended.stderr)
    return found[0] if found else ""


class Follower(Running):
    """A server that follows an API server."""

    def __init__(
        self, peer: ClusterPeer, folder: Path, access: str, *, core: int, port: int
    ) -> None:
        """Start it.

        Args:
            peer: which one.
            folder: for its Corefile and its log; is made.
            access: line of the stanza that says where the API server is.
            core: to run on.
            port: of DNS.
        """
        folder.mkdir(exist_ok=True)
        self.port = port
        command = peer.command(folder, port, access)
        super().__init__(command, core=core, log=folder / "log")

    def wait(self, truth: Truth, probes: Sequence[Query]) -> Start:
        """Return what it cost until it answers every probe rightly.

        Raises:
            StartError: it ended, or it has not answered after a minute.
        """
        for probe in probes:
            while wrong := ask(self.port, truth, probe, transport="udp", edns=False):
                if self.ended:
                    raise StartError(f"it ended: {self.last_words()}")
                if time.monotonic() - self.started_at > _PATIENCE_SECONDS:
                    raise StartError(f"after {_PATIENCE_SECONDS:.0f} s still {wrong}")
                time.sleep(_PAUSE_SECONDS)
        return Start(
            self.cpu_seconds(), time.monotonic() - self.started_at, self.memory_megabytes()
        )

    def freeze(self) -> None:
        """Let it do nothing, and keep its connections."""
        self._main.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._main.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, frozen or not."""
        with suppress(ProcessLookupError):
            self.thaw()
        super().stop()

    def forget_peak(self) -> None:
        """Let the peak of its memory begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self._main.pid}/clear_refs").write_text("5")

    def peak_megabytes(self) -> float:
        """Return the most memory that was resident since the start, or since `forget_peak`."""
        lines = Path(f"/proc/{self._main.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
