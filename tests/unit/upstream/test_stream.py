"""Questions over TCP and TLS: connections that are kept, shared, left and lost."""

import asyncio
from collections.abc import Iterable

import pytest

from svcdns.upstream.asked import Asked
from svcdns.upstream.connection import MOST_QUESTIONS
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import ReusedConnectionError, UpstreamError
from svcdns.upstream.stream import Keeping, Streams
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from svcdns.wire.reply import Reply
from tests.support.upstreams import FakeUpstream, closed_port, record, reply_to, silent


def streams_to(endpoint: Endpoint, keeping: Keeping | None = None) -> Streams:
    return Streams(endpoint, keeping or Keeping(), Deadlines())


async def ask(streams: Streams, number: int = 1, seconds: float = 2.0) -> Reply:
    asked = Asked.of(Question.of(from_text(f"n{number}.example."), RRType.A))
    sent = asked.message(number.to_bytes(2))
    return await streams.ask(asked, sent, asyncio.get_running_loop().time() + seconds)


async def test_a_connection_is_kept_and_used_again() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint())
        for number in range(3):
            assert (await ask(streams, number)).body.counts == (1, 0, 0)
        streams.retire()

    assert upstream.connections == 1
    assert (streams.hits, streams.misses) == (2, 1)
    assert not len(streams)


async def test_questions_do_not_wait_for_one_another() -> None:
    waiting: list[bytes] = []

    def reversing(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        waiting.append(reply_to(sent, record(b"1234")))
        return reversed(waiting) if len(waiting) == 10 else ()

    async with FakeUpstream(reversing) as upstream:
        streams = streams_to(upstream.endpoint())
        replies = await asyncio.gather(*(ask(streams, number) for number in range(10)))
        streams.retire()

    assert len(replies) == 10
    assert upstream.connections == 1


async def test_a_full_connection_gets_a_second_one_beside_it() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint())
        await asyncio.gather(*(ask(streams, number) for number in range(MOST_QUESTIONS + 1)))
        streams.retire()

    assert upstream.connections == 2


async def test_equal_ids_are_never_on_one_connection() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint())
        await asyncio.gather(ask(streams, 1), ask(streams, 1))
        streams.retire()

    assert upstream.connections == 2


async def test_nobody_listens() -> None:
    streams = streams_to(Endpoint("127.0.0.1", closed_port()))

    with pytest.raises(UpstreamError, match=r"^dial tcp 127.0.0.1:\d+: connect: connection refus"):
        await ask(streams)

    assert not len(streams)


async def test_silence_is_a_timeout_and_the_connection_is_left() -> None:
    async with FakeUpstream(silent) as upstream:
        streams = streams_to(upstream.endpoint())
        with pytest.raises(UpstreamError, match=r"^read tcp 127.0.0.1:\d+->.*: i/o timeout$"):
            await ask(streams, seconds=0.1)

        assert not len(streams)


async def test_a_connection_that_is_closed_before_any_reply_is_a_failure() -> None:
    async with FakeUpstream(silent) as upstream:
        upstream.closes_after = 1
        streams = streams_to(upstream.endpoint())
        with pytest.raises(UpstreamError, match=r"^read tcp .*: EOF$"):
            await ask(streams)


async def test_a_kept_connection_that_was_closed_says_that_another_may_work() -> None:
    async with FakeUpstream() as upstream:
        upstream.closes_after = 2
        streams = streams_to(upstream.endpoint())
        await ask(streams, 1)
        upstream.say = silent

        with pytest.raises(ReusedConnectionError):
            await ask(streams, 2)


async def test_a_reply_to_another_question_ends_the_connection() -> None:
    def lying(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, question=from_text("b.example.") + b"\0\1\0\1"),)

    async with FakeUpstream(lying) as upstream:
        streams = streams_to(upstream.endpoint())
        with pytest.raises(UpstreamError, match="a reply to another question"):
            await ask(streams)

        assert not len(streams)


async def test_an_idle_connection_is_closed_when_its_time_is_over() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint(), Keeping(expire=10))
        await ask(streams)
        now = asyncio.get_running_loop().time()
        streams.sweep(now + 9)
        assert len(streams) == 1
        streams.sweep(now + 11)
        assert not len(streams)


async def test_a_connection_has_an_age_limit() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint(), Keeping(expire=100, max_age=10))
        await ask(streams)
        streams.sweep(asyncio.get_running_loop().time() + 11)
        assert not len(streams)


async def test_only_so_many_connections_are_idle() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint(), Keeping(max_idle=1))
        await asyncio.gather(ask(streams, 1), ask(streams, 1), ask(streams, 1))

        assert len(streams) == 1
        streams.retire()


async def test_who_retires_still_gets_the_replies_on_their_way() -> None:
    async with FakeUpstream() as upstream:
        streams = streams_to(upstream.endpoint())
        asking = asyncio.ensure_future(ask(streams))
        await asyncio.sleep(0)
        streams.retire()

        assert (await asking).body.counts == (1, 0, 0)
        assert not len(streams)
