"""Names, queries and RRsets for property tests, and what dnspython makes of the same octets."""

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import strategies as st

from svcdns.wire.codes import RRType
from svcdns.wire.edns import option
from svcdns.wire.name import OwnerName, from_labels
from svcdns.wire.question import MalformedQueryError, Query, read_query
from svcdns.wire.rrset import RRset, mx_record, soa_record, srv_record

Line = tuple[dns.name.Name, int, int, int, dns.rdata.Rdata]
"""Owner, TYPE, CLASS, TTL and RDATA; names in it are equal whatever their letter case."""

LABELS = st.one_of(
    st.sampled_from([b"web", b"WEB", b"shop", b"svc", b"cluster", b"local", b"_http", b"a.b"]),
    st.binary(min_size=1, max_size=63),
)


def _name_of(labels: list[bytes]) -> OwnerName:
    while sum(map(len, labels)) + len(labels) + 1 > 255:
        labels = labels[1:]
    return from_labels(labels)


NAMES = st.lists(LABELS, max_size=12).map(_name_of)
"""Any name: any octets in its labels, up to the longest."""

# Few labels and one end, so that names share their ends and compression has something to do.
KIN = st.lists(
    st.sampled_from([b"a", b"A", b"web", b"Web", b"shop", b"svc", b"n" * 58]), max_size=4
).map(lambda labels: from_labels([*labels, b"cluster", b"local"]))

_U16 = st.integers(0, 0xFFFF)
_U32 = st.integers(0, 0xFFFFFFFF)
_STRINGS = st.lists(st.binary(max_size=255), min_size=1, max_size=3).map(
    lambda strings: b"".join(bytes([len(string)]) + string for string in strings)
)
RDATA = {
    RRType.A: st.binary(min_size=4, max_size=4),
    RRType.AAAA: st.binary(min_size=16, max_size=16),
    RRType.NS: KIN,
    RRType.CNAME: KIN,
    RRType.PTR: KIN,
    RRType.MX: st.builds(mx_record, _U16, KIN),
    RRType.SRV: st.builds(srv_record, _U16, _U16, _U16, KIN),
    RRType.SOA: st.builds(
        soa_record, KIN, KIN, serial=_U32, refresh=_U32, retry=_U32, expire=_U32, minimum=_U32
    ),
    RRType.TXT: _STRINGS,
    1000: st.binary(max_size=40),
}


@st.composite
def rrsets(draw: st.DrawFn) -> RRset:
    """One RRset of a type we write, or of a type that nobody knows."""
    rrtype = draw(st.sampled_from(sorted(RDATA)))
    records = draw(st.lists(RDATA[rrtype], min_size=1, max_size=4))
    return RRset(draw(KIN), rrtype, draw(st.integers(0, 0x7FFFFFFF)), tuple(records))


SECTIONS = st.tuples(*[st.lists(rrsets(), max_size=4).map(tuple)] * 3)
"""Answer, authority and additional section."""

OPTIONS = st.lists(
    st.builds(option, st.sampled_from([3, 8, 10, 11, 12, 15, 65001]), st.binary(max_size=40)),
    max_size=4,
).map(b"".join)


def lines_of(sections: tuple[tuple[RRset, ...], ...]) -> list[list[Line]]:
    """Return what a message with these sections must say, record by record."""
    return [
        [
            (
                name_of(rrset.owner),
                rrset.rrtype,
                rrset.rrclass,
                rrset.ttl,
                dns.rdata.from_wire(
                    RdataClass(rrset.rrclass),
                    RdataType(rrset.rrtype),
                    rdata,
                    0,
                    len(rdata),
                ),
            )
            for rrset in section
            for rdata in rrset.records
        ]
        for section in sections
    ]


def lines_in(message: bytes) -> list[list[Line]]:
    """Return what dnspython reads in a message; it refuses trailing octets and bad pointers."""
    parsed = dns.message.from_wire(message, one_rr_per_rrset=True)
    return [
        [
            (rrset.name, int(rrset.rdtype), int(rrset.rdclass), rrset.ttl, rrset[0])
            for rrset in section
        ]
        for section in (parsed.answer, parsed.authority, parsed.additional)
    ]


def name_of(name: OwnerName) -> dns.name.Name:
    """Return dnspython's form of a name."""
    return dns.name.from_wire(name, 0)[0]


def opt_record(rdata: bytes, *, size: int = 4096, ttl: int = 0, length: int | None = None) -> bytes:
    """Return an OPT that a client sends; `length` is RDLEN if it is to lie."""
    rdlength = len(rdata) if length is None else length
    return b"\0\0\x29" + size.to_bytes(2) + ttl.to_bytes(4) + rdlength.to_bytes(2) + rdata


def outcome(packet: bytes) -> Query | MalformedQueryError:
    """Return what became of a packet, the error as a value too."""
    try:
        return read_query(packet)
    except MalformedQueryError as error:
        return error
