"""How many requests are let through, in virtual time."""

import asyncio
from itertools import pairwise

import pytest

from svcdns.source.apiserver.throttle import Throttle
from tests.support.virtual_time import run


async def times_of(throttle: Throttle, count: int) -> list[float]:
    """Return when each of some requests that come at once is let through."""
    loop = asyncio.get_running_loop()
    passed: list[float] = []

    async def one() -> None:
        await throttle.enter()
        passed.append(loop.time())

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
    return passed


def test_without_limits_nobody_waits() -> None:
    assert run(times_of(Throttle(), 100), limit_seconds=1) == [0.0] * 100


def test_a_burst_passes_and_the_rest_comes_at_the_rate() -> None:
    passed = run(times_of(Throttle(qps=2, burst=3), 7), limit_seconds=10)

    assert passed == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5, 2.0])


def test_after_a_pause_there_is_a_burst_again() -> None:
    async def bursts() -> list[float]:
        throttle = Throttle(qps=10, burst=2)
        await times_of(throttle, 2)
        await asyncio.sleep(60)
        return await times_of(throttle, 3)

    assert run(bursts(), limit_seconds=100) == pytest.approx([60, 60, 60.1])


def test_a_pause_saves_no_more_than_one_burst() -> None:
    async def crowd() -> list[float]:
        throttle = Throttle(qps=1, burst=1)
        await asyncio.sleep(1000)
        return await times_of(throttle, 4)

    passed = run(crowd(), limit_seconds=2000)

    assert [later - earlier for earlier, later in pairwise(passed)] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("qps", "burst", "at_once", "seconds"),
    [
        pytest.param(4.0, 0, 10, 0.25, id="rate alone: ten at once"),
        pytest.param(0.0, 2, 2, 0.2, id="burst alone: five a second"),
    ],
)
def test_what_is_not_said_is_what_client_go_has(
    qps: float, burst: int, at_once: int, seconds: float
) -> None:
    passed = run(times_of(Throttle(qps, burst), at_once + 1), limit_seconds=10)

    assert passed == pytest.approx([0.0] * at_once + [seconds])


def test_waiting_is_told_in_seconds() -> None:
    async def waits() -> list[float]:
        throttle = Throttle(qps=2, burst=1)
        return [await throttle.enter() for _ in range(3)]

    assert run(waits(), limit_seconds=10) == pytest.approx([0, 0.5, 0.5])


def test_no_more_are_under_way_than_allowed_and_each_that_ends_lets_one_in() -> None:
    async def crowd() -> list[float]:
        throttle = Throttle(max_inflight=2)
        passed = []
        loop = asyncio.get_running_loop()

        async def one() -> None:
            await throttle.enter()
            passed.append(loop.time())
            await asyncio.sleep(3)
            throttle.leave()

        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(one())
        return passed

    assert run(crowd(), limit_seconds=100) == [0, 0, 3, 3, 6]


def test_leaving_where_there_is_no_limit_does_nothing() -> None:
    Throttle().leave()
