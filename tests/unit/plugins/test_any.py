import pytest

from svcdns.plugins.any import DIRECTIVE, build
from svcdns.wire.codes import RRType
from svcdns.wire.rrset import hinfo
from tests.support.directives import FixedScope, problems_of, settings_of
from tests.support.foreign import query_for
from tests.support.stubs import FixedClient, question


@pytest.mark.parametrize("text", ["any x", "any {\nx\n}"])
def test_it_takes_no_words(text: str) -> None:
    assert settings_of(DIRECTIVE, "any") is None
    assert problems_of(DIRECTIVE, text)


def test_any_is_answered_with_one_small_record() -> None:
    asked = question("www.example.", RRType.ANY)
    answer = build(None, FixedScope()).answer
    assert answer is not None

    said = answer(query_for(asked), FixedClient())

    assert said is not None
    assert said.answer == (hinfo(asked.owner, 8482, b"ANY obsoleted", b"See RFC 8482"),)  # type: ignore[union-attr]
    assert not said.authoritative  # type: ignore[union-attr]
    assert said.depends_on == ()  # type: ignore[union-attr]


def test_all_else_is_passed_on() -> None:
    answer = build(None, FixedScope()).answer
    assert answer is not None

    assert answer(query_for(question("www.example.")), FixedClient()) is None
