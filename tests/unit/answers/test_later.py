import asyncio
import inspect
from contextvars import ContextVar
from types import CoroutineType

import pytest

from svcdns.answers.later import Coming, discard, then

asker: ContextVar[str] = ContextVar("asker")


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


class Brought(Coming[int]):
    """Something to come, which remembers that nobody wants it any more."""

    sent_back = False

    def __init__(self) -> None:
        super().__init__(lambda: asyncio.get_running_loop().create_future())

    def send_back(self) -> None:
        super().send_back()
        self.sent_back = True


def test_what_is_brought_goes_through_all_that_was_to_go_on_with_it_in_one_call() -> None:
    coming, received = Brought(), list[object]()
    found = then(then(coming, lambda value: value + 1), lambda value: value * 10)
    coming.finish_with(str)
    coming.receive(received.append)
    coming.bring(3)

    assert found is coming
    assert received == ["40"]


def test_what_is_brought_before_anybody_receives_it_waits_for_him() -> None:
    coming, received = Brought(), list[object]()
    coming.bring(3)
    then(coming, lambda value: value + 1)
    coming.receive(received.append)

    assert received == [4]


def test_what_is_brought_meets_the_context_it_was_asked_for_in() -> None:
    received: list[object] = []
    asker.set("first")
    coming = Brought()
    then(coming, lambda _: asker.get())
    asker.set("second")
    coming.receive(received.append)
    coming.bring(3)

    assert received == ["first"]


def test_a_step_that_fails_is_followed_by_the_last_one_alone() -> None:
    coming, received = Brought(), list[object]()
    never: list[int] = []
    then(coming, lambda value: value // 0)
    then(coming, never.append)
    coming.finish_with(type)
    coming.receive(received.append)
    coming.bring(3)

    assert received == [ZeroDivisionError]
    assert not never


def test_a_step_that_takes_longer_is_followed_by_the_others_when_it_is_done() -> None:
    coming, received = Brought(), list[object]()
    then(then(coming, later), lambda value: value + 1)
    coming.receive(received.append)
    coming.bring(3)

    (rest,) = received
    assert isinstance(rest, CoroutineType)
    assert asyncio.run(rest) == 4


async def test_what_is_to_come_can_be_waited_for() -> None:
    coming, next_one = Brought(), Brought()
    then(then(coming, lambda _: next_one), lambda value: value + 1)
    waiting = asyncio.ensure_future(coming)
    await asyncio.sleep(0)
    coming.bring(3)
    await asyncio.sleep(0)
    next_one.bring(7)

    assert await waiting == 8


async def test_who_waits_for_what_fails_gets_the_exception() -> None:
    coming = Brought()
    then(coming, lambda value: value // 0)
    waiting = asyncio.ensure_future(coming)
    await asyncio.sleep(0)
    coming.bring(3)

    with pytest.raises(ZeroDivisionError):
        await waiting


async def test_who_is_cancelled_sends_it_back_and_gets_nothing() -> None:
    coming = Brought()
    waiting = asyncio.ensure_future(coming)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    coming.bring(3)

    assert coming.sent_back
    assert waiting.cancelled()


def test_what_is_discarded_is_sent_back_also_from_within_a_coroutine() -> None:
    alone, inside = Brought(), Brought()

    async def wait(for_it: Coming[int]) -> int:
        return await for_it

    discard(alone)
    discard(wait(inside))

    assert alone.sent_back
    assert inside.sent_back
