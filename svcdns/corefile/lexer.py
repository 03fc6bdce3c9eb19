r"""Text -> tokens, each with its place.

White space separates tokens. `"` opens a quoted token where a token begins, inside only `\"` is
an escape, and white space and line ends belong to it. `#` opens a comment: at the beginning of
a token to the end of the line, within a token to the next white space, because CoreDNS reads on
there and `forward . 10.0.0.1#53 10.0.0.2#53` has two upstreams. A byte order mark and carriage
returns are passed over. There are no here-documents, back-quotes or continued lines.

What the tokens mean is `corefile.parser`'s business, variables and imports `corefile.imports`'s.

Source: the lexer of github.com/coredns/caddy, as observed.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from svcdns.corefile.errors import Findings, Location, shown

# What Go's unicode.IsSpace says, but the line feed: Python's \s has four characters more.
_BLANK = " \\t\\v\\f\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
_UNIT = re.compile(
    rf"""
      (?P<end_of_line>\n)
    | [{_BLANK}\r]+
    | \#[^\n]*
    | "(?P<quoted>(?:[^"\\]++|\\.)*+)(?P<closed>"|\\?\Z)
    | (?P<word>[^{_BLANK}\n\#]+)(?P<comment>\#[^{_BLANK}\n]*)?
    """,
    re.VERBOSE | re.DOTALL,
)
_GLUED = {"{": re.compile(r"[^{]\Z"), "}": re.compile(r"\A[^{]*[^{}]\Z")}
"""Brace at the end of a word -> what is in front of it when the brace is no part of the word."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Token(NamedTuple):
    """One word of a Corefile and where it stands."""

    text: str
    """Without quotes, escapes resolved, variables replaced."""
    file: str
    line: int
    column: int
    """From 1, in characters; of the opening quote when there is one."""
    source: str
    """The whole line in which the token begins."""
    quoted: bool
    """The text is literal: it stood in quotes or came from a variable, so `{` is no brace."""
    width: int = 1
    """Characters in the source line, quotes included, up to its end."""
    first: bool = False
    """Nothing stands before it on its line."""

    @property
    def location(self) -> Location:
        """Where the token stands."""
        return Location(self.file, self.line, self.column, self.source)

    @property
    def place(self) -> str:
        """Where that is, as text: `Corefile:7:9`."""
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def written(self) -> str:
        """What stands there in the source: with quotes, and with the names of variables."""
        return self.source[self.column - 1 : self.column - 1 + self.width] or self.text

    @property
    def opens(self) -> bool:
        """It is the brace that opens a block."""
        return self.text == "{" and not self.quoted

    @property
    def closes(self) -> bool:
        """It is the brace that closes a block."""
        return self.text == "}" and not self.quoted

    @property
    def indent(self) -> int:
        """White space in front of the line's first token, in characters."""
        return len(self.source) - len(self.source.lstrip())


def tokens(text: str, file: str, findings: Findings) -> tuple[Token, ...]:
    """Return the tokens of `text`.

    A quote that is never closed is a mistake; its token then ends with its line, so that the
    lines below are still read.
    """
    text = text.removeprefix("\ufeff")
    found: list[Token] = []
    position = line_start = 0
    line = 1
    first = True
    source = _line_at(text, 0)
    while unit := _UNIT.match(text, position):
        start, position = unit.span()
        if unit["end_of_line"]:
            line, line_start, first = line + 1, position, True
            source = _line_at(text, position)
            continue
        place = (file, line, start - line_start + 1, source)
        if (quoted := unit["quoted"]) is not None:
            if not unit["closed"]:
                findings.mistake(
                    Location(*place),
                    "the quote opened here is never closed",
                    'end the text with "; a quote inside it is written \\"',
                )
                position = line_start + len(source)
                quoted = text[start + 1 : position]
            width = min(position, line_start + len(source)) - start
            found.append(Token(_unescaped(quoted), *place, quoted=True, width=width, first=first))
            first = False
            if breaks := text.count("\n", start, position):
                line, line_start = line + breaks, text.rindex("\n", start, position) + 1
                source = _line_at(text, line_start)
        elif word := unit["word"]:
            word = word.rstrip("\r")
            bare = word.replace("\r", "")
            found.append(Token(bare, *place, quoted=False, width=len(word), first=first))
            first = False
            _look_twice(found[-1], unit["comment"], findings)
    return tuple(_unglued(found, findings))


def _unglued(found: list[Token], findings: Findings) -> Iterator[Token]:
    """Yield the tokens, a brace that is stuck to the last word of its line as one of its own.

    A slip that is common, and whose consequences would be told line after line.
    """
    for token, following in zip_longest(found, found[1:]):
        text, brace = token.text[:-1], token.text[-1:]
        is_last = following is None or following.first
        if not is_last or token.quoted or brace not in _GLUED or _GLUED[brace].search(text) is None:
            yield token
            continue
        end = token.column + token.width - 1
        stuck = token._replace(text=brace, column=end, width=1, first=False)
        findings.mistake(
            stuck.location,
            f"there is no blank between {shown(text)} and '{brace}'",
            f"write: {text} {{" if brace == "{" else "put the '}' on a line of its own",
        )
        yield token._replace(text=text, width=token.width - 1)
        yield stuck


def _line_at(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)].rstrip("\r")


def _unescaped(quoted: str) -> str:
    if "\\" not in quoted:
        return quoted
    return _ESCAPE.sub(lambda pair: '"' if pair[1] == '"' else pair[0], quoted)


def _look_twice(token: Token, comment: str | None, findings: Findings) -> None:
    """Warn about what reads differently from what it looks like."""
    if comment and not (token.opens or token.closes):
        findings.warning(
            token.location,
            f"{shown(comment)} is a comment, though it is attached to {shown(token.text)}",
            f"a port is written {token.text}:53; before a comment leave a blank",
            token.width,
        )
    if token.text.endswith('"') and token.text.count('"') == 1:
        findings.warning(
            token.location,
            f"the quote in {shown(token.text)} belongs to the word: it closes nothing",
            "is a quote missing further up?",
            token.width,
        )
