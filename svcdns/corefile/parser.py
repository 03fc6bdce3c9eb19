"""Tokens -> a Corefile as values; every mistake of the text in one go.

The grammar: server blocks (addresses, `{`, directives, `}`), snippets and imports. A directive
is the first token of a line; its arguments follow on the line, its own block may. One block
without braces may stand at the end. What directives and options mean is not known here but for
the names of the former; `bind` and `view` are looked at to tell blocks apart.

After a mistake the parser goes on as if the text were right, so one slip is one message.

Source: parse.go of github.com/coredns/caddy, and Corefile(5) of CoreDNS, as observed.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from svcdns.corefile.addresses import read_key
from svcdns.corefile.directives import ORDER, correct
from svcdns.corefile.errors import CorefileError, Findings, Mistake, in_order, shown
from svcdns.corefile.imports import Access, Stream
from svcdns.corefile.lexer import Token
from svcdns.corefile.overlaps import complain_about_overlaps
from svcdns.corefile.tree import Corefile, Key, Line, ServerBlock, Stanza

__all__ = ["Corefile", "Key", "Line", "Reading", "ServerBlock", "Stanza", "examine", "parse"]

MAX_NESTING = 16
MAX_KEYS = 100_000
"""Of all server blocks; a short network may stand for 128 of them."""
_KNOWN = frozenset(ORDER)


class Reading(NamedTuple):
    """What could be read of a Corefile, and what was wrong with it."""

    corefile: Corefile
    """Without the stanzas that are mistakes; to be used only when there are none."""
    mistakes: tuple[Mistake, ...]


def parse(
    text: str,
    file: str,
    *,
    read: Callable[[str], str],
    glob: Callable[[str], list[str]],
    env: Mapping[str, str],
    dns_port: int = 53,
) -> Corefile:
    """Return the configuration that `text` describes.

    Args:
        text: of the Corefile; an empty one gives no blocks.
        file: its path, for messages and as the place where relative imports begin.
        read: returns the text of an imported file, or raises OSError or ValueError.
        glob: returns the paths that match a pattern with `*` or `?`.
        env: for `{$NAME}` and `{%NAME%}`.
        dns_port: of keys that name no port, to see which blocks collide.

    Raises:
        CorefileError: with every mistake of the text and of what it imports.
    """
    reading = examine(text, file, Access(read, glob, env), dns_port)
    if reading.mistakes:
        raise CorefileError(reading.mistakes, reading.corefile.warnings)
    return reading.corefile


def examine(text: str, file: str, access: Access, dns_port: int = 53) -> Reading:
    """Return what `parse` would, beside the mistakes: for those who want to look on."""
    findings = Findings()
    stream = Stream(text, file, access, findings)
    blocks = _Parser(stream, findings).read_blocks()
    for name in stream.unused():
        findings.warning(
            name.location, f"the snippet {shown(name.text)} is never imported", width=name.width
        )
    complain_about_overlaps(blocks, dns_port, findings)
    files = tuple(stream.files)
    return Reading(
        Corefile(tuple(blocks), in_order(findings.warnings, files), files),
        in_order(findings.mistakes, files),
    )


class _Parser:
    def __init__(self, stream: Stream, findings: Findings) -> None:
        self._stream = stream
        self._findings = findings
        self._keys_left = MAX_KEYS
        self._misfit: tuple[Token, Token] | None = None
        """The first braces of this server block that do not stand below one another."""

    def read_blocks(self) -> list[ServerBlock]:
        blocks: list[ServerBlock] = []
        while token := self._stream.peek():
            if token.text == "import":
                self._stream.unfold()
            elif token.closes:
                self._stream.take()
                self._mistake(
                    token, "Unexpected '}' because no matching opening brace", "take it out"
                )
            elif block := self._read_block():
                blocks.append(block)
        return blocks

    def _mistake(self, token: Token, problem: str, hint: str = "") -> None:
        self._findings.mistake(token.location, problem, hint, token.width)

    def _warning(self, token: Token, problem: str, hint: str = "") -> None:
        self._findings.warning(token.location, problem, hint, token.width)

    def _read_block(self) -> ServerBlock | None:
        """Return the block that begins here; None for a snippet, or when nothing can be served."""
        self._misfit = None
        start = self._stream.peek()
        addresses = self._read_addresses()
        brace = self._stream.peek()
        if brace and not brace.opens:
            brace = None
        if len(addresses) == 1 and addresses[0].text[0] + addresses[0].text[-1] == "()":
            self._read_snippet(addresses[0], brace)
            return None
        keys = self._read_keys(addresses)
        if brace:
            self._stream.take()
            if brace.first and addresses:
                self._warning(brace, "'{' stands apart from its address", "move it up one line")
            if brace == start:
                self._mistake(brace, "this '{' has no address before it", "write: . {")
        elif addresses and addresses[0].text in _KNOWN:
            self._warning(
                addresses[0],
                f"{shown(addresses[0].text)} is read as a zone, not as the directive",
                "begin the file with an address: . {",
            )
        mistakes = self._findings.count
        stanzas = self._read_stanzas(brace, addresses)
        if keys and not stanzas and self._findings.count == mistakes:
            self._warning(
                keys[0].token, "this server block has no directive: its queries are refused"
            )
        return ServerBlock(keys, tuple(stanzas)) if keys else None

    def _read_keys(self, addresses: list[Token]) -> tuple[Key, ...]:
        keys: list[Key] = []
        for token in addresses:
            keys += read_key(token, self._findings)
            if len(keys) > self._keys_left:
                self._mistake(token, f"there are more than {MAX_KEYS:,} zones to serve")
                return ()
        self._keys_left -= len(keys)
        return tuple(keys)

    def _read_addresses(self) -> list[Token]:
        addresses: list[Token] = []
        comma: Token | None = None
        begun = False
        while (token := self._stream.peek()) and not (token.opens or token.closes):
            if token.first and begun and not comma:
                break
            if token.first and comma and token.text == "import":
                self._stream.unfold()
                continue
            self._stream.take()
            begun = True
            if token.text.endswith(","):
                comma = token
                token = token._replace(text=token.text[:-1], width=max(1, token.width - 1))
            elif token.text:
                comma = None
            if token.text:
                addresses.append(token)
            else:
                self._warning(token, "this address is empty and is passed over")
        if comma:
            problem = "Expected another address behind the comma"
            if token and token.opens:
                problem = "Expected another address but had '{' - check for extra comma"
            self._mistake(comma, problem, f"take the comma out: {comma.text.rstrip(',')}")
        return addresses

    def _read_snippet(self, name: Token, brace: Token | None) -> None:
        if brace is None:
            self._mistake(
                name,
                f"the snippet {shown(name.text)} has no block",
                f"write: {name.text} {{",
            )
            return
        self._stream.take()
        body, closed = self._stream.take_body(lambda token: self._begins_next_block(token, brace))
        if not closed:
            self._complain_about_open_end(brace)
        self._stream.define(name, body)

    def _read_stanzas(self, brace: Token | None, addresses: list[Token]) -> list[Stanza]:
        """Return the directives up to the end of the server block; `brace` opened it."""
        stanzas: list[Stanza] = []
        while token := self._stream.peek():
            if token.closes:
                self._stream.take()
                if brace is None:
                    self._close_without_brace(token, addresses)
                return stanzas
            if token.text == "import":
                self._stream.unfold()
            elif brace and self._begins_next_block(token, brace):
                self._complain_about_open_end(brace, f"put a '}}' above line {token.line}")
                return stanzas
            else:
                line = self._read_line(depth=1)
                if self._is_directive(line, in_braces=brace is not None):
                    stanzas.append(Stanza(line.name, line.arguments, line.block, line.has_block))
        if brace:
            self._complain_about_open_end(brace)
        return stanzas

    def _close_without_brace(self, token: Token, addresses: list[Token]) -> None:
        where = addresses[-1] if addresses else token
        if addresses and addresses[0].text not in _KNOWN:
            self._warning(where, "'{' is missing", f"write: {where.text} {{")
        else:
            self._mistake(
                addresses[0] if addresses else token,
                "this line stands outside of any server block",
                "take out the '}' above it that is one too many",
            )

    def _begins_next_block(self, token: Token, brace: Token) -> bool:
        """Return whether a '}' is missing above: an address and `{`, not indented."""
        return (
            token.first
            and token.text not in _KNOWN
            and _looks_like_an_address(token)
            and token.column - 1 <= brace.indent
            and self._stream.opens_block()
        )

    def _read_line(self, depth: int) -> Line:
        """Return a directive or an option: name, arguments, block."""
        name = self._stream.take()
        if name.opens:  # arguments cannot follow, so it is no name either
            self._mistake(name, "'{' stands at the beginning of a line", "move it up one line")
            return Line(name, (), self._read_options(name, depth), has_block=True)
        arguments = self._stream.take_words()
        brace = self._stream.peek()
        if brace is None or not brace.opens:
            if brace and brace.closes and not brace.first:
                self._complain_about_closing(brace)
            return Line(name, arguments)
        if brace.first:
            self._mistake(
                brace, f"'{{' must be on the line of {shown(name.text)}", "move it up one line"
            )
        self._stream.take()
        return Line(name, arguments, self._read_options(brace, depth), has_block=True)

    def _read_options(self, brace: Token, depth: int) -> tuple[Line, ...]:
        if depth > MAX_NESTING:
            self._mistake(brace, f"blocks are nested more than {MAX_NESTING} deep")
            self._stream.take_body()
            return ()
        lines: list[Line] = []
        while token := self._stream.peek():
            if token.closes:
                self._stream.take()
                self._compare_indents(brace, token)
                if (behind := self._stream.peek()) and not behind.first:
                    self._complain_about_closing(behind)
                return tuple(lines)
            if token.text == "import":
                self._stream.unfold()
            else:
                lines.append(self._read_line(depth + 1))
        self._complain_about_open_end(brace)
        return tuple(lines)

    def _complain_about_closing(self, token: Token) -> None:
        """Say that a line holds a '}' and something else: CoreDNS refuses that."""
        if token.closes:
            self._warning(token, "CoreDNS wants this '}' on a line of its own")
        else:
            self._mistake(token, "there is text behind the '}'", "begin a new line")

    def _compare_indents(self, brace: Token, end: Token) -> None:
        if end.first and end.file == brace.file and end.indent < brace.indent and not self._misfit:
            self._misfit = brace, end

    def _complain_about_open_end(self, brace: Token, hint: str = "put a '}' where it ends") -> None:
        if self._stream.cut_off:
            return
        if self._misfit:
            brace, end = self._misfit
            hint = f"the '}}' in line {end.line} is indented like that of a block further out"
        self._mistake(brace, "the block opened here is never closed", hint)
        self._misfit = None

    def _is_directive(self, line: Line, *, in_braces: bool) -> bool:
        """Return whether the name is that of a directive, else say what it may be."""
        if line.name.text in _KNOWN:
            return True
        if line.name.opens or self._findings.is_full:
            return False
        arguments = " ".join(token.text for token in line.arguments)
        problem, hint = correct(line.name.text, arguments)
        if not line.name.text:
            problem = f"{shown(line.name.written)} reads as nothing where a directive has to be"
        elif not hint and "did you mean" not in problem:
            hint = _guess(line.name, in_braces=in_braces)
        self._mistake(line.name, problem, hint)
        return False


def _guess(name: Token, *, in_braces: bool) -> str:
    """Return what may be wrong with a word that is not like any directive."""
    if not name.text.strip("{}"):
        return "put each brace on a line of its own"
    if not _looks_like_an_address(name):
        return "'svcdns serve --plugins' lists the directives"
    if in_braces:
        return "is a '}' missing above?"
    return "only a file of one block goes without braces: put '{' behind its address"


def _looks_like_an_address(token: Token) -> bool:
    return any(mark in token.text for mark in ".:/(")
