"""Bodies as RRsets, as dnspython reads the same octets."""

from struct import pack

import dns.exception
import dns.message
import dns.name
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from svcdns.wire.body import rrsets_of
from svcdns.wire.codes import RRType
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.response import Body, compose
from svcdns.wire.rrset import RRset, mx_record, soa_record
from tests.support.messages import KIN, SECTIONS, lines_in, lines_of

Sections = tuple[tuple[RRset, ...], ...]

WWW = from_text("www.example.")
TO_QUESTION = b"\xc0\x0c"
TO_EXAMPLE = b"\xc0\x10"
EXAMPLE = from_text("example.")


def message_of(owner: OwnerName, body: Body) -> bytes:
    return pack("!HHHHHH", 1, 0x8400, 1, *body.counts) + owner + b"\0\1\0\1" + body.octets


def record(rrtype: int, rdata: bytes, *, owner: bytes = TO_QUESTION, ttl: int = 60) -> bytes:
    return owner + pack("!HHIH", rrtype, 1, ttl, len(rdata)) + rdata


def merged(section: tuple[RRset, ...]) -> list[tuple[bytes, int, int, tuple[bytes, ...]]]:
    """Return the RRsets, those side by side that are equal but for their records as one."""
    found: list[tuple[bytes, int, int, tuple[bytes, ...]]] = []
    for rrset in section:
        head = (rrset.owner, rrset.rrtype, rrset.ttl)
        if found and found[-1][:3] == head:
            found[-1] = (*head, (*found[-1][3], *rrset.records))
        else:
            found.append((*head, rrset.records))
    return found


@given(KIN, SECTIONS)
def test_what_was_composed_comes_back_equal(owner: OwnerName, sections: Sections) -> None:
    body = compose(owner, *sections)

    found = rrsets_of(owner, body)

    # A pointer brings the letter case of the name it points to.
    assert lines_of(found) == lines_of(sections)
    assert [len(merged(section)) for section in found] == [len(section) for section in found]


@given(KIN, SECTIONS)
def test_dnspython_reads_the_same(owner: OwnerName, sections: Sections) -> None:
    body = compose(owner, *sections)

    assert lines_of(rrsets_of(owner, body)) == lines_in(message_of(owner, body))


@given(KIN, SECTIONS)
def test_composed_again_it_says_the_same(owner: OwnerName, sections: Sections) -> None:
    once = rrsets_of(owner, compose(owner, *sections))

    again = rrsets_of(owner, compose(owner, *once))

    assert lines_of(again) == lines_of(once)


@pytest.mark.parametrize(
    ("rrtype", "compressed", "written_out"),
    [
        (RRType.NS, TO_EXAMPLE, EXAMPLE),
        (RRType.CNAME, b"\1a" + TO_EXAMPLE, from_text("a.example.")),
        (RRType.PTR, TO_QUESTION, WWW),
        (RRType.DNAME, TO_EXAMPLE, EXAMPLE),
        (RRType.MX, b"\0\x0a" + TO_QUESTION, mx_record(10, WWW)),
        (RRType.SRV, b"\0\1\0\2\0\3" + TO_QUESTION, b"\0\1\0\2\0\3" + WWW),
        (
            RRType.SOA,
            TO_QUESTION + TO_EXAMPLE + pack("!5I", 1, 2, 3, 4, 5),
            soa_record(WWW, EXAMPLE, serial=1, refresh=2, retry=3, expire=4, minimum=5),
        ),
        (RRType.TXT, TO_QUESTION, TO_QUESTION),
        (RRType.A, b"", b""),
    ],
)
def test_names_inside_rdata_are_written_out_where_they_may_be_compressed(
    rrtype: int, compressed: bytes, written_out: bytes
) -> None:
    answer, _, _ = rrsets_of(WWW, Body((1, 0, 0), record(rrtype, compressed)))

    assert answer == (RRset(WWW, rrtype, 60, (written_out,)),)


def test_only_the_opt_is_left_out_and_only_of_the_additional_section() -> None:
    address = record(RRType.A, bytes(4))
    body = Body((1, 0, 3), BARE_OPT + address + BARE_OPT + address)

    answer, authority, additional = rrsets_of(WWW, body)

    assert [rrset.rrtype for rrset in answer] == [RRType.OPT]
    assert authority == ()
    assert additional == (RRset(WWW, RRType.A, 60, (bytes(4), bytes(4))),)


def test_records_with_another_ttl_are_another_rrset() -> None:
    octets = record(RRType.A, bytes(4)) + record(RRType.A, bytes(4), ttl=61)

    answer, _, _ = rrsets_of(WWW, Body((2, 0, 0), octets))

    assert [rrset.ttl for rrset in answer] == [60, 61]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(record(RRType.MX, b"\0"), id="MX without name"),
        pytest.param(record(RRType.SOA, TO_QUESTION), id="SOA with one name"),
        pytest.param(record(RRType.NS, TO_QUESTION + b"\0"), id="more than a name"),
        pytest.param(record(RRType.NS, b"\3ww"), id="name longer than its RDATA"),
        pytest.param(record(RRType.NS, b"\xc0\x40"), id="pointer forwards"),
        pytest.param(record(RRType.NS, TO_QUESTION)[:-1], id="cut off"),
        pytest.param(b"", id="promised and not there"),
    ],
)
def test_rdata_that_cannot_be_read_is_malformed(octets: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        rrsets_of(WWW, Body((1, 0, 0), octets))


COUNTS = st.tuples(*[st.integers(0, 3)] * 3)


@given(st.binary(max_size=120), COUNTS)
def test_any_octets_are_rrsets_or_malformed(octets: bytes, counts: tuple[int, int, int]) -> None:
    try:
        sections = rrsets_of(WWW, Body(counts, octets))
    except MalformedMessageError:
        return
    for section, count in zip(sections, counts, strict=True):
        assert sum(len(rrset.records) for rrset in section) <= count


@given(KIN, SECTIONS, st.data())
def test_what_is_bent_is_malformed_or_read_as_dnspython_reads_it(
    owner: OwnerName, sections: Sections, data: st.DataObject
) -> None:
    body = compose(owner, *sections)
    assume(body.octets)
    at = data.draw(st.integers(0, len(body.octets) - 1))
    octet = data.draw(st.binary(min_size=1, max_size=1))
    bent = body._replace(octets=body.octets[:at] + octet + body.octets[at + 1 :])
    try:
        found = rrsets_of(owner, bent)
    except MalformedMessageError:
        return

    try:
        expected = lines_in(message_of(owner, bent))
    except (dns.exception.DNSException, ValueError):
        return  # it refuses what we pass on: RDATA of types without names is only octets
    if not any(rrset.rrtype == RRType.OPT for section in found for rrset in section):
        assert lines_of(found) == expected
