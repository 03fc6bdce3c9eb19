"""Hits in the fast lane of a listener, beside a cache that is asked each time."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.foreign import ON_TICK, Outcome
from svcdns.plugins.parts.cache_store import LEAST_CAPACITY
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route, chain
from svcdns.route.router import Router
from svcdns.route.stages import Steps
from svcdns.wire.codes import CD, RCode
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO
from svcdns.wire.name import ROOT
from svcdns.wire.question import Query, Question
from tests.support.cached import Cache, Clock, address
from tests.support.foreign import foreign, soa
from tests.support.stubs import FixedClient, addresses, fast_of, packet, question

NAMES = ("a.example.", "b.example.", "c.example.")
STANZAS = (
    "cache .",
    "cache 7 . {\nkeepttl\n}",
    "cache . {\nprefetch 3 2s 50%\n}",
    "cache . {\nprefetch 1 1m 90%\nkeepttl\n}",
    "cache . {\nserve_stale 5s\n}",
    "cache . {\nserve_stale 5s immediate 3s\nkeepttl\n}",
    "cache . {\nserve_stale 5s\nserve_stale_policy prefer_positive\nprefetch 2\n}",
    "cache . {\nserve_stale 5s verify\n}",
    "cache . {\ndenial 5000 4\nservfail 3s\n}",
)
WWW = question("www.example.")


@dataclass
class World:
    """A listener behind whose only route there is a cache, and an upstream that changes."""

    text: str
    clock: Clock
    ttls: tuple[int, ...] = (60,)
    per_client: bool = False
    rotate: bool = False
    asked: Counter[bytes] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.cache = Cache(self.text, self._says, self.clock)
        route = Route(
            ".",
            ROOT,
            chain([self.cache.steps, Steps(answer=self.cache.upstream)], "."),
            per_client=self.per_client,
            rotate=self.rotate,
        )
        self.exchange = Exchange(
            "dns://:53",
            Router([route]),
            clock=lambda: 0.0,
            on_bug=lambda bug, _: pytest.fail(repr(bug)),
        )
        self.fast = fast_of(self.exchange)
        self.fast_ones = 0

    def _says(self, query: Query) -> Outcome:
        """Say something else each time, and each kind of answer now and then."""
        asked = query.question
        self.asked[asked.owner] += 1
        number = self.asked[asked.owner]
        ttl = self.ttls[number % len(self.ttls)]
        kind = (number + asked.owner[1]) % 7
        if kind == 5:
            return foreign(asked, authority=[soa(ttl=ttl)], rcode=RCode.NXDOMAIN)
        if kind == 6:
            return foreign(asked, rcode=RCode.SERVFAIL)
        name = next(name for name in NAMES if question(name).owner == asked.owner)
        return foreign(asked, address(number % 250, ttl, name), authority=[soa(ttl=ttl + 9)])

    def ask(self, query: bytes) -> bytes:
        response = self.fast(query)
        if response is not None:
            self.fast_ones += 1
            return response
        slow = self.exchange.respond(query, FixedClient())
        assert isinstance(slow, bytes)
        return slow


def ask_www(text: str = "cache .", *, records: int = 1, clock: Clock | None = None) -> World:
    """Return a world in which the listener has the answer for WWW."""
    world = World(text, clock or Clock(), rotate=True)
    rrset = addresses("www.example.", *(bytes((192, 0, 2, n)) for n in range(records)), ttl=60)
    world.cache.says = lambda query: foreign(query.question, rrset)
    for _ in range(2):
        world.ask(packet(WWW))
    assert len(world.exchange) == 1
    return world


MANNERS = st.sampled_from(
    [
        (0x0100, b""),
        (0x0100, b""),
        (0x0000, b""),
        (0x0120, b""),
        (0x0100, BARE_OPT),
        (0x0100, BARE_OPT_DO),
        (0x0100 | CD, b""),
    ]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.one_of(st.just(0.0), st.floats(0.0, 1.2), st.floats(0.0, 8.0)),
        MANNERS,
        st.booleans(),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(
    st.sampled_from(STANZAS),
    st.lists(st.integers(0, 12), min_size=1, max_size=3).map(tuple),
    STEPS,
)
def test_a_hit_says_what_the_cache_itself_would_say_at_that_moment(
    text: str,
    ttls: tuple[int, ...],
    steps: list[tuple[str, float, tuple[int, bytes], bool]],
) -> None:
    clock = Clock(1000.3)
    world = World(text, clock, ttls)
    slow = World(text, clock, ttls, per_client=True)

    async def live() -> None:
        async with world.cache.running(), slow.cache.running():
            for name, seconds, (flags, opt), is_tick in steps:
                clock.now += seconds
                if is_tick:
                    world.exchange.drop((ON_TICK,))
                query = packet(question(name), flags=flags, opt=opt)

                assert world.ask(query) == slow.ask(query)

                await world.cache.settle()
                assert world.asked == slow.asked
                assert world.cache.numbers() == slow.cache.numbers()

    asyncio.run(live())
    assert len(slow.exchange) == 0
    assert slow.fast_ones == 0


def test_an_answer_is_said_by_the_fast_lane_from_its_second_hit_to_its_end() -> None:
    world = ask_www()

    for _ in range(600):
        world.clock.now += 0.0999
        world.ask(packet(WWW))

    assert world.fast_ones == 600
    assert world.cache.asked == 1
    world.clock.now += 0.1
    world.ask(packet(WWW))
    assert world.cache.asked == 2


def test_an_answer_that_is_hit_less_than_once_a_second_is_left_to_the_fast_lane_too() -> None:
    world = ask_www()

    for _ in range(11):
        world.clock.now += 5
        world.ask(packet(WWW))

    assert world.fast_ones == 11


def test_addresses_take_turns_with_one_ttl() -> None:
    world = ask_www(records=3)
    lengths = 12 + len(WWW.octets)

    seen = set()
    for second in range(1, 4):
        world.clock.now += 1
        for _ in range(3):
            response = world.fast(packet(WWW))
            assert response is not None
            body = response[lengths:]
            assert {body[at : at + 4] for at in (6, 22, 38)} == {(60 - second).to_bytes(4)}
            seen.add(body[15])

    assert seen == {0, 1, 2}


def test_other_spellings_count_and_say_the_same() -> None:
    world = ask_www("cache . {\nprefetch 4 1m 10%\n}")
    spelled = Question.of(WWW.owner.upper(), 1)  # type: ignore[arg-type]  # as clients do

    world.clock.now += 2
    query = packet(WWW, octets=WWW.octets.replace(b"www", b"WwW"))
    first, second = world.ask(query), world.ask(packet(WWW))

    assert spelled.key == WWW.key
    assert first.lower() == second
    numbers = world.cache.numbers()
    assert numbers["requests_total"] == 4
    assert numbers["hits_total success"] == 3


def test_what_the_cache_lets_go_of_the_listener_lets_go_of() -> None:
    world = World("cache . {\nsuccess 0\n}", Clock())
    world.cache.says = lambda query: foreign(query.question)
    names = [question(f"n{number}.example.") for number in range(LEAST_CAPACITY + 300)]

    for asked in names:
        for _ in range(3):
            world.ask(packet(asked))

    assert len(world.exchange) == LEAST_CAPACITY
    assert world.fast(packet(names[0])) is None
    assert world.fast(packet(names[-1])) is not None


def test_what_is_in_use_stays_however_many_others_come() -> None:
    world = World("cache . {\nsuccess 0\n}", Clock())
    world.cache.says = lambda query: foreign(query.question, address(ttl=3600))
    for _ in range(2):
        world.ask(packet(WWW))

    for number in range(3 * LEAST_CAPACITY):
        world.clock.now += 0.01
        world.ask(packet(question(f"n{number}.example.")))
        world.ask(packet(WWW))

    assert world.fast_ones == 3 * LEAST_CAPACITY


def test_a_newer_answer_takes_the_place_at_once() -> None:
    world = ask_www()
    other = foreign(WWW, address(99))

    world.cache.says = lambda _: other
    world.clock.now += 60
    responses = [world.ask(packet(WWW)) for _ in range(3)]

    assert {response[-1] for response in responses} == {99}


def test_when_the_table_is_emptied_the_answer_comes_back_with_its_next_hit() -> None:
    world = ask_www()

    world.exchange.clear()
    assert world.fast(packet(WWW)) is None
    world.ask(packet(WWW))

    assert world.fast(packet(WWW)) is not None
    assert world.cache.asked == 1
