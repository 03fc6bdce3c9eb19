"""What is missing is told, and when nothing is missing any more."""

import pytest

from svcdns.source.apiserver.resources import SERVICES
from svcdns.source.apiserver.standing import Standing
from tests.support.followed import Notes


def whats(notes: Notes) -> list[tuple[object, ...]]:
    return [(told.what, *told.how) for told in notes.told]


def test_each_loss_is_told_and_its_end_once() -> None:
    notes = Notes()
    standing = Standing(SERVICES, notes)

    standing.lose("https://a", "reset", 1)
    standing.lose("https://a", "reset", 2)
    standing.regain("watch")
    standing.regain("watch")

    assert [told.what for told in notes.told] == ["lost", "lost", "recovered"]


def test_each_refusal_is_told_with_its_number_until_the_verb_is_allowed() -> None:
    notes = Notes()
    standing = Standing(SERVICES, notes)

    standing.forbid("watch", "no")
    standing.forbid("watch", "no")
    standing.regain("list")

    assert standing.is_forbidden
    assert whats(notes) == [("forbidden", "watch", "no", 1), ("forbidden", "watch", "no", 2)]

    standing.regain("watch")
    standing.forbid("watch", "no")

    assert standing.is_forbidden
    assert whats(notes)[2:] == [("recovered",), ("forbidden", "watch", "no", 1)]


@pytest.mark.parametrize(("back", "still_missing"), [("watch", "list"), ("list", "watch")])
def test_one_verb_of_two_is_enough_to_recover(back: str, still_missing: str) -> None:
    notes = Notes()
    standing = Standing(SERVICES, notes)
    standing.forbid("watch", "no")
    standing.forbid("list", "no")

    standing.regain(back)
    standing.regain(back)

    assert [told.what for told in notes.told] == ["forbidden", "forbidden", "recovered"]
    assert standing.is_forbidden

    standing.regain(still_missing)

    assert not standing.is_forbidden
    assert len(notes.of("recovered")) == 1  # nothing was missed since


def test_the_other_verb_recovers_too_after_it_was_asked_for_in_vain() -> None:
    notes = Notes()
    standing = Standing(SERVICES, notes)
    standing.forbid("watch", "no")
    standing.forbid("list", "no")
    standing.regain("watch")

    standing.forbid("list", "no")
    standing.regain("watch")
    standing.regain("list")

    whats = [told.what for told in notes.told[2:]]
    assert whats == ["recovered", "forbidden", "recovered"]


def test_contact_comes_back_though_a_verb_stays_forbidden() -> None:
    notes = Notes()
    standing = Standing(SERVICES, notes)
    standing.forbid("list", "no")

    standing.lose("https://a", "reset", 1)
    standing.regain("watch")

    assert [told.what for told in notes.told] == ["forbidden", "lost", "recovered"]
    assert standing.is_forbidden


def test_what_is_lost_is_not_forbidden() -> None:
    standing = Standing(SERVICES, Notes())

    standing.lose("https://a", "reset", 1)

    assert not standing.is_forbidden
