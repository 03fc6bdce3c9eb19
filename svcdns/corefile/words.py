"""One line of a Corefile, read word by word from left to right.

Each method takes the next word and returns it as what it should be. A mistake is recorded,
never raised: the method then returns something of the right type, so that parse goes on and
finds the next one; whoever reads the mistakes throws the settings away.

Words that nobody took, and a block that nobody asked for, are mistakes without further ado. At
most one complaint about the number of words is made of a line, and none after another mistake.

The texts are CoreDNS's where operators look for them; the hints are ours.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from svcdns.corefile.addresses import expand_zone, split_host_port
from svcdns.corefile.directives import ORDER, REMOVED_OPTIONS, suggest
from svcdns.corefile.errors import Findings, WordError, shown
from svcdns.corefile.lexer import Token
from svcdns.corefile.quantities import (
    parse_duration,
    parse_integer,
    parse_number,
    parse_unsigned,
)
from svcdns.corefile.tree import Line, Stanza

T = TypeVar("T")
N = TypeVar("N", int, float)

_LISTED = 12
"""An unknown option is answered with the known ones if they are no more than these."""


class Context:
    """What all lines of one directive in one server block share."""

    def __init__(self, directive: str, zones: tuple[str, ...], root: str = "") -> None:
        self.directive = directive
        self.zones = zones
        self.root = root
        self.findings = Findings()
        self.lines: list[Words] = []
        """All that were handed out."""

    def words(self, line: Stanza | Line, block: tuple[Line, ...]) -> "Words":
        """Return a line, to be read: what is not taken of it becomes a mistake."""
        words = Words(self, line, block)
        self.lines.append(words)
        return words

    def mistake(self, where: Token, problem: str, hint: str = "") -> None:
        """Record a mistake in the directive's name."""
        text = f"{self.directive}: {problem}"
        self.findings.mistake(where.location, text, hint, where.width)

    def warning(self, where: Token, problem: str, hint: str = "") -> None:
        """Record a warning in the directive's name."""
        text = f"{self.directive}: {problem}"
        self.findings.warning(where.location, text, hint, where.width)


class Words:
    """One line: a directive, or an option in its block."""

    __slots__ = ("_block", "_context", "_next", "_settled", "_words", "has_block", "name", "token")

    def __init__(self, context: Context, line: Stanza | Line, block: tuple[Line, ...]) -> None:
        self.token = line.name
        self.name = line.name.text
        """The first word: of the directive, or of the option."""
        self.has_block = line.has_block
        """There are braces, though nothing may be between them."""
        self._context = context
        self._words = line.arguments
        self._block: tuple[Line, ...] | None = block
        """None: it was read, or need not be."""
        self._next = 0
        self._settled = False
        """Nothing more is to be said about the number of words."""

    @property
    def left(self) -> int:
        """How many words were not taken yet."""
        return len(self._words) - self._next

    @property
    def root(self) -> str:
        """Where relative file names of the server block begin; empty: the working directory."""
        return self._context.root

    def peek(self) -> Token | None:
        """Return the next word without taking it; None when there is none."""
        return self._words[self._next] if self.left else None

    def take(self, example: str = "VALUE") -> Token:
        """Return the next word; when there is none, a mistake and an empty word.

        Args:
            example: what could stand there, for the hint.
        """
        word = self._take(example)
        return word or (self._words or (self.token,))[-1]._replace(text="", quoted=True)

    def exactly(self, count: int, example: str = "VALUE") -> tuple[Token, ...]:
        """Return the next `count` words; fewer are a mistake, and empty words fill up."""
        return tuple(self.take(example) for _ in range(count))

    def at_least(self, count: int, example: str = "VALUE") -> tuple[Token, ...]:
        """Return all words that are left; fewer than `count` are a mistake."""
        return self.exactly(max(count, self.left), example)

    def at_most(self, count: int) -> tuple[Token, ...]:
        """Return the words that are left; more than `count` are a mistake."""
        return self.exactly(min(count, self.left))

    def rest(self) -> tuple[Token, ...]:
        """Return all words that are left, which may be none."""
        return self.exactly(self.left)

    def skip(self) -> None:
        """Have nothing said about the words that are left, and about the block."""
        self._settled = True
        self._block = None

    def text(self, default: str | None = None, *, example: str = "VALUE") -> str:
        """Return the next word; `default` when there is none and it is given."""
        if default is not None and not self.left:
            return default
        return self.take(example).text

    def joined(self, example: str = "VALUE") -> str:
        """Return all words that are left, joined with a blank; none are a mistake."""
        return " ".join(word.text for word in self.at_least(1, example))

    def integer(
        self,
        least: int | None = None,
        most: int | None = None,
        *,
        default: int | None = None,
        meaning: str = "a whole number",
        signed: bool = True,
    ) -> int:
        """Return the next word as a whole number.

        Args:
            least: the smallest that is allowed; None: no limit.
            most: the greatest that is allowed; None: no limit.
            default: returned when there is no word left; None: there has to be one.
            meaning: what the word should be, as in "'30x' is not a number of seconds".
            signed: it may begin with `+`, as where CoreDNS reads it with Atoi, not ParseUint.
        """
        if default is not None and not self.left:
            return default
        parse = parse_integer if signed else parse_unsigned
        return self._number(lambda text: parse(text, meaning), least, most) or 0

    def number(
        self,
        least: float | None = None,
        most: float | None = None,
        *,
        default: float | None = None,
    ) -> float:
        """Return the next word as a decimal number; limits and default as with `integer`."""
        if default is not None and not self.left:
            return default
        return self._number(parse_number, least, most) or 0.0

    def duration(
        self,
        least: float | None = None,
        most: float | None = None,
        *,
        default: float | None = None,
    ) -> float:
        """Return the next word, a duration in Go's manner, in seconds.

        Limits and default are seconds, and as with `integer`.
        """
        if default is not None and not self.left:
            return default
        return self._number(parse_duration, least, most, unit="s") or 0.0

    def choice(self, *choices: str, default: str | None = None) -> str:
        """Return the next word, which has to be one of `choices`; `default` when there is none."""
        if default is not None and not self.left:
            return default
        word = self._take(choices[0])
        if word is None:
            return choices[0]
        if word.text not in choices:
            near = suggest(word.text, choices)
            found = word.text or word.written
            self.mistake(
                f"wrong value for {self.name}: {found}, must be one of: {', '.join(choices)}",
                f"write: {self.name} {near}" if near else "",
                at=word,
            )
            return choices[0]
        return word.text

    def zone(self) -> str:
        """Return the next word as one zone; of a network that is several, the first."""
        return (self._as(expand_zone, "example.org") or (".",))[0]

    def zones(self, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return all words that are left as zones, networks expanded, each zone once.

        An empty word, as a variable without a value leaves it, is passed over.

        Args:
            default: returned when there are no words; None: the keys of the server block.
        """
        if not self.left:
            return self._context.zones if default is None else default
        found: dict[str, None] = {}
        while word := self.peek():
            if word.text:
                found |= dict.fromkeys(self._as(expand_zone, "") or ())
            else:
                self._next += 1
        return tuple(found)

    def listen_address(self, default: str) -> str:
        """Return the next word, which has to be `HOST:PORT` or `:PORT`; else `default`."""
        if self.left and (word := self.peek()) and self._as(split_host_port, default):
            return word.text
        return default

    def options(self, *names: str) -> Iterator["Words"]:
        """Yield the lines of the block in their order; a name not among `names` is a mistake.

        Without `names` every line is yielded.
        """
        block, self._block = self._block or (), None
        for line in block:
            if names and line.name.text not in names:
                self._complain_about_option(line.name, names)
            else:
                yield self._context.words(line, line.block)

    def unfolded(self) -> "Words":
        """Return what is left of this line and of all lines in its block, as one line."""
        words = list(self.rest())
        for line in self.options():
            words += (line.token, *line.rest())
        return self._context.words(Line(self.token, tuple(words)), ())

    def mistake(self, problem: str, hint: str = "", at: Token | None = None) -> None:
        """Record a mistake at a word of this line; without one, at its name."""
        self._settled = True
        self._context.mistake(at or self.token, problem, hint)

    def warning(self, problem: str, hint: str = "", at: Token | None = None) -> None:
        """Record something that works but is hardly meant, at a word or at the name."""
        self._context.warning(at or self.token, problem, hint)

    def settle(self) -> None:
        """Record that words were not taken, or a block was not asked for."""
        if self.left and not self._settled:
            surplus = " ".join(word.written for word in self._words[self._next :])
            self.mistake(
                _wrong_count(self._words[-1]),
                f"take out: {surplus}",
                at=self._words[self._next],
            )
        if self.has_block and self._block is not None:
            self.mistake(f"{shown(self.name)} takes no block", "take the braces out")
        self.skip()

    def _take(self, example: str) -> Token | None:
        if word := self.peek():
            self._next += 1
        elif not self._settled:
            line = " ".join(word.text for word in (self.token, *self._words))
            last = (self.token, *self._words)[-1]
            self.mistake(_wrong_count(last), f"write: {line} {example}", at=last)
        return word

    def _as(self, read: Callable[[str], T], example: str) -> T | None:
        """Return what `read` makes of the next word; None after a mistake."""
        if word := self._take(example):
            try:
                return read(word.text)
            except WordError as error:
                self.mistake(error.problem, error.hint, at=word)
        return None

    def _number(
        self, read: Callable[[str], N], least: N | None, most: N | None, unit: str = ""
    ) -> N | None:
        word = self.peek()
        value = self._as(read, f"{_plain(least or (30 if unit else 1))}{unit}")
        if word is None or value is None:
            return least
        too_small = least is not None and value < least
        if too_small or (most is not None and value > most):
            if least is None or most is None:
                limits = f">= {_plain(least)}{unit}" if too_small else f"<= {_plain(most)}{unit}"
            else:
                limits = f"in range [{_plain(least)}{unit}, {_plain(most)}{unit}]"
            self.mistake(f"{self.name} must be {limits}: {word.text}", at=word)
            return least
        return value

    def _complain_about_option(self, name: Token, names: tuple[str, ...]) -> None:
        problem, hint = f"unknown property {shown(name.text or name.written)}", ""
        if modern := REMOVED_OPTIONS.get((self.name, name.text)):
            hint = modern
        elif self._context.findings.is_full:
            return
        elif near := suggest(name.text, names):
            problem += f"; did you mean '{near}'?"
        elif name.text in ORDER:
            hint = "it is a directive: is a '}' missing above?"
        elif len(names) <= _LISTED:
            hint = f"known are: {', '.join(names)}"
        self._context.mistake(name, problem, hint)


def _wrong_count(after: Token) -> str:
    word = after.text or after.written
    return f"Wrong argument count or unexpected line ending after {shown(word)}"


def _plain(limit: float | None) -> str:
    """Return a limit as one writes it: without the fraction that is none."""
    return str(int(limit)) if limit is not None and limit == int(limit) else str(limit)
