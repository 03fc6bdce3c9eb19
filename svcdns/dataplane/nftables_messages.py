"""Netlink messages that read a table of nftables: requests, and what the kernel answers.

libnftables would make an object of every element, half a kilobyte and more each; a node has a
hundred thousand. Here they are octets until somebody wants one. Pure.

Source: include/uapi/linux/netfilter/nf_tables.h.
"""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from svcdns.dataplane import netlink_wire as wire
from svcdns.dataplane.netlink import Request

_SUBSYSTEM = 10 << 8
GET_TABLE, GET_CHAIN, GET_RULE, GET_SET, GET_ELEMENTS = (_SUBSYSTEM | n for n in (1, 4, 7, 10, 13))
_NAME_OF = {GET_CHAIN: 3, GET_RULE: 2, GET_SET: 2}
"""Which attribute has the name of the chain, or of the set."""
_TABLE, _SET, _ELEMENTS = 1, 2, 3
_KEY, _DATA, _KEY_END = 1, 2, 10
_VALUE, _VERDICT = 1, 2
_CODE, _CHAIN = 1, 2
_DROP, _GOTO = 0, 0xFFFF_FFFC
_HEAD = struct.Struct("!BBH")
_FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}


class Element(NamedTuple):
    """One element of a set or map. Every part of a key or value fills whole four octets."""

    key: bytes
    end: bytes = b""
    """The last of an interval that begins with `key`."""
    value: bytes = b""
    verdict: str = ""
    """`drop` or `goto CHAIN`."""


def request(kind: int, width: int, table: str, container: str = "") -> Request:
    """Return a question about one table.

    Args:
        kind: GET_TABLE and the like.
        width: octets of an address, which say the family.
        table: its name.
        container: set whose elements are meant.
    """
    payload = _HEAD.pack(_FAMILIES[width], 0, 0) + wire.attribute(_TABLE, _text(table))
    if container:
        payload += wire.attribute(_SET, _text(container))
    return Request(kind, payload)


def name_in(kind: int, table: str, payload: bytes) -> str:
    """Return the name of the chain or set that one message of a dump is about.

    Empty for one of another table: not every kernel leaves those out.
    """
    found = dict(wire.attributes(payload[_HEAD.size :]))
    if found.get(_TABLE) != _text(table):
        return ""
    return _read_text(found.get(_NAME_OF[kind], b""))


def elements_in(payload: bytes) -> Iterator[Element]:
    """Yield the elements of one message of a dump."""
    for kind, value in wire.attributes(payload[_HEAD.size :]):
        if kind == _ELEMENTS:
            for _, octets in wire.attributes(value):
                yield _element(octets)


def _element(octets: bytes) -> Element:
    found = dict(wire.attributes(octets))
    packed, verdict = b"", ""
    for kind, value in wire.attributes(found.get(_DATA, b"")):
        if kind == _VALUE:
            packed = value
        elif kind == _VERDICT:
            verdict = _verdict(dict(wire.attributes(value)))
    return Element(_value(found.get(_KEY, b"")), _value(found.get(_KEY_END, b"")), packed, verdict)


def _value(octets: bytes) -> bytes:
    return next((value for kind, value in wire.attributes(octets) if kind == _VALUE), b"")


def _verdict(found: dict[int, bytes]) -> str:
    code = int.from_bytes(found.get(_CODE, b""))
    if code == _GOTO:
        return f"goto {_read_text(found.get(_CHAIN, b''))}"
    return "drop" if code == _DROP else str(code)


def _text(name: str) -> bytes:
    return name.encode() + b"\0"


def _read_text(octets: bytes) -> str:
    return octets.rstrip(b"\0").decode(errors="replace")
