"""Ready answers by question octets, dropped exactly when what they were made of changes.

An entry serves every letter case, id, RD and EDNS variant of its question: its bodies are
what follows the question section, and owner names in them point into it.

Names that do not exist are kept apart: few, only when asked a second time, and without ever
taking the place of a name that exists. So a client's search list, which asks for the same
missing names all day, costs as little as hits do, and a flood of random names evicts nothing.

What a cache has is kept apart as well. Its entries hold no octets: each time they ask the cache
for them, in whose memory they lie, and go when it lets go of them.

Nothing here knows a clock: an entry is fresh as long as it is in the table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from svcdns.answers.answer import Authority, Dependency
from svcdns.answers.foreign import Outcome, Renewal

Headers = tuple[bytes, bytes, bytes, bytes]
"""Octets 2 to 11 of the response: without OPT (RD clear, RD set), with OPT (RD clear, RD set)."""

_SHED = 1024
_MISSING = 16_384
"""Missing names kept, and as many remembered as asked for once."""
_RENEWED = 32_768
"""Names kept that a cache says again."""


class Label(NamedTuple):
    """What the metrics say of every response made from an entry; shared by many entries."""

    zone: str
    """Empty: not measured."""
    written_by: str
    rcode: int
    on_hits: Callable[[int], None] | None = None
    """Told how many responses were made, when they are counted."""


Writer = Callable[..., object]
"""Writes id, header, question, body and, if the form has one, OPT into a buffer at an offset."""


class Form(NamedTuple):
    """How the parts of a response lie in the packet; shared by all entries of equal lengths."""

    write: Writer
    size: int
    """Octets of the whole response."""


class Cut(NamedTuple):
    """A body that does not fit, cut to what does."""

    headers: tuple[bytes, bytes]
    """Octets 2 to 11 of the response: RD clear, RD set."""
    end: int
    """Octets of the body that are sent."""


@dataclass(eq=False, slots=True)
class Entry:
    """One ready answer."""

    headers: Headers
    bodies: list[bytes | None]
    """Rotations of one answer, None before their first turn; of a negative one, whose body is
    `authority`'s SOA, and of one with a `renewal` always."""
    hits: list[int]
    """Responses made so far, by lane; the rotation is taken from it, metrics are folded from it."""
    authority: Authority | None
    options: tuple[bytes, bytes]
    """The OPT record of the response: DO clear, DO set. Carries the reason of a negative answer."""
    plain: Form
    """Of a response without OPT."""
    with_opt: Form
    label: Label
    answer: Outcome | None
    """The answer itself, for observed routes; None where nobody looks."""
    plain_only: bool = False
    """Not for queries with DO or CD: an upstream may say something else to those."""
    turned: Callable[[int], bytes] | None = None
    """Makes the rotations; None when all are made."""
    cuts: dict[tuple[int, int], Cut] | None = None
    """By rotation and octets that the client takes: how it is cut for those it is too long for."""
    renewal: Renewal | None = None
    """Has the octets."""

    def body(self, turn: int, question_length: int) -> bytes | bytearray | None:
        """Return what follows the question at the moment, the addresses rotated to `turn`.

        None: the entry has nothing to say this time, and may be gone.
        """
        if self.renewal is not None:
            return self.renewal.body(turn % len(self.bodies), self.turned)
        if self.authority is not None:
            return self.authority.authority_at(question_length)
        turn %= len(self.bodies)
        body = self.bodies[turn]
        if body is None:
            assert self.turned is not None, "what is not made yet can be made"  # noqa: S101
            body = self.bodies[turn] = self.turned(turn)
            if None not in self.bodies:
                self.turned = None
        return body


class Table:
    """Entries of one listener."""

    def __init__(self, capacity: int, retire: Callable[[bytes, Entry], None]) -> None:
        """Begin empty.

        Args:
            capacity: names that exist, all spellings and types counted.
            retire: is given every entry that leaves, while its hits can still be counted.
        """
        self.entries: dict[bytes, Entry] = {}
        """By question octets, name in lower case: looked up directly by the fast lane."""
        self._capacity = capacity
        self._retire = retire
        self._missing: dict[bytes, None] = {}
        self._renewed: dict[bytes, None] = {}
        self._asked_once: set[bytes] = set()
        self._dependents: dict[Dependency, bytes | set[bytes]] = {}
        """A lone dependent, as most are, stands without a set around it."""
        self._depends_on: dict[bytes, tuple[Dependency, ...]] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def put(self, key: bytes, entry: Entry, depends_on: tuple[Dependency, ...]) -> None:
        """Keep `entry` until something in `depends_on` changes or room is needed."""
        if key in self.entries:
            self._remove(key)
        elif len(self.entries) - len(self._missing) - len(self._renewed) >= self._capacity:
            apart = (self._missing, self._renewed)
            existing = (key for key in self.entries if not any(key in keys for keys in apart))
            self._shed(existing, self._capacity)
        self._set(key, entry, depends_on)

    def put_renewed(self, key: bytes, entry: Entry) -> None:
        """Keep an `entry` with a renewal until that is over, beside those without."""
        if key in self.entries:
            self._remove(key)
        elif len(self._renewed) >= _RENEWED:
            self._shed(self._renewed, _RENEWED)
        self._renewed[key] = None
        self._set(key, entry, ())

    def forget(self, key: bytes, renewal: Renewal) -> None:
        """Remove the entry at `key` if it is one with `renewal`."""
        entry = self.entries.get(key)
        if entry is not None and entry.renewal is renewal:
            self._remove(key)

    def put_missing(self, key: bytes, entry: Entry, depends_on: tuple[Dependency, ...]) -> None:
        """Keep what is said about a name that does not exist, beside the names that do."""
        if key in self.entries:
            self._remove(key)
        elif len(self._missing) >= _MISSING:
            self._shed(self._missing, _MISSING)
        self._missing[key] = None
        self._set(key, entry, depends_on)

    def is_asked_again(self, key: bytes) -> bool:
        """Return whether somebody asked for this missing name lately, and remember that."""
        asked = self._asked_once
        if key in asked:
            return True
        if len(asked) >= _MISSING:
            asked.clear()
        asked.add(key)
        return False

    def _shed(self, oldest_first: Iterable[bytes], capacity: int) -> None:
        # Many at once: taking one from the front of a dict is linear.
        for key in list(islice(oldest_first, min(_SHED, capacity))):
            self._remove(key)

    def _set(self, key: bytes, entry: Entry, depends_on: tuple[Dependency, ...]) -> None:
        self.entries[key] = entry
        if entry.renewal is not None:
            entry.renewal.is_kept(self.forget, key, len(entry.bodies))
        if depends_on:
            self._depends_on[key] = depends_on
        for dependency in depends_on:
            held = self._dependents.get(dependency)
            if held is None:
                self._dependents[dependency] = key
            elif isinstance(held, set):
                held.add(key)
            else:
                self._dependents[dependency] = {held, key}

    def drop(self, dependencies: Iterable[Dependency]) -> int:
        """Remove every entry that depends on one of `dependencies`; return how many."""
        count = 0
        for dependency in dependencies:
            held = self._dependents.get(dependency, set())
            for key in tuple(held) if isinstance(held, set) else (held,):
                self._remove(key)
                count += 1
        return count

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self.entries):
            self._remove(key)

    def _remove(self, key: bytes) -> None:
        entry = self.entries.pop(key)
        self._missing.pop(key, None)
        self._renewed.pop(key, None)
        self._retire(key, entry)
        for dependency in self._depends_on.pop(key, ()):
            held = self._dependents.get(dependency)
            if isinstance(held, set):
                held.discard(key)
            if not isinstance(held, set) or not held:
                self._dependents.pop(dependency, None)
