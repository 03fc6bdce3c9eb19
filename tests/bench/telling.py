"""What the benchmark says while it works: lines in a log, one line on a terminal.

It goes to standard error: figures alone go to standard output.
"""

import sys

from svcdns.cli.progress import CLEAR, fitting, is_wanted, line


def say(what: str) -> None:
    """Tell whoever waits what is done next."""
    if is_wanted():
        _draw(what)
    else:
        sys.stderr.write(f"bench: {what}\n")


def advance(count: int, total: int, what: str) -> None:
    """Tell whoever looks on how far it is; a log does without."""
    if is_wanted():
        _draw(line(what, count, total))


def hush() -> None:
    """Take the line away, before figures are written below."""
    if is_wanted():
        sys.stderr.write(CLEAR)
        sys.stderr.flush()


def _draw(text: str) -> None:
    sys.stderr.write(f"{CLEAR}{fitting(text)}")
    sys.stderr.flush()
