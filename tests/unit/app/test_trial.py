"""A new configuration is asked its first questions before anybody else does."""

from dataclasses import replace

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.app.build import Configuration, Place
from svcdns.app.trial import try_out
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import AnswerStep, Client
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from tests.support.configured import configured
from tests.support.stubs import steps_of


def with_step(step: AnswerStep) -> Configuration:
    """Return a configuration whose only block has this step."""
    route = Route("example.", from_text("example."), steps_of(step))
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=print)
    return replace(configured(". {\n whoami\n}\n"), exchanges={Place("", 53): exchange})


def test_what_answers_is_good() -> None:
    text = ". {\n whoami\n}\ncluster.local {\n kubernetes\n}\nempty.example {\n}\n"

    assert try_out(configured(text)) == ""


def test_a_block_that_fails_is_named_with_the_question() -> None:
    def step(query: Query, _: Client) -> None:
        if query.question.rrtype == RRType.NS:
            raise LookupError("a bug")

    assert try_out(with_step(step)) == "example. NS: LookupError: a bug"


def test_nobody_is_waited_for() -> None:
    asked = []

    async def later() -> Outcome | None:
        raise AssertionError

    def step(query: Query, _: Client) -> Later[Outcome | None]:
        asked.append(query.question.rrtype)
        return later()

    assert try_out(with_step(step)) == ""
    assert len(asked) == len({*asked}) == 4
