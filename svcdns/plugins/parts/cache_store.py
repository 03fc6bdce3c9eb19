"""Where `cache` keeps answers: two stores, bounded by entries and by octets.

What nobody has asked for again makes room first, the oldest of it, then the least recently used
answer: a flood of names that are asked for once pushes out nothing that is of use. For one
question there is at most one answer that counts: a success takes the place of a denial and the
other way round; a failure stands beside a success, which hides it as long as it is of use. With
an answer go the copies that listeners have of it.

Source: T. Johnson, D. Shasha, 2Q: A Low Overhead High Performance Buffer Management Replacement
Algorithm, VLDB 1994 (two queues; the list of names that have gone is left out).
"""

from collections import OrderedDict

from cachetools import LRUCache

from svcdns.answers.kept import Kept, Kind
from svcdns.answers.raw import Raw

LEAST_CAPACITY = 1024
DEFAULT_CAPACITY = 9984
_OCTETS_PER_ENTRY = 4096
"""What an entry may take on average; most take less."""
_NEW_SHARE = 8
"""At least one of so many entries is left to answers that are new."""


class _Entries:
    """Answers of one kind, and how many had to go."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.evicted = 0
        self.octets = 0
        self._most_octets = capacity * _OCTETS_PER_ENTRY
        self._few = capacity // _NEW_SHARE
        self._new: OrderedDict[bytes, Kept | Raw] = OrderedDict()
        """Those nobody has asked for again yet, the oldest first."""
        self._used: LRUCache[bytes, Kept] = LRUCache(capacity)
        self.keys: set[bytes] = set()
        """Those of both."""

    def use(self, key: bytes) -> Kept | None:
        """Return what is kept under `key`; it makes room last from now on."""
        found = self._used.get(key)
        if found is not None:
            return found
        new = self._new.pop(key, None)
        if new is None:
            return None
        found = self._used[key] = new.kept(key[:-1]) if isinstance(new, Raw) else new
        return found

    def put(self, key: bytes, kept: Kept | Raw) -> None:
        keys = self.keys
        is_used = key in keys and self._is_used(key)
        keys.add(key)
        if is_used:
            self._used[key] = kept.kept(key[:-1]) if isinstance(kept, Raw) else kept
        else:
            self._new[key] = kept
        octets = self.octets = self.octets + kept.size
        while len(keys) > self.capacity or octets > self._most_octets:
            octets = self._make_room()

    def _is_used(self, key: bytes) -> bool:
        """Whether the answer under `key`, which is forgotten, was asked for again."""
        is_used = key in self._used
        self.remove(key)
        return is_used

    def _make_room(self) -> int:
        """Forget what is missed least; return the octets that are left."""
        key, gone = (
            self._new.popitem(last=False)
            if len(self._new) > self._few or not self._used
            else self._used.popitem()
        )
        self.evicted += 1
        self.keys.remove(key)
        self.octets -= gone.size
        _end(gone)
        return self.octets

    def remove(self, key: bytes) -> None:
        kept = self._new.pop(key, None) or self._used.pop(key, None)
        if kept is not None:
            self.keys.remove(key)
            self.octets -= kept.size
            _end(kept)


def _end(kept: Kept | Raw) -> None:
    if kept.renewal is not None:
        kept.renewal.end()


class Store:
    """All that one `cache` keeps."""

    def __init__(self, successes: int, denials: int, *, prefer_positive: bool = False) -> None:
        """Begin empty.

        Args:
            successes: how many answers that have something may be kept.
            denials: how many denials and failures.
            prefer_positive: an answer that has what was asked for is never replaced by one
                that has not.
        """
        self._successes = _Entries(max(LEAST_CAPACITY, successes))
        self._denials = _Entries(max(LEAST_CAPACITY, denials))
        self._prefer_positive = prefer_positive

    def find(self, key: bytes, now: float, stale_for: float = 0.0) -> Kept | None:
        """Return the answer that counts; one that is of no use any more is forgotten.

        Args:
            key: what it was put under.
            now: seconds of the clock it was put by.
            stale_for: for how many seconds after its time an answer is of use; a failure
                never is.
        """
        for entries in (self._successes, self._denials):
            kept = entries.use(key)
            if kept is not None:
                if kept.remaining(now) > (0 if kept.kind is Kind.FAILURE else -stale_for):
                    return kept
                entries.remove(key)
        return None

    def touch(self, key: bytes) -> None:
        """Take what is kept under `key` for used just now."""
        for entries in (self._successes, self._denials):
            entries.use(key)

    def has(self, key: bytes) -> bool:
        """Whether anything is kept under `key`, of use or not."""
        return key in self._successes.keys or key in self._denials.keys

    def put_success(self, key: bytes, kept: Kept | Raw) -> None:
        """Keep an answer that has what was asked for."""
        self._successes.put(key, kept)
        if key in self._denials.keys:
            self._denials.remove(key)

    def put(self, key: bytes, kept: Kept | Raw) -> None:
        """Keep an answer."""
        if kept.kind is Kind.SUCCESS and (kept.answering or not self._is_preferred(key)):
            self.put_success(key, kept)
        else:
            self._denials.put(key, kept)
            if kept.kind is not Kind.FAILURE and not self._prefer_positive:
                self._successes.remove(key)

    def _is_preferred(self, key: bytes) -> bool:
        """Whether the success that is kept stays, whatever comes without one."""
        kept = self._successes.use(key) if self._prefer_positive else None
        return kept is not None and kept.answering

    @property
    def entries(self) -> dict[Kind, int]:
        """How many answers are kept; failures are counted as denials."""
        return {Kind.SUCCESS: len(self._successes.keys), Kind.DENIAL: len(self._denials.keys)}

    @property
    def octets(self) -> int:
        """Octets of memory, about."""
        return self._successes.octets + self._denials.octets

    @property
    def evicted(self) -> dict[Kind, int]:
        """How many answers made room for others, ever."""
        return {Kind.SUCCESS: self._successes.evicted, Kind.DENIAL: self._denials.evicted}
