"""minimal - leave out what nobody asked for.

A positive answer loses its authority and additional sections. Denials, failures and referrals
stay whole: there those sections are the answer.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import Later, then
from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Client, Rest, Steps
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.contents import answers_only, contents_of
from svcdns.wire.question import Query
from svcdns.wire.records import MalformedMessageError

_NOT_POSITIVE = (RRType.SOA, RRType.NS)


def parse(arguments: Arguments) -> None:
    """Read `minimal`, which takes no words."""
    for _ in arguments:
        pass


def around(query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
    """Return the answer of what is behind, without the sections nobody asked for."""
    return then(rest(query, client), _MINIMIZED)


def minimized(outcome: Outcome) -> Outcome:
    """Return `outcome` without authority and additional sections, if it is positive."""
    if outcome.rcode != RCode.NOERROR:
        return outcome
    if isinstance(outcome, ForeignAnswer):
        return _foreign_minimized(outcome)
    if not outcome.authority_records and not outcome.additional:
        return outcome
    return replace(outcome, authority_records=(), additional=()) if _positive(outcome) else outcome


def _positive(answer: Answer) -> bool:
    if answer.answer:
        return True
    types = {rrset.rrtype for rrset in answer.authority_records}
    return answer.authority is None and types.isdisjoint(_NOT_POSITIVE)


def _foreign_minimized(answer: ForeignAnswer) -> ForeignAnswer:
    answers, *others = answer.body.counts
    if not any(others):
        return answer
    try:
        if not answers:
            contents = contents_of(answer.owner, 0, answer.body)
            if contents.has_soa or contents.refers:
                return answer
        return replace(answer, body=answers_only(answer.owner, answer.body))
    except MalformedMessageError:
        return answer


_MINIMIZED: Callable[[Any], Outcome] = minimized


def build(_settings: None, _scope: Scope) -> Steps:
    """Return the step around everything behind it."""
    return Steps(around=around)


DIRECTIVE = Directive("minimal", parse, build)
