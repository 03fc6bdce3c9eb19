"""Machines of a test's own: network namespaces joined by a cable, and a root folder each.

A namespace lives as long as the program that holds it; nothing of it is seen outside and
nothing of it stays. Sockets belong to the namespace they are made in, whoever uses them.

Source: network_namespaces(7), mount_namespaces(7), veth(4), setns(2).
"""

import ctypes
import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.tools import require

_CLONE_NEWNET = 0x4000_0000
_PATIENCE_SECONDS = 10


class Network:
    """A network namespace with nothing in it but loopback, which is up."""

    def __init__(self) -> None:
        """Skip the calling test where there can be none."""
        if os.geteuid() != 0:
            pytest.skip("a network namespace of the test's own needs root")
        self._ip = require("ip", package="iproute2")
        self._nsenter = require("nsenter", package="util-linux")
        self._holder = subprocess.Popen(
            [require("unshare", package="util-linux"), "--net", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stderr is not None
        if not self._holder.stdout.readline():
            why = self._holder.stderr.read().decode().strip()
            self.close()
            pytest.skip(f"this machine lets root have no network namespace: {why}")
        self.pid = self._holder.pid
        self.configure("link set lo up")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> str:
        """Where the kernel shows it."""
        return f"/proc/{self.pid}/ns/net"

    def close(self) -> None:
        """Let go of it: the kernel takes it away with its last program and socket."""
        # Not by closing its input: a process forked meanwhile may hold the other end too.
        self._holder.kill()
        self._holder.wait()
        for pipe in (self._holder.stdin, self._holder.stdout, self._holder.stderr):
            if pipe is not None:
                pipe.close()

    def configure(self, *commands: str) -> None:
        """Have `ip` do all `commands`, each written without the word `ip`."""
        done = subprocess.run(
            [self._nsenter, f"--net={self.path}", self._ip, "-batch", "-"],
            input="\n".join(commands) + "\n",
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        if "Unknown device type" in done.stderr:
            pytest.skip("this kernel has no veth")
        assert done.returncode == 0, done.stderr

    def program(self, words: Sequence[str], root: Path) -> list[str]:
        """Return the command line of a program that runs here and sees `root` as `/`.

        Its process is the one that is started, so signals reach it.

        Args:
            words: the program and its arguments.
            root: a folder; what the machine has in `/` and this has not is there too.
        """
        mounts: list[str] = []
        for path in Path("/").iterdir():
            inside = root / path.name
            if path.is_symlink() and not inside.exists():
                inside.symlink_to(path.readlink())
            elif path.is_dir() and not inside.exists():
                inside.mkdir()
                mounts.append(shlex.join(["mount", "--rbind", str(path), str(inside)]))
        script = " && ".join([*mounts, shlex.join(["exec", "chroot", str(root), *words])])
        return [self._nsenter, f"--net={self.path}", "unshare", "--mount", "sh", "-c", script]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let sockets that this thread makes meanwhile belong here."""
        libc = ctypes.CDLL(None, use_errno=True)
        with (
            Path("/proc/thread-self/ns/net").open("rb") as before,
            Path(self.path).open("rb") as to,
        ):
            _enter(libc, to.fileno())
            try:
                yield
            finally:
                _enter(libc, before.fileno())


def _enter(libc: ctypes.CDLL, descriptor: int) -> None:
    if libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def join(near: Network, far: Network, number: int) -> None:
    """Lay a cable; `near` reaches through it whatever `far` has.

    Args:
        near: gets the address 198.18.`number`.2.
        far: gets the address 198.18.`number`.1.
        number: of the cable at `far`, below 256.
    """
    near.configure(f"link add uplink type veth peer name cable{number} netns {far.pid}")
    far.configure(f"addr add 198.18.{number}.1/24 dev cable{number}", f"link set cable{number} up")
    near.configure(
        f"addr add 198.18.{number}.2/24 dev uplink",
        "link set uplink up",
        f"route add default via 198.18.{number}.1",
    )
