"""How one upstream has done: how long its answers took, and how often there was none."""

from collections import defaultdict, deque

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
        self.untaken: defaultdict[int, list[float]] = defaultdict(list)
        """RCODE -> seconds of each answer, for a histogram, since somebody took them."""
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)

    def take(self) -> dict[int, list[float]]:
        """Return the seconds of each answer by RCODE since the last time; bring p50, p95 up."""
        taken, self.untaken = self.untaken, defaultdict(list)
        for seconds in taken.values():
            self.answered += len(seconds)
            self._recent.extend(seconds[-_REMEMBERED:])
        if taken and len(self._recent) >= _FEWEST:
            ordered = sorted(self._recent)
            self.p50 = ordered[len(ordered) // 2]
            self.p95 = ordered[len(ordered) * 95 // 100]
        return taken
