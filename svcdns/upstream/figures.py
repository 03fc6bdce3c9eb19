"""How one upstream has done: how long its answers took, and how often there was none."""

from collections import deque

_REMEMBERED = 256
"""Answers whose time decides what is usual."""
_FEWEST = 16
"""Fewer answers than these say nothing about what is usual."""


class Figures:
    """Plain numbers, counted where it happens; somebody takes them away now and then."""

    __slots__ = (
        "_recent",
        "answered",
        "asked",
        "datagrams",
        "failed",
        "p50",
        "p95",
        "probes_failed",
        "untaken",
    )

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0
        self.datagrams = 0
        """Questions over UDP, since somebody took the number."""
        self.failed = 0
        """Tries without an answer."""
        self.probes_failed = 0
        self.p50 = 0.0
        """Seconds that half of the answers took at most; 0 before `_FEWEST` answers."""
        self.p95 = 0.0
        self.untaken: list[tuple[int, float]] = []
        """RCODE and seconds of each answer, for a histogram, since somebody took them."""
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)

    def take(self) -> list[tuple[int, float]]:
        """Return RCODE and seconds of each answer since the last time; bring p50 and p95 up."""
        taken, self.untaken = self.untaken, []
        if taken:
            self.answered += len(taken)
            self._recent.extend(seconds for _, seconds in taken[-_REMEMBERED:])
            if len(self._recent) >= _FEWEST:
                ordered = sorted(self._recent)
                self.p50 = ordered[len(ordered) // 2]
                self.p95 = ordered[len(ordered) * 95 // 100]
        return taken
