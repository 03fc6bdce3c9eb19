"""Virtual servers with their real servers and connections, read from /proc/net/ip_vs.

One read for everything: the netlink dump of real servers takes one request for each virtual
server, which at 10 000 of them is ten times slower. It does not say the flags, which the one
dump of all virtual servers has.

Source: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_show.
"""

from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path
from typing import NamedTuple

# Of the calling thread's network namespace.
PLACE = Path("/proc/thread-self/net/ip_vs")

_PROTOCOLS = {b"TCP": 6, b"UDP": 17, b"SCTP": 132}
_ARROW = b"->"
_HEAD_LINES = 3


class ServerLine(NamedTuple):
    """One real server."""

    row: bytes
    """Address and port, packed behind one another."""
    forwarding: bytes
    """`Masq`, `Local`, `Route` or `Tunnel`."""
    weight: int
    active: int
    inactive: int


class VirtualLines(NamedTuple):
    """One virtual server, and the real servers that follow it."""

    protocol: int
    address: bytes
    port: int
    scheduler: str
    servers: list[ServerLine]


def read(place: Path = PLACE) -> Iterator[VirtualLines]:
    """Return all virtual servers but those of firewall marks, as they were at one moment.

    Raises:
        OSError: ip_vs is not loaded.
    """
    return parsed(place.read_bytes())


def parsed(text: bytes) -> Iterator[VirtualLines]:
    """Yield the virtual servers in `text`, each with its real servers."""
    current: VirtualLines | None = None
    for line in text.splitlines()[_HEAD_LINES:]:
        words = line.split()
        if len(words) >= 6 and words[0] == _ARROW:
            if current is not None:
                current.servers.append(
                    ServerLine(
                        _packed(words[1]), words[2], int(words[3]), int(words[4]), int(words[5])
                    )
                )
            continue
        if current is not None:
            yield current
        current = _virtual(words)
    if current is not None:
        yield current


def _virtual(words: list[bytes]) -> VirtualLines | None:
    if len(words) < 3 or words[0] not in _PROTOCOLS:
        return None
    row = _packed(words[1])
    port = int.from_bytes(row[-2:], "big")
    return VirtualLines(_PROTOCOLS[words[0]], row[:-2], port, words[2].decode(), [])


def _packed(text: bytes) -> bytes:
    """Return `0A600001:0050` or `[2001:0db8:...]:0050` packed."""
    if text[0] != 0x5B:
        return bytes.fromhex(text.replace(b":", b"").decode())
    address, _, port = text[1:].decode().rpartition("]:")
    return IPv6Address(address).packed + bytes.fromhex(port)
