"""One upstream, asked whatever way it takes."""

import asyncio
from collections.abc import Iterable

import pytest

from svcdns.upstream.asked import Asked
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.server import Habits
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import BARE_OPT
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from svcdns.wire.reply import Reply
from tests.support.upstreams import (
    FakeUpstream,
    addresses_in,
    forwarding_to,
    honest,
    query,
    record,
    reply_to,
    silent,
)

QUESTION = Question.of(from_text("a.example."), RRType.A)


async def ask(gathering: Gathering, *, stream: bool = False) -> Reply:
    until = asyncio.get_running_loop().time() + 2
    return await gathering.servers[0].ask(Asked.of(QUESTION), stream=stream, until=until)


@pytest.mark.parametrize(
    ("habits", "stream", "transport"),
    [
        (Habits(), False, "udp"),
        (Habits(), True, "tcp"),
        (Habits(prefer_udp=True), True, "udp"),
        (Habits(force_tcp=True), False, "tcp"),
        (Habits(force_tcp=True, prefer_udp=True), False, "tcp"),
    ],
)
async def test_the_transport_is_the_clients_unless_the_stanza_says_otherwise(
    habits: Habits, transport: str, *, stream: bool
) -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream, habits=habits) as gathering:
        await ask(gathering, stream=stream)

    assert [way for way, _ in upstream.queries] == [transport]


async def test_who_knows_no_edns_is_asked_without_and_that_is_remembered() -> None:
    def old(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        if sent.endswith(BARE_OPT):
            return (reply_to(sent, rcode=RCode.FORMERR),)
        return (reply_to(sent, record(b"1234")),)

    async with FakeUpstream(old) as upstream, forwarding_to(upstream) as gathering:
        first = await ask(gathering)
        await ask(gathering)

    assert first.rcode == RCode.NOERROR
    assert len(upstream.queries) == 3


async def test_a_formerr_that_stays_is_the_answer() -> None:
    def refusing(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, rcode=RCode.FORMERR),)

    async with FakeUpstream(refusing) as upstream, forwarding_to(upstream) as gathering:
        reply = await ask(gathering)

    assert reply.rcode == RCode.FORMERR


async def test_a_kept_connection_that_was_closed_costs_nobody_an_answer() -> None:
    async with FakeUpstream() as upstream, forwarding_to(upstream) as gathering:
        upstream.closes_after = 1
        for _ in range(3):
            await ask(gathering, stream=True)

    assert upstream.asked("tcp") == 3


async def test_answers_and_failures_are_counted() -> None:
    habits = Habits(read_timeout=0.1)
    async with FakeUpstream() as upstream, forwarding_to(upstream, habits=habits) as gathering:
        figures = gathering.servers[0].figures
        await ask(gathering)
        upstream.say = silent
        with pytest.raises(UpstreamError):
            await ask(gathering)

    assert (figures.asked, figures.failed, figures.datagrams) == (2, 1, 2)
    ((rcode, (seconds,)),) = figures.take().items()
    assert rcode == 0
    assert 0 < seconds < 1


async def test_a_probe_brings_the_rcode_or_nothing() -> None:
    habits = Habits(read_timeout=0.1)
    async with FakeUpstream() as upstream, forwarding_to(upstream, habits=habits) as gathering:
        server = gathering.servers[0]
        answered = await server.probe(QUESTION)
        upstream.say = silent

        assert (answered, await server.probe(QUESTION)) == (0, None)


async def test_an_upstream_is_well_whatever_it_says() -> None:
    def failing(_: FakeUpstream, sent: bytes) -> Iterable[bytes]:
        return (reply_to(sent, rcode=RCode.SERVFAIL),)

    async with FakeUpstream(failing) as upstream, forwarding_to(upstream) as gathering:
        server = gathering.servers[0]
        said = await server.is_well(Asked.of(QUESTION), 1)
        upstream.say = silent

        assert (said, await server.is_well(Asked.of(QUESTION), 0.1)) == (True, False)
    assert server.address == upstream.address


async def test_who_is_disabled_knows_why() -> None:
    async with FakeUpstream(honest) as upstream, forwarding_to(upstream) as gathering:
        gathering.servers[0].disable("a loop")

    assert gathering.servers[0].disabled == "a loop"


async def test_who_is_enabled_is_asked_again() -> None:
    async with FakeUpstream(honest) as upstream, forwarding_to(upstream) as gathering:
        (server,) = gathering.servers
        server.disable("a bad certificate")
        server.enable()
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert server.disabled == ""
    assert addresses_in(outcome) == ["192.0.2.1"]
