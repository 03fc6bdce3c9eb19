"""Waiting for anything to happen, or for a moment: the only way the fake ever waits."""

import asyncio
from contextlib import suppress


class Pulse:
    """Wakes everybody who waits, in the order in which they began to."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[None], None] = {}

    def beat(self) -> None:
        """Wake everybody; may be called where no loop runs."""
        for waiting in self._waiting:
            _wake(waiting)

    async def wait(self, until: float | None = None) -> None:
        """Return at the next beat, or when the loop's time is `until`."""
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        self._waiting[waiting] = None
        alarm = None if until is None else loop.call_at(until, _wake, waiting)
        try:
            await waiting
        finally:
            del self._waiting[waiting]
            if alarm:
                alarm.cancel()


def _wake(waiting: asyncio.Future[None]) -> None:
    with suppress(asyncio.InvalidStateError):
        waiting.set_result(None)
