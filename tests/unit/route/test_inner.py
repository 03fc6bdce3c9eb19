"""Questions inside questions, at once and later."""

import asyncio
from contextvars import Context
from types import CoroutineType

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.route.inner import MAX_DEPTH, ask, begin
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import AnswerStep, Client
from svcdns.wire.codes import RCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, read_query
from tests.support.stubs import FixedClient, packet, question, steps_of

WEB = "web.shop.svc.cluster.local."
QUERY = read_query(packet(question("first.cluster.local.")))


def router_of(step: AnswerStep) -> Router:
    return Router([Route("cluster.local.", from_text("cluster.local."), steps_of(step))])


def test_outside_an_exchange_nobody_answers() -> None:
    assert Context().run(ask, question(WEB)) is None


def test_the_question_is_asked_for_the_client_of_the_exchange() -> None:
    seen: list[tuple[Query, Client]] = []
    client = FixedClient("10.9.9.9")

    def step(query: Query, client: Client) -> Answer:
        seen.append((query, client))
        return Answer()

    def exchange() -> None:
        begin(router_of(step), QUERY, client)
        assert ask(question(WEB)) == Answer()

    Context().run(exchange)
    assert seen == [(QUERY._replace(question=question(WEB)), client)]


def test_a_zone_that_nobody_serves_has_no_answer() -> None:
    def exchange() -> None:
        begin(router_of(lambda *_: Answer()), QUERY, FixedClient())
        assert ask(question("elsewhere.example.")) is None

    Context().run(exchange)


def test_a_chain_of_questions_that_come_later_ends_at_the_depth_limit() -> None:
    asked: list[int] = []

    async def ask_again(query: Query) -> Outcome:
        await asyncio.sleep(0)
        found = ask(query.question)
        if isinstance(found, CoroutineType):
            found = await found
        return found or Answer(RCode.NXDOMAIN)  # type: ignore[return-value]  # it was awaited

    def step(query: Query, _: Client) -> Later[Outcome | None]:
        asked.append(len(asked))
        return ask_again(query)

    async def exchange() -> Outcome:
        router = router_of(step)
        begin(router, QUERY, FixedClient())
        later = router.routes[0].answer(QUERY, FixedClient())
        assert isinstance(later, CoroutineType)
        return await later  # type: ignore[no-any-return]

    assert asyncio.run(exchange()).rcode == RCode.NXDOMAIN
    assert len(asked) == MAX_DEPTH + 1


def test_exchanges_that_wait_at_the_same_time_do_not_count_for_each_other() -> None:
    async def wait_then_ask(query: Query) -> Outcome:
        await asyncio.sleep(0)
        if query.question.owner == QUERY.question.owner:
            found = ask(question(WEB))
            assert isinstance(found, CoroutineType)
            return await found  # type: ignore[no-any-return]
        return Answer()

    def step(query: Query, _: Client) -> Later[Outcome | None]:
        return wait_then_ask(query)

    async def one(router: Router) -> Outcome:
        begin(router, QUERY, FixedClient())
        later = router.routes[0].answer(QUERY, FixedClient())
        assert isinstance(later, CoroutineType)
        return await later  # type: ignore[no-any-return]

    async def many() -> list[Outcome]:
        router = router_of(step)
        return await asyncio.gather(*(one(router) for _ in range(3 * MAX_DEPTH)))

    assert asyncio.run(many()) == [Answer()] * (3 * MAX_DEPTH)
