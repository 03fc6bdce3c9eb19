"""Timeouts by the thousand."""

import asyncio
import itertools

from svcdns.upstream.deadlines import A_TURN, PER_SECOND, Deadlines
from tests.support.virtual_time import run


class Late:
    def __init__(self) -> None:
        self.at: float | None = None

    def expire(self) -> None:
        self.at = asyncio.get_running_loop().time()


def test_a_time_runs_out_a_sixteenth_of_a_second_late_at_most() -> None:
    deadlines = Deadlines()
    waiting = [Late() for _ in range(100)]

    async def enter() -> None:
        loop = asyncio.get_running_loop()
        for number, late in enumerate(waiting):
            deadlines.enter(late, number / 37, loop)
        await asyncio.sleep(4)

    run(enter(), limit_seconds=10)

    for number, late in enumerate(waiting):
        assert late.at is not None
        assert 0 <= late.at - number / 37 <= 1 / PER_SECOND + 0.001
    assert not len(deadlines)


def test_who_has_left_is_not_told() -> None:
    deadlines = Deadlines()
    late = Late()

    async def enter_and_leave() -> None:
        slot = deadlines.enter(late, 1.0, asyncio.get_running_loop())
        assert len(deadlines) == 1
        del slot[late]
        await asyncio.sleep(3)

    run(enter_and_leave(), limit_seconds=10)

    assert late.at is None


def test_others_get_a_turn_where_many_run_out_together() -> None:
    deadlines = Deadlines()
    waiting = [Late() for _ in range(10 * A_TURN)]
    told: list[int] = []

    async def look_on() -> None:
        loop = asyncio.get_running_loop()
        for late in waiting:
            deadlines.enter(late, 1.0, loop)
        while len(deadlines):
            told.append(sum(late.at is not None for late in waiting))
            await asyncio.sleep(0 if told[-1] else 0.01)

    run(look_on(), limit_seconds=10)

    steps = [after - before for before, after in itertools.pairwise(told)]
    assert max(steps) <= 2 * A_TURN
    assert all(late.at is not None for late in waiting)
