"""Messages of ipset for entries of the sets of the packet filter, as octets. No sockets.

Sets are made and deleted by the program ipset, once; their entries come and go with Services,
by the thousand, and need no program.

Source: linux/netfilter/ipset/ip_set.h, net/netfilter/ipset/ip_set_core.c and ip_set_hash_*.c.
"""

import socket
import struct
from collections.abc import Iterator

from svcdns.dataplane.netlink_wire import NESTED, attribute, attributes
from svcdns.proxy.filter_rows import Purpose, Row

LIST, ADD, DELETE = 0x607, 0x609, 0x60A
"""Message types: subsystem 6 of nfnetlink and the command."""

_GENERIC = struct.Struct("=BBH")
_PROTOCOL, _SET_NAME, _ENTRY, _ENTRIES = 1, 2, 7, 8
_VERSION = 6
_IP, _PREFIX, _PORT, _PROTO, _IP2, _PREFIX2 = 1, 3, 4, 7, 20, 21
_NETWORK_ORDER = 0x4000
_U16 = struct.Struct(">H")


def change(name: str, row: Row, family: int) -> bytes:
    """Return the payload that adds a row to a set, or deletes it from there."""
    return _head(family) + attribute(_SET_NAME, name.encode() + b"\0") + _entry(row)


def listing() -> bytes:
    """Return the payload of a dump of all sets."""
    return _head(socket.AF_INET)


def read_listing(payload: bytes) -> tuple[str, Iterator[bytes]]:
    """Return the name of the set in one message of a dump, and its entries; '' if it has none."""
    found = dict(attributes(payload[_GENERIC.size :]))
    name = found.get(_SET_NAME, b"").rstrip(b"\0").decode(errors="replace")
    entries = attributes(found.get(_ENTRIES, b""))
    return name, (octets for kind, octets in entries if kind == _ENTRY)


def read_entry(purpose: Purpose, octets: bytes) -> Row:
    """Return the row of one entry.

    Raises:
        ValueError: it is cut off.
    """
    found = dict(attributes(octets))
    try:
        port = int(_U16.unpack_from(found[_PORT])[0]) if _PORT in found else 0
        if purpose is Purpose.HEALTH:
            return Row(purpose, protocol=socket.IPPROTO_TCP, port=port)
        row = Row(purpose, _address(found[_IP]), found[_PROTO][0] if _PROTO in found else 0, port)
        if purpose is not Purpose.RANGE:
            return row
        source = _address(found[_IP2])
        prefix = found[_PREFIX2][0] if _PREFIX2 in found else 8 * len(source)
    except (KeyError, IndexError, struct.error):
        raise ValueError("an entry of a set is cut off") from None
    return row._replace(source=source, prefix=prefix)


def _head(family: int) -> bytes:
    return _GENERIC.pack(family, 0, 0) + attribute(_PROTOCOL, bytes((_VERSION,)))


def _entry(row: Row) -> bytes:
    parts = b""
    if row.address:
        parts += _ip(_IP, row.address)
    if row.port:
        parts += attribute(_PORT | _NETWORK_ORDER, _U16.pack(row.port))
    if row.address and row.port:
        parts += attribute(_PROTO, bytes((row.protocol,)))
    if row.purpose is Purpose.HAIRPIN:
        parts += _ip(_IP2, row.address)
    if row.purpose is Purpose.RANGE:
        parts += _ip(_IP2, row.source) + attribute(_PREFIX2, bytes((row.prefix,)))
    return attribute(_ENTRY | NESTED, parts)


def _ip(kind: int, packed: bytes) -> bytes:
    inner = 1 if len(packed) == 4 else 2
    return attribute(kind | NESTED, attribute(inner | _NETWORK_ORDER, packed))


def _address(octets: bytes) -> bytes:
    for _, packed in attributes(octets):
        return packed
    raise ValueError("an address of a set is cut off")
