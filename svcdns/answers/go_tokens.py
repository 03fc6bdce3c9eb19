"""The text of a Go template -> pieces of plain text, and actions as words.

An action stands between `{{` and `}}`. With `{{- ` the white space before it goes, with ` -}}`
that behind it. Comments go, with what they trim. What words mean together is
`answers.go_template`'s business.

Source: the documentation of Go's package text/template.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from svcdns.answers.go_error import TemplateSyntaxError

_BLANKS = " \t\r\n"
_LEFT, _RIGHT = "{{", "}}"
_TRIM = re.compile(r"-[ \t\r\n]")
_COMMENT_END = re.compile(r"\*/(?:}}|[ \t\r\n]-}})")
_WORD = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+(?!-}}))
    | (?P<close>(?:[ \t\r\n]+-)?}})
    | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    | (?P<character>'(?:[^'\\\n]|\\.)+')
    | (?P<number>[+-]?\.?[0-9](?:[eE][+-]|[0-9A-Za-z_.])*)
    | (?P<variable>\$\w*)
    | (?P<field>\.[^\W\d]\w*)
    | (?P<name>[^\W\d]\w*)
    | (?P<sign>:=|[=|(),.])
    """,
    re.VERBOSE,
)
_ENDS_A_WORD = re.compile(r"[ \t\r\n.,|:)(=]|}}|\Z")
_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})|(.))", re.DOTALL
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class Word(NamedTuple):
    """One word of an action."""

    kind: str
    """`text`, `string`, `character`, `number`, `variable`, `field`, `name`, `sign`, `close`."""
    text: str
    """As it is written; of a field without the dot."""
    position: int
    """Characters before it in the template."""
    glued: bool = False
    """No blank stands before it."""
    value: object = None
    """Of a string, character or number."""


def words_of(text: str) -> Iterator[Word]:
    """Yield plain text, and the words of each action up to its `close`.

    Raises:
        TemplateSyntaxError: an action, comment or string is not closed; something is no word.
    """
    start, is_trimmed = 0, False
    while True:
        left = text.find(_LEFT, start)
        plain = text[start:] if left < 0 else text[start:left]
        if is_trimmed:
            plain = plain.lstrip(_BLANKS)
        inside = left + 2
        if left >= 0 and _TRIM.match(text, inside):
            plain = plain.rstrip(_BLANKS)
            # A comment begins behind the blank; for words the blank does not matter.
            inside += 2 if text.startswith("/*", inside + 2) else 1
        if plain:
            yield Word("text", plain, start)
        if left < 0:
            return
        if text.startswith("/*", inside):
            start = _behind_comment(text, left, inside)
        else:
            for word in _action(text, left, inside):
                yield word
                start = word.position + len(word.text)
        is_trimmed = text.endswith("-}}", 0, start) and text[start - 4] in _BLANKS


def _behind_comment(text: str, left: int, inside: int) -> int:
    end = text.find("*/", inside + 2)
    if end < 0:
        raise TemplateSyntaxError(left, "a comment is not closed", "write: {{/* ... */}}", 4)
    found = _COMMENT_END.match(text, end)
    if found is None:
        raise TemplateSyntaxError(
            end, "a comment has to fill its action", "write }} right behind its */", 2
        )
    return found.end()


def _action(text: str, left: int, inside: int) -> Iterator[Word]:
    at, glued = inside, False
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None:
            raise _no_word(text, at)
        kind, written = str(found.lastgroup), found.group()
        if kind == "blank":
            glued, at = False, found.end()
            continue
        if kind in ("field", "name", "variable", "number", "character"):
            _check_end(text, found)
        yield Word(
            kind,
            written.removeprefix(".") if kind == "field" else written,
            at + (kind == "field"),
            glued,
            _value(kind, written, at),
        )
        if kind == "close":
            return
        glued, at = True, found.end()
    raise TemplateSyntaxError(left, "an action is not closed", "write }} behind it", 2)


def _check_end(text: str, found: re.Match[str]) -> None:
    end = found.end()
    if not _ENDS_A_WORD.match(text, end):
        raise TemplateSyntaxError(end, f"{_shown(text, end)} cannot stand behind '{found.group()}'")


def _no_word(text: str, at: int) -> TemplateSyntaxError:
    quote = text[at]
    if quote in "\"'`":
        return TemplateSyntaxError(at, "a quote is not closed", f"write {quote} behind the text")
    if text.startswith("/*", at):
        return TemplateSyntaxError(
            at, "a comment has to fill its action", "write: {{/* ... */}}", 2
        )
    return TemplateSyntaxError(at, f"{_shown(text, at)} means nothing in an action")


def _shown(text: str, at: int) -> str:
    return repr(text[at])


def _value(kind: str, written: str, at: int) -> object:
    match kind:
        case "string":
            if written[0] == "`":
                return written[1:-1]
            return _unescaped(written, at)
        case "character":
            character = _unescaped(written, at)
            if len(character) != 1:
                raise TemplateSyntaxError(
                    at, f"{written} is not one character", "write a text in double quotes"
                )
            return ord(character)
        case "number":
            return _number(written, at)
        case _:
            return None


def _unescaped(written: str, at: int) -> str:
    """Return what stands between the quotes, escapes resolved."""

    def replace(escape: re.Match[str]) -> str:
        *numbers, octal, single = escape.groups()
        digits = next(filter(None, numbers), None)
        if digits or octal:
            code = int(digits, 16) if digits else int(octal, 8)
            if code <= 0x10FFFF:
                return chr(code)
        elif single in _SIMPLE:
            return _SIMPLE[single]
        elif single in ("\\", written[0]):
            return str(single)
        raise TemplateSyntaxError(
            at + escape.start() + 1, f"{escape.group()} is not an escape", r"a backslash is \\", 2
        )

    return _ESCAPE.sub(replace, written[1:-1])


def _number(written: str, at: int) -> int | float:
    """Return a constant: decimal, hexadecimal, octal or binary, or with a fraction."""
    digits = written.lstrip("+-").lower()
    base = _BASES.get(digits[:2], 8 if digits.isdigit() and digits[0] == "0" else 10)
    try:
        number = int(written, base)
    except ValueError:
        try:
            return float(written)
        except ValueError:
            raise TemplateSyntaxError(
                at, f"'{written}' is not a number", width=len(written)
            ) from None
    if not -(1 << 63) <= number < 1 << 63:
        raise TemplateSyntaxError(at, f"{written} has more than 64 bits", width=len(written))
    return number
