"""Checks of an upstream that failed."""

import asyncio

from svcdns.upstream.health import Checks, Health
from tests.support.virtual_time import run


class Upstream:
    """Fails so many checks, then is well."""

    def __init__(self, fails: int) -> None:
        self.fails = fails
        self.checked: list[float] = []
        self.counted = 0

    async def is_well(self) -> bool:
        self.checked.append(asyncio.get_running_loop().time())
        return len(self.checked) > self.fails

    def count(self) -> None:
        self.counted += 1


def checked(fails: int, checks: Checks, seconds: float) -> tuple[Upstream, Health]:
    upstream, health = Upstream(fails), Health(checks)

    async def doubt() -> None:
        health.doubt(upstream.is_well, upstream.count)
        health.doubt(upstream.is_well, upstream.count)
        await asyncio.sleep(seconds)
        health.stop()
        health.doubt(upstream.is_well, upstream.count)

    run(doubt(), limit_seconds=60)
    return upstream, health


def test_an_upstream_is_checked_until_it_is_well() -> None:
    upstream, health = checked(3, Checks(interval=0.5), 10)

    assert upstream.checked == [0, 0.5, 1.0, 1.5]
    assert upstream.counted == 3
    assert not health.is_doubtful
    assert not health.is_down


def test_more_failed_checks_than_allowed_and_it_is_down() -> None:
    _, down = checked(99, Checks(most_fails=2), 1.2)
    _, up = checked(99, Checks(most_fails=3), 1.2)

    assert down.is_down
    assert not up.is_down


def test_with_no_limit_nothing_is_checked() -> None:
    upstream, health = checked(99, Checks(most_fails=0), 10)

    assert not upstream.checked
    assert not health.is_down
