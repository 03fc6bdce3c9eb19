"""Whether an upstream works: looked at only after it failed, until it answers again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

PROBE_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Checks:
    """How upstreams of a stanza are checked."""

    most_fails: int = 2
    """More failed checks in a row than these, and it is down; 0: it never is, nor checked."""
    interval: float = 0.5


class Health:
    """What is known about one upstream."""

    def __init__(self, checks: Checks) -> None:
        self.fails = 0
        """Failed checks in a row."""
        self._checks = checks
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def is_down(self) -> bool:
        """Whether there is no point in asking it."""
        return 0 < self._checks.most_fails < self.fails

    @property
    def is_doubtful(self) -> bool:
        """Whether it has failed and not answered a check since."""
        return self._task is not None

    def doubt(self, is_well: Callable[[], Awaitable[bool]], on_failure: Callable[[], None]) -> None:
        """Check until it is well again; does nothing while that goes on already.

        Args:
            is_well: one check.
            on_failure: told of each one that failed.
        """
        if self._task is None and self._checks.most_fails and not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._check(is_well, on_failure))

    def stop(self) -> None:
        """End the checks, for good."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _check(
        self, is_well: Callable[[], Awaitable[bool]], on_failure: Callable[[], None]
    ) -> None:
        try:
            while not await is_well():
                self.fails += 1
                on_failure()
                await asyncio.sleep(self._checks.interval)
            self.fails = 0
        finally:
            if self._task is asyncio.current_task():
                self._task = None
