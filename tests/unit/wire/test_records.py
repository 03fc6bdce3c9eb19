import contextlib

import dns.exception
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.name import OwnerName, from_text, lower
from svcdns.wire.question import Query, Question
from svcdns.wire.records import (
    MalformedMessageError,
    Record,
    Section,
    name_at,
    question_end,
    records,
)
from svcdns.wire.response import assemble, compose
from svcdns.wire.rrset import RRset
from tests.support.messages import KIN, SECTIONS, lines_in, lines_of, name_of

WEB = from_text("web.shop.")
QUESTION = WEB + b"\0\1\0\1"
HEADER = bytes.fromhex("1234 8180 0001")
ADDRESS = b"\xc0\x0c\0\1\0\1\0\0\0\x05\0\x04\x0a\0\0\x01"

Sections = tuple[tuple[RRset, ...], ...]


def message_of(owner: OwnerName, sections: Sections) -> bytes:
    query = Query(0x1234, 0, Question.of(owner, 255), None, 40)
    return assemble(query, 0, compose(owner, *sections), authoritative=True, limit=0xFFFF)


@given(KIN, SECTIONS)
def test_the_walk_agrees_with_dnspython(owner: OwnerName, sections: Sections) -> None:
    message = message_of(owner, sections)

    walk = list(records(message))

    found: list[list[tuple[object, ...]]] = [[], [], []]
    for record in walk:
        name, fixed = name_at(message, record.start)
        assert record.ttl_offset == fixed + 4
        assert int.from_bytes(message[fixed + 4 : fixed + 8]) == record.ttl
        assert name == name_at(message, record.owner_offset)[0]
        found[record.section].append((name_of(name), record.rrtype, record.rrclass, record.ttl))
    assert found == [[line[:4] for line in lines] for lines in lines_in(message)]
    assert [record.start for record in walk] == [
        question_end(message),
        *(record.end for record in walk[:-1]),
    ][: len(walk)]
    assert (walk[-1].end if walk else question_end(message)) == len(message)


@given(KIN, SECTIONS)
def test_every_name_is_read_back(owner: OwnerName, sections: Sections) -> None:
    message = message_of(owner, sections)

    names = [name_at(message, record.start)[0] for record in records(message)]

    assert list(map(name_of, names)) == [line[0] for part in lines_of(sections) for line in part]


def test_a_record_says_where_everything_lies() -> None:
    message = HEADER + b"\0\1\0\0\0\0" + QUESTION + ADDRESS

    assert list(records(message)) == [
        Record(
            section=Section.ANSWER,
            owner_offset=12,
            rrtype=1,
            rrclass=1,
            ttl_offset=32,
            ttl=5,
            start=26,
            rdata_start=38,
            end=42,
        )
    ]


def test_an_owner_that_is_written_out_lies_where_the_record_starts() -> None:
    message = HEADER + b"\0\0\0\1\0\0" + QUESTION + b"\1x\xc0\x10" + ADDRESS[2:]

    [record] = records(message)

    assert record.section is Section.AUTHORITY
    assert record.owner_offset == record.start == 26
    assert name_at(message, record.start) == (from_text("x.shop"), 30)


def test_a_message_may_have_no_question_and_octets_behind_it() -> None:
    message = HEADER[:4] + b"\0\0\0\1\0\0\0\0" + b"\0" + ADDRESS[2:] + b"rest"

    [record] = records(message)

    assert (record.start, record.end) == (12, len(message) - 4)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEADER, id="half a header"),
        pytest.param(HEADER + bytes(6), id="question missing"),
        pytest.param(HEADER + bytes(6) + QUESTION[:-1], id="question cut off"),
        pytest.param(HEADER + b"\0\1\0\0\0\0" + QUESTION, id="record missing"),
        pytest.param(HEADER + b"\0\1\0\0\0\0" + QUESTION + ADDRESS[:11], id="no RDLENGTH"),
        pytest.param(HEADER + b"\0\1\0\0\0\0" + QUESTION + ADDRESS[:-1], id="RDATA cut off"),
        pytest.param(HEADER + b"\0\2\0\0\0\0" + QUESTION + ADDRESS, id="a record too few"),
        pytest.param(
            HEADER + b"\0\1\0\0\0\0" + QUESTION + b"\xc0\x1a" + ADDRESS[2:], id="pointer to itself"
        ),
        pytest.param(
            HEADER + b"\0\1\0\0\0\0" + QUESTION + b"\xc0\x1b" + ADDRESS[2:], id="pointer forwards"
        ),
        pytest.param(
            HEADER + b"\0\1\0\0\0\0" + QUESTION + b"\xc0\x0b" + ADDRESS[2:], id="pointer to header"
        ),
        pytest.param(
            HEADER + b"\0\1\0\0\0\0" + QUESTION + b"\1a\xc0\x1a" + ADDRESS[2:], id="pointer loop"
        ),
        pytest.param(HEADER + b"\0\1\0\0\0\0" + QUESTION + b"\xc0", id="half a pointer"),
        pytest.param(
            HEADER + b"\0\1\0\0\0\0" + QUESTION + b"\x40\0" + ADDRESS[2:], id="label type 01"
        ),
        pytest.param(HEADER + bytes(6) + b"\1a" * 127 + QUESTION, id="name over 255 octets"),
    ],
)
def test_what_cannot_be_walked_is_an_error(message: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        list(records(message))


def test_a_name_of_255_octets_is_a_name() -> None:
    longest = from_text(".".join(["a"] * 127))

    message = HEADER + bytes(6) + longest + QUESTION[-4:]

    assert len(longest) == 255
    assert question_end(message) == len(message)
    assert name_at(message, 12) == (longest, 12 + 255)


@pytest.mark.parametrize(
    ("octets", "start"),
    [
        pytest.param(b"\xc0\x0c", 12, id="itself"),
        pytest.param(b"\1a\xc0\x0c", 12, id="its own first label"),
        pytest.param(b"\xc0\x0e\xc0\x0c", 14, id="a pointer that points back"),
        pytest.param(b"\xc0\x00", 12, id="the header"),
        pytest.param(b"\1a" * 127 + b"\1a\0", 12, id="257 octets"),
        pytest.param(
            b"\x3f" * 64 * 2 + b"\0" + b"\x3f" * 64 * 2 + b"\xc0\x0c", 141, id="by pointer"
        ),
        pytest.param(b"\3web", 12, id="cut off"),
        pytest.param(b"\x80\x0c", 12, id="label type 10"),
    ],
)
def test_a_name_that_is_none_is_an_error(octets: bytes, start: int) -> None:
    with pytest.raises(MalformedMessageError):
        name_at(bytes(12) + octets, start)


@pytest.mark.parametrize(("hops", "found"), [(126, True), (127, False)])
def test_a_chain_of_pointers_has_an_end(hops: int, found: bool) -> None:  # noqa: FBT001 - a column
    first = [0, *range(3, 3 + 2 * (hops - 1), 2)]
    chain = b"\1a\0" + b"".join((0xC000 | 12 + back).to_bytes(2) for back in first)
    message, last = bytes(12) + chain, 12 + len(chain) - 2

    if found:
        assert name_at(message, last) == (b"\1a\0", last + 2)
    else:
        with pytest.raises(MalformedMessageError):
            name_at(message, last)


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(HEADER.__add__)))
def test_any_octets_are_records_or_an_error(message: bytes) -> None:
    try:
        walk = list(records(message))
    except MalformedMessageError:
        return

    for record in walk:
        assert 12 <= record.start < record.ttl_offset < record.rdata_start <= record.end
        assert 12 <= record.owner_offset <= record.start
        assert record.end <= len(message)


@given(KIN, SECTIONS, st.data())
def test_what_dnspython_reads_can_be_walked(
    owner: OwnerName, sections: Sections, data: st.DataObject
) -> None:
    message = bytearray(message_of(lower(owner), sections))
    message[data.draw(st.integers(4, len(message) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(MalformedMessageError):
        list(records(bytes(message)))
        return
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(bytes(message))
