r"""Whole messages to text, and queries from names: the only door to dnslib.

For people and for cold paths: `svcdns query`, tests. The records that a cluster's DNS is made
of are written here; dnslib is imported when a rarer type turns up, and what neither knows is
shown as `\# LENGTH HEX`, so decoding never fails because of RDATA.

Source: RFC 1035 section 5.1 (text of records); RFC 3597 section 5 (unknown types); RFC 6891
section 6.1.3 (extended RCODE); RFC 8914 (Extended DNS Errors).
"""

import struct
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from svcdns.wire.codes import RCODE_MASK, RD, RRType, type_text
from svcdns.wire.edns import Edns, OptionCode, opt, read_options
from svcdns.wire.name import OwnerName, address_text, to_text
from svcdns.wire.question import Question
from svcdns.wire.records import (
    MalformedMessageError,
    Record,
    Section,
    name_at,
    records,
)

_HEAD = Struct("!HHHHHH")
_TYPE_AND_CLASS = Struct("!HH")


class TextQuestion(NamedTuple):
    """One entry of the question section."""

    owner: str
    rrclass: int
    rrtype: int


class TextRecord(NamedTuple):
    """One record, its names and RDATA as text."""

    owner: str
    ttl: int
    rrclass: int
    rrtype: int
    rdata: str


class Message(NamedTuple):
    """A whole message as text; OPT is taken out of the additional section."""

    id: int
    flags: int
    rcode: int
    """With the upper eight bits that OPT carries."""
    question: tuple[TextQuestion, ...]
    answer: tuple[TextRecord, ...]
    authority: tuple[TextRecord, ...]
    additional: tuple[TextRecord, ...]
    edns: Edns | None = None
    options: tuple[tuple[int, bytes], ...] = ()
    """Code and content of every option of OPT."""
    extended_errors: tuple[tuple[int, str], ...] = ()
    """INFO-CODE and EXTRA-TEXT of every Extended DNS Error."""


def encode_query(
    name: OwnerName,
    rrtype: int,
    *,
    id: int,  # noqa: A002 - the field's name in RFC 1035
    dnssec_ok: bool = False,
    edns_size: int | None = 1232,
    recursion_desired: bool = True,
    rrclass: int = 1,
) -> bytes:
    """Return a query in wire form.

    Args:
        name: what is asked, sent in its letter case.
        rrtype: TYPE.
        id: 16 bits; from a good source of random numbers if the query goes over a network.
        dnssec_ok: the DO bit.
        edns_size: UDP payload size to advertise; None sends no OPT.
        recursion_desired: the RD bit.
        rrclass: CLASS.
    """
    flags = RD if recursion_desired else 0
    head = _HEAD.pack(id, flags, 1, 0, 0, 0 if edns_size is None else 1)
    query = head + Question.of(name, rrtype, rrclass).octets
    if edns_size is None:
        return query
    record = opt(dnssec_ok)
    return query + record[:3] + edns_size.to_bytes(2) + record[5:]


def decode(message: bytes) -> Message:
    """Return the whole message as text.

    Raises:
        MalformedMessageError: a header, question, record or option that cannot be read.
    """
    walk = list(records(message))
    identity, flags, questions, *_ = _HEAD.unpack_from(message)
    sections: tuple[list[TextRecord], ...] = ([], [], [])
    edns: Edns | None = None
    options: tuple[tuple[int, bytes], ...] = ()
    rcode = flags & RCODE_MASK
    for record in walk:
        if record.rrtype == RRType.OPT and record.section is Section.ADDITIONAL:
            edns, options = _edns(message, record)
            rcode |= record.ttl >> 24 << 4
            continue
        owner = to_text(name_at(message, record.start)[0])
        sections[record.section].append(
            TextRecord(owner, record.ttl, record.rrclass, record.rrtype, _text(message, record))
        )
    answer, authority, additional = map(tuple, sections)
    return Message(
        identity,
        flags,
        rcode,
        _questions(message, questions),
        answer,
        authority,
        additional,
        edns,
        options,
        tuple(
            (int.from_bytes(content[:2]), content[2:].decode(errors="replace"))
            for code, content in options
            if code == OptionCode.EXTENDED_ERROR and len(content) >= 2
        ),
    )


def _questions(message: bytes, count: int) -> tuple[TextQuestion, ...]:
    found: list[TextQuestion] = []
    start = 12
    for _ in range(count):
        owner, start = name_at(message, start)
        rrtype, rrclass = _TYPE_AND_CLASS.unpack_from(message, start)
        start += _TYPE_AND_CLASS.size
        found.append(TextQuestion(to_text(owner), rrclass, rrtype))
    return tuple(found)


def _edns(message: bytes, record: Record) -> tuple[Edns, tuple[tuple[int, bytes], ...]]:
    try:
        options = tuple(read_options(message[record.rdata_start : record.end]))
    except ValueError as error:
        raise MalformedMessageError(str(error)) from None
    nsid = any(code == OptionCode.NSID for code, _ in options)
    version, dnssec_ok = record.ttl >> 16 & 0xFF, bool(record.ttl & 0x8000)
    return Edns(record.rrclass, version, dnssec_ok, nsid), options


def _text(message: bytes, record: Record) -> str:
    write = _WRITERS.get(record.rrtype, _by_dnslib)
    try:
        return write(message, record)
    except (ValueError, IndexError, struct.error):
        rdata = message[record.rdata_start : record.end]
        return f"\\# {len(rdata)} {rdata.hex().upper()}".rstrip()


def _address(message: bytes, record: Record) -> str:
    packed = message[record.rdata_start : record.end]
    if len(packed) != (4 if record.rrtype == RRType.A else 16):
        raise MalformedMessageError("not the length of an address")
    return address_text(packed)


def _strings(message: bytes, record: Record) -> str:
    strings: list[str] = []
    start = record.rdata_start
    while start < record.end:
        after = start + 1 + message[start]
        strings.append("".join([_STRING_OCTET[octet] for octet in message[start + 1 : after]]))
        start = after
    if start != record.end:
        raise MalformedMessageError("a character string is longer than its RDATA")
    return " ".join(f'"{string}"' for string in strings)


def _layout(before: str, names: int, after: str = "") -> Callable[[bytes, Record], str]:
    """Return what writes RDATA of numbers, then names, then numbers."""
    head, tail = Struct(f"!{before}"), Struct(f"!{after}")

    def write(message: bytes, record: Record) -> str:
        words = list(map(str, head.unpack_from(message, record.rdata_start)))
        start = record.rdata_start + head.size
        for _ in range(names):
            name, start = name_at(message, start)
            words.append(to_text(name))
        words += map(str, tail.unpack(message[start : record.end]))
        return " ".join(words)

    return write


def _by_dnslib(message: bytes, record: Record) -> str:
    # 17 ms that only those pay who meet a rare type.
    from dnslib.dns import RDMAP  # noqa: PLC0415
    from dnslib.label import DNSBuffer  # noqa: PLC0415

    kind = RDMAP.get(type_text(_SAME_FORM.get(record.rrtype, record.rrtype)))
    if kind is None:
        raise MalformedMessageError("dnslib does not know this type either")
    buffer = DNSBuffer(message)
    buffer.offset = record.rdata_start
    try:
        text = str(kind.parse(buffer, record.end - record.rdata_start).toZone())
    except Exception as error:  # noqa: BLE001 - its errors have no base, and RDATA is hostile
        raise MalformedMessageError(str(error)) from None
    if buffer.offset != record.end or not (text.isascii() and text.isprintable()):
        raise MalformedMessageError("the text would not be that of the whole RDATA")
    return text


_STRING_OCTET = tuple(
    f"\\{chr(octet)}"
    if octet in b'"\\'
    else chr(octet)
    if 0x20 <= octet <= 0x7E
    else f"\\{octet:03}"
    for octet in range(256)
)
_SAME_FORM = {int(RRType.SVCB): RRType.HTTPS}
_name = _layout("", 1)
_WRITERS: dict[int, Callable[[bytes, Record], str]] = {
    RRType.A: _address,
    RRType.AAAA: _address,
    RRType.NS: _name,
    RRType.CNAME: _name,
    RRType.PTR: _name,
    RRType.DNAME: _name,
    RRType.MX: _layout("H", 1),
    RRType.SRV: _layout("HHH", 1),
    RRType.SOA: _layout("", 2, "5I"),
    RRType.TXT: _strings,
    RRType.SPF: _strings,
    RRType.HINFO: _strings,
}
