"""Where `cache` keeps answers: two stores, bounded by entries and by octets.

The least recently used answer makes room for a new one. For one question there is at most one
answer that counts: a success takes the place of a denial and the other way round; a failure
stands beside a success, which hides it as long as it is of use. With an answer go the copies
that listeners have of it.
"""

from cachetools import LRUCache

from svcdns.answers.kept import Kept, Kind

LEAST_CAPACITY = 1024
DEFAULT_CAPACITY = 9984
_OCTETS_PER_ENTRY = 4096
"""What an entry may take on average; most take less."""


class _Entries(LRUCache[bytes, Kept]):
    """Answers of one kind, and how many had to go."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity * _OCTETS_PER_ENTRY, getsizeof=_size)
        self.capacity = capacity
        self.evicted = 0

    def put(self, key: bytes, kept: Kept) -> None:
        if key in self:
            del self[key]
        while len(self) >= self.capacity:
            self.popitem()
        self[key] = kept

    def __delitem__(self, key: bytes) -> None:
        renewal = self[key].renewal
        super().__delitem__(key)
        if renewal is not None:
            renewal.end()

    def popitem(self) -> tuple[bytes, Kept]:
        self.evicted += 1
        return super().popitem()


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
            kept = entries.get(key)
            if kept is not None:
                if kept.remaining(now) > (0 if kept.kind is Kind.FAILURE else -stale_for):
                    return kept
                del entries[key]
        return None

    def touch(self, key: bytes) -> None:
        """Take what is kept under `key` for used just now."""
        for entries in (self._successes, self._denials):
            entries.get(key)

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an answer."""
        if kept.kind is Kind.SUCCESS and (kept.answering or not self._is_preferred(key)):
            self._successes.put(key, kept)
            self._denials.pop(key, None)
        else:
            self._denials.put(key, kept)
            if kept.kind is not Kind.FAILURE and not self._prefer_positive:
                self._successes.pop(key, None)

    def _is_preferred(self, key: bytes) -> bool:
        """Whether the success that is kept stays, whatever comes without one."""
        kept = self._successes.get(key) if self._prefer_positive else None
        return kept is not None and kept.answering

    @property
    def entries(self) -> dict[Kind, int]:
        """How many answers are kept; failures are counted as denials."""
        return {Kind.SUCCESS: len(self._successes), Kind.DENIAL: len(self._denials)}

    @property
    def octets(self) -> int:
        """Octets of memory, about."""
        return int(self._successes.currsize + self._denials.currsize)

    @property
    def evicted(self) -> dict[Kind, int]:
        """How many answers made room for others, ever."""
        return {Kind.SUCCESS: self._successes.evicted, Kind.DENIAL: self._denials.evicted}


def _size(kept: Kept) -> int:
    return kept.size
