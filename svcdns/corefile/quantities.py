"""Numbers, and spans of time as Go writes them: `1h2m3.5s`, `300ms`, `1.5h`, `-2s`, `0`.

Every number of a Corefile is read here: Python's own `int` and `float` take underscores, blanks
and digits of other scripts, and a number that only svcdns takes is no number.

Source: Atoi, ParseUint and ParseFloat of Go's package strconv; ParseDuration of its package time,
whose error texts operators look for.
"""

import re
from math import isfinite

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
_LEAST_INTEGER, _MOST_INTEGER = -(1 << 63), (1 << 63) - 1
_INTEGER = re.compile(r"[+-]?0*[0-9]{1,19}")
_PREFIXED = re.compile(
    r"0[xX](?:_?[0-9A-Fa-f])+|(?:0[oO]|0)(?:_?[0-7])+|0[bB](?:_?[01])+|0|[1-9](?:_?[0-9])*"
)
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
    """Return the whole number that `text` is: with Go's Atoi, which takes a sign.

    Raises:
        WordError: "'30x' is not " and `meaning`, also of one with more than 64 bits.
    """
    if len(text) <= _LONGEST and _INTEGER.fullmatch(text):
        number = int(text)
        if _LEAST_INTEGER <= number <= _MOST_INTEGER:
            return number
    raise WordError(f"{shown(text)} is not {meaning}", _without_unit(text))


def parse_unsigned(text: str, meaning: str = "a whole number") -> int:
    """Return what `parse_integer` does of a number that has no `+`: with Go's ParseUint.

    A negative one is returned: whoever asks has a limit, and words for what is below it.

    Raises:
        WordError: as `parse_integer` does.
    """
    number = parse_integer(text, meaning)
    if number >= 0 and text[0] in "+-":
        raise WordError(f"{shown(text)} is not {meaning}", f"write: {number}")
    return number


def parse_prefixed(text: str, most: int) -> int:
    """Return the number from 0 to `most` that `text` is, as a constant in Go: `10`, `0xa`, `1_0`.

    Raises:
        WordError: "'30x' is not a number from 0 to" and `most`.
    """
    if len(text) <= _LONGEST and _PREFIXED.fullmatch(text):
        is_octal = text[0] == "0" and text.replace("_", "").isdigit()
        number = int(text, 8 if is_octal else 0)
        if number <= most:
            return number
    raise WordError(f"{shown(text)} is not a number from 0 to {most}")


def parse_number(text: str) -> float:
    """Return the decimal number that `text` is.

    Raises:
        WordError: something else.
    """
    if _NUMBER.fullmatch(text) and len(text) <= _LONGEST:
        number = float(text)
        if isfinite(number):
            return number
    raise WordError(f"{shown(text)} is not a number")


def _without_unit(text: str) -> str:
    """Return a hint for who wrote a duration where a number of seconds has to be."""
    try:
        seconds = parse_duration(text)
    except WordError:
        return ""
    return f"write: {seconds:.0f}" if seconds == int(seconds) else ""
