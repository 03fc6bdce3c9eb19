"""Turn the addresses at the end of an answer section, in the octets of a foreign body.

Records of equal length that differ in nothing but their RDATA can change places without any
name being read or written anew: whatever points to the owner of one finds the same octets
there afterwards. So most answers of upstreams take turns as ours do; those that cannot stay
as they are.

Source: RFC 1035 section 4.1.4 (what a pointer may point at); RFC 1794 (round robin).
"""

from itertools import islice
from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName
from svcdns.wire.records import MalformedMessageError, Record, records
from svcdns.wire.response import Body
from svcdns.wire.uniform import width_of

_HEAD = Struct("!HHHHHH")
_QUESTION = 12
_FIXED_QUESTION = 4
_POINTER = 0xC0
_PREFERENCE = 2
_MX = int(RRType.MX)
_ADDRESSES = (int(RRType.A), int(RRType.AAAA))


class Run(NamedTuple):
    """Records side by side that may change places."""

    start: int
    """Offset in the octets of the body."""
    width: int
    """Octets of each."""
    length: int


def run_of(owner: OwnerName, body: Body) -> Run | None:
    """Return the addresses or mail exchanges at the end of the answer section; None: no two.

    Mail exchanges only where nothing stands behind them, as names there point into them.

    Args:
        owner: the name of the question, to which names in `body` may point.
        body: what follows the question section.
    """
    answers, *others = body.counts
    if answers < 2:
        return None
    if width := width_of(body):
        return Run(0, width, answers)
    before = _QUESTION + len(owner) + _FIXED_QUESTION
    message = _HEAD.pack(0, 0, 1, *body.counts) + owner + bytes(_FIXED_QUESTION) + body.octets
    try:
        section = list(islice(records(message), answers))
    except MalformedMessageError:
        return None
    last = section[-1]
    if last.rrtype not in _ADDRESSES and (last.rrtype != _MX or any(others)):
        return None
    fixed = message[last.start : last.rdata_start]
    count = 0
    for record in reversed(section):
        if (
            record.end - record.start != last.end - last.start
            or message[record.start : record.rdata_start] != fixed
        ):
            break
        count += 1
    first = section[-count]
    if count < 2 or (last.rrtype == _MX and _point_inside(message, section[-count:])):
        return None
    return Run(first.start - before, last.end - last.start, count)


def rotated(body: Body, run: Run, turn: int) -> Body:
    """Return `body`, the records of `run` moved so that number `turn` of them is the first."""
    start, width, length = run
    cut = start + width * (turn % length)
    end = start + width * length
    octets = body.octets
    turned = octets[cut:end] + octets[start:cut]
    if start or end != len(octets):
        turned = octets[:start] + turned + octets[end:]
    return Body(body.counts, turned)


def _point_inside(message: bytes, run: list[Record]) -> bool:
    """Whether the name of one mail exchange goes on in another one."""
    for record in run:
        at = record.rdata_start + _PREFERENCE
        while at + 1 < record.end and 0 < message[at] < _POINTER:
            at += message[at] + 1
        if at >= record.end:
            return True
        if message[at] and ((message[at] << 8 | message[at + 1]) & 0x3FFF) >= run[0].start:
            return True
    return False
