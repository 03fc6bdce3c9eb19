"""`printf` and `print` of Go's package fmt, for the values that templates hold.

A verb that does not fit its value, one value too few or too many: all of that is written into
the text, as Go does, and becomes a record that cannot be read.

Source: the documentation of Go's package fmt.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from svcdns.answers.go_error import TemplateError

Value = object
"""Text, a number, a truth value, a list of texts, a map of texts, or None for no value."""

LONGEST = 65_535
"""Characters of a text: no record is longer."""

_VERB = re.compile(r"%([-+# 0]*)(\d{0,9})(?:(\.)(\d{0,9}))?(.)?", re.DOTALL)
_INTEGERS = {"d": "d", "x": "x", "X": "X", "o": "o", "b": "b", "v": "d"}
_PREFIXES = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}
_FLOATS = frozenset("eEfFgG")


def text_of(value: Value) -> str:
    """Return what stands for `value` where it is printed without a verb.

    Raises:
        TemplateError: the value has fields, but no text.
    """
    text = "<nil>"
    match value:
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case int():
            text = str(value)
        case float():
            text = _shortest(value)
        case list() | tuple():
            text = f"[{' '.join(map(text_of, value))}]"
        case Mapping():
            text = f"map[{' '.join(f'{key}:{text_of(value[key])}' for key in sorted(value))}]"
        case _ if value is not None:
            raise TemplateError("it prints the whole of something that has fields, not one of them")
    return text


def print_values(*values: Value) -> str:
    """Return the values as `print` joins them: a blank between two of which none is a text."""
    parts: list[str] = []
    for number, value in enumerate(values):
        if number and not (isinstance(value, str) or isinstance(values[number - 1], str)):
            parts.append(" ")
        parts.append(text_of(value))
    return bounded("".join(parts))


def print_line(*values: Value) -> str:
    """Return the values as `println` joins them."""
    return bounded(f"{' '.join(map(text_of, values))}\n")


def print_format(form: Value, *values: Value) -> str:
    """Return `form` with its verbs replaced by `values`, as `printf` does.

    Raises:
        TemplateError: the form is no text; it uses `*`, `[N]` or `%p`, or a width beyond reason.
    """
    if not isinstance(form, str):
        raise TemplateError(f"the first word of printf is a format, not {text_of(form)}")
    left = list(values)
    parts: list[str] = []
    end = 0
    while (start := form.find("%", end)) >= 0:
        parts.append(form[end:start])
        found = _VERB.match(form, start)
        assert found is not None  # noqa: S101  it begins with a %
        end = found.end()
        parts.append(_verb(found, left))
    parts.append(form[end:])
    if left:
        extra = ", ".join(f"{_type_of(value)}={_plain(value)}" for value in left)
        parts.append(f"%!(EXTRA {extra})")
    return bounded("".join(parts))


def bounded(text: str) -> str:
    """Return `text`.

    Raises:
        TemplateError: it is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        raise TemplateError(f"a text of {len(text):,} characters is longer than any record")
    return text


def _verb(found: re.Match[str], left: list[Value]) -> str:
    flags, width, point, precision, verb = found.groups()
    if verb is None:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    if verb in "*[p":
        raise TemplateError(f"printf does not know '%{verb}' here")
    size = max(int(width or 0), int(precision or 0))
    if size > LONGEST:
        raise TemplateError(f"a width of {size:,} is longer than any record")
    if not left:
        return f"%!{verb}(MISSING)"
    exact = int(precision or 0) if point else None
    return _Verb(flags, int(width or 0), exact, verb).text(left.pop(0))


class _Verb:
    """One verb with its flags."""

    def __init__(self, flags: str, width: int, precision: int | None, verb: str) -> None:
        self.flags = flags
        self.width = width
        self.precision = precision
        self.verb = verb

    def text(self, value: Value) -> str:
        """Return `value` as the verb wants it."""
        verb = self.verb
        if verb == "T":
            return self._padded(_type_of(value))
        if value is None:
            return self._padded("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
        if isinstance(value, (list, tuple)):
            return self._listed(value)
        if isinstance(value, Mapping):
            pairs = (f"{self.text(key)}:{self.text(value[key])}" for key in sorted(value))
            return f"map[{' '.join(pairs)}]"
        written = self._written(value)
        return f"%!{verb}({_type_of(value)}={_plain(value)})" if written is None else written

    def _listed(self, values: Sequence[Value]) -> str:
        return f"[{' '.join(map(self.text, values))}]"

    def _written(self, value: Value) -> str | None:
        """Return the text of a single value; None if the verb does not fit it."""
        match value:
            case bool():
                return self._padded(text_of(value)) if self.verb in "tv" else None
            case int():
                return self._integer(value)
            case float():
                return self._float(value) if self.verb in _FLOATS | {"v"} else None
            case str():
                return self._string(value)
            case _:
                return text_of(value)  # which says that it has no text

    def _integer(self, value: int) -> str | None:
        verb = self.verb
        if verb in "cqU":
            if not 0 <= value <= 0x10FFFF:
                return self._padded("\ufffd")
            texts = {"c": chr(value), "q": _quoted(chr(value), "'"), "U": f"U+{value:04X}"}
            return self._padded(texts[verb])
        if verb not in _INTEGERS:
            return None
        digits = format(abs(value), _INTEGERS[verb])
        if self.precision is not None:
            digits = digits.rjust(self.precision, "0")
        prefix = _PREFIXES.get(verb, "") if "#" in self.flags else ""
        return self._number(self._sign(negative=value < 0) + prefix, digits)

    def _float(self, value: float) -> str:
        if self.verb == "v" and self.precision is None:
            digits = _shortest(abs(value))
        elif self.verb in "gGv" and self.precision is None:
            digits = _shortest(abs(value))
            digits = digits.upper() if self.verb == "G" else digits
        else:
            exact = 6 if self.precision is None else self.precision
            digits = format(abs(value), f".{exact}{self.verb.replace('v', 'g')}")
        return self._number(self._sign(negative=value < 0), digits)

    def _string(self, value: str) -> str | None:
        cut = value if self.precision is None else value[: self.precision]
        match self.verb:
            case "s" | "v":
                return self._padded(cut)
            case "q":
                return self._padded(_quoted(cut, '"'))
            case "x" | "X":
                octets = cut.encode()
                written = octets.hex(" ") if " " in self.flags else octets.hex()
                if "#" in self.flags and written:
                    written = "0x" + written.replace(" ", " 0x")
                return self._padded(written.upper() if self.verb == "X" else written)
            case _:
                return None

    def _sign(self, *, negative: bool) -> str:
        if negative:
            return "-"
        return "+" if "+" in self.flags else " " if " " in self.flags else ""

    def _number(self, before: str, digits: str) -> str:
        is_exact = self.precision is not None and self.verb not in _FLOATS
        if "0" in self.flags and "-" not in self.flags and not is_exact:
            digits = digits.rjust(self.width - len(before), "0")
        return self._padded(before + digits)

    def _padded(self, text: str) -> str:
        if "-" in self.flags:
            return text.ljust(self.width)
        # Go pads texts with zeros too, if it is told to; numbers are as wide already.
        return text.rjust(self.width, "0" if "0" in self.flags and self.verb in "sqv" else " ")


_ESCAPES = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}


def _quoted(text: str, quote: str) -> str:
    """Return `text` in quotes as Go would write it."""
    parts = [quote]
    for character in text:
        if character in (quote, "\\"):
            parts.append(f"\\{character}")
        elif character in _ESCAPES:
            parts.append(f"\\{_ESCAPES[character]}")
        elif character.isprintable():
            parts.append(character)
        else:
            code = ord(character)
            wide = code > 0x7F
            parts.append(f"\\u{code:04x}" if wide else f"\\x{code:02x}")
    return "".join((*parts, quote))


def _plain(value: Value) -> str:
    return "<nil>" if value is None else text_of(value)


_TYPES: tuple[tuple[type, str], ...] = (
    *((str, "string"), (bool, "bool"), (int, "int"), (float, "float64")),
    *((list, "[]string"), (tuple, "[]string"), (Mapping, "map[string]string")),
)


def _type_of(value: Value) -> str:
    """Return what Go calls the type of `value`."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "<nil>")


def _shortest(value: float) -> str:
    """Return the shortest digits that are `value`, with an exponent where Go writes one."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  not a number
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)  # noqa: S101  it is finite
    scale = len(digits) + exponent - 1 if any(digits) else 0
    minus = "-" if sign else ""
    if -4 <= scale < 21:
        return minus + format(abs(Decimal(repr(value)).normalize()), "f")
    text = "".join(map(str, digits))
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{fraction}e{'-' if scale < 0 else '+'}{abs(scale):02}"
