import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import example, given
from hypothesis import strategies as st

from svcdns.wire.codes import RCode
from svcdns.wire.edns import Edns, option
from svcdns.wire.name import OwnerName, from_text
from svcdns.wire.question import Query, Question, read_query
from tests.support.messages import NAMES, OPTIONS, name_of, opt_record, outcome

A_IN = b"\x00\x01\x00\x01"
QUESTION = from_text("WWW.example.") + A_IN
HEADER = bytes.fromhex("1234 0100 0001 0000 0000 0000")
WITH_OPT = HEADER[:11] + b"\x01"
ADDRESS = b"\xc0\x0c" + A_IN + b"\0\0\0\x05\0\x04\x0a\0\0\x01"


@st.composite
def near_queries(draw: st.DrawFn) -> bytes:
    """Queries with a few octets changed: what random octets hardly ever look like."""
    records = draw(
        st.lists(
            st.one_of(
                st.just(ADDRESS),
                st.builds(opt_record, OPTIONS, ttl=st.sampled_from([0, 0x8000, 0x10000])),
            ),
            max_size=3,
        )
    )
    header = HEADER[:10] + len(records).to_bytes(2)
    packet = bytearray(header + draw(NAMES) + A_IN + b"".join(records))
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        packet[draw(st.integers(0, len(packet) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 3)) == 0:
        del packet[draw(st.integers(0, len(packet))) :]
    return bytes(packet)


@given(st.one_of(st.binary(max_size=600), st.binary().map(HEADER.__add__), near_queries()))
@example(HEADER + b"\0" + A_IN)
def test_any_octets_give_a_query_or_say_what_to_send(packet: bytes) -> None:
    found = outcome(packet)

    if isinstance(found, Query):
        question = found.question
        assert packet[12:].startswith(question.octets)
        assert question.octets[:-4].lower() == question.owner
        assert len(question.owner) <= 255
        assert question.octets[-4:] == question.rrtype.to_bytes(2) + question.rrclass.to_bytes(2)
        assert found.size == len(packet)
    elif found.reply is None:
        assert found.rcode is None
        assert len(packet) < 12 or packet[2] & 0x80
    else:
        reply = dns.message.from_wire(found.reply)
        assert reply.id == int.from_bytes(packet[:2])
        assert reply.rcode().value == found.rcode
        assert reply.opcode() == (packet[2] >> 3) & 15
        assert reply.flags & ~0x800F == int.from_bytes(packet[2:4]) & reply.flags & 0x7910
        assert len(found.reply) <= len(packet) + 11


@given(near_queries())
def test_a_query_says_what_dnspython_reads(packet: bytes) -> None:
    found = outcome(packet)
    if not isinstance(found, Query):
        return

    try:
        parsed = dns.message.from_wire(packet, ignore_trailing=True, question_only=not found.edns)
    except dns.exception.DNSException:
        # Lenient where CoreDNS is, and never looks into other records or known options.
        return
    [asked] = parsed.question
    assert (parsed.id, parsed.flags) == (found.id, found.flags)
    assert asked.name == name_of(found.question.owner)
    assert (asked.rdtype, asked.rdclass) == (found.question.rrtype, found.question.rrclass)
    if found.edns is not None:
        assert (parsed.edns, parsed.payload) == (found.edns.version, found.edns.size)
        assert bool(parsed.ednsflags & dns.flags.DO) == found.edns.dnssec_ok
        assert any(given.otype == 3 for given in parsed.options) == found.edns.nsid


# Where we are stricter: RFC 9619, CoreDNS's limits of a query, no pointer where none can be right.
STRICTER = {
    "not exactly one question",
    "more records than a query has",
    "a pointer or a label over 63 octets in the question",
    "a second OPT, or an OPT whose owner is not the root",
}


@given(near_queries())
def test_a_query_that_is_refused_dnspython_refuses_too(packet: bytes) -> None:
    found = outcome(packet)
    if isinstance(found, Query) or found.rcode is not RCode.FORMERR:
        return

    if found.reason not in STRICTER:
        with pytest.raises(dns.exception.DNSException):
            dns.message.from_wire(packet)


@given(
    NAMES,
    st.integers(0, 0xFFFF),
    st.sampled_from([1, 3, 255, 4660]),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),
)
def test_every_query_of_dnspython_is_read(
    name: OwnerName,
    rrtype: int,
    rrclass: int,
    dnssec_ok: bool,  # noqa: FBT001 - drawn by position
    size: int | None,
) -> None:
    made = dns.message.QueryMessage(id=7)
    made.flags = dns.flags.Flag(0x0130)
    made.find_rrset(
        made.question,
        name_of(name),
        RdataClass(rrclass),
        RdataType(rrtype),
        create=True,
        force_unique=True,
    )
    if size is not None:
        made.use_edns(0, 0x8000 if dnssec_ok else 0, size)

    query = read_query(made.to_wire())

    assert (query.id, query.flags) == (7, 0x0130)
    assert query.question == Question.of(name, rrtype, rrclass)
    assert query.edns == (None if size is None else Edns(size, 0, dnssec_ok))


def lines_run(call: Callable[[bytes], object], packet: bytes) -> int:
    """Return how many lines of Python `call(packet)` runs: time that is the same everywhere."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call(packet)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(HEADER + b"\x01a" * 32000, id="labels of one octet"),
        pytest.param(HEADER + b"\0" * 65000, id="zeros"),
        pytest.param(HEADER[:4] + b"\0\1\0\1\0\1\0\2" + QUESTION + b"\x01a" * 32000, id="owner"),
        pytest.param(
            HEADER[:4] + b"\0\1\0\1\0\1\0\2" + QUESTION + b"\xc0\x0c" * 32000, id="pointers"
        ),
        pytest.param(HEADER[:4] + b"\xff" * 65000, id="lying counts"),
    ],
)
def test_the_work_for_a_packet_does_not_grow_with_it(packet: bytes) -> None:
    assert lines_run(outcome, packet) < 2000


def test_the_work_for_options_is_linear() -> None:
    def packet(options: int) -> bytes:
        return WITH_OPT + QUESTION + opt_record(option(65001, b"") * options)

    thousand, sixteen = lines_run(outcome, packet(1000)), lines_run(outcome, packet(16000))

    assert sixteen < thousand * 17
