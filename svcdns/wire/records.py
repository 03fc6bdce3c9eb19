"""Walk the records of a foreign message without decoding it.

What a resolver sent us stays octets: to patch its TTLs, cut it or look for its OPT it is
enough to know where each record lies. Nothing is decoded or copied, pointers are checked but
not followed, so the walk is linear whatever the message holds. `name_at` reads the one name
that somebody asks for.

Source: RFC 1035 sections 3.2.1, 4.1.3 and 4.1.4; RFC 9267 (what parsers get wrong).
"""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from svcdns.wire.name import MAX_LABEL, MAX_NAME, OwnerName

_HEADER = 12
_COUNTS = Struct("!HHHH")
_FIXED = Struct("!HHIH")
_POINTER = 0xC0
# Backwards alone would end too, but only after as many hops as the message has room for.
_MAX_HOPS = 126


class MalformedMessageError(ValueError):
    """A message from elsewhere cannot be read; it is worth no more than none at all."""


class Section(IntEnum):
    """Where a record stands."""

    ANSWER = 0
    AUTHORITY = 1
    ADDITIONAL = 2


class Record(NamedTuple):
    """Where one record lies; all offsets count from the start of the message."""

    section: Section
    owner_offset: int
    """Where the owner name is spelled: the pointer's target if the owner begins with a
    pointer, else `start`. 12 is the name of the question."""
    rrtype: int
    rrclass: int
    ttl_offset: int
    ttl: int
    """As it stands there: an unsigned 32-bit number; OPT keeps flags in it."""
    start: int
    rdata_start: int
    end: int


def records(message: bytes) -> Iterator[Record]:
    """Yield every record behind the question section, in order.

    Octets behind the last record are not looked at.

    Raises:
        MalformedMessageError: no whole header, a question or record that is cut off or
            missing, a label type that does not exist, a name over 255 octets, or a pointer
            that does not point backwards to a name.
    """
    start = question_end(message)
    counts = _COUNTS.unpack_from(message, 4)
    for section in Section:
        for _ in range(counts[1 + section]):
            fixed, owner = _owner(message, start)
            rdata_start = fixed + _FIXED.size
            if rdata_start > len(message):
                raise MalformedMessageError("a record is cut off")
            rrtype, rrclass, ttl, length = _FIXED.unpack_from(message, fixed)
            end = rdata_start + length
            if end > len(message):
                raise MalformedMessageError("RDATA is cut off")
            yield Record(section, owner, rrtype, rrclass, fixed + 4, ttl, start, rdata_start, end)
            start = end


def question_end(message: bytes) -> int:
    """Return the offset behind the question section, where the first record starts.

    Raises:
        MalformedMessageError: no whole header, or a question that cannot be read.
    """
    if len(message) < _HEADER:
        raise MalformedMessageError("shorter than a header")
    end = _HEADER
    for _ in range(int.from_bytes(message[4:6])):
        end = _owner(message, end)[0] + 4
        if end > len(message):
            raise MalformedMessageError("the question is cut off")
    return end


def name_at(message: bytes, start: int) -> tuple[OwnerName, int]:
    """Return the uncompressed name at `start`, in its letter case, and the offset behind it.

    Raises:
        MalformedMessageError: cut off, over 255 octets, a label type that does not exist, a
            pointer that does not lead to before the labels it continues and behind the header,
            or more pointers than a name can have labels.
    """
    name = bytearray()
    end = hops = 0
    segment = at = start
    try:
        while length := message[at]:
            if length > MAX_LABEL:
                target = (length << 8 | message[at + 1]) & 0x3FFF
                if length < _POINTER or not _HEADER <= target < segment or hops == _MAX_HOPS:
                    raise MalformedMessageError("a pointer does not point backwards to a name")
                hops += 1
                end = end or at + 2
                segment = at = target
                continue
            name += message[at : at + length + 1]
            at += length + 1
            if len(name) >= MAX_NAME:
                raise MalformedMessageError("a name has over 255 octets")
    except IndexError:
        raise MalformedMessageError("a name is cut off") from None
    return OwnerName(bytes(name) + b"\0"), end or at + 1


def _owner(message: bytes, start: int) -> tuple[int, int]:
    """Return the offset behind the name at `start`, and where it is spelled."""
    end = start
    try:
        while length := message[end]:
            if length > MAX_LABEL:
                target = (length << 8 | message[end + 1]) & 0x3FFF
                if length < _POINTER or not _HEADER <= target < start:
                    raise MalformedMessageError("a pointer does not point backwards to a name")
                return end + 2, target if end == start else start
            end += length + 1
            if end - start >= MAX_NAME:
                raise MalformedMessageError("a name has over 255 octets")
    except IndexError:
        raise MalformedMessageError("a name is cut off") from None
    return end + 1, start
