"""An event loop whose clock jumps to the next timer as soon as nothing is left to do.

    run(watch_for_a_week(), limit_seconds=604_800)

Hours of back-off, silence and bookmarks pass in the time that the code in between takes. The
same program with the same random numbers does the same, always: there is one thread, no socket
and no other clock. What would wait for ever is an error that says who waits where.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")

_MOST_TURNS = 300_000
"""Turns of the loop in which no time passes, before they are taken for an endless loop."""


class StandstillError(AssertionError):
    """Nothing can happen any more, too late, or too often; `str` lists every task."""


def run(main: Coroutine[Any, Any, _T], *, limit_seconds: float) -> _T:
    """Return what `main` returns, run in virtual time from 0 on.

    Args:
        main: may use timers, tasks and futures, but no threads and no sockets.
        limit_seconds: how much virtual time it may take.

    Raises:
        StandstillError: everybody waits and there is no timer, the limit is over, or the loop
            turns without time passing.
    """
    with asyncio.Runner(loop_factory=lambda: _VirtualLoop(limit_seconds)) as runner:
        return runner.run(main)


def jump(seconds: float) -> None:
    """Let the running loop's clock leap, as after a suspended machine: timers in between are late.

    Unlike in `asyncio.sleep`, nobody gets a turn before all of the time is gone.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _VirtualLoop), "only virtual time can jump"
    loop.clock.advance(seconds)


class _Clock:
    """In the place of a selector: instead of waiting for sockets, it lets time pass."""

    def __init__(self, limit_seconds: float) -> None:
        self.now = 0.0
        self._limit = limit_seconds
        self._turns = 0

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self._turns = 0

    def select(self, timeout: float | None) -> list[Any]:
        """Pass the time until the next timer; called by the loop once a turn."""
        if timeout is None:
            raise StandstillError(f"everybody waits and there is no timer{_everybody()}")
        if timeout > 0:
            if self.now + timeout > self._limit:
                late, self._limit = self._limit, float("inf")  # or nobody could clean up
                raise StandstillError(f"still running after {late:g} s{_everybody()}")
            self.advance(timeout)
        self._turns += 1
        if self._turns > _MOST_TURNS:
            self._turns = 0
            raise StandstillError(f"turns without end at {self.now:g} s{_everybody()}")
        return []

    def close(self) -> None:
        """Do nothing; the loop calls it at its end."""


class _VirtualLoop(asyncio.BaseEventLoop):
    """The loop; what it lacks (sockets, threads, processes) raises NotImplementedError."""

    def __init__(self, limit_seconds: float) -> None:
        super().__init__()
        self.clock = _Clock(limit_seconds)
        self._selector = self.clock
        # Far above what a float loses in weeks, far below any timer that means something.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.clock.now

    def run_in_executor(  # type: ignore[override] # simpler than its variadic generics
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        del executor, func, args
        raise NotImplementedError("virtual time knows no threads")

    def _process_events(self, events: list[Any]) -> None:
        assert not events

    def _write_to_self(self) -> None:
        """Nothing: the loop never sleeps, so it need not be woken."""


def _everybody() -> str:
    tasks = sorted(asyncio.all_tasks(), key=asyncio.Task.get_name)
    return "".join(f"\n  {task.get_name()}: {' > '.join(_places(task))}" for task in tasks)


def _places(task: asyncio.Task[Any]) -> Iterator[str]:
    """Yield where a task waits, from its own coroutine to the innermost one."""
    coroutine: Any = task.get_coro()
    while frame := getattr(coroutine, "cr_frame", None):
        yield f"{coroutine.__name__} ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})"
        coroutine = coroutine.cr_await
