"""Messages of rtnetlink for one device, its addresses and routes, as octets. No sockets.

Source: rtnetlink(7), linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h.
"""

import socket
import struct
import sys
from typing import NamedTuple

from svcdns.dataplane.netlink_wire import NESTED, attribute, attributes

NEW_LINK, DELETE_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, DELETE_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, DELETE_ROUTE, GET_ROUTE = 24, 25, 26
UP = 0x1

_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBi")
_IFLA_IFNAME, _IFLA_LINKINFO, _INFO_KIND = 3, 18, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_NO_DUPLICATE_DETECTION = 0x02
_ROUTE = struct.Struct("=BBBBBBBBI")
_RTA_DST, _RTA_OIF, _RTA_PREFSRC = 1, 4, 7
_TABLE_LOCAL, _SCOPE_HOST, _TYPE_LOCAL = 255, 254, 2
_PROTOCOL = 4
"""RTPROT_STATIC: the kernel's own routes, which come with addresses, have another one."""


class Link(NamedTuple):
    """One device, as RTM_NEWLINK describes it."""

    number: int
    name: str
    kind: str
    """`dummy`, `veth`; empty for real hardware."""
    is_up: bool = False


class BoundAddress(NamedTuple):
    """One address of one device."""

    number: int
    packed: bytes


def dummy(name: str) -> bytes:
    """Return the payload that makes a dummy device. It stays down: nobody is asked for it."""
    kind = attribute(_IFLA_LINKINFO | NESTED, attribute(_INFO_KIND, b"dummy"))
    return _link(0) + attribute(_IFLA_IFNAME, name.encode() + b"\0") + kind


def link_named(name: str) -> bytes:
    """Return the payload that asks for the device of one name."""
    return _link(0) + attribute(_IFLA_IFNAME, name.encode() + b"\0")


def link_numbered(index: int) -> bytes:
    """Return the payload that names a device by its index, to delete it."""
    return _link(index)


def link_up(index: int) -> bytes:
    """Return the payload that brings a device up."""
    return _LINK.pack(socket.AF_UNSPEC, 0, index, UP, UP)


def read_link(payload: bytes) -> Link | None:
    """Return what an RTM_NEWLINK says; None if it is cut off."""
    if len(payload) < _LINK.size:
        return None
    _, _, index, flags, _ = _LINK.unpack_from(payload)
    found = dict(attributes(payload[_LINK.size :]))
    kind = dict(attributes(found.get(_IFLA_LINKINFO, b""))).get(_INFO_KIND, b"")
    return Link(index, _text(found.get(_IFLA_IFNAME, b"")), _text(kind), bool(flags & UP))


def address(index: int, packed: bytes) -> bytes:
    """Return the payload that adds or deletes one host address (/32 or /128)."""
    ipv6 = len(packed) == 16
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    flags = _NO_DUPLICATE_DETECTION if ipv6 else 0
    head = _ADDRESS.pack(family, len(packed) * 8, flags, 0, index)
    return head + attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)


def addresses() -> bytes:
    """Return the payload of a dump of all addresses of all devices."""
    return _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)


def read_address(payload: bytes) -> BoundAddress | None:
    """Return what an RTM_NEWADDR says; None if it is cut off."""
    if len(payload) < _ADDRESS.size:
        return None
    index = _ADDRESS.unpack_from(payload)[4]
    found = dict(attributes(payload[_ADDRESS.size :]))
    # Of a point-to-point link IFA_ADDRESS is the peer's.
    packed = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS, b""))
    return BoundAddress(index, packed) if len(packed) in {4, 16} else None


def local_route(index: int, packed: bytes, source: bytes = b"") -> bytes:
    """Return the payload that adds or deletes a route by which one address is this machine's.

    Args:
        index: of the device.
        packed: the address.
        source: the address that this machine's own packets there come from; empty: `packed`.
    """
    family = socket.AF_INET6 if len(packed) == 16 else socket.AF_INET
    how = (_TABLE_LOCAL, _PROTOCOL, _SCOPE_HOST, _TYPE_LOCAL)
    octets = _ROUTE.pack(family, len(packed) * 8, 0, 0, *how, 0)
    octets += attribute(_RTA_DST, packed) + attribute(_RTA_OIF, index.to_bytes(4, sys.byteorder))
    return octets + attribute(_RTA_PREFSRC, source) if source else octets


def routes(family: int) -> bytes:
    """Return the payload of a dump of all routes of one family."""
    return _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)


def read_route(payload: bytes) -> BoundAddress | None:
    """Return device and address of a route that `local_route` made; None for any other one."""
    if len(payload) < _ROUTE.size:
        return None
    _, width, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(payload)
    if (table, protocol, kind) != (_TABLE_LOCAL, _PROTOCOL, _TYPE_LOCAL):
        return None
    found = dict(attributes(payload[_ROUTE.size :]))
    packed = found.get(_RTA_DST, b"")
    if len(packed) * 8 != width or len(packed) not in {4, 16}:
        return None
    return BoundAddress(int.from_bytes(found.get(_RTA_OIF, b""), sys.byteorder), packed)


def _link(index: int) -> bytes:
    return _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0)


def _text(octets: bytes) -> str:
    return octets.rstrip(b"\0").decode(errors="replace")
