"""Pauses grow, differ, and become short again; nothing exceeds the limit."""

import asyncio
from itertools import pairwise
from random import Random

from svcdns.source.apiserver.pace import REQUESTS_A_MINUTE, Pace
from tests.support.fakeapi import most_in_a_minute
from tests.support.virtual_time import run


def pace(seed: int = 1) -> Pace:
    return Pace(Random(seed))  # noqa: S311


def test_pauses_double_up_to_thirty_seconds_and_are_at_most_twice_as_long() -> None:
    async def pauses() -> list[float]:
        mine = pace()
        return [mine.pause() for _ in range(9)]

    nominal = [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30]
    for seconds, least in zip(run(pauses(), limit_seconds=1), nominal, strict=True):
        assert least <= seconds <= 2 * least


def test_two_clients_do_not_come_back_together() -> None:
    async def pauses() -> tuple[float, float]:
        return pace(1).pause(), pace(2).pause()

    first, second = run(pauses(), limit_seconds=1)
    assert first != second


def test_a_server_may_ask_for_more() -> None:
    async def pause() -> float:
        return pace().pause(at_least=17)

    assert run(pause(), limit_seconds=1) == 17


def test_after_two_minutes_without_a_pause_the_next_is_short() -> None:
    async def pauses() -> tuple[float, float]:
        mine = pace()
        for _ in range(8):
            await asyncio.sleep(mine.pause())
        await asyncio.sleep(119)
        late = mine.pause()
        await asyncio.sleep(late + 121)
        return late, mine.pause()

    late, early = run(pauses(), limit_seconds=1_000)
    assert late >= 30
    assert early <= 1.6


def test_the_long_pause_is_half_a_minute_to_a_minute() -> None:
    mine = pace()

    assert all(30 <= mine.long_pause() <= 60 for _ in range(50))


def test_requests_without_end_are_held_to_the_limit() -> None:
    async def requests() -> list[float]:
        mine, clock = pace(), asyncio.get_running_loop().time
        times = []
        for number in range(100):
            if number % 3 or mine.admits():
                await mine.admit() if number % 3 else None
                times.append(clock())
        return times

    times = run(requests(), limit_seconds=1_000)
    assert most_in_a_minute(times) == REQUESTS_A_MINUTE
    assert all(early <= late for early, late in pairwise(times))
