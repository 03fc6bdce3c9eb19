"""Every refusal says why, in a sentence that a person can act on."""

import pytest

from svcdns.answers.answer import Answer
from svcdns.route import refusals
from svcdns.wire.codes import RCode
from svcdns.wire.name import from_text


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refusals.not_our_zone(from_text("a.example.")), "no server block here serves a.example."),
        (refusals.wrong_class(3), "class 3 is not served here, only IN"),
        (
            refusals.empty_block("example."),
            "the server block 'example.' is empty: it has no directive that answers",
        ),
        (refusals.needs_stream(), "a zone is transferred over TCP only"),
    ],
)
def test_a_refusal_says_why(answer: Answer, sentence: str) -> None:
    assert answer.rcode == RCode.REFUSED
    assert not answer.authoritative
    assert answer.reason is not None
    assert answer.reason.text() == sentence


def test_a_bug_is_said_to_be_ours() -> None:
    answer = refusals.internal_error()

    assert answer.rcode == RCode.SERVFAIL
    assert answer.reason is not None
    assert answer.reason.text() == "internal error; the log of the server has the details"


@pytest.mark.parametrize("answer", [refusals.needs_stream(), refusals.internal_error()])
def test_nothing_of_it_is_kept_or_signed(answer: Answer) -> None:
    assert answer.depends_on is None
    assert not answer.written_by
