"""Questions over UDP: what is waited for, what is waited past, what is left behind."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from svcdns.upstream.asked import Asked
from svcdns.upstream.datagram import MOST_WRONG, Datagrams
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import SpoofedError, UpstreamError
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from tests.support.upstreams import FakeUpstream, closed_port, honest, record, reply_to, silent

ASKED = Asked.of(Question.of(from_text("a.example."), RRType.A))
SENT = ASKED.message(b"\x12\x34")


def soon(seconds: float = 0.1) -> float:
    return asyncio.get_running_loop().time() + seconds


def files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_reply_ends_the_wait_and_leaves_nothing_behind() -> None:
    datagrams = Datagrams()
    async with FakeUpstream() as upstream:
        await datagrams.ask(upstream.endpoint(), ASKED, SENT, soon(2))
        before = files()
        for _ in range(10):
            reply = await datagrams.ask(upstream.endpoint(), ASKED, SENT, soon(2))

        assert files() == before
    assert reply.body.counts == (1, 0, 0)
    assert not len(datagrams)
    datagrams.close()


async def test_silence_is_a_timeout() -> None:
    datagrams = Datagrams()
    async with FakeUpstream(silent) as upstream:
        with pytest.raises(UpstreamError, match=r"^read udp 127.0.0.1:\d+->.*: i/o timeout$"):
            await datagrams.ask(upstream.endpoint(), ASKED, SENT, soon())
    datagrams.close()


async def test_a_closed_port_is_known_at_once() -> None:
    datagrams = Datagrams()
    with pytest.raises(UpstreamError, match=r"read: connection refused$"):
        await datagrams.ask(Endpoint("127.0.0.1", closed_port()), ASKED, SENT, soon(5))
    datagrams.close()


async def test_no_way_there_is_said_as_go_says_it() -> None:
    datagrams = Datagrams()
    endpoint = Endpoint("127.0.0.1", 53)
    with pytest.raises(UpstreamError, match=r"^dial udp 127.0.0.1:53: connect: cannot assign"):
        await datagrams.ask(endpoint, ASKED, SENT, soon(), "192.0.2.77")
    datagrams.close()


async def test_wrong_replies_are_waited_past_and_counted() -> None:
    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (b"\xff", b"x", reply_to(b"\0\0" + sent[2:]), reply_to(sent, record(b"1234")))

    datagrams = Datagrams()
    async with FakeUpstream(say) as upstream:
        await datagrams.ask(upstream.endpoint(), ASKED, SENT, soon(2))
    assert datagrams.wrong == 3
    datagrams.close()


async def test_too_many_wrong_replies_are_a_sign_of_somebody_guessing() -> None:
    def say(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(b"\0\0" + sent[2:]),) * MOST_WRONG

    datagrams = Datagrams()
    async with FakeUpstream(say) as upstream:
        with pytest.raises(SpoofedError):
            await datagrams.ask(upstream.endpoint(), ASKED, SENT, soon(2))
    datagrams.close()


async def test_only_so_many_wait_at_once() -> None:
    datagrams = Datagrams(most=1)
    async with FakeUpstream(silent) as upstream:
        first = datagrams.begin(upstream.endpoint(), ASKED, SENT, soon(), print)
        with pytest.raises(UpstreamError, match="1 questions are waiting"):
            datagrams.begin(upstream.endpoint(), ASKED, SENT, soon(), print)
        datagrams.end(first)
    datagrams.close()


async def test_who_retires_still_gets_the_replies_on_their_way() -> None:
    before = files()
    datagrams = Datagrams()
    async with FakeUpstream(honest) as upstream:
        asking = asyncio.ensure_future(datagrams.ask(upstream.endpoint(), ASKED, SENT, soon(2)))
        await asyncio.sleep(0)
        datagrams.retire()

        assert (await asking).body.counts == (1, 0, 0)
    await asyncio.sleep(0)
    assert files() <= before


async def test_a_reply_behind_wrong_ones_is_found_though_all_arrived_at_once() -> None:
    def flood(upstream: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        wrong = bytes((sent[0] ^ 1,)) + reply_to(sent, record(b"6666"))[1:]
        return (*[wrong] * (MOST_WRONG - 1), *honest(upstream, sent))

    datagrams = Datagrams()
    async with FakeUpstream(flood) as upstream:
        for _ in range(3):
            reply = await datagrams.ask(upstream.endpoint(), ASKED, SENT, soon(2))
            assert reply.body.octets == record(b"\xc0\0\2\1")

    assert datagrams.wrong == 3 * (MOST_WRONG - 1)
    datagrams.close()
