"""The count of the server is compared with ours at the same version, whichever comes first."""

import pytest

from svcdns.source.apiserver.audit import Audit


def test_a_server_at_our_version_is_compared_at_once() -> None:
    audit = Audit(10, 3)

    audit.answer(10, 3)

    assert audit.surplus == 0


@pytest.mark.parametrize(
    ("passed", "surplus"),
    [
        pytest.param([(20, 4)], 0, id="an event at that very version counts"),
        pytest.param([(15, 4), (25, 9)], 0, id="an event behind it does not"),
        pytest.param([(15, 5), (25, 5)], 1, id="a bookmark behind it ends the waiting"),
        pytest.param([(25, 3)], -1, id="we lack one"),
        pytest.param([(15, 9)], None, id="not there yet"),
    ],
)
def test_a_server_that_is_ahead_is_compared_when_the_watch_has_come_so_far(
    passed: list[tuple[int, int]], surplus: int | None
) -> None:
    audit = Audit(10, 3)
    audit.answer(20, 4)

    for version, count in passed:
        audit.note(version, count)

    assert audit.surplus == surplus


def test_a_watch_that_was_faster_than_the_answer_is_remembered() -> None:
    audit = Audit(10, 3)
    for version, count in ((12, 4), (14, 5), (18, 4)):
        audit.note(version, count)

    audit.answer(15, 5)

    assert audit.surplus == 0


def test_what_was_found_stays() -> None:
    audit = Audit(10, 3)
    audit.answer(10, 2)

    audit.note(11, 2)

    assert audit.surplus == 1
