"""What is missing is told, and when nothing is missing any more."""

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


def test_a_verb_is_forbidden_once_until_it_is_allowed() -> None:
    notes = Notes()
    standing = Standing(SERVICES, notes)

    standing.forbid("watch", "no")
    standing.forbid("watch", "no")
    standing.regain("list")

    assert standing.is_forbidden
    assert whats(notes) == [("forbidden", "watch", "no")]

    standing.regain("watch")

    assert not standing.is_forbidden
    assert whats(notes)[-1] == ("recovered",)


def test_what_is_lost_is_not_forbidden() -> None:
    standing = Standing(SERVICES, Notes())

    standing.lose("https://a", "reset", 1)

    assert not standing.is_forbidden
