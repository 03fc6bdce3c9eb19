"""The stub resolvers of glibc and musl, each with the resolv.conf that a Pod would have.

glibc's is the one of this Python; for musl a small program is linked to it.

Source: resolv.conf(5); Kubernetes, "DNS for Services and Pods".
"""

import shlex
import subprocess
import sys
from pathlib import Path

from tests.support.namespaces import Network
from tests.support.tools import require
from tests.support.tree import ROOT

_ASK = """
import socket, sys
try:
    print(*(one[4][0] for one in socket.getaddrinfo(sys.argv[1], None)), sep="\\n")
except socket.gaierror as error:
    names = {socket.EAI_NONAME: "EAI_NONAME", socket.EAI_NODATA: "EAI_NONAME"}
    names[socket.EAI_AGAIN] = "EAI_AGAIN"
    print(names.get(error.errno, error))
"""
"""What getaddrinfo.c does."""


class StubResolvers:
    """Both, in Pods of any namespace."""

    def __init__(self, network: Network, folder: Path, server: str) -> None:
        """Skip the calling test where nothing can be linked to musl.

        Args:
            network: where the Pods are.
            folder: for files.
            server: address that resolv.conf names.
        """
        require("gcc", package="gcc")
        compiler = require("musl-gcc", package="musl-tools")
        self._musl = folder / "getaddrinfo"
        source = ROOT / "tests/support/getaddrinfo.c"
        subprocess.run([compiler, "-static", "-o", self._musl, source], check=True)
        self._network = network
        self._folder = folder
        self._server = server
        (folder / "nsswitch.conf").write_text("hosts: files dns\n")

    def ask(self, namespace: str, name: str) -> list[str]:
        """Return what both say of a name, sorted: addresses, or the name of an error.

        Raises:
            AssertionError: they do not say the same.
        """
        glibc, musl = (
            self._run(namespace, [*line, name])
            for line in ([sys.executable, "-c", _ASK], [str(self._musl)])
        )
        assert glibc == musl, name
        return glibc

    def _run(self, namespace: str, words: list[str]) -> list[str]:
        file = self._folder / f"{namespace}.conf"
        search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
        file.write_text(f"search {search}\nnameserver {self._server}\noptions ndots:5\n")
        script = " && ".join(
            (
                shlex.join(["mount", "--bind", str(file), "/etc/resolv.conf"]),
                f"mount --bind {self._folder}/nsswitch.conf /etc/nsswitch.conf",
                shlex.join(["exec", *words]),
            )
        )
        line = ["nsenter", f"--net={self._network.path}", "unshare", "--mount", "sh", "-c", script]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return sorted(set(done.stdout.split()))
