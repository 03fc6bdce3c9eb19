"""One configuration after the other on the same sockets; nothing that was asked is lost."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Later
from svcdns.app.build import Configuration, Place
from svcdns.app.feed import Feed
from svcdns.app.serving import Process, Serving
from svcdns.route.exchange import Exchange
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.server.limits import Connections
from svcdns.server.listen_error import ListenError
from svcdns.telemetry.catalogue import TABLE_ENTRIES
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status
from svcdns.wire.frame import frame
from svcdns.wire.name import from_text
from tests.support.configured import configured, objects_of
from tests.support.process import free_port, free_ports
from tests.support.streams import Peer, until
from tests.support.stubs import addresses, packet, question, steps_of

HERE = "127.0.0.1"
NAME = "web.shop.svc.cluster.local."
WHOAMI = ". {\n whoami\n}\n"
EMPTY = ". {\n}\n"
CLUSTER = "Service shop/web 10.96.4.7\n"


class World:
    """What is served, and what it is made of."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.metrics = Metrics()
        self.status = Status()
        self.connections = Connections(10, 10)
        self.errors: list[OSError] = []
        self.serving = Serving(
            Process(self.feed, self.metrics, self.status, self.connections, self.errors.append)
        )

    def configured(self, text: str, port: int = 0, **around: Any) -> Configuration:
        """Return a configuration that nobody serves yet."""
        served = self.serving.configuration
        configuration = configured(text, self.feed, address=HERE, port=port, **around)
        if served is not None:
            self.feed.serve(served.stanzas, served.exchanges.values(), served.changed)
        return configuration

    def serve(self, configuration: Configuration) -> int:
        """Take it into use; return the port of its first place."""
        taken = self.serving.take(self.serving.prepare(configuration))
        self.serving.listen()
        return next(iter(taken.exchanges)).port


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.serving.close_sockets(0)
    await world.serving.close()
    await asyncio.sleep(0)
    assert not world.errors


async def ask(port: int, *, tcp: bool = False, name: str = "a.") -> dns.message.Message:
    over = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await over(dns.message.make_query(name, "A"), HERE, timeout=5, port=port)


def later(port: int, ready: asyncio.Event) -> Configuration:
    """Return a configuration that answers when it may."""

    async def say() -> Outcome | None:
        await ready.wait()
        return Answer(answer=(addresses("a.", b"\x0a\0\0\1"),))

    def step(*_: object) -> Later[Outcome | None]:
        return say()

    route = Route(".", from_text("."), steps_of(step), measured=True)
    exchange = Exchange("dns://:53", Router([route]), clock=lambda: 0.0, on_bug=print)
    return replace(configured(EMPTY), exchanges={Place(HERE, port): exchange})


@pytest.mark.parametrize("tcp", [False, True])
async def test_the_port_that_the_system_chose_is_answered_on(world: World, *, tcp: bool) -> None:
    port = world.serve(world.configured(WHOAMI))

    assert port
    assert len(world.serving) == 2
    assert (await ask(port, tcp=tcp)).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("tcp", [False, True])
async def test_another_configuration_answers_on_the_same_sockets(
    world: World, *, tcp: bool
) -> None:
    port = world.serve(world.configured(WHOAMI))
    before = (await ask(port, tcp=tcp)).rcode()

    world.serve(world.configured(EMPTY, port))

    assert before == dns.rcode.NOERROR
    assert (await ask(port, tcp=tcp)).rcode() == dns.rcode.REFUSED
    assert len(world.serving) == 2


async def test_nothing_is_answered_before_it_is_listened_to(world: World) -> None:
    taken = world.serving.take(world.serving.prepare(world.configured(WHOAMI)))
    port = next(iter(taken.exchanges)).port
    asking = asyncio.ensure_future(ask(port))
    for _ in range(20):
        await asyncio.sleep(0)
    silent = not asking.done()

    world.serving.listen()

    assert silent
    assert (await asking).rcode() == dns.rcode.NOERROR


async def test_a_place_that_nobody_asks_for_any_more_is_closed(world: World) -> None:
    first, second = free_ports(2)
    world.serve(world.configured(f".:{first} .:{second} {{\n whoami\n}}\n"))
    both = len(world.serving)

    world.serve(world.configured(f".:{first} {{\n whoami\n}}\n"))
    await until(lambda: not world.serving._ending)  # noqa: SLF001  it is closed when it is gone

    assert (both, len(world.serving)) == (4, 2)
    tables = [labels for metric, labels, _ in world.metrics.readings if metric is TABLE_ENTRIES]
    assert tables == [(f"dns://{HERE}:{first}",)]
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await ask(second, tcp=True)
    assert (await ask(first)).rcode() == dns.rcode.NOERROR


async def test_what_was_asked_before_is_answered_by_the_configuration_before(
    world: World,
) -> None:
    ready = asyncio.Event()
    port = world.serve(later(0, ready))
    over_udp = asyncio.ensure_future(ask(port))
    reader, writer = await asyncio.open_connection(HERE, port)
    peer = Peer(reader, writer)
    peer.send(frame(packet(question("a."))))
    await until(lambda: world.connections.counts.accepted == 1)
    for _ in range(50):
        await asyncio.sleep(0)

    world.serve(world.configured(EMPTY, port))
    refused = await ask(port)
    ready.set()

    assert refused.rcode() == dns.rcode.REFUSED
    assert len((await over_udp).answer) == 1
    assert len(dns.message.from_wire(await peer.receive()).answer) == 1
    peer.send(frame(packet(question("a."))))
    assert dns.message.from_wire(await peer.receive()).rcode() == dns.rcode.REFUSED
    writer.close()
    await writer.wait_closed()


async def test_a_place_that_is_closed_waits_for_what_comes_later(world: World) -> None:
    ready = asyncio.Event()
    port = world.serve(later(0, ready))
    asking = asyncio.ensure_future(ask(port))
    for _ in range(50):
        await asyncio.sleep(0)

    world.serve(world.configured(WHOAMI, free_port()))
    await asyncio.sleep(0)
    ready.set()

    assert len((await asking).answer) == 1


async def test_an_address_that_cannot_be_had_changes_nothing(world: World) -> None:
    port = world.serve(world.configured(WHOAMI))
    taken, free = free_ports(2)
    occupied = await asyncio.start_server(lambda *_: None, HERE, taken)
    asked = world.configured(f".:{port} .:{free} .:{taken} {{\n errors\n whoami\n}}\n")

    with pytest.raises(ListenError, match=str(taken)):
        world.serving.prepare(asked)

    occupied.close()
    await occupied.wait_closed()
    assert (await ask(port)).rcode() == dns.rcode.NOERROR
    again = await asyncio.start_server(lambda *_: None, HERE, free)  # nobody has it
    again.close()
    await again.wait_closed()


async def test_a_probe_that_cannot_be_had_leaves_no_socket_open(world: World) -> None:
    taken, free = free_ports(2)
    occupied = await asyncio.start_server(lambda *_: None, HERE, taken)

    with pytest.raises(ListenError):
        world.serving.prepare(
            world.configured(f".:{free} {{\n health {HERE}:{taken}\n whoami\n}}\n")
        )

    occupied.close()
    await occupied.wait_closed()
    again = await asyncio.start_server(lambda *_: None, HERE, free)
    again.close()
    await again.wait_closed()


async def test_what_was_prepared_can_be_given_up(world: World) -> None:
    free, probe = free_ports(2)
    asked = world.configured(f".:{free} {{\n health {HERE}:{probe}\n whoami\n}}\n")

    world.serving.prepare(asked).discard()

    for port in (free, probe):
        again = await asyncio.start_server(lambda *_: None, HERE, port)
        again.close()
        await again.wait_closed()


async def test_timeouts_of_the_blocks_are_those_of_the_connections(world: World) -> None:
    port = world.serve(world.configured(". {\n timeouts {\n  idle 20s\n }\n whoami\n}\n"))
    patience = [pair.tcp.patience for pairs in world.serving._pairs.values() for pair in pairs]  # noqa: SLF001

    world.serve(world.configured(WHOAMI, port))
    after = [pair.tcp.patience for pairs in world.serving._pairs.values() for pair in pairs]  # noqa: SLF001

    assert [one.idle for one in patience] == [20]
    assert [one.idle for one in after] == [10]


async def test_the_cluster_changes_what_is_in_use_and_nothing_else(world: World) -> None:
    text = "cluster.local {\n kubernetes\n}\n"
    port = world.serve(world.configured(text))
    world.feed.apply(objects_of(CLUSTER), now=1)
    before = await ask(port, name=NAME)
    old = world.serving.configuration

    world.serve(world.configured(text, port))
    after = await ask(port, name=NAME)
    assert old is not None
    kept = sum(len(exchange) for exchange in old.exchanges.values())
    world.feed.apply(objects_of(CLUSTER.replace("4.7", "4.8")), now=2)
    changed = await ask(port, name=NAME)

    assert [str(message.answer[0][0]) for message in (before, after, changed)] == [
        "10.96.4.7",
        "10.96.4.7",
        "10.96.4.8",
    ]
    assert kept == sum(len(exchange) for exchange in old.exchanges.values())


async def test_what_was_counted_stays_counted(world: World) -> None:
    text = f". {{\n prometheus {HERE}:{free_port()}\n whoami\n}}\n"
    port = world.serve(world.configured(text))
    await ask(port)
    world.serve(world.configured(text, port))
    await ask(port)

    assert counted(world) == 2


def counted(world: World) -> int:
    """Return how many queries the metrics know."""
    world.metrics.fold()
    rows = [row for traffic in world.metrics.traffic() for row in traffic.counts.values()]
    return sum(queries for queries, *_ in rows)


@pytest.mark.parametrize("tcp", [False, True])
async def test_an_answer_that_comes_after_its_configuration_was_replaced_is_counted(
    world: World, *, tcp: bool
) -> None:
    ready = asyncio.Event()
    port = world.serve(later(0, ready))
    asking = asyncio.ensure_future(ask(port, tcp=tcp))
    for _ in range(50):
        await asyncio.sleep(0)

    world.serve(world.configured(WHOAMI, port))
    await world.serving.tick()
    before = counted(world)
    ready.set()
    await asking

    assert (before, counted(world)) == (0, 1)
    await world.serving.tick()
    assert counted(world) == 1


async def test_nothing_is_left_of_a_configuration_that_was_replaced(world: World) -> None:
    text = f". {{\n prometheus {HERE}:{free_port()}\n whoami\n}}\n"
    port = world.serve(world.configured(text))
    await ask(port)
    world.serve(world.configured(text, port))
    gc.collect()

    await world.serving.tick()

    assert counted(world) == 1
    assert len(world.metrics._running) == 1  # noqa: SLF001  what is folded at each scrape


async def test_what_runs_beside_a_configuration_ends_with_it(world: World) -> None:
    running: list[str] = []

    def run_as(name: str) -> tuple[str, Any]:
        async def run() -> None:
            running.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                running.remove(name)

        def begin() -> Awaitable[None]:
            return run()

        return name, begin

    port = world.serve(replace(world.configured(WHOAMI), runs=(run_as("a"), run_as("b"))))
    await asyncio.sleep(0)
    first = [*running]
    world.serve(replace(world.configured(WHOAMI, port), runs=(run_as("c"),)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = [*running]
    await world.serving.close()
    await asyncio.sleep(0)

    assert (first, second, running) == (["a", "b"], ["c"], [])


async def test_ticks_end_with_infinity(world: World) -> None:
    ticks: list[float] = []
    port = world.serve(replace(world.configured(WHOAMI), ticks=(ticks.append,)))

    await world.serving.tick()
    going_on = [*ticks]
    world.serve(world.configured(WHOAMI, port))
    await world.serving.tick()

    assert len(going_on) == 1
    assert going_on[0] < float("inf")
    assert ticks[1:] == [float("inf")]


async def test_whoever_is_ready_is_asked_of_the_configuration_in_use(world: World) -> None:
    port = world.serve(world.configured("cluster.local {\n kubernetes\n}\n"))
    before = world.status.not_ready()

    world.serve(world.configured(WHOAMI, port))

    assert before
    assert not world.status.not_ready()
