"""A stanza put together."""

import asyncio

from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.server import Habits, Server
from svcdns.upstream.targets import Address
from tests.support.upstreams import FakeUpstream, addresses_in, forwarding_to, query

TARGET = Address(Endpoint("10.0.0.9"), "Corefile:7")


def test_nothing_is_opened_and_everybody_is_announced() -> None:
    told: list[tuple[tuple[Server, ...], tuple[Server, ...]]] = []

    gathering = Gathering(
        Forwarding(targets=(TARGET,)),
        Datagrams(),
        on_change=lambda before, after: told.append((before, after)),
    )

    assert told == [((), gathering.servers)]
    assert gathering.servers[0].named_at == "Corefile:7"


async def test_it_runs_until_it_is_cancelled() -> None:
    gathering = Gathering(Forwarding(targets=(TARGET,)), Datagrams())
    running = asyncio.ensure_future(gathering.run())
    await asyncio.sleep(0)

    assert not running.done()
    running.cancel()


async def test_upstreams_are_asked_from_the_source_address() -> None:
    habits = Habits(source="127.0.0.7")
    async with FakeUpstream() as upstream, forwarding_to(upstream, habits=habits) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert upstream.peer[0] == "127.0.0.7"
    assert addresses_in(outcome) == ["192.0.2.1"]
