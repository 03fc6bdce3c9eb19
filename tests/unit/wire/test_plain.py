"""The reply that needs no reading, told apart from all others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.wire.codes import AA, AD, RA, RD, TC, RRType
from svcdns.wire.edns import BARE_OPT, extended_error, opt
from svcdns.wire.name import from_text
from svcdns.wire.plain import PlainHeads, addresses_end
from svcdns.wire.question import Question
from svcdns.wire.records import MalformedMessageError
from svcdns.wire.reply import read_reply
from tests.support.stubs import packet
from tests.support.upstreams import record, reply_to

ASKED = Question.of(from_text("a.example."), RRType.A)
QUERY = packet(ASKED)
START = len(QUERY)
TWO = (record(b"1234"), record(b"5678"))
EXPLAINED = opt(False, extended_error(3, "old"))


def heads(*, wants_ad: bool = False, with_opt: bool = False) -> PlainHeads:
    return PlainHeads(recursion_desired=True, wants_ad=wants_ad, with_opt=with_opt)


def end_of(message: bytes) -> int:
    head = heads()[message[2:12]]
    return 0 if head is None else addresses_end(message, START, ASKED.octets, head)


@pytest.mark.parametrize("wants_ad", [False, True])
def test_a_header_is_said_again_as_far_as_it_is_for_the_client(*, wants_ad: bool) -> None:
    reply = reply_to(QUERY, *TWO, BARE_OPT, flags=AA | AD, counts=(2, 0, 1))

    head = heads(wants_ad=wants_ad, with_opt=True)[reply[2:12]]

    assert head is not None
    assert (head.answers, head.has_opt, head.is_authentic) == (2, True, True)
    bits = 0x8000 | RD | RA | AA | (AD if wants_ad else 0)
    assert head.header == bits.to_bytes(2) + b"\0\1\0\2\0\0\0\1"


@pytest.mark.parametrize(
    "reply",
    [
        reply_to(QUERY, *TWO, flags=TC),
        reply_to(QUERY, *TWO, rcode=3),
        reply_to(QUERY),
        reply_to(QUERY, *TWO, counts=(1, 1, 0)),
        reply_to(QUERY, *TWO, counts=(2, 0, 2)),
        QUERY,
    ],
)
def test_other_headers_are_not_plain(reply: bytes) -> None:
    found = heads()

    assert found[reply[2:12]] is None
    assert not found


@pytest.mark.parametrize("tail", [b"", BARE_OPT])
def test_addresses_end_before_the_opt(tail: bytes) -> None:
    reply = reply_to(QUERY, *TWO, *[tail] * bool(tail), counts=(2, 0, int(bool(tail))))

    assert end_of(reply) == START + 32


@pytest.mark.parametrize(
    "reply",
    [
        reply_to(QUERY, *TWO)[:-1],
        reply_to(QUERY, *TWO) + b"\0",
        reply_to(QUERY, TWO[0], record(b"5678", ttl=31)),
        reply_to(QUERY, record(bytes(16), RRType.AAAA)),
        reply_to(QUERY, TWO[0], TWO[1], counts=(1, 0, 1)),
        reply_to(QUERY, TWO[0], EXPLAINED, counts=(1, 0, 1)),
        reply_to(QUERY, TWO[0], opt(False, rcode=16), counts=(1, 0, 1)),
    ],
)
def test_what_is_not_only_addresses_of_the_name_has_no_end(reply: bytes) -> None:
    assert end_of(reply) == 0


@given(st.binary(max_size=60) | st.just(BARE_OPT), st.integers(0, 3), st.integers(0, 1))
def test_whatever_is_plain_is_read_as_the_same_reply(
    tail: bytes, answers: int, additional: int
) -> None:
    octets = b"".join(TWO[:answers]) + tail
    message = reply_to(QUERY, octets, counts=(answers, 0, additional))
    end = end_of(message)
    try:
        reply = read_reply(message, ASKED.owner, ASKED.rrtype)
    except MalformedMessageError:
        assert not end
        return

    if end:
        assert reply.body == ((answers, 0, 0), message[START:end])
        assert (reply.rcode, reply.has_opt, reply.explained) == (0, bool(additional), None)
