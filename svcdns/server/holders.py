"""Who holds a port: the sockets of `/proc/net` and the programs behind them.

Read only to explain why a port could not be had. What the reader may not see (another user's
programs, another container's) is left out.

Source: proc_net(5), proc_pid_fd(5).
"""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LISTEN = "0A"


class Holder(NamedTuple):
    """A program that has a socket open."""

    pid: int
    command: str


def holders(protocol: str, address: str, port: int) -> tuple[Holder, ...]:
    """Return the programs whose sockets keep `address` and `port` from being bound.

    Args:
        protocol: `udp` or `tcp`.
        address: an IPv4 or IPv6 address in text form; `0.0.0.0` and `::` meet every address.
        port: the port that is in use.
    """
    inodes = _inodes(protocol, address, port)
    if not inodes:
        return ()
    found = {pid for pid, inode in _open_sockets() if inode in inodes}
    return tuple(Holder(pid, _command(pid)) for pid in sorted(found))


def _inodes(protocol: str, address: str, port: int) -> set[str]:
    """Return the inodes of the sockets that stand in the way."""
    if ":" in address:
        return _in_the_way(f"{protocol}6", _kernel_form(socket.AF_INET6, address), port)
    # An IPv4 port may also be held by a dual-stack socket, which only the IPv6 table shows.
    wanted = _kernel_form(socket.AF_INET, address)
    return _in_the_way(protocol, wanted, port) or _in_the_way(f"{protocol}6", "", port)


def _in_the_way(table: str, wanted: str, port: int) -> set[str]:
    """Return the inodes of the sockets on `port` that are bound to `wanted` or to every address.

    Where nobody listens, a connection that has this port on our side is in the way too.
    """
    wants_all = bool(wanted) and _is_unspecified(wanted)
    found = [
        (state, inode)
        for held, state, inode in _table(table, port)
        if wants_all or held == wanted or _is_unspecified(held)
    ]
    listening = {inode for state, inode in found if state == _LISTEN}
    return listening or {inode for _, inode in found}


def _is_unspecified(kernel_form: str) -> bool:
    return not kernel_form.strip("0")


def _table(name: str, port: int) -> Iterator[tuple[str, str, str]]:
    """Yield address (as the kernel prints it), state and inode of the sockets on `port`."""
    try:
        lines = Path("/proc/net", name).read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        columns = line.split()
        address, _, held_port = columns[1].partition(":")
        if int(held_port, 16) == port:
            yield address, columns[3], columns[9]


def _kernel_form(family: socket.AddressFamily, address: str) -> str:
    """Return `address` as `/proc/net` prints it: 32-bit words in the machine's byte order."""
    packed = socket.inet_pton(family, address.partition("%")[0])
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _open_sockets() -> Iterator[tuple[int, str]]:
    """Yield (pid, inode) of every open socket one may see."""
    for name in os.listdir("/proc"):  # noqa: PTH208  names alone are wanted
        if not name.isdecimal():
            continue
        folder = f"/proc/{name}/fd"
        try:
            descriptors = os.listdir(folder)  # noqa: PTH208  names alone are wanted
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(f"{folder}/{descriptor}")  # noqa: PTH115  hot in a large /proc
            except OSError:
                continue
            if target.startswith("socket:["):
                yield int(name), target[8:-1]


def _command(pid: int) -> str:
    try:
        return Path("/proc", str(pid), "comm").read_text(errors="replace").strip()
    except OSError:
        return "?"
