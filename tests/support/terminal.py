"""A terminal that remembers what was written to it, and text without its colours."""

import io
import re


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True


def plain(text: str) -> str:
    """Return `text` as it is to be read: without what sets colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
