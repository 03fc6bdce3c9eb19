"""A question in octets, and what is a reply to it."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.asked import Asked, knows_no_edns
from svcdns.wire.codes import CD, RD, RCode, RRType
from svcdns.wire.edns import BARE_OPT, Edns, opt
from svcdns.wire.name import from_text
from svcdns.wire.question import Question, read_query
from tests.support.upstreams import query, record, reply_to

ASKED = Asked.of(Question.of(from_text("a.example."), RRType.A))
SENT = ASKED.message(b"\x12\x34")


def test_a_question_is_sent_in_lower_case_with_an_opt_of_ours() -> None:
    asked = Asked.by(query("A.Example.", flags=RD | CD | 0x0400))

    sent = read_query(asked.message(b"\x12\x34"))

    assert sent.id == 0x1234
    assert sent.flags == RD | CD
    assert sent.question.octets.startswith(from_text("a.example."))
    assert sent.edns == Edns(1232, 0, dnssec_ok=False)


def test_without_opt_there_is_none() -> None:
    assert read_query(ASKED.message(b"\0\0", with_opt=False)).edns is None


def test_a_question_of_our_own_may_desire_no_recursion() -> None:
    asked = Asked.of(Question.of(from_text("."), RRType.NS), recursion_desired=False)

    assert read_query(asked.message(b"\0\0")).flags == 0


@given(st.binary(min_size=32, max_size=32))
def test_random_case_changes_letters_and_nothing_else(entropy: bytes) -> None:
    asked = Asked.of(Question.of(from_text(r"a-1.\255xample.z9."), RRType.HTTPS))

    spelled = asked.in_random_case(entropy)

    assert spelled.octets[:-4].lower() == asked.octets[:-4]
    assert spelled.octets[-4:] == asked.octets[-4:]
    assert spelled.owner == asked.owner


def test_random_case_uses_both_cases() -> None:
    octets = ASKED.in_random_case(b"\xff" * 32).octets

    assert octets.startswith(b"\x01A\x07EXAMPLE\0")


def test_a_reply_has_the_question_octet_for_octet() -> None:
    spelled = ASKED.in_random_case(b"\xff" * 32)
    sent = spelled.message(b"\x12\x34")

    assert spelled.accept(reply_to(sent, record(b"1234")), sent) is not None
    assert spelled.accept(reply_to(SENT, record(b"1234")), sent) is None


def test_an_error_without_a_question_is_a_reply() -> None:
    error = SENT[:2] + b"\x81\x81" + bytes(8)

    reply = ASKED.accept(error, SENT)

    assert reply is not None
    assert reply.rcode == RCode.FORMERR


def test_an_answer_without_a_question_is_none() -> None:
    assert ASKED.accept(SENT[:2] + b"\x81\x80" + bytes(8), SENT) is None
    assert ASKED.accept(SENT[:2] + b"\x81\x83" + bytes(8), SENT) is None


@given(st.binary(max_size=64), st.sampled_from([b"", reply_to(SENT)[:6], reply_to(SENT)]))
def test_any_octets_are_a_reply_or_none(octets: bytes, head: bytes) -> None:
    reply = ASKED.accept(head + octets, SENT)

    assert reply is None or reply.rcode < 4096


def test_who_sends_formerr_without_opt_knows_no_edns() -> None:
    with_opt = reply_to(SENT, BARE_OPT, rcode=1, counts=(0, 0, 1))
    bad_version = reply_to(SENT, opt(False, rcode=16), counts=(0, 0, 1))

    said = [
        ASKED.accept(octets, SENT) for octets in (reply_to(SENT, rcode=1), with_opt, bad_version)
    ]

    assert [reply is not None and knows_no_edns(reply) for reply in said] == [True, False, False]
