"""Plain values -> YAML that every reader, be it of YAML 1.1 or 1.2, takes for the same values.

What fits into a short line stands in one line (`{name: http, port: 80}`), the rest is indented.
Text is plain only where no reader can take it for something else: `no`, `1:30`, `0x10` and all
IPv6 addresses are in quotes.

Source: YAML 1.2.2 sections 5.7 (escapes), 7.3.3 (plain text) and 8.2.2 (`?` before long keys);
YAML 1.1 types bool, float and int.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

Value = None | bool | int | str | Sequence["Value"] | Mapping[str, "Value"]

_LONGEST_LINE = 90
# Section 7.4.2 allows 1,024 characters between the start of a key and its colon.
_LONGEST_KEY = 1000
_PLAIN = re.compile(r"[A-Za-z_]([A-Za-z0-9_./-]*[A-Za-z0-9])?|[0-9]+(\.[0-9]+){3}", re.ASCII)
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null"))
_ESCAPED = re.compile(r"[^ !#-\[\]-~]")


def document(content: Mapping[str, Value]) -> str:
    """Return one document, without `---` before it and with a newline at its end."""
    return "".join([f"{line}\n" for line in _block(content, "")])


def _block(value: Value, indent: str) -> Iterator[str]:
    """Yield the lines of a value that has a place of its own."""
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            head = f"{indent}{_scalar(key)}:"
            if len(head) > _LONGEST_KEY:
                yield f"{indent}? {_scalar(key)}"
                head = f"{indent}:"
            short = _short(part, _LONGEST_LINE - len(head))
            if short is None:
                yield head
                yield from _block(part, f"{indent}  ")
            else:
                yield f"{head} {short}"
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for part in value:
            lines = _block(part, f"{indent}  ")
            short = _short(part, _LONGEST_LINE - len(indent))
            first = next(lines).lstrip(" ") if short is None else short
            yield f"{indent}- {first}"
            if short is None:
                yield from lines
    else:
        yield f"{indent}{_short(value, 0)}"


def _short(value: Value, room: int) -> str | None:
    """Return a value in one line; None when it is too long or holds others that hold others."""
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return _scalar(value)
    if isinstance(value, Mapping):
        if any(_is_filled(part) for part in value.values()):
            return None
        text = ", ".join([f"{_scalar(key)}: {_short(part, 0)}" for key, part in value.items()])
        text = f"{{{text}}}"
    else:
        if any(map(_is_filled, value)):
            return None
        text = f"[{', '.join([_short(part, 0) or '' for part in value])}]"
    return text if len(text) < max(room, 3) else None


def _is_filled(value: Value) -> bool:
    return bool(value) and isinstance(value, Mapping | Sequence) and not isinstance(value, str)


def _scalar(value: str | int | None) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        return f'"{_ESCAPED.sub(_escape, value)}"'
    if value is None:
        return "null"
    return str(value).lower()


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if code < 1 << 8:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 1 << 16 else f"\\U{code:08X}"
