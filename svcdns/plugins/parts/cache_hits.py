"""The hits of one answer that `cache` has, for the fast lanes of its listeners.

What is said is what the step of `cache` would say at that moment: the same TTL, counted the same
way, and nothing once its time is over, the store has let go of it, or a newer answer is due. A hit
reads the clock; with the first one of a second the TTLs of a copy are written anew, in place.
"""

import math
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from svcdns.answers.foreign import ForeignAnswer, Renewal
from svcdns.answers.kept import Kept
from svcdns.plugins.parts.cache_store import Store
from svcdns.wire.response import Body

_NO_TTL = -1
_TOUCH_SECONDS = 4
"""How seldom the store is told that an answer is in use."""

_write_ttl = Struct("!I").pack_into


class Prefetch(NamedTuple):
    """When an answer is refreshed before its time."""

    amount: int
    """Hits that make it popular; 0: never."""
    gap: float = 60.0
    """Seconds without a hit after which the count begins anew."""
    percentage: int = 10
    """Of its lifetime; it is refreshed when no more is left."""

    def is_due(self, kept: Kept, now: float) -> bool:
        """Whether one more hit of `kept` is to have a newer answer asked for."""
        threshold = math.ceil(self.percentage * kept.lifetime / 100)
        return (
            kept.remaining(now) <= threshold
            and now >= kept.ask_at
            and kept.hits_with(1, now, self.gap) >= self.amount
        )


class Hits:
    """A `Renewal`: one answer as it is said again and again."""

    __slots__ = (
        "_clock",
        "_copies",
        "_count",
        "_keep_ttl",
        "_kept",
        "_key",
        "_lifetime",
        "_octets",
        "_places",
        "_prefetch",
        "_store",
        "_touch_at",
        "_ttl",
        "_ttls",
        "_until",
    )

    def __init__(
        self,
        kept: Kept,
        key: bytes,
        store: Store,
        clock: Callable[[], float],
        prefetch: Prefetch,
        count: list[int],
        *,
        keep_ttl: bool,
    ) -> None:
        """Say `kept`, which is in wire form.

        Args:
            kept: the answer.
            key: what `store` has it under.
            store: lets go of it with `end`.
            clock: monotonic time in seconds, the one by which it is kept.
            prefetch: when a newer answer is due.
            count: its one number goes up with every hit.
            keep_ttl: the TTL does not count down.
        """
        assert isinstance(kept.answer, ForeignAnswer), "others are not in wire form"  # noqa: S101
        self._kept = kept
        self._octets = kept.answer.body.octets
        self._key = key
        self._store = store
        self._clock = clock
        self._prefetch = prefetch if prefetch.amount else None
        self._count = count
        self._keep_ttl = keep_ttl
        self._ttl = _NO_TTL
        self._until = 0
        """Seconds of age at which it says something else, or nothing."""
        self._lifetime = int(kept.lifetime)
        self._touch_at = _TOUCH_SECONDS
        """Seconds of age."""
        self._copies: list[bytearray | None] = []
        self._ttls: list[int] = []
        """Of the copies."""
        self._places: list[tuple[Callable[[bytes, Renewal], None], bytes]] = []

    def says(self, body: Body) -> bool:
        """Whether `body` is what it says; see `Renewal`."""
        return self._kept.says(body)

    def is_kept(self, forget: Callable[[bytes, Renewal], None], key: bytes, turns: int) -> None:
        """Call `forget` when it is over; see `Renewal`."""
        if (forget, key) not in self._places:
            self._places.append((forget, key))
        more = turns - len(self._copies)
        self._copies += [None] * more
        self._ttls += [_NO_TTL] * more

    def body(self, turn: int, turned: Callable[[int], bytes] | None) -> bytearray | None:
        """Return what follows the question now; see `Renewal`."""
        now = self._clock()
        if now - self._kept.since >= self._until and not self._goes_on(now):
            return None
        if (prefetch := self._prefetch) is not None:
            if prefetch.is_due(self._kept, now):
                return None
            self._kept.count(1, now, prefetch.gap)
        self._count[0] += 1
        copy = self._copies[turn]
        if self._ttls[turn] == self._ttl:
            return copy
        if copy is None:
            octets = self._octets if turned is None else turned(turn)
            copy = self._copies[turn] = bytearray(octets)
        ttl = self._ttls[turn] = self._ttl
        for at in self._kept.ttls_at:
            _write_ttl(copy, at, ttl)
        return copy

    def end(self) -> None:
        """Say nothing from now on, wherever it is kept."""
        self._until = self._lifetime = 0
        self._kept.renewal = None
        places, self._places = self._places, []
        for forget, key in places:
            forget(key, self)

    def _goes_on(self, now: float) -> bool:
        """Begin another second, if the answer is good for it."""
        age = int(now - self._kept.since)
        left = self._lifetime - age
        if left <= 0:
            self.end()
            return False
        self._until = age + 1
        self._ttl = self._lifetime if self._keep_ttl else left
        if age >= self._touch_at:
            self._touch_at = age + _TOUCH_SECONDS
            self._store.touch(self._key)
        return True
