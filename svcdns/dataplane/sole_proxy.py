"""One proxy a node: who else changes what we would, and the sign by which the next one knows us.

The sign is a unix socket with an abstract name. The kernel keeps such names apart by network
namespace, as it does virtual servers, devices and rules; and the name is free again when its
process is gone, however it went. kube-proxy has no such sign: it is known by its process, or by
its health page.

It blocks: use it in a thread. Source: unix(7) on abstract names and SO_PEERCRED.
"""

import errno
import http.client
import json
import os
import socket
import struct
from contextlib import closing, suppress
from pathlib import Path

from svcdns.dataplane.backend import DataplaneError

_NAME = "\0svcdns/proxy"
_KUBE_PROXY = "kube-proxy"
_HEALTHZ = ("127.0.0.1", 10256)
_METRICS = ("127.0.0.1", 10249)
_LET_GO = (
    "kubectl -n kube-system patch daemonset kube-proxy -p "
    """'{"spec":{"template":{"spec":{"nodeSelector":{"svcdns.io/none":"true"}}}}}'"""
)
_PATIENCE_SECONDS = 1.0
_CREDENTIALS = struct.Struct("3i")
_MANY = 128
"""Of those who may ask who we are; nobody answers them, the kernel does."""


class Sign:
    """Held by the one svcdns that is this node's proxy."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._sock: socket.socket | None = None

    def take(self) -> None:
        """Take the sign.

        Raises:
            DataplaneError: another svcdns has it; says which process.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(_NAME)
            sock.listen(_MANY)
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise DataplaneError(
                    "say that this node has a proxy", error.strerror or str(error)
                ) from None
            process = _holder()
            if process is None:
                return  # whoever may not change the node does not keep us from it either
            how = f"stop it: kill {process}"
            if not process:
                how = "stop it; the node knows which it is: ss -lxp | grep @svcdns/proxy"
            raise DataplaneError(
                "be the proxy of this node", f"another svcdns is: {described(process)}", how
            ) from None
        self._sock = sock

    def give_back(self) -> None:
        """Let the next one have it."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def refuse_beside_kube_proxy(
    purpose: str = "be the proxy of this node", proc: Path = Path("/proc")
) -> None:
    """Return if no kube-proxy runs on this node.

    Args:
        purpose: what cannot be done beside one.
        proc: where the processes are.

    Raises:
        DataplaneError: one runs; says how it is known.
    """
    process = _kube_proxy_process(proc)
    if process is None and not _has_kube_proxys_page():
        return
    known = "{}:{} answers as its health page does".format(*_HEALTHZ)
    raise DataplaneError(
        purpose,
        f"kube-proxy runs: {known if process is None else f'process {process}'}",
        f"let it go first: {_LET_GO}; the whole way, and the one back: docs/replace-kube-proxy.md",
    )


def kube_proxy_mode() -> str:
    """Return the mode of the kube-proxy that runs on this node, as it says; empty: it does not."""
    answer = _page(_METRICS, "/proxyMode")
    return answer.decode("ascii", "replace").strip()


def described(process: int) -> str:
    """Return `process 812 (kube-proxy)`.

    Args:
        process: its number; 0: it cannot be seen.
    """
    if not process:
        return "a process that cannot be seen from here"
    name = ""
    with suppress(OSError):
        name = Path(f"/proc/{process}/comm").read_text().strip()
    return f"process {process}{f' ({name})' if name else ''}"


def _holder() -> int | None:
    """Return the process that has the sign, 0 if it cannot be seen; None: it has no right to."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as sock:
        sock.settimeout(0)
        try:
            sock.connect(_NAME)
        except OSError:
            return 0
        octets = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, _ = _CREDENTIALS.unpack(octets)
    return process if user in {0, os.geteuid()} else None


def _kube_proxy_process(proc: Path) -> int | None:
    with suppress(OSError):
        here = (proc / "self/ns/net").stat().st_ino
        for folder in proc.iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(OSError):
                name = (folder / "comm").read_text().strip()
                if name == _KUBE_PROXY and (folder / "ns/net").stat().st_ino == here:
                    return int(folder.name)
    return None


def _has_kube_proxys_page() -> bool:
    with suppress(ValueError):
        content = json.loads(_page(_HEALTHZ, "/healthz"))
        return isinstance(content, dict) and {"lastUpdated", "currentTime"} <= content.keys()
    return False


def _page(place: tuple[str, int], path: str) -> bytes:
    """Return what is at a page of this node; nothing if nobody answers."""
    connection = http.client.HTTPConnection(*place, timeout=_PATIENCE_SECONDS)
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        return connection.getresponse().read(10_000)
    return b""
