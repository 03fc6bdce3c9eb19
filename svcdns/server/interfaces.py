"""The addresses of this machine's network interfaces, asked of the kernel in one dump.

Source: rtnetlink(7), RTM_GETADDR; netlink(7).
"""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RT_SCOPE_UNIVERSE = 0
_HEADER = struct.Struct("=IHHII")
_ADDRESS_HEADER = struct.Struct("=BBBBi")
_ATTRIBUTE = struct.Struct("=HH")
_CHUNK = 64 * 1024


class InterfaceAddress(NamedTuple):
    """One address of one interface."""

    interface: str
    packed: bytes
    is_global: bool
    """Not loopback, not link-local."""

    @property
    def text(self) -> str:
        """As `bind` and `getaddrinfo` take it: a link-local IPv6 address names its interface."""
        family = socket.AF_INET if len(self.packed) == 4 else socket.AF_INET6
        text = socket.inet_ntop(family, self.packed)
        if self.packed[:2] == b"\xfe\x80":
            return f"{text}%{self.interface}"
        return text


def interface_addresses() -> tuple[InterfaceAddress, ...]:
    """Return every address of every interface; nothing where the kernel cannot be asked."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            request = _ADDRESS_HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            flags = _NLM_F_REQUEST | _NLM_F_DUMP
            head = _HEADER.pack(_HEADER.size + len(request), _RTM_GETADDR, flags, 1, 0)
            sock.sendto(head + request, (0, 0))
            names = dict(socket.if_nameindex())
            return tuple(_receive(sock, names))
    except OSError:
        return ()


def _receive(sock: socket.socket, names: dict[int, str]) -> Iterator[InterfaceAddress]:
    while True:
        octets = sock.recv(_CHUNK)
        if not octets:
            return
        for kind, payload in messages(octets):
            if kind in {_NLMSG_DONE, _NLMSG_ERROR}:
                return
            if kind == _RTM_NEWADDR and (found := address_of(payload, names)) is not None:
                yield found


def messages(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and payload of each netlink message in `octets`; what is cut off is left out."""
    at = 0
    while at + _HEADER.size <= len(octets):
        length, kind, *_ = _HEADER.unpack_from(octets, at)
        if not _HEADER.size <= length <= len(octets) - at:
            return
        yield kind, octets[at + _HEADER.size : at + length]
        at += length + -length % 4


def address_of(payload: bytes, names: dict[int, str]) -> InterfaceAddress | None:
    """Return what an RTM_NEWADDR says; None if it says nothing we know.

    Args:
        payload: behind the netlink header.
        names: of interfaces, by index.
    """
    if len(payload) < _ADDRESS_HEADER.size:
        return None
    _, _, _, scope, index = _ADDRESS_HEADER.unpack_from(payload)
    found: dict[int, bytes] = {}
    at = _ADDRESS_HEADER.size
    while at + _ATTRIBUTE.size <= len(payload):
        length, kind = _ATTRIBUTE.unpack_from(payload, at)
        if not _ATTRIBUTE.size <= length <= len(payload) - at:
            break
        found[kind] = payload[at + _ATTRIBUTE.size : at + length]
        at += length + -length % 4
    # Of a point-to-point link IFA_ADDRESS is the peer's.
    packed = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS, b""))
    if index not in names or len(packed) not in {4, 16}:
        return None
    link_local = packed[:2] in {b"\xa9\xfe", b"\xfe\x80"}
    return InterfaceAddress(names[index], packed, scope == _RT_SCOPE_UNIVERSE and not link_local)
