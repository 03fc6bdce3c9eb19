"""One response from its parts: header, echoed question, body, OPT; cut if the client needs it.

A body is everything behind the question section. It depends on the length of the question's
name but not on its letter case, on the id, on RD or on EDNS, so it is composed once and sent
to every client that asks the same.

Source: RFC 1035 sections 4.1.1 and 4.1.4; RFC 3597 section 4 and RFC 2782 (which RDATA may be
compressed); RFC 2181 section 9 (TC); RFC 6891 sections 6.1.1 and 6.2.
"""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import AA, CD, OPCODE_MASK, QR, RCODE_MASK, RD, TC, RRType
from svcdns.wire.edns import SERVER_SIZE, Edns
from svcdns.wire.frame import MAX_MESSAGE
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Query
from svcdns.wire.records import Record, Section, question_end, records
from svcdns.wire.rrset import RRset

_HEADER = 12
_MIN_UDP = 512
_OPT = int(RRType.OPT)
_ROOT_OPT = b"\0" + _OPT.to_bytes(2)
"""How every OPT record begins: owner and TYPE."""
_BARE_OPT_SIZE = 11
_HEAD = Struct("!HHHHHH")
_HEAD_START = Struct("!HHH")
_COPIED = OPCODE_MASK | RD | CD
_FIXED = Struct("!HHI")
_FIXED_SIZE = 10
"""TYPE, CLASS, TTL and RDLENGTH."""
_POINTER_BITS = 0xC000
_POINTER_REACH = 0x4000
_TO_QUESTION = (_POINTER_BITS | _HEADER).to_bytes(2)

# Octets of RDATA before its names, and how many names follow.
_COMPRESSED: dict[int, tuple[int, int]] = {
    RRType.NS: (0, 1),
    RRType.CNAME: (0, 1),
    RRType.SOA: (0, 2),
    RRType.PTR: (0, 1),
    RRType.MX: (2, 1),
}
_SRV = int(RRType.SRV)
_SRV_TARGET = 6


class Body(NamedTuple):
    """All that follows the question section of a response, without OPT."""

    counts: tuple[int, int, int]
    """Records in the answer, authority and additional sections."""
    octets: bytes


EMPTY = Body((0, 0, 0), b"")


def compose(
    question_owner: OwnerName,
    answer: Iterable[RRset] = (),
    authority: Iterable[RRset] = (),
    additional: Iterable[RRset] = (),
) -> Body:
    """Return the body of a response.

    Every owner name, and every name in the RDATA of CNAME, NS, PTR, MX and SOA, is compressed
    against all names before it, the question's included; letter case does not matter. The
    target of SRV is written out, but later names may point to it.

    Args:
        question_owner: name of the question; the body fits any question whose name is equal
            but for letter case.
        answer: RRsets of the answer section, in their order.
        authority: those of the authority section.
        additional: those of the additional section, without OPT.
    """
    names = _Names(question_owner)
    parts: list[bytes] = []
    counts = (
        names.write(answer, parts),
        names.write(authority, parts),
        names.write(additional, parts),
    )
    return Body(counts, b"".join(parts))


class _Names:
    """Where each name of one message stands, so that a later one can point to it."""

    __slots__ = ("_offset", "_question_owner", "_seen")

    def __init__(self, question_owner: OwnerName) -> None:
        self._question_owner = question_owner
        self._offset = _HEADER + len(question_owner) + 4
        self._seen: dict[bytes, int] = {}

    def write(self, rrsets: Iterable[RRset], parts: list[bytes]) -> int:
        """Append the records of one section to `parts` and return how many they are."""
        count = 0
        for rrset in rrsets:
            owner, rrtype, records = rrset.owner, rrset.rrtype, rrset.records
            count += len(records)
            fixed = _FIXED.pack(rrtype, rrset.rrclass, rrset.ttl)
            to_question = owner == self._question_owner
            for record in records:
                head = _TO_QUESTION if to_question else self._compressed(owner, self._offset)
                start = self._offset + len(head) + _FIXED_SIZE
                rdata = self._rdata(rrtype, record, start)
                self._offset = start + len(rdata)
                parts += (head, fixed, len(rdata).to_bytes(2), rdata)
        return count

    def _rdata(self, rrtype: int, record: bytes, start: int) -> bytes:
        if rrtype == _SRV:
            self._compressed(record[_SRV_TARGET:], start + _SRV_TARGET)
            return record
        if rrtype not in _COMPRESSED:
            return record
        before, names = _COMPRESSED[rrtype]
        written, rest = record[:before], record[before:]
        for _ in range(names):
            end = _name_end(rest)
            written += self._compressed(rest[:end], start + len(written))
            rest = rest[end:]
        return written + rest

    def _compressed(self, name: bytes, offset: int) -> bytes:
        """Return `name` as it is written at `offset`, and remember where its labels stand."""
        seen = self._seen
        if not seen and offset > _HEADER:
            # Only now: most bodies hold no name but the question's.
            self._compressed(self._question_owner, _HEADER)
        folded = name.lower()
        start = 0
        while length := name[start]:
            suffix = folded[start:]
            target = seen.get(suffix)
            if target is not None:
                return name[:start] + (_POINTER_BITS | target).to_bytes(2)
            if offset + start < _POINTER_REACH:
                seen[suffix] = offset + start
            start += length + 1
        return name


def _name_end(octets: bytes) -> int:
    end = 0
    while length := octets[end]:
        end += length + 1
    return end + 1


def assemble(
    query: Query,
    rcode: int,
    body: Body,
    *,
    authoritative: bool,
    opt: bytes = b"",
    limit: int,
    raised: int = 0,
    lowered: int = 0,
) -> bytes:
    """Return the response to `query`: header, its question octet for octet, body, OPT.

    OPCODE, RD and CD are the query's, all other bits zero unless raised. A response over `limit`
    is cut, see `truncate`.

    Args:
        query: whom to answer.
        rcode: the whole RCODE; what exceeds four bits must be in `opt` as well.
        body: composed for the name of this question.
        authoritative: the AA bit.
        opt: a whole OPT record; empty for a query without one.
        limit: octets the client can take, see `limit_of`.
        raised: flag bits to set, whatever the query has.
        lowered: flag bits to clear after that.

    Source: RFC 1035 section 4.1.1; RFC 6891 section 6.1.1 (OPT only if the query had one).
    """
    flags = QR | query.flags & _COPIED | rcode & RCODE_MASK
    if authoritative:
        flags |= AA
    flags = (flags | raised) & ~lowered
    answers, authorities, additionals = body.counts
    head = _HEAD.pack(query.id, flags, 1, answers, authorities, additionals + bool(opt))
    message = head + query.question.octets + body.octets
    if len(message) + len(opt) <= limit:
        return message + opt
    head = _HEAD.pack(query.id, flags, 1, answers, authorities, additionals)
    return truncate(head + message[_HEADER:], limit, opt)


def truncate(message: bytes, limit: int, opt: bytes = b"") -> bytes:
    """Return `message` and `opt` if both fit, else with TC as many of its first records as do.

    The first record that does not fit beside the OPT is dropped and all behind it, in every
    section. If not even question and OPT fit, the options of the OPT are dropped too.

    Args:
        message: a whole response. If it has an OPT of its own, `opt` must be empty; its OPT
            is kept.
        limit: octets the client can take, at least 512.
        opt: the OPT to put at the end.

    Raises:
        MalformedMessageError: `message` does not fit, is from elsewhere and cannot be read as far
            as it would be kept.

    Source: RFC 2181 section 9; RFC 6891 section 7 (a cut response keeps its OPT).
    """
    if len(message) + len(opt) <= limit:
        if not opt:
            return message
        additionals = int.from_bytes(message[10:12]) + 1
        return message[:10] + additionals.to_bytes(2) + message[12:] + opt
    end = question_end(message)
    kept: Iterable[Record] = records(message)
    # A Service may have thousands of endpoints: do not walk to the end of all their records for
    # an OPT that cannot be there.
    if not opt and any(message[10:12]) and message.find(_ROOT_OPT, end) >= 0:
        kept = list(kept)
        own = next((record for record in kept if _is_opt(record)), None)
        if own is not None:
            # What stands behind the OPT could not move into its place: names point by offset.
            kept = kept[: kept.index(own)]
            opt = message[own.start : own.end]
    if end + len(opt) > limit:
        opt = opt[: _BARE_OPT_SIZE - 2] + b"\0\0"
    counts = [0, 0, int(bool(opt))]
    for record in kept:
        if record.end + len(opt) > limit:
            break
        counts[record.section] += 1
        end = record.end
    identity, flags, questions = _HEAD_START.unpack_from(message)
    return _HEAD.pack(identity, flags | TC, questions, *counts) + message[_HEADER:end] + opt


def _is_opt(record: Record) -> bool:
    return record.rrtype == _OPT and record.section is Section.ADDITIONAL


def limit_of(edns: Edns | None, stream: bool) -> int:  # noqa: FBT001
    """Return how many octets a client can take.

    Args:
        edns: what its OPT says, None without one.
        stream: whether it asks over a stream, which has no limit but that of its framing.

    Source: RFC 1035 section 4.2.1; RFC 6891 section 6.2.3 (below 512 is 512); RFC 9715
    section 3.1 (1232 keeps clear of fragments).
    """
    if stream:
        return MAX_MESSAGE
    if edns is None:
        return _MIN_UDP
    return min(max(_MIN_UDP, edns.size), SERVER_SIZE)
