"""Keep a loop of ours running: what nobody expected is logged once, and it starts again."""

import asyncio
from collections.abc import Awaitable, Callable

from svcdns.telemetry.log import get_log
from svcdns.telemetry.status import Status

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

_log = get_log("app")


async def keep_running(
    room: str,
    loop: Callable[[], Awaitable[None]],
    status: Status,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run `loop` until it returns; after an exception start it again, later each time.

    Args:
        room: what is degraded meanwhile.
        loop: starts anew each time it is called.
        status: is told of the failure, and that it is over when the next run has begun.
        pause: waits a number of seconds.
    """
    seconds = FIRST_PAUSE_SECONDS
    while True:
        try:
            await loop()
        except Exception as error:  # noqa: BLE001  a loop is restarted whatever ended it
            status.degrade(room, f"{type(error).__name__}: {error}")
            _log.bug(f"{room}.failed", error, retry_seconds=seconds)
            await pause(seconds)
            seconds = min(2 * seconds, LONGEST_PAUSE_SECONDS)
            status.restore(room)
        else:
            return
