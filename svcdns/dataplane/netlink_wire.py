"""Netlink messages as octets: headers, attributes, what an error says. No sockets.

Source: netlink(7), linux/netlink.h.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

REQUEST, MULTI, ACK, DUMP_INTERRUPTED = 0x1, 0x2, 0x4, 0x10
DUMP, REPLACE, EXCLUSIVE, CREATE = 0x300, 0x100, 0x200, 0x400
ERROR, DONE = 2, 3
NESTED = 0x8000

HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence number, port."""
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")
_KIND = 0x3FFF
_CAPPED, _EXTENDED = 0x100, 0x200
_EXTENDED_TEXT = 1


class Message(NamedTuple):
    """One netlink message that the kernel sent."""

    kind: int
    flags: int
    sequence: int
    payload: bytes
    port: int = 0
    """Of the socket whose request it answers, or whose change it tells of."""


class Verdict(NamedTuple):
    """What an NLMSG_ERROR says about the request of one sequence number; 0 is an ACK."""

    number: int
    """An errno, positive."""
    text: str
    """The kernel's own words, if it has any."""


def attribute(kind: int, payload: bytes) -> bytes:
    """Return one attribute, padded to four octets."""
    length = _ATTRIBUTE.size + len(payload)
    return _ATTRIBUTE.pack(length, kind) + payload + bytes(-length % 4)


def attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type (without its flag bits) and payload; what is cut off ends it."""
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        if not _ATTRIBUTE.size <= length <= len(octets) - at:
            return
        yield kind & _KIND, octets[at + _ATTRIBUTE.size : at + length]
        at += length + -length % 4


def request(kind: int, flags: int, sequence: int, payload: bytes) -> bytes:
    """Return one request, padded to four octets so that another may follow."""
    length = HEADER.size + len(payload)
    return HEADER.pack(length, kind, flags | REQUEST, sequence, 0) + payload + bytes(-length % 4)


def messages(octets: bytes) -> Iterator[Message]:
    """Yield each message of one read; what is cut off ends it."""
    at = 0
    while at + HEADER.size <= len(octets):
        length, kind, flags, sequence, port = HEADER.unpack_from(octets, at)
        if not HEADER.size <= length <= len(octets) - at:
            return
        yield Message(kind, flags, sequence, octets[at + HEADER.size : at + length], port)
        at += length + -length % 4


def verdict_of(message: Message) -> Verdict:
    """Return what an NLMSG_ERROR or NLMSG_DONE says."""
    if len(message.payload) < _ERROR.size:
        return Verdict(0, "")
    (number,) = _ERROR.unpack_from(message.payload)
    if message.kind == DONE or not message.flags & _EXTENDED:
        return Verdict(-number, "")
    # The request's header is echoed, and the request behind it unless the answer is capped.
    at = _ERROR.size + HEADER.size
    if not message.flags & _CAPPED and len(message.payload) >= at:
        at = _ERROR.size + HEADER.unpack_from(message.payload, _ERROR.size)[0]
    found = dict(attributes(message.payload[at:]))
    return Verdict(-number, found.get(_EXTENDED_TEXT, b"").rstrip(b"\0").decode(errors="replace"))
