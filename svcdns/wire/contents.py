"""What a foreign body holds, without taking it apart: its TTLs, its SOA, whether it answers.

Whoever keeps a foreign answer needs no records, only how long they may be kept and where
their TTLs stand. Names are read only where an alias has to be followed.

Source: RFC 1035 section 4.1.3; RFC 1034 section 3.6.2 (aliases); RFC 2308 sections 2 and 5.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName, lower
from svcdns.wire.records import Record, Section, name_at, records
from svcdns.wire.response import Body
from svcdns.wire.uniform import TTL_AT, width_of

_HEAD = Struct("!HHHHHH")
_QUESTION = 12
_FIXED_QUESTION = 4
_ANY = int(RRType.ANY)
_CNAME, _NS = int(RRType.CNAME), int(RRType.NS)
_OPT, _SOA = int(RRType.OPT), int(RRType.SOA)
_MINIMUM_SIZE = 4
_LEAST_SOA = 22

_TYPE_AT, _CLASS_AT = 2, 4
_TTL_SIZE = 4


class Contents(NamedTuple):
    """What matters of a foreign body to whoever keeps it."""

    ttls_at: tuple[int, ...]
    """Where in the octets of the body each TTL stands, that of OPT left out."""
    ttl: int | None
    """The smallest TTL; None: there is no record."""
    denial_ttl: int | None
    """The MINIMUM of the SOA in the authority section; None: there is none."""
    refers: bool
    """NS records in the authority section."""
    answers: bool
    """The answer section has what was asked for, at the end of the chain of aliases."""

    @property
    def has_soa(self) -> bool:
        """Whether the authority section says how long a denial may be kept."""
        return self.denial_ttl is not None


def contents_of(owner: OwnerName, rrtype: int, body: Body) -> Contents:
    """Return what `body`, which answers the question for `owner` and `rrtype`, holds.

    Args:
        owner: the name of the question, lower case: names in `body` may point to it.
        rrtype: the type of the question.
        body: what follows the question section.

    Raises:
        MalformedMessageError: the octets cannot be read.
    """
    octets = body.octets
    if (width := width_of(body)) and octets[_TYPE_AT:_CLASS_AT] == rrtype.to_bytes(2):
        ttl = int.from_bytes(octets[TTL_AT : TTL_AT + _TTL_SIZE])
        return Contents(_uniform_ttls_at(len(octets), width), ttl, None, refers=False, answers=True)
    return _walked(owner, rrtype, body)


@lru_cache(maxsize=256)
def _uniform_ttls_at(size: int, width: int) -> tuple[int, ...]:
    return tuple(range(TTL_AT, size, width))


def _walked(owner: OwnerName, rrtype: int, body: Body) -> Contents:
    """Return what a body of any kind holds; see `contents_of`."""
    head = _HEAD.pack(0, 0, 1, *body.counts)
    message = head + owner + bytes(_FIXED_QUESTION) + body.octets
    before = _QUESTION + len(owner) + _FIXED_QUESTION
    ttls_at: list[int] = []
    answer: list[Record] = []
    ttl = denial_ttl = None
    refers = False
    for record in records(message):
        if record.rrtype == _OPT:
            continue
        ttls_at.append(record.ttl_offset - before)
        if ttl is None or record.ttl < ttl:
            ttl = record.ttl
        if record.section is Section.ANSWER:
            answer.append(record)
        elif record.section is Section.AUTHORITY:
            refers |= record.rrtype == _NS
            if record.rrtype == _SOA and record.end - record.rdata_start >= _LEAST_SOA:
                denial_ttl = int.from_bytes(message[record.end - _MINIMUM_SIZE : record.end])
    return Contents(
        tuple(ttls_at), ttl, denial_ttl, refers, _answers(message, owner, rrtype, answer)
    )


def with_ttl(octets: bytes, ttls_at: Sequence[int], ttl: int) -> bytes:
    """Return the octets of a body, every TTL in them replaced by `ttl`.

    Args:
        octets: of the body.
        ttls_at: see `Contents.ttls_at`.
        ttl: in seconds.
    """
    patched = bytearray(octets)
    packed = ttl.to_bytes(4)
    for at in ttls_at:
        patched[at : at + 4] = packed
    return bytes(patched)


def _answers(message: bytes, owner: OwnerName, rrtype: int, answer: list[Record]) -> bool:
    """Whether `answer` has `rrtype` where the aliases that begin at `owner` lead to."""
    if not answer:
        return False
    first = answer[0]
    if first.owner_offset == _QUESTION and rrtype != _CNAME and rrtype in (first.rrtype, _ANY):
        # By far the most, and no name has to be read: who has a record is no alias.
        return True
    owners = [lower(name_at(message, record.start)[0]) for record in answer]
    if rrtype == _ANY:
        return owner in owners
    aliases: dict[OwnerName, OwnerName] = {}
    for record, name in zip(answer, owners, strict=True):
        if record.rrtype == _CNAME:
            target = lower(name_at(message, record.rdata_start)[0])
            if aliases.setdefault(name, target) != target:
                return False
    if rrtype == _CNAME:
        return owner in aliases
    hops = 0
    while owner in aliases and hops < len(aliases):
        owner = aliases[owner]
        hops += 1
    found = {name for record, name in zip(answer, owners, strict=True) if record.rrtype == rrtype}
    return owner in found and owner not in aliases


def answers_only(owner: OwnerName, body: Body) -> Body:
    """Return `body` without its authority and additional sections.

    Names only ever point backwards, so what stays can be read without what goes.

    Args:
        owner: the name of the question, to which names in `body` may point.
        body: what follows the question section.

    Raises:
        MalformedMessageError: the octets cannot be read.
    """
    answers = body.counts[0]
    message = _HEAD.pack(0, 0, 1, answers, 0, 0) + owner + bytes(_FIXED_QUESTION) + body.octets
    end = before = _QUESTION + len(owner) + _FIXED_QUESTION
    for record in records(message):
        end = record.end
    return Body((answers, 0, 0), body.octets[: end - before])
