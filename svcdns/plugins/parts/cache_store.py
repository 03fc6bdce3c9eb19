"""Where `cache` keeps answers: two stores, bounded by entries and by octets.

The least recently used answer makes room for a new one. For one question there is at most one
answer that counts: a success takes the place of a denial and the other way round; a failure
stands beside a success, which hides it as long as it is of use. With an answer go the copies
that listeners have of it.
"""

from cachetools import LRUCache

from svcdns.answers.kept import Kept, Kind
from svcdns.answers.raw import Raw

LEAST_CAPACITY = 1024
DEFAULT_CAPACITY = 9984
_OCTETS_PER_ENTRY = 4096
"""What an entry may take on average; most take less."""


class _Entries:
    """Answers of one kind, and how many had to go."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.evicted = 0
        self.kept: LRUCache[bytes, Kept | Raw] = LRUCache(capacity * _OCTETS_PER_ENTRY, _size)

    def use(self, key: bytes) -> Kept | None:
        """Return what is kept under `key`; it makes room last from now on."""
        found = self.kept.get(key)
        if isinstance(found, Raw):
            found = self.kept[key] = found.kept()
        return found

    def put(self, key: bytes, kept: Kept | Raw) -> None:
        entries = self.kept
        if key in entries:
            self.remove(key)
        most = entries.maxsize - kept.size
        while len(entries) >= self.capacity or entries.currsize > most:
            self.evicted += 1
            _end(entries.popitem()[1])
        entries[key] = kept

    def remove(self, key: bytes) -> None:
        kept = self.kept.pop(key, None)
        if kept is not None:
            _end(kept)


def _size(kept: Kept | Raw) -> int:
    return kept.size


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
        return key in self._successes.kept or key in self._denials.kept

    def put_raw(self, key: bytes, raw: Raw) -> None:
        """Keep an answer that has what was asked for."""
        self._successes.put(key, raw)
        if key in self._denials.kept:
            self._denials.remove(key)

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an answer."""
        if kept.kind is Kind.SUCCESS and (kept.answering or not self._is_preferred(key)):
            self._successes.put(key, kept)
            self._denials.remove(key)
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
        return {Kind.SUCCESS: len(self._successes.kept), Kind.DENIAL: len(self._denials.kept)}

    @property
    def octets(self) -> int:
        """Octets of memory, about."""
        return int(self._successes.kept.currsize + self._denials.kept.currsize)

    @property
    def evicted(self) -> dict[Kind, int]:
        """How many answers made room for others, ever."""
        return {Kind.SUCCESS: self._successes.evicted, Kind.DENIAL: self._denials.evicted}
