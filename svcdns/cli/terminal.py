"""What the terminal behind standard output can show, and the colours of everything on it.

Five tones and no other colour anywhere, each beside a word that says the same. Text that has one
is longer than it looks: pad first, `cli.columns` does.

Source: https://no-color.org; `dumb` is what editors and CI set in TERM: ncurses, terminfo(5).
"""

import os
import sys
from enum import Enum
from typing import Any

import typer


class Tone(Enum):
    """What a colour says."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    STRONG = "strong"
    """Where to look first."""
    DIM = "dim"
    """What is read second."""


_STYLES: dict[Tone, dict[str, Any]] = {
    Tone.OK: {"fg": typer.colors.GREEN, "bold": True},
    Tone.WARN: {"fg": typer.colors.YELLOW, "bold": True},
    Tone.FAIL: {"fg": typer.colors.RED, "bold": True},
    Tone.STRONG: {"bold": True},
    Tone.DIM: {"dim": True},
}


def has_colour() -> bool:
    """Return whether colours are wanted: by whoever reads, and by what shows them."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty()


def toned(text: str, tone: Tone | None, *, colour: bool) -> str:
    """Return `text` in its tone; as it is without colours, without a tone, or when it is empty."""
    return typer.style(text, **_STYLES[tone]) if colour and tone and text else text
