"""How far something is that takes a while: one line on a terminal's standard error, else nothing.

The line is drawn over at most ten times a second, and is gone in the end, so that output can be
read and sent on as if it had never been there.
"""

import os
import sys
import time
from types import TracebackType
from typing import Self

_EVERY_SECONDS = 0.1
_BAR = 24
CLEAR = "\r\x1b[K"
"""What takes the line away."""


class Progress:
    """One thing that is waited for; a context, whose end takes the line away."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = is_wanted()
        self._next = 0.0
        self._is_drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def show(self, count: int, total: int | None = None, what: str = "") -> None:
        """Say how many there are, of how many if that is known.

        Args:
            count: so far.
            total: in the end; None: nobody knows.
            what: of what, if it changes on the way.
        """
        now = time.monotonic()
        if not self._is_shown or now < self._next:
            return
        self._next = now + _EVERY_SECONDS
        self._is_drawn = True
        sys.stderr.write(f"{CLEAR}{fitting(line(what or self._what, count, total))}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_drawn:
            self._is_drawn = False
            sys.stderr.write(CLEAR)
            sys.stderr.flush()


def line(what: str, count: int, total: int | None) -> str:
    """Return `[#####-----]  1,500 of 3,000 services`."""
    if not total:
        return f"{count:,} {what}"
    filled = min(_BAR, _BAR * count // total)
    return f"[{'#' * filled}{'-' * (_BAR - filled)}]  {count:,} of {total:,} {what}"


def fitting(text: str) -> str:
    """Return `text` as far as it fits into one line: only one can be drawn over."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        columns = 0
    return text[: columns - 1] if columns else text


def is_wanted() -> bool:
    """Return whether somebody looks on, at a screen that can draw over a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
