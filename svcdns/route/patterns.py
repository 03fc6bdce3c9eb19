"""Regular expressions as CoreDNS reads them: RE2, in time linear in the text.

The only door to google-re2. What Python's own `re` accepts beyond RE2 (back-references,
look-around) is refused here, so a Corefile means the same in both servers, and no pattern an
operator writes can stall a query.

Source: RE2 syntax, https://github.com/google/re2/wiki/Syntax
"""

import re
from collections.abc import Mapping
from typing import Any

MAX_PATTERN = 10_000
"""Characters; CoreDNS has the same limit."""

_HINT = "RE2 knows neither back-references nor look-around"
_FOREIGN = re.compile(r"\\[1-9]|\(\?<?[=!]")


class Pattern:
    """One compiled regular expression."""

    __slots__ = ("_search", "group_count", "group_names", "text")

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        """As the operator wrote it."""
        self.group_count: int = compiled.groups
        """Groups in brackets; the whole match is none of them."""
        self.group_names: Mapping[str, int] = dict(compiled.groupindex)
        """Name -> number, of those groups that have a name."""
        self._search = compiled.search

    def is_found_in(self, text: str) -> bool:
        """Return whether the pattern matches anywhere in `text`."""
        return self._search(text) is not None

    def groups(self, text: str) -> tuple[str, ...] | None:
        """Return the first match in `text`: the whole of it, then what each group holds.

        A group that takes no part in the match is empty. None: nothing matches.
        """
        match = self._search(text)
        return None if match is None else (match[0], *(group or "" for group in match.groups()))


def compile_pattern(text: str) -> Pattern:
    """Return the pattern that `text` describes.

    Raises:
        ValueError: longer than `MAX_PATTERN` characters, or not RE2; the message is a sentence
            that quotes what is wrong with it.
    """
    if len(text) > MAX_PATTERN:
        raise ValueError(
            f"a regular expression of {len(text):,} characters is too long: "
            f"at most {MAX_PATTERN:,} are read"
        )
    import re2  # noqa: PLC0415 - 7 ms that most Corefiles never need

    options = re2.Options()
    options.log_errors = False  # the library would write its own lines to stderr
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        raise ValueError(_sentence(text, error)) from None
    except UnicodeError:
        raise ValueError("the regular expression is not text in UTF-8") from None
    return Pattern(text, compiled)


def _sentence(text: str, error: Exception) -> str:
    """Return what the library complains about, in one sentence."""
    complaint = error.args[0] if error.args else ""
    if isinstance(complaint, bytes):
        complaint = complaint.decode("utf-8", "replace")
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    hint = f" ({_HINT})" if _FOREIGN.search(complaint) else ""
    return f"'{shown}' is not a regular expression: {complaint}{hint}"
