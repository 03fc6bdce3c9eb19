"""The way from a step back into the server: a question asked inside another one.

Which exchange is going on is kept in a context variable: a task that answers later has its
own, however many others run in between.
"""

from contextvars import ContextVar
from typing import NamedTuple

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import LATER, Later
from svcdns.route.router import Router
from svcdns.route.stages import Client
from svcdns.wire.question import Query, Question

MAX_DEPTH = 8
"""Questions a question may lead to, one inside the other."""


class GoingOn(NamedTuple):
    """One exchange that is being answered."""

    router: Router
    query: Query
    client: Client
    depth: int = 0
    """Questions that led to the one that is being asked."""


_going_on: ContextVar[GoingOn | None] = ContextVar("going_on", default=None)


def begin(router: Router, query: Query, client: Client) -> None:
    """Let `ask` ask for `client` from now on."""
    _going_on.set(GoingOn(router, query, client))


def ask(question: Question) -> Outcome | Later[Outcome | None] | None:
    """Answer `question` for the client of the exchange that is going on.

    Returns:
        None: no server block of its listener can, or too many questions have led to this one.
    """
    now = _going_on.get()
    if now is None or now.depth >= MAX_DEPTH:
        return None
    route = now.router.find(question.owner, question.rrtype)
    if route is None or route.refuses:
        return None
    deeper = now._replace(depth=now.depth + 1)
    _going_on.set(deeper)
    try:
        outcome = route.answer(now.query._replace(question=question), now.client)
    finally:
        _going_on.set(now)
    if isinstance(outcome, LATER):
        return _later(outcome, deeper)
    return outcome


async def _later(outcome: Later[Outcome], deeper: GoingOn) -> Outcome:
    before = _going_on.get()
    _going_on.set(deeper)
    try:
        return await outcome
    finally:
        _going_on.set(before)
