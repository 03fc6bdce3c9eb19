"""Numbers, and spans of time as Go writes them: `1h2m3.5s`, `300ms`, `1.5h`, `-2s`, `0`.

Source: ParseDuration of Go's package time, whose error texts operators look for.
"""

import re

from svcdns.corefile.errors import WordError, shown

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek letter mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<rest>[0-9]*))?(?P<unit>[^0-9.]*)")
_MAX_NANOSECONDS = 0x7FFF_FFFF_FFFF_FFFF
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST = 100
"""Characters of a number or a duration; whoever needs more is not serious."""


def parse_duration(text: str) -> float:
    """Return the seconds that `text` means.

    Raises:
        WordError: not a duration, or one of more than 292 years; the problem is in Go's words.
    """
    quoted = f'"{text[:_LONGEST]}"'
    unsigned = text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return 0.0
    hint = "a duration is written as in 30s, 1m30s or 500ms"
    total = position = 0
    while position < len(unsigned) <= _LONGEST:
        part = _PART.match(unsigned, position)
        if part is None or not (part["whole"] or part["rest"]):
            raise WordError(f"time: invalid duration {quoted}", hint)
        position = part.end()
        if not part["unit"]:
            raise WordError(f"time: missing unit in duration {quoted}", f"write {text}s")
        if part["unit"] not in _NANOSECONDS:
            raise WordError(f'time: unknown unit "{part["unit"]}" in duration {quoted}', hint)
        rest = part["rest"] or ""
        total += int(part["whole"] + rest) * _NANOSECONDS[part["unit"]] // 10 ** len(rest)
    if not position or total > _MAX_NANOSECONDS:
        raise WordError(f"time: invalid duration {quoted}", hint)
    return (-total if text[0] == "-" else total) / 1e9


def parse_integer(text: str, meaning: str = "a whole number") -> int:
    """Return the whole number that `text` is.

    Raises:
        WordError: "'30x' is not " and `meaning`.
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    raise WordError(f"{shown(text)} is not {meaning}", _without_unit(text))


def parse_number(text: str) -> float:
    """Return the decimal number that `text` is.

    Raises:
        WordError: something else.
    """
    if _NUMBER.fullmatch(text) and len(text) <= _LONGEST:
        return float(text)
    raise WordError(f"{shown(text)} is not a number")


def _without_unit(text: str) -> str:
    """Return a hint for who wrote a duration where a number of seconds has to be."""
    try:
        seconds = parse_duration(text)
    except WordError:
        return ""
    return f"write: {seconds:.0f}" if seconds == int(seconds) else ""
