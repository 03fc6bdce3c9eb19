"""How fast one reflector may ask: a growing, random pause after failures, and a hard limit.

Each pause is up to twice its nominal length, so that many clients that lost the same server do
not come back together; after two minutes without a failure the first pause is short again. The
limit holds for whatever else happens: a proxy that ends every watch at once, a server that
forgets its history every second. Further pages of a list are not counted.

Source: client-go, tools/cache.Reflector: 0.8 s to 30 s, factor 2, jitter 1.0, reset after 2 min.
"""

import asyncio
from collections import deque
from random import Random

FIRST_SECONDS = 0.8
LONGEST_SECONDS = 30.0
RESET_SECONDS = 120.0
REQUESTS_A_MINUTE = 12

_MINUTE = 60.01


class Pace:
    """The pauses of one reflector."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._nominal = FIRST_SECONDS
        self._rested_at = float("-inf")
        """Loop time at which the last pause ends."""
        self._requests: deque[float] = deque(maxlen=REQUESTS_A_MINUTE)

    def pause(self, at_least: float = 0.0) -> float:
        """Return how many seconds to wait before the next attempt.

        Args:
            at_least: what the server asked for.
        """
        now = asyncio.get_running_loop().time()
        if now - self._rested_at > RESET_SECONDS:
            self._nominal = FIRST_SECONDS
        seconds = max(at_least, self._jittered(self._nominal))
        self._nominal = min(2 * self._nominal, LONGEST_SECONDS)
        self._rested_at = now + seconds
        return seconds

    def long_pause(self) -> float:
        """Return how many seconds to wait for somebody to change something: 30 to 60."""
        return self._jittered(LONGEST_SECONDS)

    async def admit(self) -> None:
        """Wait until one more request is within the limit, and count it."""
        while (seconds := self._excess()) > 0:  # noqa: ASYNC110  time is what it waits for
            await asyncio.sleep(seconds)
        self._count()

    def admits(self) -> bool:
        """Return whether one more request is within the limit; if so, count it."""
        if self._excess() > 0:
            return False
        self._count()
        return True

    def _excess(self) -> float:
        if len(self._requests) < REQUESTS_A_MINUTE:
            return 0.0
        now = asyncio.get_running_loop().time()
        return max(0.0, self._requests[0] + _MINUTE - now)

    def _count(self) -> None:
        self._requests.append(asyncio.get_running_loop().time())

    def _jittered(self, seconds: float) -> float:
        return seconds * (1 + self._random.random())
