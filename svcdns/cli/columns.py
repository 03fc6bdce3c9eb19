"""Rows with their columns one below the other, whatever colours are in them.

Source: Unicode Standard Annex 11 (wide characters take two cells of a terminal).
"""

from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from svcdns.cli.terminal import Tone, toned


class Cell(NamedTuple):
    """A text, and what its colour says."""

    text: str
    tone: Tone | None = None


def aligned(
    rows: Sequence[Sequence[Cell]], *, colour: bool, gap: str = "  ", right: Sequence[int] = ()
) -> list[str]:
    """Return a line for each row, each column as wide as its widest text, empty columns left out.

    Args:
        rows: with the same number of cells each.
        colour: whether there are colours.
        gap: between two columns.
        right: columns whose texts end one below the other.
    """
    columns = range(len(rows[0]) if rows else 0)
    widths = [max(width(row[column].text) for row in rows) for column in columns]
    lines = []
    for row in rows:
        parts = []
        missing = 0  # of the cell before, which is padded only if something follows
        for column in columns:
            if not widths[column]:
                continue
            text, tone = row[column]
            fill = widths[column] - width(text)
            before, after = (fill, 0) if column in right else (0, fill)
            parts.append((" " * (missing + before), toned(text, tone, colour=colour)))
            missing = after
        lines.append(_joined(parts, gap))
    return lines


def _joined(parts: list[tuple[str, str]], gap: str) -> str:
    """Return the parts with their gaps, nothing behind the last text."""
    while parts and not parts[-1][1]:
        parts.pop()
    return "".join(
        f"{pad}{gap if number else ''}{text}" for number, (pad, text) in enumerate(parts)
    )


def width(text: str) -> int:
    """Return how many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
