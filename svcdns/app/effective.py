"""What a Corefile comes to: every line with its origin, and the defaults it leaves as they are.

Imports and snippets are unfolded, variables put in, server blocks in their order and directives
in the order in which they act. What nobody wrote is read off the settings themselves: a field
that has its class's default is a default.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, NamedTuple

from svcdns.corefile.lexer import Token
from svcdns.corefile.tree import Line, Stanza
from svcdns.route.compile import Plan
from svcdns.wire.name import OwnerName, to_text

_INDENT = "    "


class Row(NamedTuple):
    """One line of the effective configuration."""

    text: str
    """Indented as in a Corefile."""
    origin: str = ""
    """`Corefile:7`, or `default`; empty: a closing brace."""


def rows(plans: Sequence[Plan]) -> Iterator[Row]:
    """Yield the whole configuration, block after block."""
    for plan in plans:
        yield from _block(plan)


def _block(plan: Plan) -> Iterator[Row]:
    block = plan.block
    keys = dict.fromkeys(key.token.text for key in block.keys)
    yield Row(f"{' '.join(keys)} {{", _place(block.keys[0].token))
    for directive, settings in plan.settings:
        stanzas = [one for one in block.stanzas if one.name.text == directive.name]
        per_stanza = isinstance(settings, tuple) and not hasattr(settings, "_fields")
        for number, stanza in enumerate(stanzas):
            yield from _lines((stanza,), 1)
            if per_stanza and number < len(settings) == len(stanzas):
                yield from _defaults(settings[number])
        if not per_stanza:
            yield from _defaults(settings)
    yield Row("}")


def _lines(lines: Iterable[Stanza | Line], depth: int) -> Iterator[Row]:
    for line in lines:
        words = " ".join(map(_quoted, (line.name, *line.arguments)))
        inner = line.options if isinstance(line, Stanza) else line.block
        brace = " {" if inner or line.has_block else ""
        yield Row(f"{_INDENT * depth}{words}{brace}", _place(line.name))
        if brace:
            yield from _lines(inner, depth + 1)
            yield Row(f"{_INDENT * depth}}}")


def _defaults(settings: Any) -> Iterator[Row]:
    for name, value in _unsaid(settings, ""):
        yield Row(f"{_INDENT}# {name} {value}".rstrip(), "default")


def _unsaid(settings: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of every field that is as its class has it."""
    for name, default in _defaults_of(settings):
        value = getattr(settings, name)
        if is_dataclass(value) or hasattr(value, "_fields"):
            yield from _unsaid(value, f"{prefix}{name}.")
        elif value == default and (text := _text(value)):
            yield f"{prefix}{name}", text


def _defaults_of(settings: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(settings):
        for field in fields(settings):
            if field.default is not MISSING:
                yield field.name, field.default
            elif field.default_factory is not MISSING:
                yield field.name, field.default_factory()
    elif hasattr(settings, "_field_defaults"):
        yield from settings._field_defaults.items()


def _text(value: Any) -> str:
    """Return a value as a Corefile would have it; empty for what means nothing."""
    match value:
        case Enum():
            text = str(value.value)
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:g}"
        case int() | str():
            text = str(value)
        case bytes():
            text = to_text(OwnerName(value)) if value.endswith(b"\0") else ""
        case tuple() | frozenset() | list():
            text = " ".join(filter(None, map(_text, value)))
        case _:
            text = ""
    return text


def _quoted(token: Token) -> str:
    text = token.text
    is_plain = bool(text) and not any(letter in text for letter in ' \t\n#"')
    if not is_plain or (token.quoted and ("{" in text or "}" in text)):
        escaped = token.text.replace('"', '\\"')
        return f'"{escaped}"'
    return token.text


def _place(token: Token) -> str:
    return f"{token.file}:{token.line}"
