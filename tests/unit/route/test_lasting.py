from dataclasses import replace

import pytest

from svcdns.answers.answer import Answer, on_namespace
from svcdns.answers.foreign import ON_TICK, WHILE_KEPT, ForeignAnswer, Outcome, opened
from svcdns.route.lasting import lasting, renewal_of
from tests.support.cached import WWW, Cache

SHOP = on_namespace("shop")


def hit() -> ForeignAnswer:
    """Return what a cache says to the second of two questions."""
    cache = Cache()
    cache.ask()
    outcome = cache.ask()
    assert isinstance(outcome, ForeignAnswer)
    return outcome


def test_what_a_cache_has_is_said_again_by_its_renewal() -> None:
    outcome = hit()

    assert outcome.renewal is not None
    assert renewal_of(outcome) is outcome.renewal
    assert renewal_of(replace(outcome, raised=0x0400)) is outcome.renewal


def test_nothing_says_again_what_has_been_changed_on_its_way() -> None:
    outcome = hit()

    others: list[Outcome] = [
        replace(outcome, body=outcome.body._replace(counts=(1, 0, 0))),
        replace(outcome, depends_on=None),
        replace(outcome, depends_on=(WHILE_KEPT, SHOP)),
        replace(outcome, renewal=None),
        opened(outcome),
    ]

    assert [renewal_of(other) for other in others] == [None] * 5


def test_an_older_answer_of_a_cache_is_not_said_again() -> None:
    cache = Cache()
    cache.ask()
    first = cache.ask()
    cache.clock.now += 1
    second = cache.ask()

    assert renewal_of(first) is None
    assert renewal_of(second) is not None


@pytest.mark.parametrize(
    ("depends_on", "expected"),
    [
        (None, None),
        ((), ()),
        ((SHOP,), (SHOP,)),
        ((ON_TICK, SHOP), (ON_TICK, SHOP)),
        ((WHILE_KEPT,), None),
        ((SHOP, WHILE_KEPT), None),
        ((ON_TICK, WHILE_KEPT), (ON_TICK, WHILE_KEPT)),
    ],
)
def test_without_a_renewal_what_a_cache_has_lasts_no_longer_than_the_second(
    depends_on: tuple[tuple[str, ...], ...] | None, expected: tuple[tuple[str, ...], ...] | None
) -> None:
    outcomes: list[Outcome] = [
        Answer(depends_on=depends_on),
        replace(hit(), depends_on=depends_on, owner=WWW.owner),
    ]

    assert [lasting(outcome) for outcome in outcomes] == [expected] * 2
