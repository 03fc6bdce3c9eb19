"""The functions that a template may call: Go's own, and `parseInt`.

`and` and `or`, which do not look at all of their words, are in `answers.go_template`.

Source: the documentation of Go's packages text/template and strconv (ParseUint).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from svcdns.answers.go_error import TemplateError
from svcdns.answers.go_printf import Value, print_format, print_line, print_values, text_of

_DIGITS = re.compile(r"[0-9A-Za-z]+")
_GROUPED = re.compile(r"(?:0[xXoObB]?_?)?[0-9A-Za-z]+(?:_[0-9A-Za-z]+)*")
_PREFIXES = {"0x": 16, "0o": 8, "0b": 2}


class Function(NamedTuple):
    """A function, and how many words it takes."""

    call: Callable[..., Value]
    least: int
    most: int | None
    """None: as many as there are."""
    example: str
    """How it is written."""


def is_true(value: Value) -> bool:
    """Return whether `if` takes `value` for true: not empty, not zero, not missing."""
    return bool(value)


def length(value: Value) -> int:
    """Return the octets of a text, or how many elements there are.

    Raises:
        TemplateError: it has no length.
    """
    match value:
        case str():
            return len(value.encode())
        case list() | tuple() | Mapping():
            return len(value)
        case _:
            raise TemplateError(f"len: {text_of(value)} has no length")


def index(value: Value, *keys: Value) -> Value:
    """Return the element at the first key, of that the element at the next, and so on.

    Raises:
        TemplateError: there is none, or the key is of the wrong kind.
    """
    for key in keys:
        match value:
            case Mapping():
                if not isinstance(key, str):
                    raise TemplateError(f"index: {text_of(key)} is not a text")
                value = value.get(key, "")
            case str():
                octets = value.encode()
                value = octets[_position("index", key, len(octets) - 1)]
            case list() | tuple():
                value = value[_position("index", key, len(value) - 1)]
            case _:
                raise TemplateError(f"index: {text_of(value)} has no elements")
    return value


def part(value: Value, *limits: Value) -> Value:
    """Return the part of a text or list from the first limit up to the second.

    Raises:
        TemplateError: there is no such part.
    """
    if not isinstance(value, (str, list, tuple)):
        raise TemplateError(f"slice: {text_of(value)} has no parts")
    if isinstance(value, str) and len(limits) > 2:
        raise TemplateError("slice: a text takes two limits at most")
    octets: Sequence[object] = value.encode() if isinstance(value, str) else value
    places = [_position("slice", limit, len(octets)) for limit in limits]
    start, end = (*places, *(0, len(octets))[len(places) :])[:2]
    if places != sorted(places):
        raise TemplateError(f"slice: {start} is behind {end}")
    found = octets[start:end]
    return found.decode(errors="replace") if isinstance(found, bytes) else found


def _position(function: str, key: Value, most: int) -> int:
    if isinstance(key, bool) or not isinstance(key, int):
        raise TemplateError(f"{function}: {text_of(key)} is not a number")
    if not 0 <= key <= most:
        raise TemplateError(f"{function}: {key} is out of range, there are 0 to {most}")
    return key


def parse_integer(text: Value, base: Value, bits: Value) -> int:
    """Return the number that `text` spells in `base`, which has to fit into so many bits.

    Raises:
        TemplateError: it spells none, or a greater one.
    """
    if not isinstance(text, str) or not _is_integer(base) or not _is_integer(bits):
        raise TemplateError("parseInt takes a text, a base and a number of bits")
    assert isinstance(base, int)  # noqa: S101  for the type checker
    assert isinstance(bits, int)  # noqa: S101
    if base == 1 or not 0 <= base <= 36:
        raise TemplateError(f"parseInt: there is no base {base}")
    if not 0 <= bits <= 64:
        raise TemplateError(f"parseInt: a number of {bits} bits is none")
    number = _spelled(text, base)
    if number is None:
        raise TemplateError(f"parseInt: '{text}' is not a number in base {base}")
    if number >= 1 << (bits or 64):
        raise TemplateError(f"parseInt: {text} has more than {bits or 64} bits")
    return number


def _spelled(text: str, base: int) -> int | None:
    pattern = _DIGITS if base else _GROUPED
    if len(text) > 255 or not text.isascii() or not pattern.fullmatch(text):
        return None
    prefix = _PREFIXES.get(text[:2].lower())
    if base and prefix == base:  # Python would pass over it
        return None
    digits = text
    if not base:
        base = prefix or (8 if text[0] == "0" else 10)
        digits = text[2:] if prefix else text
    try:
        return int(digits.replace("_", ""), base)
    except ValueError:
        return None


def _is_integer(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def equal(first: Value, *others: Value) -> bool:
    """Return whether `first` is one of the others.

    Raises:
        TemplateError: two values of different kinds, or of one that cannot be compared.
    """
    if not others:
        raise TemplateError("eq: there is nothing to compare with")
    return any(_is_equal(first, other) for other in others)


def _is_equal(first: Value, second: Value) -> bool:
    if first is None or second is None:
        return first is second
    kind = _kind(first, "non-comparable value")
    if kind is not _kind(second, "non-comparable value"):
        raise TemplateError(f"{_quoted(first)} and {_quoted(second)} cannot be compared")
    return first == second


def less(first: Value, second: Value) -> bool:
    """Return whether `first` comes before `second`.

    Raises:
        TemplateError: two values of different kinds, or of one that has no order.
    """
    kind = _kind(first, "no order for")
    if kind is not _kind(second, "no order for") or kind is bool:
        raise TemplateError(f"{_quoted(first)} and {_quoted(second)} have no order")
    return bool(first < second)  # type: ignore[operator]  # both are texts, or both are numbers


def _kind(value: Value, problem: str) -> type:
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind
    raise TemplateError(f"{problem}: {text_of(value)}")


def _quoted(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else text_of(value)


FUNCTIONS: Mapping[str, Function] = {
    "parseInt": Function(parse_integer, 3, 3, "parseInt TEXT 16 8"),
    "printf": Function(print_format, 1, None, 'printf "%03d" VALUE'),
    "print": Function(print_values, 0, None, "print VALUE ..."),
    "println": Function(print_line, 0, None, "println VALUE ..."),
    "index": Function(index, 1, None, "index .Match 1"),
    "slice": Function(part, 1, 4, "slice .Name 0 3"),
    "len": Function(length, 1, 1, "len .Name"),
    "not": Function(lambda value: not is_true(value), 1, 1, "not VALUE"),
    "eq": Function(equal, 2, None, "eq VALUE VALUE ..."),
    "ne": Function(lambda first, second: not _is_equal(first, second), 2, 2, "ne VALUE VALUE"),
    "lt": Function(less, 2, 2, "lt VALUE VALUE"),
    "le": Function(
        lambda first, second: less(first, second) or _is_equal(first, second),
        *(2, 2),
        "le VALUE VALUE",
    ),
    "gt": Function(lambda first, second: less(second, first), 2, 2, "gt VALUE VALUE"),
    "ge": Function(
        lambda first, second: less(second, first) or _is_equal(first, second),
        *(2, 2),
        "ge VALUE VALUE",
    ),
}

NOT_HERE: Mapping[str, str] = {
    "call": "no field here is a function",
    "html": "names and records need no HTML",
    "js": "names and records need no JavaScript",
    "urlquery": "names and records need no URL",
}
"""Functions of Go that are not known here, and why."""
