"""Records in the text of RFC 1035, one alone: `www 5m IN A 192.0.2.1`.

Whole files with their directives are `zone_file`'s business, the text of RDATA `rdata_text`'s.

Source: RFC 1035 section 5.1; RFC 2308 section 4 (TTL); RFC 3597 section 5 (any type and class).
"""

import re
from typing import NamedTuple

from svcdns.wire.codes import RRClass, RRType, type_number
from svcdns.wire.name import ROOT, OwnerName
from svcdns.wire.rdata_text import duration_of, is_duration, name_of, rdata_of
from svcdns.wire.rrset import RRset
from svcdns.wire.zone_lexer import Flaw, Word, entries

_CLASSES = {member.name: member.value for member in (RRClass.IN, RRClass.CH, RRClass.HS)}
_UNNAMED_CLASS = re.compile(r"CLASS([0-9]{1,5})", re.ASCII | re.IGNORECASE)
_QUESTIONS_ONLY = frozenset(
    map(
        int,
        (RRType.OPT, RRType.TKEY, RRType.TSIG, RRType.IXFR, RRType.AXFR, RRType.ANY),
    )
) | {RRType.MAILA, RRType.MAILB}


class Head(NamedTuple):
    """What stands in front of RDATA, without the owner."""

    ttl: int | None
    rrclass: int | None
    rrtype: int
    words: tuple[Word, ...]
    """Those behind the type."""


def record_of(line: str, origin: OwnerName = ROOT, default_ttl: int = 3600) -> RRset:
    """Return the one record that `line` spells.

    TTL and class may be left out and stand in either order; a name that does not end in a dot
    is below `origin`, and `@` is the origin.

    Args:
        line: may have comments, quotes, and parentheses over several lines.
        origin: what relative names end in.
        default_ttl: in seconds, for a record without a TTL.

    Raises:
        ValueError: not one record; the message is a sentence that names the field.
    """
    found = list(entries(line))
    if not found:
        raise ValueError("there is no record")
    if len(found) > 1:
        raise ValueError("there is more than one record")
    (entry,) = found
    if isinstance(entry, Flaw):
        raise ValueError(entry.problem)  # noqa: TRY004  the text is wrong, not its type
    owner, *words = entry.words
    head = head_of(tuple(words))
    ttl = default_ttl if head.ttl is None else head.ttl
    rdata = rdata_of(head.rrtype, head.words, origin)
    rrclass = RRClass.IN.value if head.rrclass is None else head.rrclass
    return RRset(owner_of(owner, origin), head.rrtype, ttl, (rdata,), rrclass)


def owner_of(word: Word, origin: OwnerName) -> OwnerName:
    """Return the owner name that `word` spells.

    Raises:
        ValueError: it is not a name.
    """
    try:
        return name_of(word, origin)
    except ValueError as error:
        raise ValueError(f"owner: {error}") from None


def head_of(words: tuple[Word, ...]) -> Head:
    """Return TTL, class and type, and the words of the RDATA.

    Raises:
        ValueError: there is no type, it is none, or TTL or class are given twice.
    """
    ttl: int | None = None
    rrclass: int | None = None
    for index, word in enumerate(words):
        if is_duration(word.text) and ttl is None:
            try:
                ttl = duration_of(word.text)
            except ValueError as error:
                raise ValueError(f"TTL: {error}") from None
        elif rrclass is None and (known := _class(word.text)) is not None:
            rrclass = known
        else:
            return Head(ttl, rrclass, _type(word), words[index + 1 :])
    raise ValueError("type: it is missing")


def _class(text: str) -> int | None:
    unnamed = _UNNAMED_CLASS.fullmatch(text)
    if unnamed:
        return int(unnamed[1]) if int(unnamed[1]) <= 0xFFFF else None
    return _CLASSES.get(text.upper())


def _type(word: Word) -> int:
    try:
        number = type_number(word.text)
    except ValueError as error:
        raise ValueError(f"type: {error}") from None
    if word.quoted or number in _QUESTIONS_ONLY or not number:
        raise ValueError(f"type: no record can be of type '{word.text}'")
    return number
