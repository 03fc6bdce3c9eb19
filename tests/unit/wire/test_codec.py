import subprocess
import sys
from itertools import chain

import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codec import Message, TextQuestion, TextRecord, decode, encode_query
from svcdns.wire.codes import RCode, RRType, type_text
from svcdns.wire.edns import BARE_OPT, Edns, InfoCode, extended_error, opt, option
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.question import Query, Question, read_query
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.response import EMPTY, assemble, compose
from svcdns.wire.rrset import RRset, addresses
from tests.support.messages import KIN, NAMES, SECTIONS, lines_of, name_of

WEB = from_text("Web.shop.svc.cluster.local.")
BY_DNSLIB = (
    ("HTTPS", '1 . alpn="h2,h3" port="443" ipv4hint="10.0.0.1" ipv6hint="2001:db8::1"'),
    ("SVCB", '1 x.example. mandatory="alpn" alpn="h2" key65000="abc"'),
    ("CAA", '0 issue "ca.example"'),
    ("NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:x@y!" .'),
    ("DS", "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118"),
    ("DNSKEY", "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3"),
    ("RRSIG", "A 5 3 86400 20300322173103 20300220173103 2642 example. oJB1W6WNGv+ldvQ3"),
    ("NSEC", "host.example. A MX RRSIG NSEC TYPE1234"),
    ("TLSA", f"3 1 1 {'ab' * 32}"),
    ("SSHFP", f"2 1 {'ab' * 20}"),
    ("LOC", "42 21 54.000 N 71 6 18.000 W -24.00m 30.00m"),
    ("RP", "a.example. b.example."),
)


def message_of(*rrsets: RRset, record: bytes = b"") -> bytes:
    query = Query(0x1234, 0x0100, Question.of(WEB, 1), None, 40)
    body = compose(WEB, rrsets)
    return assemble(query, 0, body, authoritative=True, opt=record, limit=0xFFFF)


def foreign(rrtype: int, rdata: bytes) -> bytes:
    """Return a message whose one answer may be broken, as only others write it."""
    header = bytes.fromhex("1234 8180 0001 0001 0000 0000")
    fixed = rrtype.to_bytes(2) + bytes.fromhex("0001 00000005") + len(rdata).to_bytes(2)
    return header + WEB + bytes.fromhex("0001 0001 c00c") + fixed + rdata


def texts_of(*rrsets: RRset) -> list[str]:
    return [record.rdata for record in decode(message_of(*rrsets)).answer]


@given(
    NAMES,
    st.integers(0, 0xFFFF),
    st.booleans(),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),
)
def test_an_encoded_query_is_a_query(
    name: OwnerName,
    rrtype: int,
    dnssec_ok: bool,  # noqa: FBT001 - drawn by position
    recursion_desired: bool,  # noqa: FBT001 - drawn by position
    size: int | None,
) -> None:
    packet = encode_query(
        name,
        rrtype,
        id=77,
        dnssec_ok=dnssec_ok,
        edns_size=size,
        recursion_desired=recursion_desired,
    )

    query = read_query(packet)
    assert (query.id, query.flags) == (77, 0x0100 if recursion_desired else 0)
    assert query.question == Question.of(name, rrtype)
    assert query.edns == (None if size is None else Edns(size, 0, dnssec_ok))
    parsed = dns.message.from_wire(packet)
    assert parsed.question[0].name == name_of(name)


def test_a_query_may_be_of_another_class() -> None:
    packet = encode_query(from_text("version.bind"), RRType.TXT, id=1, edns_size=None, rrclass=3)

    assert packet == bytes.fromhex("0001 0100 0001 0000 0000 0000") + from_text(
        "version.bind"
    ) + bytes.fromhex("0010 0003")


def test_a_message_is_decoded() -> None:
    error = extended_error(InfoCode.NOT_READY, "no API server yet - wait")
    record = opt(True, option(3, b"pod-1") + error)

    message = decode(message_of(addresses(WEB, 5, [b"\x0a\0\0\x01"]), record=record))

    assert message == Message(
        id=0x1234,
        flags=0x8500,
        rcode=0,
        question=(TextQuestion("Web.shop.svc.cluster.local.", 1, 1),),
        answer=(TextRecord("Web.shop.svc.cluster.local.", 5, 1, 1, "10.0.0.1"),),
        authority=(),
        additional=(),
        edns=Edns(1232, 0, dnssec_ok=True, nsid=True),
        options=((3, b"pod-1"), (15, b"\0\x0eno API server yet - wait")),
        extended_errors=((14, "no API server yet - wait"),),
    )


def test_the_rcode_has_the_bits_of_opt() -> None:
    query = Query(1, 0, Question.of(WEB, 1), None, 40)
    record = opt(dnssec_ok=False, rcode=RCode.BADCOOKIE)

    reply = assemble(query, RCode.BADCOOKIE, EMPTY, authoritative=False, opt=record, limit=512)

    assert decode(reply).rcode == RCode.BADCOOKIE


def test_a_header_alone_is_a_message() -> None:
    message = decode(bytes.fromhex("1234 a904 0000 0000 0000 0000"))

    assert message == Message(0x1234, 0xA904, RCode.NOTIMP, (), (), (), ())


@given(KIN, SECTIONS)
def test_the_text_of_rdata_means_the_rdata(
    owner: OwnerName, sections: tuple[tuple[RRset, ...], ...]
) -> None:
    query = Query(1, 0, Question.of(owner, 255), None, 40)
    body = compose(owner, *sections)

    message = decode(assemble(query, 0, body, authoritative=True, limit=0xFFFF))

    found = chain(message.answer, message.authority, message.additional)
    for record, (_, rrtype, rrclass, ttl, rdata) in zip(
        found, chain.from_iterable(lines_of(sections)), strict=True
    ):
        assert (record.rrtype, record.rrclass, record.ttl) == (rrtype, rrclass, ttl)
        assert dns.rdata.from_text(RdataClass(rrclass), RdataType(rrtype), record.rdata) == rdata
        assert record.rdata.isascii()
        assert record.rdata.isprintable()


@pytest.mark.parametrize(("rrtype", "text"), BY_DNSLIB, ids=[rrtype for rrtype, _ in BY_DNSLIB])
def test_a_rarer_type_is_written_by_dnslib(rrtype: str, text: str) -> None:
    number = dns.rdatatype.from_text(rrtype)
    rdata = dns.rdata.from_text(RdataClass.IN, number, text)

    [found] = texts_of(RRset(WEB, number, 5, (rdata.to_wire() or b"",)))

    assert dns.rdata.from_text(RdataClass.IN, number, found) == rdata
    assert "\\#" not in found


@pytest.mark.parametrize(
    ("rrtype", "rdata", "text"),
    [
        pytest.param(1000, b"\xab\xcd", "\\# 2 ABCD", id="an unknown type"),
        pytest.param(1000, b"", "\\# 0", id="empty RDATA"),
        pytest.param(RRType.A, b"\x0a\0\0", "\\# 3 0A0000", id="A of three octets"),
        pytest.param(RRType.AAAA, b"\x0a\0\0\1", "\\# 4 0A000001", id="AAAA of four octets"),
        pytest.param(RRType.SRV, b"\0\1", "\\# 2 0001", id="SRV too short"),
        pytest.param(RRType.SRV, bytes(6) + b"\0\0", "\\# 8 0000000000000000", id="SRV too long"),
        pytest.param(RRType.DNAME, b"\3web", "\\# 4 03776562", id="a name that never ends"),
        pytest.param(RRType.DNAME, b"\xc0\xff", "\\# 2 C0FF", id="a pointer forwards"),
        pytest.param(RRType.TXT, b"\5abc", "\\# 4 05616263", id="a string beyond RDATA"),
        pytest.param(RRType.CAA, b"\0\1a\xff", "\\# 4 000161FF", id="what dnslib cannot decode"),
        pytest.param(RRType.CAA, b"\0\1a\x1b[2J", "\\# 7 0001611B5B324A", id="a control character"),
        pytest.param(RRType.NAPTR, bytes(9), f"\\# 9 {'00' * 9}", id="what dnslib does not finish"),
        pytest.param(RRType.URI, b"\0", "\\# 1 00", id="a type dnslib does not know"),
    ],
)
def test_rdata_that_cannot_be_read_is_shown_as_octets(rrtype: int, rdata: bytes, text: str) -> None:
    assert decode(foreign(rrtype, rdata)).answer[0].rdata == text


def test_strings_and_names_are_escaped() -> None:
    strange = OwnerName(b"\x05a.b\x00\xff\x00")

    assert texts_of(RRset(WEB, RRType.CNAME, 5, (strange,))) == ["a\\.b\\000\\255."]
    assert texts_of(RRset(WEB, RRType.TXT, 5, (b'\x05"\\\n\xff ',))) == ['"\\"\\\\\\010\\255 "']


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(message_of(addresses(WEB, 5, [bytes(4)]))[:-1], id="cut off"),
        pytest.param(message_of(record=BARE_OPT[:9] + b"\0\1x"), id="half an option"),
    ],
)
def test_a_message_that_cannot_be_read_is_an_error(message: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        decode(message)


@given(
    st.sampled_from([*RRType, RRType.HTTPS, RRType.NSEC, RRType.LOC]),
    st.binary(max_size=60),
)
def test_hostile_rdata_never_stops_the_decoder(rrtype: RRType, rdata: bytes) -> None:
    if rrtype is RRType.OPT:
        return

    [record] = decode(foreign(rrtype, rdata)).answer

    assert record.rrtype == rrtype
    assert record.rdata.isascii()
    assert record.rdata.isprintable() or not record.rdata


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(message_of()[:6].__add__)))
def test_any_octets_are_a_message_or_an_error(octets: bytes) -> None:
    try:
        message = decode(octets)
    except MalformedMessageError:
        return

    assert message.id == int.from_bytes(octets[:2])


def test_dnslib_is_not_imported_for_what_a_cluster_answers() -> None:
    code = (
        "import sys; from svcdns.wire.codec import decode; "
        f"decode({message_of(addresses(WEB, 5, [bytes(4)]))!r}); "
        "sys.exit('dnslib' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_type_that_dnslib_writes_is_known_by_name() -> None:
    assert [rrtype for rrtype, _ in BY_DNSLIB if type_text(RRType[rrtype]) != rrtype] == []
