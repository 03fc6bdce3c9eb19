"""What `cache` asks again, before and after the time of an answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.question import Query
from tests.support.cached import WWW, Cache, address, say, silent
from tests.support.foreign import foreign, soa, ttls_of
from tests.support.stubs import FixedClient

STALE = "cache . {\nserve_stale 1h immediate 30s\n}"


@asynccontextmanager
async def expired(text: str = STALE, age: float = 61) -> AsyncIterator[Cache]:
    """Keep an answer of 60 s for `age` seconds; what runs beside the queries runs."""
    cache = Cache(text)
    async with cache.running():
        cache.ask()
        cache.clock.now += age
        yield cache


async def test_a_stale_answer_is_served_and_a_newer_one_asked_for() -> None:
    async with expired() as cache:
        cache.says = say(foreign(WWW, address(5)))

        stale = cache.ask()
        await cache.settle()
        fresh = cache.ask()

    assert stale.reason is not None
    assert stale.reason.code == InfoCode.STALE_ANSWER
    assert (ttls_of(stale), ttls_of(fresh)) == ({30}, {60})
    assert cache.asked == 2
    assert cache.numbers()["served_stale_total"] == 1
    assert cache.numbers()["prefetch_total"] == 1


async def test_a_newer_answer_is_asked_for_once_at_a_time() -> None:
    async with expired() as cache:
        for _ in range(5):
            cache.ask()
        await cache.settle()

    assert cache.asked == 2


async def test_a_stale_answer_says_why_there_is_no_newer_one() -> None:
    async with expired("cache . {\nserve_stale\n}", age=100) as cache:
        cache.says = say(silent())
        cache.ask()
        await cache.settle()
        cache.clock.now += 0.5
        stale = cache.ask()

    assert stale.reason is not None
    assert stale.reason.text() == (
        "100 s old, as there is no newer answer: 10.0.0.2:53 did not answer"
    )
    assert ttls_of(stale) == {0}
    assert cache.asked == 2


async def test_after_a_failure_it_is_only_asked_again_after_the_recheck() -> None:
    async with expired("cache . {\nserve_stale 1h immediate 0 30s\n}", age=100) as cache:
        cache.says = say(foreign(WWW, rcode=RCode.SERVFAIL))
        for _ in range(3):
            cache.ask()
            await cache.settle()
        assert cache.asked == 2
        cache.clock.now += 30
        cache.ask()
        await cache.settle()

    assert cache.asked == 3


def test_an_answer_that_is_too_old_is_not_served() -> None:
    cache = Cache(STALE)

    cache.ask()
    cache.clock.now += 60 + 3600
    cache.says = say(silent())

    assert cache.ask().rcode == RCode.SERVFAIL


def test_without_anything_beside_the_queries_stale_answers_are_served_all_the_same() -> None:
    cache = Cache(STALE)

    cache.ask()
    cache.clock.now += 61

    assert ttls_of(cache.ask()) == {30}
    assert cache.asked == 1


def test_verify_asks_first() -> None:
    cache = Cache("cache . {\nserve_stale 1h verify\n}")

    cache.ask()
    cache.clock.now += 61
    cache.says = say(silent())
    stale = cache.ask()
    cache.says = say(foreign(WWW, address(5)))
    fresh = cache.ask()

    assert (ttls_of(stale), ttls_of(fresh)) == ({0}, {60})
    assert stale.reason is not None
    assert fresh.reason is None
    assert cache.asked == 3


async def test_verify_does_not_wait_longer_than_its_timeout() -> None:
    released = asyncio.Event()

    async def slowly(outcome: Outcome) -> Outcome:
        await released.wait()
        return outcome

    async with expired("cache . {\nserve_stale 1h verify 1ms\n}") as cache:
        cache.says = lambda _: slowly(foreign(WWW, address(5)))
        later = cache.later()
        assert asyncio.iscoroutine(later)
        stale = await later
        released.set()
        await cache.settle()
        fresh = cache.ask()

    assert (ttls_of(stale), ttls_of(fresh)) == ({0}, {60})


async def test_verify_says_what_comes_within_its_timeout() -> None:
    async with expired("cache . {\nserve_stale 1h verify 10s\n}") as cache:
        later = cache.later()
        assert asyncio.iscoroutine(later)

        assert ttls_of(await later) == {60}


@pytest.mark.parametrize(
    ("policy", "rcode"),
    [("", RCode.NXDOMAIN), ("serve_stale_policy prefer_positive\n", RCode.NOERROR)],
)
async def test_a_newer_denial_counts_unless_positive_answers_are_preferred(
    policy: str, rcode: RCode
) -> None:
    async with expired(f"cache . {{\nserve_stale 1h immediate\n{policy}}}") as cache:
        cache.says = say(foreign(WWW, authority=[soa()], rcode=RCode.NXDOMAIN))
        cache.ask()
        await cache.settle()

        assert cache.ask().rcode == rcode


async def test_popular_answers_are_refreshed_before_their_time_is_over() -> None:
    cache = Cache("cache . {\nprefetch 3 1m 10%\n}")
    async with cache.running():
        cache.ask()
        cache.ask()
        cache.ask()
        cache.clock.now += 53.9
        cache.ask()
        await cache.settle()
        assert cache.asked == 1
        cache.clock.now += 0.1
        cache.ask()
        await cache.settle()
        assert cache.asked == 2
        cache.clock.now += 30

        assert ttls_of(cache.ask()) == {30}
    assert cache.numbers()["prefetch_total"] == 1


async def test_copies_that_the_listener_sent_make_an_answer_popular() -> None:
    cache = Cache("cache . {\nprefetch 100\n}")
    async with cache.running():
        for _ in range(3):
            answer = cache.ask()
        assert isinstance(answer, ForeignAnswer)
        assert answer.on_hits is not None
        answer.on_hits(200)
        cache.clock.now += 55
        cache.ask()
        await cache.settle()

    assert cache.asked == 2


async def test_a_bug_behind_the_cache_costs_one_refresh(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Query) -> Outcome:
        raise ValueError("broken")

    async with expired() as cache:
        working, cache.says = cache.says, broken
        cache.ask()
        await cache.settle()
        cache.clock.now += 1
        cache.says = working
        cache.ask()
        await cache.settle()

        assert ttls_of(cache.ask()) == {60}
    assert "cache.refresh_failed" in capsys.readouterr().out


async def test_refreshes_ask_for_the_client_as_it_was() -> None:
    async with expired() as cache:
        cache.ask()
        await cache.settle()

    asker = cache.upstream.clients[1]
    expected = FixedClient()
    assert (asker.address, asker.port, asker.stream) == (expected.address, expected.port, False)
