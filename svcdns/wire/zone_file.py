"""Whole master files: records and the directives $ORIGIN, $TTL, $INCLUDE and $GENERATE.

A bad line is named and passed over, so that one reading finds them all; whether a file with
bad lines is used is not decided here. No file is opened: text comes from a function.

Source: RFC 1035 section 5; RFC 2308 section 4 ($TTL). $GENERATE is BIND's.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from svcdns.wire.codes import RRClass, RRType, class_text
from svcdns.wire.name import OwnerName
from svcdns.wire.rdata_text import duration_of, name_of, rdata_of
from svcdns.wire.rrset import RRset
from svcdns.wire.zone_lexer import Entry, Flaw, Word, entries
from svcdns.wire.zone_text import head_of, owner_of

MAX_DEPTH = 7
"""Files a file may be included by, one inside the other."""
MAX_GENERATED = 65_536
"""Records one $GENERATE may make."""
_MAX_WIDTH = 255
_SIGNATURES = frozenset(map(int, (RRType.RRSIG, RRType.NSEC, RRType.NSEC3, RRType.NSEC3PARAM)))
"""Types that are of no use without the others: nobody here picks them for an answer."""
_RANGE = re.compile(r"([0-9]{1,10})-([0-9]{1,10})(?:/([0-9]{1,10}))?", re.ASCII)
_PLACE = re.compile(r"\\\$|\$\$|\$(?:\{([^}]*)\})?")
_MODIFIER = re.compile(r"(-?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxX]))?)?", re.ASCII)


class ZoneFile(NamedTuple):
    """What a master file says."""

    records: tuple[RRset, ...]
    """One record each, in the order of the file."""
    mistakes: tuple[str, ...]
    """Each `FILE:LINE: what is wrong`."""
    unsigned: int
    """Records left out because they are signatures, or belong to them."""
    files: tuple[str, ...]
    """Every file that was read or tried, the first one first."""


def read_zone(text: str, file: str, origin: OwnerName, read: Callable[[str], str]) -> ZoneFile:
    """Return the records of a master file and of those it includes.

    Signatures are left out. A record without a TTL has that of the last $TTL, else of the record
    before, else, if it is the SOA, its minimum; where there is none of these it is a mistake.

    Args:
        text: of the file.
        file: its path, for mistakes; relative names in $INCLUDE begin in its folder.
        origin: what relative names end in until $ORIGIN says otherwise.
        read: returns the text of an included file; raises OSError or ValueError.
    """
    reader = _Reader(read)
    reader.read(text, _State(file, origin))
    return ZoneFile(
        tuple(reader.records),
        tuple(reader.mistakes),
        reader.unsigned,
        tuple(dict.fromkeys(reader.files)),
    )


class _State:
    """What a line may leave to the lines before it; each file has its own."""

    def __init__(self, file: str, origin: OwnerName) -> None:
        self.file = file
        self.origin = origin
        self.owner: OwnerName | None = None
        self.default_ttl: int | None = None
        """Of $TTL."""
        self.last_ttl: int | None = None
        """Of a record."""
        self.depth = 0

    def inside(self, file: str, origin: OwnerName) -> "_State":
        """Return how a file that is included here begins; what it changes ends with it."""
        state = _State(file, origin)
        state.owner, state.default_ttl = self.owner, self.default_ttl
        state.last_ttl, state.depth = self.last_ttl, self.depth + 1
        return state


class _Reader:
    """What is found on the way through all files."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self.records: list[RRset] = []
        self.mistakes: list[str] = []
        self.files: list[str] = []
        self.unsigned = 0
        self._read = read

    def read(self, text: str, state: _State) -> None:
        self.files.append(state.file)
        for entry in entries(text):
            try:
                if isinstance(entry, Flaw):
                    raise ValueError(entry.problem)  # noqa: TRY004, TRY301  told like all others
                self._entry(entry, state)
            except ValueError as error:
                self.mistakes.append(f"{state.file}:{entry.line}: {error}")

    def _entry(self, entry: Entry, state: _State) -> None:
        first, *others = entry.words
        words = tuple(others)
        if not first.text.startswith("$") or first.quoted or entry.is_indented:
            self._record(entry, state)
            return
        match first.text.upper():
            case "$ORIGIN":
                (word,) = _exactly(words, "$ORIGIN NAME", 1)
                state.origin = name_of(word, state.origin)
            case "$TTL":
                (word,) = _exactly(words, "$TTL TIME", 1)
                state.default_ttl = duration_of(word.text)
            case "$INCLUDE":
                self._include(_exactly(words, "$INCLUDE FILE [ORIGIN]", 1, 2), state)
            case "$GENERATE":
                for generated in _generated(words):
                    self._record(Entry(entry.line, generated, is_indented=False), state)
            case _:
                raise ValueError(
                    f"'{first.text}' is not a directive: there are $ORIGIN, $TTL, $INCLUDE "
                    "and $GENERATE"
                )

    def _include(self, words: tuple[Word, ...], state: _State) -> None:
        path = words[0].text
        folder, slash, _ = state.file.rpartition("/")
        file = path if path.startswith("/") else f"{folder}{slash}{path}"
        origin = name_of(words[1], state.origin) if len(words) > 1 else state.origin
        if state.depth >= MAX_DEPTH:
            raise ValueError(
                f"'{path}' is included {MAX_DEPTH} files deep: does one include itself?"
            )
        self.files.append(file)
        try:
            text = self._read(file)
        except (OSError, ValueError) as error:
            raise ValueError(f"'{path}' cannot be included: {error}") from None
        self.read(text, state.inside(file, origin))

    def _record(self, entry: Entry, state: _State) -> None:
        words = entry.words
        if not entry.is_indented:
            # Also when the rest is wrong: the lines behind it may leave it to this one.
            state.owner = owner_of(words[0], state.origin)
            words = words[1:]
        if state.owner is None:
            raise ValueError("owner: it is missing, and no record comes before")
        head = head_of(words)
        if head.rrclass not in (None, RRClass.IN):
            raise ValueError(f"class: {class_text(head.rrclass)} is not served here, only IN")
        if head.rrtype in _SIGNATURES:
            self.unsigned += 1
            return
        rdata = rdata_of(head.rrtype, head.words, state.origin)
        ttl = head.ttl if head.ttl is not None else state.default_ttl
        if ttl is None:
            ttl = state.last_ttl
        if ttl is None and head.rrtype == RRType.SOA:
            ttl = int.from_bytes(rdata[-4:])
        if ttl is None:
            raise ValueError("TTL: it is missing; write $TTL 3600 at the top of the file")
        if head.ttl is not None:
            state.last_ttl = ttl
        self.records.append(RRset(state.owner, head.rrtype, ttl, (rdata,)))


def _exactly(words: tuple[Word, ...], form: str, least: int, most: int = 0) -> tuple[Word, ...]:
    if not least <= len(words) <= max(least, most):
        raise ValueError(f"it has {len(words)} words behind it; write: {form}")
    return words


def _generated(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    """Yield the words of each record that one $GENERATE makes."""
    if len(words) < 4:
        raise ValueError("it is too short; write: $GENERATE 1-9 host$ A 192.0.2.$")
    bounds = _RANGE.fullmatch(words[0].text)
    if bounds is None:
        raise ValueError(f"'{words[0].text}' is not a range such as 1-9 or 0-100/2")
    start, end, step = int(bounds[1]), int(bounds[2]), int(bounds[3] or 1)
    if start > end or not step:
        raise ValueError(f"'{words[0].text}' is a range that has nothing in it")
    if (end - start) // step >= MAX_GENERATED:
        raise ValueError(f"'{words[0].text}' makes more than {MAX_GENERATED} records")
    for number in range(start, end + 1, step):
        yield tuple(word._replace(text=_filled(word.text, number)) for word in words[1:])


def _filled(text: str, number: int) -> str:
    return _PLACE.sub(lambda place: _place(place, number), text)


def _place(place: re.Match[str], number: int) -> str:
    if place[0] in ("$$", "\\$"):
        return "\\$"
    if place[1] is None:
        return str(number)
    modifier = _MODIFIER.fullmatch(place[1])
    if modifier is None or int(modifier[2] or 0) > _MAX_WIDTH:
        raise ValueError(f"'{place[0]}' is not as in ${{OFFSET,WIDTH,BASE}}: ${{0,3,d}}")
    value = number + int(modifier[1])
    if value < 0:
        raise ValueError(f"'{place[0]}' makes the negative number {value}")
    return format(value, f"0{int(modifier[2] or 0)}{modifier[3] or 'd'}")
