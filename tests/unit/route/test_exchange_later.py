"""Exchanges that end later, in silence, as a transfer, or with the octets of somebody else."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from types import CoroutineType
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer, Reason, on_namespace
from svcdns.answers.foreign import ON_TICK, ForeignAnswer, Outcome
from svcdns.answers.later import Later
from svcdns.route.exchange import Exchange
from svcdns.route.responder import Reply
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Client, Observed
from svcdns.wire.codes import AA, AD, RA, RD, TC, RCode
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, InfoCode, option
from svcdns.wire.name import from_text
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset
from tests.support.foreign import foreign, soa
from tests.support.stubs import FixedClient, addresses, fast_of, packet, question, steps_of

WEB = "web.example."
ASKED = question(WEB)
KEPT = (on_namespace("shop"),)
ADDRESS = addresses(WEB, bytes((192, 0, 2, 1)))
ANSWER = Answer(answer=(ADDRESS,), depends_on=KEPT)
CLIENT = FixedClient()
STREAM = FixedClient(stream=True, lane=6)


class World:
    """An exchange whose only step says what it is told to, and what became of that."""

    def __init__(self, says: Callable[[], Outcome | Later[Outcome | None]], **route: Any) -> None:
        self.asked = 0
        self.now = 0.0
        self.bugs: list[Exception] = []
        self._says = says
        route.setdefault("measured", True)
        only = Route("example.", from_text("example."), steps_of(self._step), **route)
        self.exchange = Exchange(
            "dns://:53",
            Router([only]),
            clock=lambda: self.now,
            on_bug=lambda bug, _: self.bugs.append(bug),
        )

    def _step(self, _query: Query, _client: Client) -> Outcome | Later[Outcome | None]:
        self.asked += 1
        return self._says()

    def ask(self, asked: bytes = packet(ASKED), client: Client = CLIENT) -> Any:
        """Return what comes of a packet, however late."""
        reply = self.exchange.respond(asked, client)
        return asyncio.run(reply) if isinstance(reply, CoroutineType) else reply

    @property
    def counted(self) -> int:
        self.exchange.traffic.fold()
        return sum(row[0] for row in self.exchange.traffic.counts.values())


async def in_a_while(outcome: Outcome | None, act: Callable[[], object] = int) -> Outcome | None:
    await asyncio.sleep(0)
    act()
    return outcome


def parsed(response: Reply) -> dns.message.Message:
    assert isinstance(response, bytes)
    return dns.message.from_wire(response)


def test_what_comes_later_is_said_as_it_would_be_at_once() -> None:
    at_once, later = World(lambda: ANSWER), World(lambda: in_a_while(ANSWER))

    assert later.ask() == at_once.ask()


def test_what_came_later_is_counted_with_its_time() -> None:
    world = World(lambda: in_a_while(Answer(answer=(ADDRESS,)), lambda: setattr(world, "now", 3.0)))

    world.ask()

    assert world.counted == 1
    assert world.exchange.traffic.seconds == {"example.": 3.0}


def test_what_came_later_is_observed() -> None:
    seen: list[Observed] = []
    world = World(lambda: in_a_while(ANSWER), observe_steps=(seen.append,))

    response = world.ask()
    world.exchange.observe()

    (observed,) = seen
    assert observed.answer is ANSWER
    assert observed.response_size == len(response)


def test_what_came_later_is_kept_if_it_depends_on_something() -> None:
    kept = World(lambda: in_a_while(ANSWER))
    not_kept = World(lambda: in_a_while(Answer(answer=(ADDRESS,))))

    for world in (kept, not_kept):
        world.ask()
        world.ask()

    assert (kept.asked, not_kept.asked) == (1, 2)
    assert fast_of(kept.exchange)(packet(ASKED)) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda exchange: exchange.drop(KEPT),
        lambda exchange: exchange.clear(),
        lambda exchange: exchange.remark("cut off"),
    ],
    ids=["drop", "clear", "remark"],
)
def test_what_was_asked_before_a_change_and_comes_after_it_is_not_kept(
    change: Callable[[Exchange], object],
) -> None:
    world = World(lambda: in_a_while(ANSWER, lambda: change(world.exchange)))

    response = world.ask()

    assert len(parsed(response).answer) == 1
    assert len(world.exchange) == 0


def test_a_bug_that_comes_later_fails_one_query_and_is_reported() -> None:
    world = World(lambda: in_a_while(ANSWER, lambda: 1 // 0))

    response = world.ask(packet(ASKED, opt=BARE_OPT))

    assert parsed(response).rcode() == dns.rcode.SERVFAIL
    assert [type(bug) for bug in world.bugs] == [ZeroDivisionError]
    assert world.counted == 1


def test_whoever_is_cancelled_reports_nothing() -> None:
    world = World(lambda: in_a_while(ANSWER))

    async def cancel() -> None:
        reply = world.exchange.respond(packet(ASKED), CLIENT)
        assert isinstance(reply, CoroutineType)
        task = asyncio.ensure_future(reply)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()

    asyncio.run(cancel())
    assert not world.bugs
    assert len(world.exchange) == 0


@pytest.mark.parametrize("later", [False, True])
def test_silence_sends_counts_and_shows_nothing(*, later: bool) -> None:
    seen: list[Observed] = []
    silence = Answer(is_silent=True, depends_on=KEPT)
    world = World(lambda: in_a_while(silence) if later else silence, observe_steps=(seen.append,))

    assert world.ask() is None
    world.exchange.observe()

    assert not seen
    assert world.counted == 0
    assert len(world.exchange) == 0
    assert not world.exchange.traffic.durations


def test_where_answers_depend_on_the_client_none_is_kept() -> None:
    world = World(lambda: ANSWER, per_client=True)

    world.ask()
    world.ask()

    assert world.asked == 2
    assert len(world.exchange) == 0


def test_options_of_a_route_come_before_the_reason_and_only_with_an_opt() -> None:
    why = Reason(InfoCode.OTHER, lambda: "why not")
    nsid = option(dns.edns.OptionType.NSID, b"me")
    world = World(
        lambda: Answer(RCode.NXDOMAIN, reason=why, depends_on=KEPT), options=(lambda _: nsid,)
    )

    for _ in range(3):
        with_opt = parsed(world.ask(packet(ASKED, opt=BARE_OPT)))
        assert [int(one.otype) for one in with_opt.options] == [3, 15]
        assert parsed(world.ask()).edns == -1
    assert fast_of(world.exchange)(packet(ASKED)) is None


def test_a_route_may_send_less_over_udp_than_clients_take() -> None:
    many = addresses(WEB, *(bytes((192, 0, 2, last)) for last in range(70)))
    world = World(lambda: Answer(answer=(many,), depends_on=KEPT), udp_limit=600)
    asked = packet(ASKED, opt=BARE_OPT)

    for _ in range(2):
        cut = world.ask(asked)
        assert 600 - 16 < len(cut) <= 600
        assert parsed(cut).flags & dns.flags.TC
        assert not parsed(world.ask(asked, STREAM)).flags & dns.flags.TC


def test_a_route_for_any_class_gets_the_questions_of_all() -> None:
    chaos = packet(question(WEB, 16, rrclass=3))
    world, without = World(Answer, any_class=True), World(Answer)

    assert parsed(world.ask(chaos)).rcode() == dns.rcode.NOERROR
    assert parsed(without.ask(chaos)).rcode() == dns.rcode.REFUSED
    assert (world.asked, without.asked) == (1, 0)


def transfer_of(*messages: Sequence[RRset], broken: bool = False) -> Answer:
    def made() -> Iterator[tuple[RRset, ...]]:
        yield from map(tuple, messages)
        if broken:
            raise ZeroDivisionError

    return Answer(messages=made)


@pytest.mark.parametrize("later", [False, True])
def test_a_transfer_on_a_stream_is_all_its_messages(*, later: bool) -> None:
    seen: list[Observed] = []
    answer = transfer_of((soa(), ADDRESS), (soa(),))
    world = World(lambda: in_a_while(answer) if later else answer, observe_steps=(seen.append,))

    messages = [parsed(one) for one in world.ask(packet(question(WEB, 252)), STREAM)]
    world.exchange.observe()

    assert [len(message.answer) for message in messages] == [2, 1]
    assert all(message.flags & dns.flags.AA for message in messages)
    assert all(message.edns == -1 for message in messages)
    assert len(seen) == 1, "one exchange, however many messages"


def test_a_transfer_is_made_as_it_is_taken() -> None:
    taken = 0

    def made() -> Iterator[tuple[RRset, ...]]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield (ADDRESS,)

    messages = World(lambda: Answer(messages=made)).ask(client=STREAM)

    next(messages)
    next(messages)
    assert taken == 2


def test_a_transfer_that_breaks_off_says_so() -> None:
    world = World(lambda: transfer_of((soa(),), broken=True))

    first, last = map(parsed, world.ask(client=STREAM))

    assert first.rcode() == dns.rcode.NOERROR
    assert last.rcode() == dns.rcode.SERVFAIL
    assert [type(bug) for bug in world.bugs] == [ZeroDivisionError]


def test_a_transfer_without_messages_fails() -> None:
    world = World(transfer_of)

    assert parsed(world.ask(client=STREAM)).rcode() == dns.rcode.SERVFAIL
    assert len(world.bugs) == 1


@pytest.mark.parametrize("measured", [False, True])
def test_a_transfer_over_udp_is_refused(*, measured: bool) -> None:
    seen: list[Observed] = []
    world = World(lambda: transfer_of((soa(),)), observe_steps=(seen.append,), measured=measured)

    response = parsed(world.ask(packet(ASKED, opt=BARE_OPT)))
    world.exchange.observe()

    assert response.rcode() == dns.rcode.REFUSED
    assert [one.text for one in response.options] == ["a zone is transferred over TCP only"]
    assert [observed.rcode for observed in seen] == [RCode.REFUSED]
    assert world.counted == measured


OUTCOMES = st.one_of(
    st.builds(
        lambda **fields: Answer(answer=(ADDRESS,), depends_on=KEPT, **fields),
        rcode=st.sampled_from([RCode.NOERROR, RCode.SERVFAIL]),
        authoritative=st.booleans(),
        recursion_available=st.booleans(),
        authentic=st.booleans(),
        raised=st.sampled_from([0, AA, AD, RA, TC, RD, AD | TC]),
        lowered=st.sampled_from([0, AA, AD, RA, TC, RD, AA | RD]),
    ),
    st.builds(
        lambda **fields: foreign(ASKED, ADDRESS, depends_on=KEPT, **fields),
        rcode=st.sampled_from([RCode.NOERROR, RCode.SERVFAIL]),
        authoritative=st.booleans(),
        recursion_available=st.booleans(),
        authentic=st.booleans(),
        is_truncated=st.booleans(),
        raised=st.sampled_from([0, AA, AD, RA, TC, RD, AD | TC]),
        lowered=st.sampled_from([0, AA, AD, RA, TC, RD, AA | RD]),
    ),
)


def expected_flags(outcome: Outcome, asked: int) -> int:
    flags = 0x8000 | outcome.rcode | asked & RD | outcome.raised
    flags |= AA * outcome.authoritative | RA * outcome.recursion_available | AD * outcome.authentic
    if isinstance(outcome, ForeignAnswer):
        flags |= TC * outcome.is_truncated
    return flags & ~outcome.lowered


@given(
    OUTCOMES,
    st.sampled_from([0, RD, AD, RD | AD]),
    st.sampled_from([b"", BARE_OPT, BARE_OPT_DO]),
)
def test_all_ways_set_the_same_bits(outcome: Outcome, flags: int, opt: bytes) -> None:
    asked = packet(ASKED, flags=flags, opt=opt)
    kept, computed = World(lambda: outcome), World(lambda: outcome, per_client=True)

    first, again = kept.ask(asked), kept.ask(asked)
    fast = fast_of(kept.exchange)(asked)
    never_kept = computed.ask(asked)

    assert first == again == fast == never_kept
    assert int.from_bytes(first[2:4]) == expected_flags(outcome, flags)


def test_a_foreign_answer_is_kept_for_its_second_and_its_hits_are_told() -> None:
    told: list[int] = []
    answer = foreign(ASKED, ADDRESS, depends_on=(ON_TICK,), on_hits=told.append)
    world = World(lambda: answer)
    fast = fast_of(world.exchange)

    responses = [world.ask(), world.ask(packet(question(WEB.upper()))), fast(packet(ASKED))]
    world.exchange.drop((ON_TICK,))

    assert world.asked == 1
    assert [len(parsed(response).answer) for response in responses] == [1, 1, 1]
    assert sum(told) == 2, "all but the one that was answered by the step"
    assert len(world.exchange) == 0
    assert world.counted == 3


@pytest.mark.parametrize("rcode", [16, 23, 3841])
@pytest.mark.parametrize("depends_on", [None, KEPT])
def test_an_rcode_over_15_stands_in_the_opt(rcode: int, depends_on: Any) -> None:
    world = World(lambda: foreign(ASKED, rcode=rcode, depends_on=depends_on))

    for opt in (BARE_OPT, BARE_OPT_DO, BARE_OPT):
        assert parsed(world.ask(packet(ASKED, opt=opt))).rcode() == rcode


@pytest.mark.parametrize("rcode", [16, 23])
def test_an_rcode_over_15_is_servfail_for_those_without_opt(rcode: int) -> None:
    world = World(lambda: foreign(ASKED, rcode=rcode))

    assert parsed(world.ask()).rcode() == dns.rcode.SERVFAIL
