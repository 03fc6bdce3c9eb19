r"""Master files cut into words: quotes, escapes, comments, parentheses, lines that go on.

A word keeps its escapes, because what they mean depends on the field: `\.` is a dot within a
label, and `\@` is no origin. Which field a word is, is `zone_text`'s business.

Source: RFC 1035 section 5.1; RFC 9460 section 2.1 (a quoted value glued to its key).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_PIECE = re.compile(
    r"""
      (?P<blank>[\ \t\r\f\v]+)
    | (?P<comment>;.*)
    | (?P<parenthesis>[()])
    | "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<plain>(?:[^\ \t\r\f\v;()"\\]|\\.)+)
    """,
    re.VERBOSE | re.DOTALL,
)
_UNIT = re.compile(r"\\([0-9]{3})|\\([^0-9])|([^\\]+)", re.ASCII | re.DOTALL)


class Word(NamedTuple):
    """One word of a master file, its escapes untouched."""

    text: str
    quoted: bool = False
    """It stood between quotes, which are not part of `text`."""
    glued: bool = False
    """No blank is between it and the word before."""


class Entry(NamedTuple):
    """One record or directive: a line, or several that parentheses join."""

    line: int
    """Number of its first line."""
    words: tuple[Word, ...]
    is_indented: bool
    """A blank comes first: the owner is that of the record before."""


class Flaw(NamedTuple):
    """What makes a line unreadable, as a sentence."""

    line: int
    problem: str


def entries(text: str) -> Iterator[Entry | Flaw]:
    """Yield what a master file consists of, and where it cannot be read, in its order."""
    words: list[Word] = []
    opened: list[int] = []  # lines of parentheses that are still open
    start, is_indented = 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if not words and not opened:
            start, is_indented = number, line[:1] in (" ", "\t")
        problem = _read(line, number, words, opened)
        if problem:
            yield Flaw(number, problem)
            words, opened = [], []
        elif words and not opened:
            yield Entry(start, tuple(words), is_indented)
            words = []
    if opened:
        yield Flaw(opened[0], "a parenthesis is opened here and never closed")


def _read(line: str, number: int, words: list[Word], opened: list[int]) -> str:
    """Add the words of one line to `words`; return what is wrong with it, or nothing."""
    end, glued = 0, False
    for piece in _PIECE.finditer(line):
        if piece.start() != end:
            break
        end = piece.end()
        if piece["parenthesis"] == "(":
            opened.append(number)
        elif piece["parenthesis"]:
            if not opened:
                return "a parenthesis is closed that nothing opened"
            opened.pop()
        elif piece["quoted"] is not None:
            words.append(Word(piece["quoted"], True, glued))  # noqa: FBT003  its fields
        elif piece["plain"]:
            words.append(Word(piece["plain"], False, glued))  # noqa: FBT003  its fields
        glued = piece["blank"] is None and piece["parenthesis"] is None
    if end != len(line):
        if line[end] == '"':
            return "a quoted string does not end on its line"
        return "a backslash at the end of the line has nothing to escape"
    return ""


def unescaped(text: str) -> bytes:
    r"""Return the octets of a character string: `\DDD` is one, `\X` the character X.

    What is not ASCII stands for its UTF-8 octets.

    Raises:
        ValueError: `\DDD` over 255, or a backslash before fewer than three digits.
    """
    if "\\" not in text:
        return text.encode("utf-8", "surrogateescape")
    octets = bytearray()
    end = 0
    for unit in _UNIT.finditer(text):
        if unit.start() != end:
            break
        end = unit.end()
        if unit[1]:
            if int(unit[1]) > 0xFF:
                raise ValueError(f"'{text}' escapes \\{unit[1]}, but an octet is at most \\255")
            octets.append(int(unit[1]))
        else:
            octets += (unit[2] or unit[3]).encode("utf-8", "surrogateescape")
    if end != len(text):
        raise ValueError(
            f"'{text}' has a backslash that neither three digits nor a character follow"
        )
    return bytes(octets)
