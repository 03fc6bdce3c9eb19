"""errors - a line for each query that failed, or one for many that failed alike.

The step sees an exchange after its response has left and changes nothing. Errors that match a
pattern of `consolidate` are counted and summed up after its period; the rest is printed, at
most `PER_SECOND` a second, because what fails under load fails often. Time comes in through
`tick`; nothing here waits.
"""

from typing import NamedTuple

from svcdns.corefile.arguments import Arguments, Words
from svcdns.corefile.errors import printable
from svcdns.route.directive import Directive, Scope
from svcdns.route.patterns import Pattern, compile_pattern
from svcdns.route.stages import Observed, Steps
from svcdns.telemetry.duration import duration_text
from svcdns.wire.codes import type_text
from svcdns.wire.name import to_text

PER_SECOND = 10
"""Lines of single errors; further ones are counted and the count is printed."""

LEVELS = ("warning", "error", "info", "debug")


class Consolidation(NamedTuple):
    """One line `consolidate`."""

    period_seconds: float
    pattern: Pattern
    level: str = "error"
    show_first: bool = False
    """Print the first error of a period at once, and the sum only if others followed."""


class Settings(NamedTuple):
    """What a stanza says."""

    consolidations: tuple[Consolidation, ...] = ()
    stacktrace: bool = False
    """Read and ignored: tracebacks are always logged, see the directive's page."""


class _Sum:
    """Errors that matched one pattern in the current period."""

    __slots__ = ("count", "rule", "started")

    def __init__(self, rule: Consolidation) -> None:
        self.rule = rule
        self.count = 0
        self.started: float | None = None
        """Time of the first; None: before the first tick."""


class Journal:
    """The errors of one server block, as far as they are not printed yet."""

    def __init__(self, settings: Settings, scope: Scope) -> None:
        self._sums = [_Sum(rule) for rule in settings.consolidations]
        self._write = scope.log
        self._now: float | None = None
        self._printed = 0
        self._left_out = 0

    def observe(self, observed: Observed) -> None:
        """Print or count the error of one exchange, if it has one."""
        if not observed.error:
            return
        for found in self._sums:
            if found.rule.pattern.is_found_in(observed.error):
                found.count += 1
                if found.count == 1:
                    found.started = self._now
                    if found.rule.show_first:
                        self._print(found.rule.level, _line(observed))
                return
        if self._printed < PER_SECOND:
            self._printed += 1
            self._print("error", _line(observed))
        else:
            self._left_out += 1

    def tick(self, now: float) -> None:
        """Print the sums whose period is over; all of them when `now` is infinity."""
        self._now = now
        if self._left_out:
            self._print("error", f"{self._left_out} more errors in the last second, not printed")
        self._printed = self._left_out = 0
        for found in self._sums:
            if not found.count:
                continue
            if found.started is None:
                found.started = now
            if now - found.started >= found.rule.period_seconds or now == float("inf"):
                self._sum_up(found)

    def _sum_up(self, found: _Sum) -> None:
        rule, count = found.rule, found.count
        found.count, found.started = 0, None
        if count > 1 or not rule.show_first:
            period = duration_text(rule.period_seconds)
            self._print(
                rule.level, f"{count} errors like '{rule.pattern.text}' occurred in last {period}"
            )

    def _print(self, level: str, text: str) -> None:
        self._write(f"[{level.upper()}] plugin/errors: {text}")


def _line(observed: Observed) -> str:
    question = observed.query.question
    name, rrtype = to_text(question.owner), type_text(question.rrtype)
    return f"{observed.rcode} {name} {rrtype}: {observed.error}"


def parse(arguments: Arguments) -> Settings:
    """Read `errors [stdout] { stacktrace; consolidate DURATION RE [LEVEL] [show_first] }`."""
    stanza = arguments.once()
    target = stanza.peek()
    if target is not None and stanza.text() != "stdout":
        stanza.mistake(
            f"errors go to stdout, not to '{printable(target.text)}'", "write: errors", at=target
        )
    consolidations: list[Consolidation] = []
    stacktrace = False
    for option in stanza.options("stacktrace", "consolidate"):
        if option.name == "stacktrace":
            stacktrace = True
        elif (consolidation := _consolidation(option)) is not None:
            consolidations.append(consolidation)
    return Settings(tuple(consolidations), stacktrace)


def _consolidation(option: Words) -> Consolidation | None:
    """Read one line `consolidate`; None after a mistake in its pattern."""
    period = option.duration(0)
    word = option.take('".* i/o timeout$"')
    level, show_first = "", False
    while option.left:
        at = option.peek()
        if (choice := option.choice(*LEVELS, "show_first")) == "show_first":
            show_first = True
        elif level:
            option.mistake("multiple log levels specified in consolidate", "leave one", at=at)
        else:
            level = choice
    try:
        return Consolidation(period, compile_pattern(word.text), level or "error", show_first)
    except ValueError as error:
        option.mistake(str(error), at=word)
        return None


def build(settings: Settings, scope: Scope) -> Steps:
    """Return the step that sees the errors, and what has to be done once a second."""
    journal = Journal(settings, scope)
    return Steps(observe_failure=journal.observe, tick=journal.tick)


DIRECTIVE = Directive("errors", parse, build)
