"""A loop that ends is started again."""

from collections.abc import Callable
from io import StringIO

import pytest

from svcdns.app.supervise import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, keep_running
from svcdns.telemetry.status import Status


class Pauses:
    """Pauses that take no time, and what was degraded during each of them."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.seconds: list[float] = []
        self.degraded: list[dict[str, str]] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.degraded.append(self.status.degraded)


def failing(times: int, status: Status, seen: list[dict[str, str]]) -> Callable[[], object]:
    """A loop that fails so many times; what is degraded at its start is noted."""

    async def loop() -> None:
        seen.append(status.degraded)
        if len(seen) <= times:
            raise ValueError(f"no. {len(seen)}")

    return loop


async def test_a_loop_that_returns_is_not_started_again(log: StringIO) -> None:
    status, seen = Status(), list[dict[str, str]]()
    pauses = Pauses(status)

    await keep_running("source", failing(0, status, seen), status, pauses)  # type: ignore[arg-type]

    assert (len(seen), pauses.seconds, log.getvalue()) == (1, [], "")


async def test_after_an_exception_it_starts_again_later_each_time() -> None:
    status, seen = Status(), list[dict[str, str]]()
    pauses = Pauses(status)

    await keep_running("source", failing(8, status, seen), status, pauses)  # type: ignore[arg-type]

    assert len(seen) == 9
    assert pauses.seconds == [FIRST_PAUSE_SECONDS, 2, 4, 8, 16, *[LONGEST_PAUSE_SECONDS] * 3]


async def test_the_room_is_degraded_from_the_failure_to_the_next_run() -> None:
    status, seen = Status(), list[dict[str, str]]()
    pauses = Pauses(status)

    await keep_running("source", failing(2, status, seen), status, pauses)  # type: ignore[arg-type]

    assert pauses.degraded == [{"source": "ValueError: no. 1"}, {"source": "ValueError: no. 2"}]
    assert seen == [{}, {}, {}]


async def test_the_exception_is_logged_with_its_traceback(log: StringIO) -> None:
    status = Status()

    await keep_running("source", failing(1, status, []), status, Pauses(status))  # type: ignore[arg-type]

    first, *rest = log.getvalue().splitlines()
    assert first == '[ERROR] source.failed retry_seconds=1.0 error="ValueError: no. 1"'
    assert rest[0] == "[ERROR]   Traceback (most recent call last):"


async def test_whoever_stops_it_is_not_held_up() -> None:
    async def loop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await keep_running("source", loop, Status())
