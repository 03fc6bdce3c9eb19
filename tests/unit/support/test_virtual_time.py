"""Time that passes only when nothing else happens."""

import asyncio
import time

import pytest

from tests.support.virtual_time import StandstillError, jump, run

HOUR = 3600.0


def test_hours_pass_at_once() -> None:
    async def main() -> float:
        await asyncio.sleep(500 * HOUR)
        return asyncio.get_running_loop().time()

    before = time.monotonic()
    assert run(main(), limit_seconds=501 * HOUR) == 500 * HOUR
    assert time.monotonic() - before < 5


def test_timers_fire_in_their_order_whatever_the_order_of_the_tasks() -> None:
    order: list[float] = []

    async def note(seconds: float) -> None:
        await asyncio.sleep(seconds)
        order.append(seconds)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for seconds in (3.0, 1.0, 2.0, 1e6, 0.0, 1e6 + 0.001):
                group.create_task(note(seconds))

    run(main(), limit_seconds=1e7)

    assert order == [0.0, 1.0, 2.0, 3.0, 1e6, 1e6 + 0.001]


def test_a_timeout_is_over_when_its_time_is_over() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(70):
                await asyncio.get_running_loop().create_future()
        return asyncio.get_running_loop().time()

    assert run(main(), limit_seconds=100) == 70


def test_who_waits_for_ever_is_named_with_the_place() -> None:
    async def innermost() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        await innermost()

    with pytest.raises(StandstillError, match=r"main \(.*:\d+\) > innermost \(test_virtual_time"):
        run(main(), limit_seconds=100)


def test_more_time_than_allowed_is_an_error_even_for_a_task_that_cleans_up_slowly() -> None:
    cleaned = []

    async def main() -> None:
        try:
            for _ in range(1000):
                await asyncio.sleep(60)
        finally:
            await asyncio.sleep(60)
            cleaned.append(True)

    with pytest.raises(StandstillError, match="still running after 600 s"):
        run(main(), limit_seconds=600)
    assert cleaned == [True]


def test_a_loop_in_which_no_time_passes_is_an_error() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110 - the mistake that is tested
            await asyncio.sleep(0)

    with pytest.raises(StandstillError, match="turns without end at 0 s"):
        run(main(), limit_seconds=600)


def test_after_a_jump_timers_are_late() -> None:
    async def main() -> list[float]:
        clock = asyncio.get_running_loop()
        seen: list[float] = []
        clock.call_later(5, lambda: seen.append(clock.time()))
        jump(100)
        await asyncio.sleep(1)
        return [*seen, clock.time()]

    assert run(main(), limit_seconds=600) == [100, 101]


def test_threads_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="no threads"):
        run(asyncio.to_thread(int), limit_seconds=1)
