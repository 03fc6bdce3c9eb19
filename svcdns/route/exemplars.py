"""Which question took so long: for each duration the last one that waited for somebody else.

Answers that are ready leave in batches and are timed together, so they are no examples.

Source: https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from svcdns.wire.name import OwnerName


class Exemplar(NamedTuple):
    """One question and how long its answer took."""

    owner: OwnerName
    rrtype: int
    seconds: float
    at: float
    """Unix time when it was answered."""


class Exemplars:
    """The exemplars of one listener."""

    def __init__(self, bounds: Sequence[float], now: Callable[[], float]) -> None:
        """Have none yet.

        Args:
            bounds: of the buckets of a duration, in seconds, without +Inf.
            now: returns Unix time in seconds.
        """
        self.by_zone: dict[str, dict[int, Exemplar]] = {}
        """By index of the bucket; +Inf is behind the last."""
        self._bounds = bounds
        self._now = now

    def take(self, zone: str, question: bytes, seconds: float) -> None:
        """Take a question for the example of its duration.

        Args:
            zone: the server block's; without a name it is not measured.
            question: owner in lower case, TYPE and CLASS.
            seconds: until its answer was there.
        """
        if zone:
            owner, rrtype = OwnerName(question[:-4]), int.from_bytes(question[-4:-2])
            one = Exemplar(owner, rrtype, seconds, self._now())
            self.by_zone.setdefault(zone, {})[bisect_left(self._bounds, seconds)] = one
