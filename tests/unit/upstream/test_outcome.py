"""What a question to upstreams comes to."""

import pytest

from svcdns.answers.foreign import ForeignAnswer
from svcdns.upstream.asked import Asked
from svcdns.upstream.outcome import failed, foreign, no_transfer, refused, too_many
from svcdns.wire.codes import AA, AD, RA, TC, RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from svcdns.wire.reply import Reply
from svcdns.wire.response import EMPTY
from tests.support.upstreams import why

ASKED = Asked.of(Question.of(from_text("a.example."), RRType.A))


def of(flags: int, asked: Asked = ASKED) -> ForeignAnswer:
    return foreign(asked, "192.0.2.1:53", Reply(flags, flags & 15, EMPTY))


@pytest.mark.parametrize("flag", [AA, RA, TC])
def test_the_flags_of_a_reply_are_those_of_the_answer(flag: int) -> None:
    said = of(flag)

    assert (said.authoritative, said.recursion_available, said.is_truncated) == (
        flag == AA,
        flag == RA,
        flag == TC,
    )


@pytest.mark.parametrize(
    ("asked", "is_authentic"),
    [(ASKED, False), (ASKED._replace(flags=AD), True), (ASKED._replace(dnssec_ok=True), True)],
)
def test_an_answer_is_authentic_only_for_who_asked_whether_it_is(
    asked: Asked, *, is_authentic: bool
) -> None:
    assert of(AD, asked).authentic is is_authentic
    assert not of(0, asked).authentic


def test_only_a_failure_or_an_explanation_has_a_reason() -> None:
    explained = Reply(0, 0, EMPTY, explained=(InfoCode.BLOCKED, "by us"))

    assert of(RCode.NXDOMAIN).reason is None
    assert why(of(RCode.SERVFAIL)) == "192.0.2.1:53 answered SERVFAIL"
    assert why(foreign(ASKED, "192.0.2.1:53", explained)) == "by us"


def test_a_failure_tells_why_each_upstream_failed() -> None:
    outcome = failed(("one", "other"), InfoCode.NETWORK_ERROR)

    assert outcome.rcode == RCode.SERVFAIL
    assert why(outcome) == "one; other"


def test_a_refusal_says_why() -> None:
    assert refused(no_transfer).rcode == RCode.REFUSED
    assert why(refused(too_many, 7)) == "concurrent queries exceeded maximum 7"
