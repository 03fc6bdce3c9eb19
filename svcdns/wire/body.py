"""From the octets behind a question section to RRsets, every name written out.

For those few who change records of a foreign message; all others pass its octets on.

Source: RFC 1035 sections 3.3 and 4.1.4; RFC 3597 section 4; RFC 2782.
"""

from struct import Struct

from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName
from svcdns.wire.records import MalformedMessageError, Record, Section, name_at, records
from svcdns.wire.response import Body
from svcdns.wire.rrset import RRset

_HEAD = Struct("!HHHHHH")
_OPT = int(RRType.OPT)
_MAX_TTL = 0x7FFF_FFFF
"""More than this is to be read as 0 (RFC 2181 section 8)."""

# Octets of RDATA before its names, how many names follow, and octets behind them. Only these
# types may hold compressed names (RFC 3597 section 4), SRV because old servers do it.
_NAMES: dict[int, tuple[int, int, int]] = {
    RRType.NS: (0, 1, 0),
    RRType.CNAME: (0, 1, 0),
    RRType.SOA: (0, 2, 20),
    RRType.PTR: (0, 1, 0),
    RRType.MX: (2, 1, 0),
    RRType.SRV: (6, 1, 0),
    RRType.DNAME: (0, 1, 0),
}

RRsets = tuple[RRset, ...]


def rrsets_of(owner: OwnerName, body: Body) -> tuple[RRsets, RRsets, RRsets]:
    """Return the answer, authority and additional sections of a message, without OPT.

    Records of equal owner, TYPE, CLASS and TTL that follow one another are one RRset.

    Args:
        owner: the name of the question, to which names in `body` may point.
        body: what follows the question section.

    Raises:
        MalformedMessageError: the octets cannot be read.
    """
    head = _HEAD.pack(0, 0, 1, *body.counts)
    message = head + owner + b"\0\0\0\0" + body.octets
    sections: tuple[list[RRset], list[RRset], list[RRset]] = ([], [], [])
    for record in records(message):
        if record.rrtype == _OPT and record.section is Section.ADDITIONAL:
            continue
        _add(sections[record.section], message, record)
    return tuple(map(tuple, sections))  # type: ignore[return-value]  # three, as they were


def _add(section: list[RRset], message: bytes, record: Record) -> None:
    name, _ = name_at(message, record.start)
    rdata = _rdata(message, record)
    ttl = record.ttl if record.ttl <= _MAX_TTL else 0
    records: tuple[bytes, ...] = (rdata,)
    if section:
        last = section[-1]
        same = (last.owner, last.rrtype, last.rrclass, last.ttl)
        if same == (name, record.rrtype, record.rrclass, ttl):
            records = (*section.pop().records, rdata)
    section.append(RRset(name, record.rrtype, ttl, records, record.rrclass))


def _rdata(message: bytes, record: Record) -> bytes:
    """Return the RDATA of `record` with every name in it written out."""
    layout = _NAMES.get(record.rrtype)
    start, end = record.rdata_start, record.end
    if layout is None or start == end:
        return message[start:end]
    before, names, behind = layout
    rdata = message[start : start + before]
    at = start + before
    for _ in range(names):
        name, at = name_at(message, at)
        rdata += name
    if at + behind != end:
        raise MalformedMessageError("RDATA is not as long as it says")
    return rdata + message[at:end]
