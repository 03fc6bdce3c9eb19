"""Read what another server answered as far as passing it on needs: the octets stay octets.

Every record is stepped over, so counts that lie and records that are cut off are found. The
OPT is taken out, because it is between that server and us. Records that have nothing to do
with the question are left out: see `wire.related`.

Source: RFC 1035 section 4.1; RFC 6891 section 6.1; RFC 8914; RFC 5452 section 6.
"""

from struct import Struct, error
from typing import NamedTuple

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RCODE_MASK, RRType
from svcdns.wire.edns import OptionCode, read_options
from svcdns.wire.name import MAX_LABEL, MAX_NAME, OwnerName
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.related import related_only
from svcdns.wire.response import Body, compose
from svcdns.wire.uniform import uniform_end

_HEADER = 12
_HEAD = Struct("!HHHHH")
_FIXED = Struct("!H6xH")
_FIXED_SIZE = 10
_BARE_OPT_SIZE = 11
_TYPE_AND_CLASS = 4
_POINTER = 0xC0
_OPT = int(RRType.OPT)
_ROOT_OPT = b"\0" + _OPT.to_bytes(2)
"""How a bare OPT begins: owner and TYPE."""
_RRSIG = int(RRType.RRSIG)


class Reply(NamedTuple):
    """One reply."""

    flags: int
    """The 16 bits of the header."""
    rcode: int
    """With the upper eight bits of OPT."""
    body: Body
    """All that follows the question, without OPT."""
    has_opt: bool = False
    explained: tuple[int, str] | None = None
    """INFO-CODE and EXTRA-TEXT of the first Extended DNS Error."""


def read_reply(message: bytes, owner: OwnerName, rrtype: int) -> Reply:
    """Return what `message` says to a question that was found to be its own.

    Args:
        message: with exactly one question.
        owner: the name of that question, in lower case.
        rrtype: its TYPE.

    Raises:
        MalformedMessageError: a record that is cut off or missing, a pointer that does not
            point backwards, a second OPT.
    """
    end = _HEADER + len(owner) + _TYPE_AND_CLASS
    flags, _, *counts = _HEAD.unpack_from(message, 2)
    behind = 0 if counts[1] else uniform_end(message, end, counts[0])
    if behind and message[end + 2 : end + 4] == rrtype.to_bytes(2):
        # Addresses of the name and perhaps a bare OPT: nothing is to be stepped over.
        option = message[behind:]
        is_bare = counts[2] == 1 and option[:3] == _ROOT_OPT and option[9:] == b"\0\0"
        if is_bare or not (counts[2] or option):
            rcode = flags & RCODE_MASK | (option[5] << 4 if is_bare else 0)
            body = Body((counts[0], 0, 0), message[end:behind])
            return Reply(flags, rcode, body, is_bare)
    try:
        walk = _walk(message, end, counts, rrtype)
    except (IndexError, error):
        raise MalformedMessageError("a record is cut off or missing") from None
    if walk.end > len(message):
        raise MalformedMessageError("RDATA is cut off")
    rcode, explained = flags & RCODE_MASK, None
    start = walk.opt_start
    if not start:
        body = Body((counts[0], counts[1], counts[2]), message[end : walk.end])
        return Reply(flags, rcode, body if walk.is_plain else related_only(owner, body))
    rcode |= message[start + 5] << 4
    if walk.opt_end > start + _BARE_OPT_SIZE:
        explained = _explained(message[start + _BARE_OPT_SIZE : walk.opt_end])
    if walk.opt_end == walk.end:
        body = Body((counts[0], counts[1], counts[2] - 1), message[end:start])
    else:
        # Names behind the OPT may be pointed at by their offset: write all of them anew.
        body = Body((counts[0], counts[1], counts[2]), message[end : walk.end])
        body = compose(owner, *rrsets_of(owner, body))
    if not walk.is_plain:
        body = related_only(owner, body)
    return Reply(flags, rcode, body, has_opt=True, explained=explained)


class _Walk(NamedTuple):
    """What stepping over all records has shown."""

    end: int
    is_plain: bool
    """Every record has to do with the question, so much is clear at a glance."""
    opt_start: int = 0
    """0: there is no OPT."""
    opt_end: int = 0


def _walk(message: bytes, at: int, counts: list[int], rrtype: int) -> _Walk:
    """Step over all records.

    Raises:
        MalformedMessageError: a record that cannot be.
        IndexError: the message ends within one.
        struct.error: the same.
    """
    answers, authority, additional = counts
    behind_question = at - _TYPE_AND_CLASS
    behind_authority = answers + authority
    opt_start = opt_end = 0
    is_plain = True
    for index in range(behind_authority + additional):
        start = at
        first = message[at]
        if not first:  # the root is above every question, as if it were spelled within it
            owner, at = _HEADER + 1, at + 1
        elif first == _POINTER and _HEADER <= message[at + 1] < start:
            owner, at = message[at + 1], at + 2
        else:
            owner, at = _owner(message, start)
        kind, size = _FIXED.unpack_from(message, at)
        at += _FIXED_SIZE + size
        if index < answers:
            if owner != _HEADER or (kind not in (rrtype, _RRSIG)):
                is_plain = False
        elif index < behind_authority:
            if first and owner >= behind_question:
                is_plain = False
        elif kind != _OPT:
            is_plain = False
        elif opt_start or message[start]:
            raise MalformedMessageError("a second OPT, or one whose owner is not the root")
        else:
            opt_start, opt_end = start, at
    return _Walk(at, is_plain, opt_start, opt_end)


def _owner(message: bytes, start: int) -> tuple[int, int]:
    """Return where the owner name of a record is spelled, and the offset behind it."""
    at = start
    while length := message[at]:
        if length > MAX_LABEL:
            target = (length << 8 | message[at + 1]) & 0x3FFF
            if length < _POINTER or not _HEADER <= target < start:
                raise MalformedMessageError("a pointer does not point backwards to a name")
            return target if at == start else start, at + 2
        at += length + 1
        if at - start >= MAX_NAME:
            raise MalformedMessageError("a name has over 255 octets")
    return start, at + 1


def _explained(options: bytes) -> tuple[int, str] | None:
    """Return the first Extended DNS Error; options that cannot be read say nothing."""
    try:
        for code, content in read_options(options):
            if code == OptionCode.EXTENDED_ERROR and len(content) >= 2:
                text = content[2:].decode(errors="replace").rstrip("\0")
                return int.from_bytes(content[:2]), text
    except ValueError:
        pass
    return None
