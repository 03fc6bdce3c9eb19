"""The tokens of a Corefile as the parser meets them: imports unfolded, variables replaced.

An import puts the tokens of a snippet or of files in its place. A `Stream` does that lazily,
on a stack of bodies, so an import may stand wherever a line may begin and nothing is copied.
Work is bounded: no import may lead back to itself, and both the number of imports and the
number of tokens they yield have a limit.

Files are reached only through the functions the caller gives; paths are text here, relative
ones begin in the folder of the importing file.

Source: `import` of github.com/coredns/caddy, as observed.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple

from svcdns.corefile.bodies import Body, Snippet, import_of
from svcdns.corefile.directives import suggest
from svcdns.corefile.environment import replace_variables
from svcdns.corefile.errors import Findings, shown
from svcdns.corefile.lexer import Token, tokens
from svcdns.corefile.paths import clean, resolve

MAX_IMPORTS = {"snippet": 10_000, "file": 100_000}
MAX_DEPTH = 100
MAX_TOKENS = 1_000_000
"""A Corefile in a ConfigMap has at most half as many."""
_COMPARED = 200
"""Names of snippets that a misspelled one is compared with."""


class Access(NamedTuple):
    """How to reach what is outside of the text."""

    read: Callable[[str], str]
    """Return the text of a file; raises OSError or ValueError."""
    glob: Callable[[str], list[str]]
    """Return the paths that match a pattern with `*` or `?`; raises OSError."""
    env: Mapping[str, str]


class Stream:
    """One token after the other, whatever file or snippet it comes from."""

    def __init__(self, text: str, file: str, access: Access, findings: Findings) -> None:
        self._access = access
        self._findings = findings
        self._bodies = [Body(tokens(text, file, findings), (clean(file),))]
        self._next: Token | None = None
        self._snippets: dict[str, Snippet] = {}
        self._imported: set[str] = set()
        self._lexed: dict[str, tuple[Token, ...]] = {}
        self._imports_left = dict(MAX_IMPORTS)
        self._tokens_left = MAX_TOKENS
        self.cut_off = False
        """A limit was reached: what follows was not read."""
        self.files = [file]

    def peek(self) -> Token | None:
        """Return the next token without taking it; None at the end."""
        while self._next is None and self._bodies:
            body = self._bodies[-1]
            if body.index == len(body.tokens):
                self._bodies.pop()
                continue
            token = body.tokens[body.index]
            if not body.index and not token.first:
                token = token._replace(first=True)
            self._next = replace_variables(token, self._access.env, self._findings)
        return self._next

    def take(self) -> Token:
        """Return the next token.

        Raises:
            LookupError: there is none; look with `peek` first.
        """
        if (token := self.peek()) is None:
            raise LookupError("the stream is at its end")
        self._advance()
        return token

    def _advance(self) -> None:
        self._bodies[-1].index += 1
        self._next = None
        self._tokens_left -= 1
        if not self._tokens_left:
            body = self._bodies[-1]
            self._stop(
                body.tokens[body.index - 1],
                f"with its imports the Corefile has more than {MAX_TOKENS:,} words",
            )

    def _stop(self, token: Token, problem: str) -> None:
        """Give up: report, and read nothing more."""
        self._findings.mistake(token.location, problem, width=token.width)
        self._bodies.clear()
        self._next = None
        self.cut_off = True

    def take_words(self) -> tuple[Token, ...]:
        """Return the rest of the line up to a brace."""
        words: list[Token] = []
        while (token := self.peek()) and not (token.first or token.opens or token.closes):
            words.append(self.take())
        return tuple(words)

    def opens_block(self) -> bool:
        """Return whether the line that begins here ends with an opening brace."""
        if self.peek() is None:
            return False
        body = self._bodies[-1]
        index = body.index + 1
        while index < len(body.tokens) and not body.tokens[index].first:
            index += 1
        return body.tokens[index - 1].opens

    def take_body(
        self, ends: Callable[[Token], bool] = lambda _: False
    ) -> tuple[tuple[Token, ...], bool]:
        """Return the tokens up to the closing brace, which is taken too, as they are written.

        The second value is whether there is such a brace. Without one everything is taken, or
        all before the token that `ends` says cannot belong to the block.
        """
        if not self._bodies:
            return (), False
        body = self._bodies[-1]
        start, end = body.index, body.closing.get(body.index - 1)
        while self._bodies and body.index < len(body.tokens):
            if end is None and ends(body.tokens[body.index]):
                break
            self._advance()
            if body.index - 1 == end:
                return body.tokens[start:end], True
        return body.tokens[start : body.index], False

    def define(self, name: Token, body: tuple[Token, ...]) -> None:
        """Keep a snippet."""
        word = name.text[1:-1]
        problem = hint = ""
        if not word:
            problem, hint = "a snippet needs a name", "write (name) { ... }"
        elif known := self._snippets.get(word):
            problem = f"redeclaration of previously declared snippet {shown(word)}"
            hint = f"the first one is at {known.name.location}: give one of them another name"
        elif itself := import_of(word, body):
            problem = f"the snippet {shown(name.text)} imports itself in line {itself.line}"
            hint = "take that import out"
        if problem:
            self._findings.mistake(name.location, problem, hint, name.width)
        self._snippets.setdefault(word, Snippet(name, body))

    def unused(self) -> list[Token]:
        """Return the names of the snippets that nothing imported."""
        return [
            snippet.name for word, snippet in self._snippets.items() if word not in self._imported
        ]

    def unfold(self) -> None:
        """Take an `import` line, and continue with what it names."""
        body = self._bodies[-1]
        directive = self.take()
        words = self.take_words()
        self._refuse_block()
        if len(words) != 1 or not words[0].text:
            self._complain_about_arguments(directive, words)
        elif words[0].text in self._snippets:
            self._unfold_snippet(words[0], body.chain)
        else:
            self._unfold_files(words[0], body)

    def _refuse_block(self) -> None:
        if (brace := self.peek()) and brace.opens and not brace.first:
            self.take()
            self.take_body()
            self._findings.mistake(
                brace.location, "import takes no block", "put the lines into a snippet"
            )

    def _complain_about_arguments(self, directive: Token, words: tuple[Token, ...]) -> None:
        where, hint = directive, "for example: import custom/*.override"
        if not words:
            problem = "Wrong argument count or unexpected line ending after 'import'"
        elif len(words) > 1:
            where, hint = words[1], "write a line for each import"
            problem = "Import takes only one argument (glob pattern or file)"
        else:
            where, problem = words[0], "Import requires a non-empty filepath"
        self._findings.mistake(where.location, problem, hint, where.width)

    def _unfold_snippet(self, word: Token, chain: tuple[str, ...]) -> None:
        self._imported.add(word.text)
        self._enter("snippet", f"({word.text})", self._snippets[word.text].body, word, chain)

    def _unfold_files(self, word: Token, body: Body) -> None:
        found = [(path, self._tokens_of(path, word, body)) for path in self._paths(word, body)]
        for path, file_tokens in reversed(found):  # the last one pushed is read first
            if file_tokens is not None:
                self._enter("file", path, file_tokens, word, body.chain)

    def _paths(self, word: Token, body: Body) -> list[str]:
        pattern = word.text
        path = resolve(pattern, word.file)
        if pattern.count("*") > 1 or pattern.count("?") > 1 or {"[", "]"} <= set(pattern):
            self._findings.mistake(
                word.location,
                f"Glob pattern may only contain one wildcard (*), but has others: {shown(pattern)}",
                "write an import for each folder, with one '*' and without brackets",
                word.width,
            )
            return []
        if "*" not in pattern and "?" not in pattern:
            return [path]
        try:
            paths = sorted(self._access.glob(path))
        except (OSError, ValueError) as error:
            self._complain_about_file(word, path, error, body)
            return []
        if not paths:
            self._findings.warning(
                word.location,
                f"No files matching import glob pattern: {shown(pattern)}",
                width=word.width,
            )
        return paths

    def _tokens_of(self, path: str, word: Token, body: Body) -> tuple[Token, ...] | None:
        if path not in self._lexed:
            try:
                text = self._access.read(path)
            except (OSError, ValueError) as error:
                self._complain_about_file(word, path, error, body)
                return None
            self.files.append(path)
            self._lexed[path] = tokens(text, path, self._findings)
        return self._lexed[path]

    def _complain_about_file(
        self, word: Token, path: str, error: OSError | ValueError, body: Body
    ) -> None:
        problem = f"Could not import {shown(path)}: {_reason(error)}"
        hint = ""
        if isinstance(error, FileNotFoundError):
            problem = f"File to import not found: {shown(word.text)}"
            hint = "" if self._findings.is_full else self._hint_for(word.text, body)
        self._findings.mistake(word.location, problem, hint, word.width)

    def _hint_for(self, pattern: str, body: Body) -> str:
        bare = pattern.removeprefix("(").removesuffix(")")
        self._imported.add(bare)  # or it would be called unused as well
        if bare in self._snippets:
            return f"write: import {bare}"
        if later := body.named.get(f"({bare})"):
            return f"the snippet {later.text} is at {later.location}: move it above this line"
        if near := suggest(bare, islice(self._snippets, _COMPARED)):
            self._imported.add(near)
            return f"there is a snippet ({near}); write: import {near}"
        return ""

    def _enter(
        self, kind: str, name: str, found: tuple[Token, ...], word: Token, chain: tuple[str, ...]
    ) -> None:
        """Continue with `found`, which `word` named; `chain` is what led to `word`."""
        if name in chain:
            circle = " -> ".join([*chain[chain.index(name) :], name])
            self._findings.mistake(
                word.location,
                f"{shown(name)} imports itself: {circle}",
                "take one of these imports out",
                word.width,
            )
        elif self.cut_off:
            return
        elif len(chain) > MAX_DEPTH:
            self._stop(word, f"imports are nested more than {MAX_DEPTH} deep")
        elif not self._imports_left[kind]:
            self._stop(word, f"there are more than {MAX_IMPORTS[kind]:,} {kind} imports")
        else:
            self._imports_left[kind] -= 1
            # The token behind the import line was looked at, not taken.
            self._next = None
            self._bodies.append(Body(found, (*chain, name)))


def _reason(error: OSError | ValueError) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text[:1].lower() + text[1:]
