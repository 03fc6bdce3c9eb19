"""The steps of one server block, one after the other."""

import asyncio
from dataclasses import replace
from types import CoroutineType
from typing import Any

import pytest

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later, then
from svcdns.route.errand import Reach
from svcdns.route.render import Manner
from svcdns.route.route import Route, chain, way_of
from svcdns.route.stages import AnswerStep, Client, Observed, Rest, Steps
from svcdns.wire.codes import AD, RA, RCode, RRType
from svcdns.wire.edns import BARE_OPT, SERVER_SIZE, InfoCode
from svcdns.wire.name import ROOT, from_text, to_text
from svcdns.wire.question import Query, read_query
from tests.support.stubs import FixedClient, packet, question, steps_of

QUERY = read_query(packet(question("web.example.")))
CLIENT = FixedClient()
NAME = from_text("example.")


class Step:
    """A step that says the same each time, and remembers whom it said it to."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked: list[Query] = []

    def __call__(self, query: Query, _: Client) -> Answer | None:
        self.asked.append(query)
        return self.answer


def test_the_first_step_that_answers_ends_the_walk() -> None:
    passes, answers, never = Step(None), Step(Answer(RCode.NXDOMAIN)), Step(Answer())
    route = Route("example.", NAME, steps_of(passes, answers, never))

    answer = route.answer(QUERY, CLIENT)

    assert answer is answers.answer
    assert (passes.asked, answers.asked, never.asked) == ([QUERY], [QUERY], [])


def test_when_every_step_passes_the_query_fails_and_says_what_to_do() -> None:
    answer = Route("example.", NAME, steps_of(Step(None), zone="example.")).answer(QUERY, CLIENT)

    assert isinstance(answer, Answer)
    assert (answer.rcode, answer.authoritative, answer.depends_on) == (RCode.SERVFAIL, False, None)
    assert answer.reason is not None
    assert answer.reason.code == InfoCode.OTHER
    assert answer.reason.text() == (
        "no next plugin found: no directive of the server block 'example.' answers web.example.; "
        "add one that does, or if 'fallthrough' passed the name on, take that away"
    )


@pytest.mark.parametrize(("behind", "rcode"), [(0, RCode.REFUSED), (1, RCode.SERVFAIL)])
def test_what_the_last_directive_passes_on_is_refused_if_it_says_so(
    behind: int, rcode: RCode
) -> None:
    zones = Steps(answer=lambda *_: None, refuses=True)

    answer = chain([zones, *[Steps(answer=lambda *_: None)] * behind], "example.")(QUERY, CLIENT)

    assert isinstance(answer, Answer)
    assert (answer.rcode, answer.authoritative) == (rcode, False)


def test_labels_of_all_directives_come_together_and_later_ones_win() -> None:
    first = {"a/x": "1", "a/y": "1"}
    second = {"a/y": "2", "b/z": "2"}
    route = Route("example.", NAME, metadata_steps=(lambda *_: first, lambda *_: second))

    assert route.metadata(QUERY, CLIENT) == {"a/x": "1", "a/y": "2", "b/z": "2"}
    assert Route("example.", NAME).metadata(QUERY, CLIENT) == {}


def test_only_who_sees_every_exchange_closes_the_fast_lane() -> None:
    def see(_: Observed) -> None:
        raise AssertionError

    assert Route("example.", NAME).is_bare
    assert Route("example.", NAME, failure_steps=(see,)).is_bare
    assert not Route("example.", NAME, observe_steps=(see,)).is_bare


def test_what_comes_behind_a_step_that_may_answer_next_time_is_not_kept() -> None:
    behind = Steps(answer=lambda *_: Answer(depends_on=()))
    passes = Steps(answer=lambda *_: None, is_volatile=True)
    answers = Steps(answer=lambda *_: Answer(depends_on=()), is_volatile=True)

    assert chain([passes, behind], ".")(QUERY, CLIENT) == Answer(depends_on=None)
    assert chain([answers, behind], ".")(QUERY, CLIENT) == Answer(depends_on=())
    assert chain([behind, passes], ".")(QUERY, CLIENT) == Answer(depends_on=())


class Around:
    """A step around others: asks them another name, and marks what they say."""

    def __init__(self, name: str, flag: int) -> None:
        self.name = name
        self.flag = flag
        self.asked: list[Query] = []

    def __call__(self, query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        self.asked.append(query)
        changed = query._replace(question=question(self.name))
        return then(rest(changed, client), self.marked)

    def marked(self, outcome: Outcome) -> Outcome:
        return replace(outcome, raised=outcome.raised | self.flag)


def name_of(query: Query) -> str:
    return to_text(query.question.owner)


def coming(step: Step) -> AnswerStep:
    """Return a step whose answer comes later."""

    async def later(query: Query, client: Client) -> Outcome | None:
        await asyncio.sleep(0)
        return step(query, client)

    return later


def test_steps_of_both_kinds_act_in_the_order_of_the_directives() -> None:
    before, between = Step(None), Step(None)
    last = Step(Answer(RCode.NXDOMAIN))
    first, second = Around("one.example.", AD), Around("two.example.", RA)
    steps = [
        Steps(answer=before),
        Steps(around=first),
        Steps(answer=between),
        Steps(around=second),
        Steps(answer=last),
    ]

    outcome = chain(steps, "example.")(QUERY, CLIENT)

    assert outcome == Answer(RCode.NXDOMAIN, raised=AD | RA)
    asked = [step.asked for step in (before, first, between, second, last)]
    assert [name_of(query) for (query,) in asked] == [
        "web.example.",
        "web.example.",
        "one.example.",
        "one.example.",
        "two.example.",
    ]


def test_a_step_in_front_of_those_around_answers_without_them() -> None:
    around = Around("one.example.", AD)
    steps = [Steps(answer=Step(Answer())), Steps(around=around)]

    assert chain(steps, "example.")(QUERY, CLIENT) == Answer()
    assert not around.asked


def test_a_directive_with_both_steps_is_around_its_own_answer() -> None:
    answer = Step(Answer())

    outcome = chain([Steps(answer=answer, around=Around("one.example.", AD))], ".")(QUERY, CLIENT)

    assert outcome == Answer(raised=AD)
    assert [name_of(query) for query in answer.asked] == ["one.example."]


def test_a_step_around_nothing_gets_the_failure_of_the_block() -> None:
    outcome = chain([Steps(around=Around("one.example.", AD))], "example.")(QUERY, CLIENT)

    assert isinstance(outcome, Answer)
    assert (outcome.rcode, outcome.raised) == (RCode.SERVFAIL, AD)
    assert outcome.reason is not None
    assert "'example.' answers one.example." in outcome.reason.text()


def test_a_step_around_changes_what_comes_later_too() -> None:
    around = Around("one.example.", AD)
    steps = [Steps(around=around), Steps(answer=coming(Step(Answer())))]

    outcome = chain(steps, "example.")(QUERY, CLIENT)

    assert isinstance(outcome, CoroutineType)
    assert asyncio.run(outcome) == Answer(raised=AD)


@pytest.mark.parametrize("next_comes_later", [False, True])
def test_who_has_no_answer_later_passes_the_query_on(*, next_comes_later: bool) -> None:
    skipped, passes, answers = Step(None), Step(None), Step(Answer(RCode.NXDOMAIN))
    last = coming(answers) if next_comes_later else answers

    outcome = steps_of(skipped, coming(passes), last)(QUERY, CLIENT)

    assert isinstance(outcome, CoroutineType)
    assert asyncio.run(outcome) is answers.answer
    assert [step.asked for step in (skipped, passes, answers)] == [[QUERY]] * 3


def test_an_answer_that_came_later_ends_the_walk() -> None:
    answers, never = Step(Answer()), Step(Answer())

    outcome = steps_of(coming(answers), never)(QUERY, CLIENT)

    assert isinstance(outcome, CoroutineType)
    assert asyncio.run(outcome) is answers.answer
    assert not never.asked


def test_when_the_last_step_passes_later_the_query_fails() -> None:
    outcome = steps_of(coming(Step(None)))(QUERY, CLIENT)

    assert isinstance(outcome, CoroutineType)
    assert asyncio.run(outcome).rcode == RCode.SERVFAIL


def test_behind_a_step_that_answers_all_nobody_is_asked_and_its_answer_is_passed_as_it_is() -> None:
    answers, never = Step(Answer()), Step(Answer())
    last = Steps(answer=coming(answers), answers_all=True)
    volatile = Steps(answer=Step(None), is_volatile=True)

    outcome = chain([volatile, last, Steps(answer=never)], "example.")(QUERY, CLIENT)

    assert isinstance(outcome, CoroutineType)
    assert asyncio.run(outcome) is answers.answer
    assert not never.asked


def test_options_and_a_smaller_limit_close_the_fast_lane() -> None:
    assert not Route("example.", NAME, options=(lambda _: b"",)).is_bare
    assert not Route("example.", NAME, udp_limit=SERVER_SIZE - 1).is_bare
    assert Route("example.", NAME, udp_limit=4096).is_bare


def test_options_are_for_those_who_sent_an_opt() -> None:
    route = Route("example.", NAME, options=(lambda _: b"a", lambda _: b"b"), udp_limit=700)
    with_opt = read_query(packet(question("web.example."), opt=BARE_OPT))

    assert route.manner(with_opt, stream=False) == Manner(False, 700, b"ab")
    assert route.manner(QUERY, stream=True) == Manner(True, 700)


@pytest.mark.parametrize(("measured", "name"), [(True, "example."), (False, "")])
def test_only_a_route_that_is_measured_has_a_name_for_it(
    measured: bool,  # noqa: FBT001  a column of the table
    name: str,
) -> None:
    assert Route("example.", NAME, measured=measured).measured_as == name


class Part:
    """Takes part in errands, as far as a route asks."""

    def __init__(self, *excepted: str) -> None:
        self.missed = [0]
        self.excepted = tuple(map(from_text, excepted))

    def __call__(self, *_: object) -> Any:
        raise AssertionError("nobody asks")

    def __getattr__(self, _: str) -> Any:
        return self


def test_errands_pass_by_steps_that_are_not_for_them() -> None:
    sender: Any = Part()
    keeper: Any = Part("b.example.")
    zones = Reach(zones=(from_text("cluster.local."),), has=bool)
    steps = [
        Steps(rotate=True),
        Steps(around=Part(), reach=Reach(rrtypes=(RRType.AAAA,))),
        Steps(around=Part(), keeper=keeper),
        Steps(answer=Part(), reach=zones),
        Steps(around=Part(), reach=Reach()),
        Steps(answer=Part(), reach=Reach(rrtypes=(RRType.HINFO,))),
        Steps(answer=Part(), answers_all=True, sender=sender),
        Steps(answer=Part()),
    ]

    way = way_of(steps)

    assert way is not None
    assert (way.sender, way.keeper) == (sender, keeper)
    assert way.zones == (from_text("b.example."), from_text("cluster.local."))
    assert way.rrtypes == {RRType.AAAA, RRType.HINFO}
    assert way.names == (bool,)


@pytest.mark.parametrize(
    "step",
    [
        Steps(answer=Part()),
        Steps(around=Part()),
        Steps(answer=Part(), answers_all=True),
        Steps(answer=Part(), reach=Reach(zones=(ROOT,))),
    ],
)
def test_a_step_that_may_be_for_any_question_leaves_no_way_for_errands(step: Steps) -> None:
    part: Any = Part()
    sender = Steps(answer=part, answers_all=True, sender=part)

    assert way_of([sender]) is not None
    assert way_of([step, sender]) is None
    assert way_of([]) is None
