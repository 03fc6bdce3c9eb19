"""How many requests may be made: so many a second, so many at the same time.

Watches do not come here: they are few, they last, and holding one back means stale answers.

Source: client-go, util/flowcontrol (token bucket).
"""

import asyncio

_BURST = 10
_QPS = 5.0


class Throttle:
    """Lets requests through in the order they come."""

    def __init__(self, qps: float = 0.0, burst: int = 0, max_inflight: int = 0) -> None:
        """Set the limits.

        Args:
            qps: requests a second in the long run; 0 with `burst` 0 is no limit, 0 with another
                `burst` is five, as in client-go.
            burst: how many may come at once; 0 is ten.
            max_inflight: how many may be under way; 0 is no limit.
        """
        self._seconds = 1 / (qps or _QPS) if qps or burst else 0.0
        self._burst = burst or _BURST
        self._full_at = 0.0
        """When the bucket has all its tokens again."""
        self._places = asyncio.Semaphore(max_inflight) if max_inflight else None

    async def enter(self) -> float:
        """Wait until one more request may be made; return for how many seconds that was."""
        now = asyncio.get_running_loop().time()
        if self._seconds:
            self._full_at = max(self._full_at, now) + self._seconds
            await asyncio.sleep(max(0.0, self._full_at - self._seconds * self._burst - now))
        if self._places:
            await self._places.acquire()
        return asyncio.get_running_loop().time() - now

    def leave(self) -> None:
        """Give the place of one request to the next."""
        if self._places:
            self._places.release()
