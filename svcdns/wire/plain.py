"""The replies that most replies are: addresses of the name, or of what it is an alias of; a denial.

They need no reading: the header says nearly all, and upstreams use few of them, so each is
looked at once. What is left is to step over the records, and to see that each has to do with
the question: an alias at its name, the next record at the target of that, the SOA of a denial
at or above the name.

Source: RFC 1035 section 4.1; RFC 1034 section 3.6.2; RFC 2308 section 2; RFC 6891 section 6.1.
"""

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import AA, AD, QR, RA, RD, RCode, RRType
from svcdns.wire.name import MAX_LABEL, MAX_NAME, lower
from svcdns.wire.records import MalformedMessageError, name_at
from svcdns.wire.uniform import FIXED, KINDS, TTL_AT, TTL_END

_HEADER = 12
_TYPE_AND_CLASS = 4
_ROOT_OPT = b"\0\0\x29"
_OPT_SIZE = 11
_UPPER_RCODE_AT = 5
_NO_RDATA = b"\0\0"
_MOST_HEADS = 1024
"""Far more than upstreams have; who makes up flags does not take memory."""
_KIND = 0xFA
"""QR, OPCODE and TC in the first octet of flags."""
_RESPONSE = 0x80
_RCODE = 0x0F
_AD_OCTET = 0x20
_POINTER = 0xC0
_POINTER_SIZE = 2
_AFTER_OWNER = Struct("!HHIH")
"""TYPE, CLASS, TTL and octets of RDATA."""
_TTL_AT = 4
_SOA = int(RRType.SOA)
_CNAME_IN = RRType.CNAME.to_bytes(2) + b"\0\1"
_LEAST_SOA = 22
_MINIMUM_SIZE = 4
_MOST_ALIASES = 16
_DENIALS = (RCode.NOERROR, RCode.NXDOMAIN)


class PlainHead(NamedTuple):
    """What octets 2 to 11 of such a reply say."""

    rcode: int
    answers: int
    """Aliases and addresses; 0: a denial."""
    opt_size: int
    """Octets behind them, which are an OPT."""
    is_authentic: bool
    """The AD bit."""
    flags: int
    """All 16 bits."""
    header: bytes
    """Octets 2 to 11 of the response to a client."""


class Shape(NamedTuple):
    """What the octets between question and OPT are, where they are not addresses of the name."""

    ttl: int
    """The smallest of all TTLs; of a denial, how long it is good for (RFC 2308 section 5)."""
    ttls_at: tuple[int, ...]
    """Where in those octets each TTL stands."""
    addresses_at: int
    """Where addresses begin that may change places; all octets behind are such."""
    width: int
    """Octets of each of these records; 0: there are none."""


class PlainHeads(dict[bytes, PlainHead | None]):
    """Octets 2 to 11 of a reply -> what they say; None: the reply is another one."""

    def __init__(self, *, recursion_desired: bool, wants_ad: bool, with_opt: bool) -> None:
        """Be for one kind of client.

        Args:
            recursion_desired: its RD bit.
            wants_ad: whether it is to see the AD bit.
            with_opt: whether its response has an OPT.
        """
        super().__init__()
        self._raised = QR | (RD if recursion_desired else 0)
        self._copied = AA | RA | (AD if wants_ad else 0)
        self._with_opt = with_opt

    def __missing__(self, octets: bytes) -> PlainHead | None:
        flags = int.from_bytes(octets[:2])
        rcode, answers = octets[1] & _RCODE, octets[5]
        # Answers and nothing else, or an SOA and nothing else.
        is_usual = not rcode if answers else rcode in _DENIALS
        if (
            not is_usual
            or octets[0] & _KIND != _RESPONSE
            or octets[2:5] != b"\0\1\0"
            or octets[6:9] != (b"\0\0\0" if answers else b"\0\1\0")
            or octets[9] > 1
        ):
            return None
        header = (flags & self._copied | self._raised | rcode).to_bytes(2)
        header += octets[2:9] + bytes((self._with_opt,))
        is_authentic = bool(octets[1] & _AD_OCTET)
        if len(self) >= _MOST_HEADS:
            self.clear()
        opt_size = _OPT_SIZE * octets[9]
        head = self[octets] = PlainHead(rcode, answers, opt_size, is_authentic, flags, header)
        return head


def addresses_end(message: bytes, start: int, rrtype: bytes, head: PlainHead) -> int:
    """Return where the addresses of a plain reply end; 0: it is another one.

    Args:
        message: the reply.
        start: where its question ends.
        rrtype: TYPE of the question.
        head: what its header says.
    """
    kind = KINDS.get(rrtype)
    if kind is None:
        return 0
    begin, length, width = kind
    fixed = message[start : start + FIXED]
    end = start + head.answers * width
    if (
        end + head.opt_size != len(message)
        or not fixed.startswith(begin)
        or not fixed.endswith(length)
    ):
        return 0
    if head.answers > 1:
        for at in range(start + width, end, width):
            if not message.startswith(fixed, at):
                return 0
    if head.opt_size and not _is_bare(message[end:]):
        return 0
    return end


def shape_of(message: bytes, start: int, question: bytes, head: PlainHead) -> Shape | None:
    """Return what a plain reply is that has not only addresses of the name; None: another one.

    Args:
        message: the reply.
        start: where its question ends.
        question: its octets, in lower case.
        head: what its header says.
    """
    end = len(message) - head.opt_size
    if end < start or (head.opt_size and not _is_bare(message[end:])):
        return None
    if head.answers:
        return _alias(message, start, end, question, head.answers)
    return _denial(message, start, end)


def _denial(message: bytes, start: int, end: int) -> Shape | None:
    """Return the shape of an SOA at or above the name; see `shape_of`."""
    octets = message[start:end]
    at = _POINTER_SIZE if octets.startswith(b"\xc0") else 1
    if len(octets) < at + _AFTER_OWNER.size + _LEAST_SOA:
        return None
    if octets[0] and not (at > 1 and _HEADER <= octets[1] < start - _TYPE_AND_CLASS):
        return None
    rrtype, _, ttl, length = _AFTER_OWNER.unpack_from(octets, at)
    if rrtype != _SOA or at + _AFTER_OWNER.size + length != len(octets):
        return None
    minimum = int.from_bytes(octets[-_MINIMUM_SIZE:])
    return Shape(min(ttl, minimum), (at + _TTL_AT,), len(octets), 0)


def _alias(message: bytes, start: int, end: int, question: bytes, answers: int) -> Shape | None:
    """Return the shape of aliases one after the other and addresses; see `shape_of`."""
    kind = KINDS.get(question[-4:-2])
    if kind is None:
        return None
    begin, length, width = kind
    owner, at = b"\xc0\x0c", start
    names = [question[:-_TYPE_AND_CLASS]]
    ttls_at: list[int] = []
    least = b"\xff\xff\xff\xff"
    while message.startswith(owner + _CNAME_IN, at) and len(ttls_at) < _MOST_ALIASES:
        rdata = at + FIXED
        behind = rdata + int.from_bytes(message[rdata - 2 : rdata])
        target = _target(message[:end], rdata, behind, question) if behind <= end else b""
        if not target or target in names:
            return None
        names.append(target)
        least = min(least, message[at + TTL_AT : at + TTL_END])
        ttls_at.append(at + TTL_AT - start)
        owner, at = (_POINTER << 8 | rdata).to_bytes(2), behind
    addresses = answers - len(ttls_at)
    fixed = message[at : at + FIXED]
    if (
        not addresses
        or at + addresses * width != end
        or not fixed.startswith(owner + begin[_POINTER_SIZE:])
        or not fixed.endswith(length)
    ):
        return None
    for one in range(at + width, end, width):
        if not message.startswith(fixed, one):
            return None
    ttls_at += range(at + TTL_AT - start, end - start, width)
    ttl = min(least, fixed[TTL_AT:TTL_END])
    return Shape(int.from_bytes(ttl), tuple(ttls_at), at - start, width)


def _target(message: bytes, start: int, end: int, question: bytes) -> bytes:
    """Return the name between `start` and `end` in lower case; empty: it cannot be read."""
    at = start
    while at < end and 0 < message[at] <= MAX_LABEL:
        at += message[at] + 1
    rest = b""
    if at + 1 == end:
        rest = message[at:end]
    elif at + _POINTER_SIZE == end and message[at] == _POINTER:
        rest = _suffix(question, message[at + 1] - _HEADER)
    if rest.endswith(b"\0"):
        name = message[start:at].lower() + rest
        return name if len(name) <= MAX_NAME else b""
    # As whoever keeps the answer reads it: of the question he has the name alone.
    asked = _HEADER + len(question)
    message = message[: asked - _TYPE_AND_CLASS] + bytes(_TYPE_AND_CLASS) + message[asked:]
    try:
        found, behind = name_at(message, start)
    except MalformedMessageError:
        return b""
    return lower(found) if behind == end else b""


def _suffix(question: bytes, at: int) -> bytes:
    """Return the name that begins with the label at `at`; empty: none does."""
    label = 0
    while label < at < len(question) - _TYPE_AND_CLASS:
        label += question[label] + 1
    return question[at:-_TYPE_AND_CLASS] if label == at else b""


@lru_cache(maxsize=256)
def _is_bare(option: bytes) -> bool:
    """Whether 11 octets are an OPT without options, whose upper RCODE is 0."""
    return (
        option.startswith(_ROOT_OPT) and option.endswith(_NO_RDATA) and not option[_UPPER_RCODE_AT]
    )
