"""Read the question and the OPT of a query straight from its packet.

Every transport hands its packets to `read_query`, so there is no way around the gate: first
the twelve octets of the header decide, then the one question, then the OPT. Other records of
the query are stepped over and never looked into, but for the SOA of an IXFR. The error for a
packet that is no query carries the octets to send back, so no transport decides that for itself.

Layout of the octets: RFC 1035 section 4.1. Exactly one question: RFC 9619. OPT: RFC 6891. IXFR:
RFC 1995 section 3.
"""

from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import CD, OPCODE_MASK, QR, RCODE_MASK, RD, RCode, RRType, opcode_text
from svcdns.wire.edns import BARE_OPT, Edns, OptionCode, opt, read_options
from svcdns.wire.name import MAX_LABEL, MAX_NAME, OwnerName

_HEADER = 12
_HEAD = Struct("!HH")
_COUNTS = Struct("!HHHH")
_FIXED = Struct("!HHIH")
_FIXED_SIZE = _FIXED.size
_REPLY = Struct("!HHHHHH")

_QR_OCTET = QR >> 8
_POINTER = 0xC0
_DO = 0x8000
_OPT = int(RRType.OPT)
_IXFR = int(RRType.IXFR)
_SOA = int(RRType.SOA)
_LEAST_SOA = 22
_SOA_NUMBERS = 20
"""Octets of the five numbers at the end of an SOA; the serial is the first of them."""
_NSID = int(OptionCode.NSID)
_QUESTION_ONLY = b"\x00\x01\x00\x00\x00\x00\x00\x00"

# A query may carry this much and no more: one record for IXFR (RFC 1995), OPT and TSIG.
_MOST_ANSWERS = 1
_MOST_AUTHORITY = 1
_MOST_ADDITIONAL = 2


class Question(NamedTuple):
    """What is asked."""

    owner: OwnerName
    """In lower case."""
    rrtype: int
    rrclass: int
    octets: bytes
    """The question section as the client sent it: name in its letter case, TYPE, CLASS."""

    @property
    def key(self) -> bytes:
        """Owner in lower case, TYPE and CLASS: equal for all spellings of one question."""
        return self.owner + self.octets[-4:]

    @classmethod
    def of(cls, owner: OwnerName, rrtype: int, rrclass: int = 1) -> "Question":
        """Return the question for `owner` as it is spelled here."""
        octets = owner + rrtype.to_bytes(2) + rrclass.to_bytes(2)
        return cls(OwnerName(owner.lower()), rrtype, rrclass, octets)


class Query(NamedTuple):
    """A well-formed query."""

    id: int
    flags: int
    """The whole 16-bit field; see the bits in `wire.codes`."""
    question: Question
    edns: Edns | None
    size: int
    """Octets received."""
    serial: int | None = None
    """Of an IXFR: which version of the zone the client has; None: it does not say."""

    @property
    def opcode(self) -> int:
        """OPCODE; always QUERY when `read_query` made this."""
        return (self.flags & OPCODE_MASK) >> 11

    @property
    def recursion_desired(self) -> bool:
        """The RD bit."""
        return bool(self.flags & RD)

    @property
    def checking_disabled(self) -> bool:
        """The CD bit."""
        return bool(self.flags & CD)


class MalformedQueryError(Exception):
    """A client sent something that is not a query we can read.

    `reply` is the complete message to send back, None when the client must get nothing;
    `rcode` is what it says.
    """

    def __init__(self, reason: str, rcode: RCode | None = None, reply: bytes | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rcode = rcode
        self.reply = reply


def read_query(packet: bytes) -> Query:
    """Return the query in `packet`.

    Args:
        packet: a whole DNS message, without the two-octet length prefix of a stream.

    Raises:
        MalformedQueryError: shorter than a header or a response (no reply); another opcode
            (NOTIMP); not exactly one question, more records than a query has, a question that
            is cut off, has a pointer or breaks the limits of names, a record that is cut off,
            a malformed or second OPT (FORMERR); EDNS of a later version (BADVERS).

    Source: RFC 1035 sections 2.3.4 and 4.1; RFC 9619; RFC 8906 section 3; RFC 6891.
    """
    # A response is never answered, not even with an error: two servers would never stop.
    if len(packet) < _HEADER or packet[2] & _QR_OCTET:
        raise MalformedQueryError("not a query")
    identity, flags = _HEAD.unpack_from(packet)
    if flags & OPCODE_MASK:
        opcode = opcode_text((flags & OPCODE_MASK) >> 11)
        raise _malformed(packet, RCode.NOTIMP, f"the opcode is {opcode}, not QUERY")
    counts = packet[4:12]
    if counts != _QUESTION_ONLY:
        _check_counts(packet)

    # The window ends where the longest name with TYPE and CLASS would: no loop leaves it.
    window = packet[_HEADER : _HEADER + MAX_NAME + 4]
    end = 0
    try:
        while length := window[end]:
            if length > MAX_LABEL:
                reason = "a pointer or a label over 63 octets in the question"
                raise _malformed(packet, RCode.FORMERR, reason)
            end += length + 1
        octets = window[: end + 5]
        # Fold the name only. TYPE and CLASS are numbers that may look like letters: HTTPS is
        # 65, which is "A".
        question = Question(
            OwnerName(octets[: end + 1].lower()),
            octets[end + 1] << 8 | octets[end + 2],
            octets[end + 3] << 8 | octets[end + 4],
            octets,
        )
    except IndexError:
        end = MAX_NAME
    if end >= MAX_NAME:
        raise _malformed(packet, RCode.FORMERR, "a name over 255 octets, or the question cut off")
    if counts == _QUESTION_ONLY:
        return Query(identity, flags, question, None, len(packet))
    edns = _read_edns(packet, octets)
    serial = _read_serial(packet, octets) if question.rrtype == _IXFR else None
    return Query(identity, flags, question, edns, len(packet), serial)


def _check_counts(packet: bytes) -> None:
    questions, answers, authority, additional = _COUNTS.unpack_from(packet, 4)
    if questions != 1:
        raise _malformed(packet, RCode.FORMERR, "not exactly one question")
    if answers > _MOST_ANSWERS or authority > _MOST_AUTHORITY or additional > _MOST_ADDITIONAL:
        raise _malformed(packet, RCode.FORMERR, "more records than a query has")


def _read_edns(packet: bytes, question: bytes) -> Edns | None:
    """Return what the OPT in the additional section says, None without one."""
    found = _find_opt(packet, question)
    if found is None:
        return None
    size, flags, options = found
    version, dnssec_ok = flags >> 16 & 0xFF, bool(flags & _DO)
    if version:
        reply_opt = opt(dnssec_ok, rcode=RCode.BADVERS)
        raise _malformed(packet, RCode.BADVERS, "a later EDNS version", question, reply_opt)
    nsid = False
    if options:
        try:
            for code, _ in read_options(options):
                nsid |= code == _NSID
        except ValueError as error:
            raise _malformed(packet, RCode.FORMERR, str(error), question, BARE_OPT) from None
    return Edns(size, version, dnssec_ok, nsid, options)


def _find_opt(packet: bytes, question: bytes) -> tuple[int, int, bytes] | None:
    """Return CLASS, TTL and RDATA of the OPT, None without one.

    Fewer records than promised are accepted, as CoreDNS does, if they are missing as a whole.
    """
    _, answers, authority, additional = _COUNTS.unpack_from(packet, 4)
    start, size = _HEADER + len(question), len(packet)
    found: tuple[int, int, bytes] | None = None
    reply_opt = b""
    for index in range(answers + authority + additional):
        if start == size:
            break
        fixed = _end_of_owner(packet, start) if packet[start] else start + 1
        if fixed + _FIXED_SIZE > size:
            reason = "a record is cut off or has no owner name"
            raise _malformed(packet, RCode.FORMERR, reason, question, reply_opt)
        rrtype, rrclass, ttl, length = _FIXED.unpack_from(packet, fixed)
        rdata = fixed + _FIXED_SIZE
        end = rdata + length
        if rrtype == _OPT and index >= answers + authority:
            reply_opt = BARE_OPT
            if found is not None or fixed != start + 1:
                reason = "a second OPT, or an OPT whose owner is not the root"
                raise _malformed(packet, RCode.FORMERR, reason, question, reply_opt)
            found = (rrclass, ttl, packet[rdata:end])
        if end > size:
            raise _malformed(packet, RCode.FORMERR, "RDATA cut off", question, reply_opt)
        start = end
    return found


def _read_serial(packet: bytes, question: bytes) -> int | None:
    """Return the serial of the SOA in the authority section (RFC 1995 section 3).

    The records are known to be whole; they may be fewer than promised.
    """
    _, answers, authority, _ = _COUNTS.unpack_from(packet, 4)
    start = _HEADER + len(question)
    for index in range(answers + authority):
        if start >= len(packet):
            break
        fixed = _end_of_owner(packet, start)
        rrtype, _, _, length = _FIXED.unpack_from(packet, fixed)
        start = fixed + _FIXED_SIZE + length
        if index >= answers and rrtype == _SOA and length >= _LEAST_SOA:
            return int.from_bytes(packet[start - _SOA_NUMBERS :][:4])
    return None


def _end_of_owner(packet: bytes, start: int) -> int:
    """Return the offset behind an owner name, or one behind the packet if there is none."""
    end, size = start, len(packet)
    while end < size:
        length = packet[end]
        if length == 0:
            return end + 1
        if length >= _POINTER:
            return end + 2
        if length > MAX_LABEL or end - start > MAX_NAME:
            break
        end += length + 1
    return size + 1


def _malformed(
    packet: bytes, rcode: RCode, reason: str, question: bytes = b"", reply_opt: bytes = b""
) -> MalformedQueryError:
    """Return the error whose reply has the query's id, opcode, RD and CD and nothing else."""
    identity, flags = _HEAD.unpack_from(packet)
    copied = OPCODE_MASK | RD if flags & OPCODE_MASK else RD | CD
    head = _REPLY.pack(
        identity,
        QR | flags & copied | rcode & RCODE_MASK,
        1 if question else 0,
        0,
        0,
        1 if reply_opt else 0,
    )
    return MalformedQueryError(reason, rcode, head + question + reply_opt)
