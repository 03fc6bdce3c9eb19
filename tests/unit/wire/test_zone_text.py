from contextlib import suppress

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.rrset import RRset
from svcdns.wire.zone_lexer import Word
from svcdns.wire.zone_text import head_of, owner_of, record_of

ORIGIN = from_text("example.org")


@pytest.mark.parametrize(
    ("line", "ttl", "rrclass"),
    [
        ("www A 192.0.2.1", 3600, 1),
        ("www 60 A 192.0.2.1", 60, 1),
        ("www IN A 192.0.2.1", 3600, 1),
        ("www 60 IN A 192.0.2.1", 60, 1),
        ("www IN 60 A 192.0.2.1", 60, 1),
        ("www in 1h30m a 192.0.2.1", 5400, 1),
        ("www 1W2d A 192.0.2.1", 777_600, 1),
        ("www 0 CH A 192.0.2.1", 0, 3),
        ("www CLASS4 A 192.0.2.1", 3600, 4),
        ("www.example.org. A 192.0.2.1 ; a comment", 3600, 1),
        ("www ( 60\n IN A\n 192.0.2.1 )", 60, 1),
    ],
)
def test_ttl_and_class_may_be_missing_and_in_either_order(
    line: str, ttl: int, rrclass: int
) -> None:
    record = record_of(line, ORIGIN)

    assert record == RRset(from_text("www.example.org"), 1, ttl, (b"\xc0\0\2\1",), rrclass)


def test_a_record_without_a_ttl_has_the_default() -> None:
    assert record_of("a. A 192.0.2.1", default_ttl=7).ttl == 7


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("@", "example.org"),
        ("www", "www.example.org"),
        ("www.", "www"),
        (r"a\.b", r"a\.b.example.org"),
        (r"www\.", r"www\..example.org"),
        (r"www\\.", r"www\\"),
        ("*", "*.example.org"),
        (".", "."),
        (r"\@", r"\@.example.org"),
        ("MiXed", "MiXed.example.org"),
    ],
)
def test_a_name_that_does_not_end_in_a_dot_is_below_the_origin(owner: str, name: str) -> None:
    assert record_of(f"{owner} A 192.0.2.1", ORIGIN).owner == from_text(name)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "there is no record"),
        ("; only a comment", "there is no record"),
        ("a A 192.0.2.1\nb A 192.0.2.2", "there is more than one record"),
        ("a (", "a parenthesis is opened here and never closed"),
        ("a", "type: it is missing"),
        ("a 60", "type: it is missing"),
        ("a 60 IN", "type: it is missing"),
        ("a 60 60 A 192.0.2.1", "type: '60' is not a record type"),
        ("a FOO x", "type: 'FOO' is not a record type"),
        ("a IXFR x", "type: no record can be of type 'IXFR'"),
        ("a TYPE0 x", "type: no record can be of type 'TYPE0'"),
        ("a 9999999999 A 192.0.2.1", "TTL: '9999999999' is over 2147483647 seconds"),
        ("a..b A 192.0.2.1", "owner: 'a..b' has an empty label"),
        ("a CLASS65536 A 192.0.2.1", "type: 'CLASS65536' is not a record type"),
        (f"{'a' * 64} A 192.0.2.1", "owner: the label"),
    ],
)
def test_what_is_no_record_is_refused_with_the_field(line: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        record_of(line, ORIGIN)

    assert str(caught.value).startswith(problem)


@given(st.text(max_size=120))
def test_any_text_is_a_record_or_a_sentence(text: str) -> None:
    with suppress(ValueError):
        assert len(record_of(text).records) == 1


names = st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=4).map(
    lambda labels: b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
)
u16 = st.integers(0, 0xFFFF).map(lambda number: number.to_bytes(2))
u8 = st.integers(0, 0xFF).map(lambda number: number.to_bytes(1))
u32 = st.integers(0, 0xFFFFFFFF).map(lambda number: number.to_bytes(4))
times = st.integers(0, 0x7FFFFFFF).map(lambda number: number.to_bytes(4))
string = st.binary(max_size=255).map(lambda octets: bytes([len(octets)]) + octets)
strings = st.lists(string, min_size=1, max_size=4).map(b"".join)


def joined(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(*parts).map(b"".join)


RDATA = {
    RRType.A: st.binary(min_size=4, max_size=4),
    RRType.AAAA: st.binary(min_size=16, max_size=16),
    RRType.NS: names,
    RRType.CNAME: names,
    RRType.PTR: names,
    RRType.DNAME: names,
    RRType.MX: joined(u16, names),
    RRType.SRV: joined(u16, u16, u16, names),
    RRType.SOA: joined(names, names, u32, times, times, times, times),
    RRType.TXT: strings,
    RRType.HINFO: joined(string, string),
    RRType.RP: joined(names, names),
    RRType.AFSDB: joined(u16, names),
    RRType.NAPTR: joined(u16, u16, string, string, string, names),
    RRType.CAA: joined(u8, st.just(b"\x05issue"), st.binary(max_size=40)),
    RRType.URI: joined(u16, u16, st.binary(min_size=1, max_size=40)),
    RRType.DS: joined(u16, u8, st.just(b"\x02"), st.binary(min_size=32, max_size=32)),
    RRType.DNSKEY: joined(
        u16, st.just(b"\3"), st.just(b"\x0d"), st.binary(min_size=8, max_size=64)
    ),
    RRType.SSHFP: joined(u8, st.just(b"\x02"), st.binary(min_size=32, max_size=32)),
    RRType.TLSA: joined(u8, u8, st.just(b"\x01"), st.binary(min_size=32, max_size=32)),
    RRType.OPENPGPKEY: st.binary(min_size=1, max_size=40),
    4711: st.binary(max_size=40),
}


@given(st.data())
def test_the_text_that_dnspython_writes_is_read_as_the_same_octets(data: st.DataObject) -> None:
    rrtype = data.draw(st.sampled_from(sorted(RDATA)))
    rdata = data.draw(RDATA[rrtype])
    oracle = dns.rdata.from_wire(
        dns.rdataclass.IN, dns.rdatatype.RdataType.make(rrtype), rdata, 0, len(rdata)
    )

    line = f"a 60 IN {dns.rdatatype.to_text(oracle.rdtype)} {oracle.to_text()}"

    assert record_of(line) == RRset(from_text("a"), rrtype, 60, (rdata,))


def test_owner_and_head_are_read_apart_too() -> None:
    assert owner_of(Word("@"), ORIGIN) == ORIGIN
    assert head_of((Word("IN"), Word("A"), Word("x"))) == (None, 1, 1, (Word("x"),))
