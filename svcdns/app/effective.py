"""What a Corefile comes to: every line with its origin, and the defaults it leaves as they are.

Imports and snippets are unfolded, variables put in, server blocks in their order and directives
in the order in which they act. What stands in for words that nobody wrote is a comment.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from svcdns.app.defaults import unwritten_arguments, unwritten_options
from svcdns.corefile.lexer import Token
from svcdns.corefile.tree import Line, Stanza
from svcdns.route.compile import Plan

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
    for directive, _ in plan.settings:
        for stanza in block.stanzas:
            if stanza.name.text == directive.name:
                yield from _stanza(stanza)
    yield Row("}")


def _stanza(stanza: Stanza) -> Iterator[Row]:
    """Yield a stanza; what stands in for words that are not there are comments in it."""
    first, *inner = _lines((stanza,), 1)
    yield first
    filled = unwritten_arguments(stanza)
    if filled:
        words = (word.text for word in (stanza.name, *stanza.arguments))
        yield _default(1, (*words, *filled))
    yield from inner[:-1]
    yield from (_default(2, words) for words in unwritten_options(stanza))
    yield from inner[-1:]


def _lines(lines: Iterable[Stanza | Line], depth: int) -> Iterator[Row]:
    for line in lines:
        words = " ".join(
            _quoted(one.text, is_quoted=one.quoted) for one in (line.name, *line.arguments)
        )
        inner = line.options if isinstance(line, Stanza) else line.block
        brace = " {" if inner or line.has_block else ""
        yield Row(f"{_INDENT * depth}{words}{brace}", _place(line.name))
        if brace:
            yield from _lines(inner, depth + 1)
            yield Row(f"{_INDENT * depth}}}")


def _default(depth: int, words: Iterable[str]) -> Row:
    text = " ".join(_quoted(word, is_quoted=False) for word in words)
    return Row(f"{_INDENT * depth}# {text}", "default")


def _quoted(text: str, *, is_quoted: bool) -> str:
    is_plain = bool(text) and not any(letter in text for letter in ' \t\n#"')
    if not is_plain or (is_quoted and ("{" in text or "}" in text)):
        escaped = text.replace('"', '\\"')
        return f'"{escaped}"'
    return text


def _place(token: Token) -> str:
    return f"{token.file}:{token.line}"
