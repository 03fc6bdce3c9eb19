"""The plain way of a question: one datagram, its reply, and no task."""

import asyncio
from collections.abc import Iterable

import pytest

from svcdns.answers.foreign import Outcome
from svcdns.upstream.begun import Begun
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.server import Habits
from svcdns.upstream.targets import Address
from svcdns.wire.codes import TC, RCode
from tests.support.streams import until
from tests.support.upstreams import (
    FakeUpstream,
    addresses_in,
    closed_port,
    forwarding_to,
    honest,
    query,
    record,
    reply_to,
    silent,
    why,
)


def begun(gathering: Gathering) -> Begun:
    """Ask, and return what is to come."""
    coming = gathering.forwarder.answer(query(), stream=False)
    assert isinstance(coming, Begun)
    return coming


def tasks() -> int:
    return len(asyncio.all_tasks())


async def outcome_of(coming: Begun) -> Outcome:
    return await asyncio.wait_for(asyncio.ensure_future(coming), 5)


async def test_the_reply_is_the_answer_and_there_never_is_a_task() -> None:
    received: list[tuple[Outcome, int]] = []
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        before = tasks()
        begun(gathering).receive(lambda outcome: received.append((outcome, tasks())))
        await until(lambda: bool(received))
        figures = gathering.servers[0].figures

    ((outcome, during),) = received
    assert addresses_in(outcome) == ["192.0.2.1"]
    assert during <= before
    assert (figures.asked, figures.datagrams, len(figures.untaken)) == (1, 1, 1)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stream_is_not_begun_with_a_datagram_unless_the_stanza_says_so(
    *, stream: bool
) -> None:
    habits = Habits(prefer_udp=not stream, force_tcp=stream)
    async with FakeUpstream() as upstream, forwarding_to(upstream, habits=habits) as gathering:
        coming = gathering.forwarder.answer(query(), stream=True)

        assert isinstance(coming, Begun) is not stream
        await coming


async def test_what_was_cut_is_asked_for_again_in_a_task() -> None:
    def cut(upstream: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        if upstream.transport == "udp":
            return (reply_to(sent, flags=TC),)
        return (reply_to(sent, record(b"1234")),)

    async with FakeUpstream(cut) as upstream, forwarding_to(upstream) as gathering:
        outcome = await outcome_of(begun(gathering))
        figures = gathering.servers[0].figures

    assert addresses_in(outcome) == ["49.50.51.52"]
    assert (figures.asked, figures.failed, len(figures.untaken)) == (1, 0, 1)


async def test_after_silence_the_next_upstream_is_asked() -> None:
    habits = Habits(read_timeout=0.1)
    async with (
        FakeUpstream(silent) as first,
        FakeUpstream(honest) as second,
        forwarding_to(first, second, habits=habits) as gathering,
    ):
        for _ in range(8):  # whoever is asked first
            assert addresses_in(await outcome_of(begun(gathering))) == ["192.0.2.1"]


async def test_what_cannot_be_sent_fails_later_like_all_else() -> None:
    target = Address(Endpoint("127.0.0.1", closed_port()), "Corefile:2")
    habits = Habits(source="192.0.2.77")
    async with forwarding_to(target, habits=habits, most_tries=1) as gathering:
        outcome = await outcome_of(begun(gathering))
        failed = gathering.servers[0].figures.failed

    assert outcome.rcode == RCode.SERVFAIL
    assert "cannot assign requested address" in why(outcome)
    assert failed == 1


async def test_who_sends_it_back_leaves_nothing_open_and_others_ask_again() -> None:
    async with FakeUpstream(silent) as upstream, forwarding_to(upstream) as gathering:
        first = begun(gathering)
        joined = asyncio.ensure_future(gathering.forwarder.answer(query(), stream=False))
        await until(lambda: upstream.asked("udp") == 1)
        upstream.say = honest
        first.send_back()
        first.send_back()

        assert addresses_in(await joined) == ["192.0.2.1"]
        assert not len(gathering.forwarder.flights)


async def test_who_sends_it_back_ends_the_task_it_led_to() -> None:
    target = Address(Endpoint("127.0.0.1", closed_port()), "Corefile:2")
    async with forwarding_to(target, most_tries=0) as gathering:
        before = tasks()
        coming = begun(gathering)
        coming.receive(lambda _: None)
        await until(lambda: tasks() > before)
        coming.send_back()
        await until(lambda: not len(gathering.forwarder.flights))
