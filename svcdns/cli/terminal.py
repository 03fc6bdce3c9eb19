"""What the terminal behind standard output can show.

Source: https://no-color.org; `dumb` is what editors and CI set in TERM: ncurses, terminfo(5).
"""

import os
import sys


def has_colour() -> bool:
    """Return whether colours are wanted: by whoever reads, and by what shows them."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty()
