"""What is wrong with a Corefile: where, in which words, and what would be right.

A mistake is a value, so all of a file are collected and shown in one go; `CorefileError`
carries them to whoever decides. Printing to a terminal is `cli.check`'s business, the text of
one mistake is made here because logs and reloads show it too.
"""

from collections.abc import Iterable
from typing import NamedTuple

MAX_FINDINGS = 1000
"""Nobody reads more; a hostile file must not make us keep more."""
_LONGEST_TEXT = 400
_SHOWN_WORD = 60
_SHOWN_LINE = 120
_BEFORE_COLUMN = 50
"""Characters in front of the carets when only a part of a long line is shown."""


class Location(NamedTuple):
    """A place in the text of a Corefile or of a file it imports."""

    file: str
    line: int
    """From 1; 0 is the file as a whole."""
    column: int
    """From 1, in characters."""
    text: str
    """The whole source line, without its end."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Mistake(NamedTuple):
    """One thing to change, or, as a warning, to look at."""

    where: Location
    problem: str
    """What is wrong, quoting what was read."""
    hint: str = ""
    """What would be right, ready to be pasted where that is possible; may be empty."""
    width: int = 1
    """Characters to mark from the column on."""

    def __str__(self) -> str:
        where = self.where
        if not where.line:
            lines = [printable(f"{where.file}: {self.problem}")]
        else:
            text, marks = _excerpt(where, self.width)
            lines = [
                printable(f"{where.file}:{where.line}:{where.column}: {self.problem}"),
                f"{where.line:>6} | {text}".rstrip(),
                f"       | {marks}",
            ]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class CorefileError(Exception):
    """The operator has to change the Corefile.

    `svcdns check` prints it and exits with 1; a reload that raises it keeps the running
    configuration.
    """

    def __init__(self, mistakes: tuple[Mistake, ...], warnings: tuple[Mistake, ...] = ()) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes
        """At least one, in the order of the text."""
        self.warnings = warnings
        """What is merely odd, for those who want to see it as well."""

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


class WordError(ValueError):
    """A word that is not what it should be: whoever knows where it stands makes a mistake of it."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class Findings:
    """Mistakes and warnings as they are met, each place and problem once.

    Their texts may quote anything: they are cut and made printable here.
    """

    def __init__(self) -> None:
        self._mistakes: dict[tuple[Location, str], Mistake] = {}
        self._warnings: dict[tuple[Location, str], Mistake] = {}

    def mistake(self, where: Location, problem: str, hint: str = "", width: int = 1) -> None:
        """Record a mistake; a snippet imported ten times has it once."""
        if not self.is_full:
            mistake = Mistake(where, _plain(problem), _plain(hint), width)
            self._mistakes.setdefault((where, mistake.problem), mistake)

    def warning(self, where: Location, problem: str, hint: str = "", width: int = 1) -> None:
        """Record something that works but is probably not meant."""
        if len(self._warnings) < MAX_FINDINGS:
            warning = Mistake(where, _plain(problem), _plain(hint), width)
            self._warnings.setdefault((where, warning.problem), warning)

    @property
    def count(self) -> int:
        """How many mistakes there are so far."""
        return len(self._mistakes)

    @property
    def is_full(self) -> bool:
        """Whether further mistakes are not kept: no need to find good words for them."""
        return self.count >= MAX_FINDINGS

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All mistakes so far, in the order in which they were met."""
        return tuple(self._mistakes.values())

    @property
    def warnings(self) -> tuple[Mistake, ...]:
        """All warnings so far, in the order in which they were met."""
        return tuple(self._warnings.values())


def in_order(mistakes: Iterable[Mistake], files: tuple[str, ...]) -> tuple[Mistake, ...]:
    """Return `mistakes` in the order of the text, each once, the files as they were read."""
    rank = {file: number for number, file in enumerate(files)}
    return tuple(
        sorted(
            dict.fromkeys(mistakes),
            key=lambda mistake: (
                rank.get(mistake.where.file, len(rank)),
                mistake.where.line,
                mistake.where.column,
            ),
        )
    )


def shown(text: str) -> str:
    """Return `text` in single quotes as a message may show it: one line, printable, not long."""
    if len(text) > _SHOWN_WORD:
        text = f"{text[: _SHOWN_WORD - 3]}..."
    return f"'{printable(text)}'"


def printable(text: str) -> str:
    """Return `text` with control characters spelled out: no file moves anybody's cursor."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def _plain(text: str) -> str:
    return printable(text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}...")


def _excerpt(where: Location, width: int) -> tuple[str, str]:
    """Return the part of the source line to show, and the marks to put below it."""
    text, start = where.text, where.column - 1
    before = after = ""
    if len(text) > _SHOWN_LINE:
        first = max(0, min(start - _BEFORE_COLUMN, len(text) - _SHOWN_LINE))
        before = "..." if first else ""
        after = "..." if first + _SHOWN_LINE < len(text) else ""
        text, start = text[first : first + _SHOWN_LINE], start - first
    width = max(1, min(width, len(text) - start))
    # A tab stays a tab in both lines: only the terminal knows how wide it is.
    shift = "".join("\t" if character == "\t" else " " for character in text[:start])
    visible = "".join(
        character if character.isprintable() or character == "\t" else "?" for character in text
    )
    return f"{before}{visible}{after}", f"{' ' * len(before)}{shift}{'^' * width}"
