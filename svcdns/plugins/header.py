"""header - set and clear AA, RA and RD in queries and responses.

Rules are taken together when they are read: of two about one flag the later counts.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later, then
from svcdns.corefile.arguments import Arguments, Words
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Client, Rest, Steps
from svcdns.wire.codes import AA, RA, RD
from svcdns.wire.question import Query

_FLAGS = {"aa": AA, "ra": RA, "rd": RD}
_SELECTORS = ("query", "response")
_ACTIONS = ("set", "clear")
_EXAMPLE = "response set ra"


class Change(NamedTuple):
    """Which header bits to set and which to clear; no bit is in both."""

    raised: int = 0
    lowered: int = 0

    def then(self, flag: int, *, raise_it: bool) -> "Change":
        """Return this change and one more after it."""
        if raise_it:
            return Change(self.raised | flag, self.lowered & ~flag)
        return Change(self.raised & ~flag, self.lowered | flag)

    def of(self, flags: int) -> int:
        """Return `flags` after the change."""
        return (flags | self.raised) & ~self.lowered


class Rules(NamedTuple):
    """What becomes of a query, and of its response."""

    query: Change = Change()
    response: Change = Change()


def parse(arguments: Arguments) -> Rules:
    """Read `header { query|response set|clear FLAGS... }`; only the first stanza counts."""
    first, *others = arguments
    for stanza in others:
        stanza.skip()
        stanza.warning("only the first 'header' of a server block is used")
    rules = Rules()
    lines = 0
    for option in first.options():
        lines += 1
        selector = option.name.lower()
        if selector not in _SELECTORS:
            problem = f"setting up rule: invalid selector={selector} should be query or response"
            option.mistake(problem, f"write: {_EXAMPLE}")
        elif selector == "query":
            rules = rules._replace(query=_changed(rules.query, option))
        else:
            rules = rules._replace(response=_changed(rules.response, option))
    if not lines:
        problem = f"Wrong argument count or unexpected line ending after '{first.name}'"
        first.mistake(problem, f"give it a block with: {_EXAMPLE}")
    return rules


def _changed(change: Change, option: Words) -> Change:
    """Read `set|clear FLAGS...`."""
    if not option.left:
        option.mistake("setting up rule: no flag action provided", f"write: {_EXAMPLE}")
        return change
    word = option.take()
    action = word.text.lower()
    if action not in _ACTIONS:
        problem = f"setting up rule: unknown flag action={word.text}, should be set or clear"
        option.mistake(problem, f"write: {_EXAMPLE}", at=word)
    elif not option.left:
        problem = "setting up rule: invalid length for flags, at least one should be provided"
        option.mistake(problem, f"write: {option.name} {action} ra", at=word)
    for flag in option.rest():
        if bit := _FLAGS.get(flag.text.lower()):
            change = change.then(bit, raise_it=action == "set")
        elif action in _ACTIONS:
            problem = f"setting up rule: unknown/unsupported flag={flag.text.lower()}"
            option.mistake(problem, "known are: aa, ra, rd", at=flag)
    return change


def build(rules: Rules, _scope: Scope) -> Steps:
    """Return the step around everything behind it."""
    # A response says RD as it was asked, and that is what the query says from here on.
    copied = Change(rules.query.raised & RD, rules.query.lowered & RD)
    response = Change(
        copied.raised & ~rules.response.lowered | rules.response.raised,
        copied.lowered & ~rules.response.raised | rules.response.lowered,
    )
    return Steps(around=_around(rules.query, response))


def _around(
    asked: Change, said: Change
) -> Callable[[Query, Client, Rest], Outcome | Later[Outcome]]:
    change = partial(_with, said)
    if not any(asked):
        return lambda query, client, rest: then(rest(query, client), change)

    def around(query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        return then(rest(query._replace(flags=asked.of(query.flags)), client), change)

    return around


def _with(change: Change, outcome: Outcome) -> Outcome:
    """Return `outcome` with the header bits changed last of all."""
    return replace(
        outcome,
        raised=outcome.raised & ~change.lowered | change.raised,
        lowered=outcome.lowered & ~change.raised | change.lowered,
    )


DIRECTIVE = Directive("header", parse, build)
