import asyncio
import inspect
from types import CoroutineType

from svcdns.answers.later import discard, then


async def later(value: int) -> int:
    await asyncio.sleep(0)
    return value


def test_what_is_there_is_gone_on_with_at_once() -> None:
    assert then(3, lambda value: value + 1) == 4


def test_what_comes_later_is_gone_on_with_later() -> None:
    found = then(later(3), lambda value: value + 1)

    assert isinstance(found, CoroutineType)
    assert asyncio.run(found) == 4


def test_the_next_step_may_come_later_too() -> None:
    at_once_then_later = then(3, later)
    later_then_later = then(later(3), lambda value: later(value + 1))

    assert isinstance(at_once_then_later, CoroutineType)
    assert isinstance(later_then_later, CoroutineType)
    assert asyncio.run(at_once_then_later) == 3
    assert asyncio.run(later_then_later) == 4


def test_what_is_discarded_before_it_began_ends_with_all_it_was_given() -> None:
    inner = later(3)
    outer = then(inner, lambda value: value + 1)
    assert isinstance(outer, CoroutineType)

    discard(outer)  # Python would complain of both otherwise

    assert inspect.getcoroutinestate(inner) == inspect.CORO_CLOSED
    assert inspect.getcoroutinestate(outer) == inspect.CORO_CLOSED


def test_what_is_done_may_be_discarded_too() -> None:
    done = later(3)
    assert asyncio.run(done) == 3

    discard(done)
