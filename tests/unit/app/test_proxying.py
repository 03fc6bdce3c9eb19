"""From the cluster's state to real connections, in mode userspace."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import StringIO

import pytest

from svcdns.app.feed import Feed
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.proxying import STANZAS, VIEW, Proxying
from svcdns.app.start_error import StartError
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import EndpointPort, EndpointSlice, Node, Object, Service, ServicePort
from svcdns.dataplane.userspace import Userspace
from svcdns.proxy.model import Desired, Kind
from svcdns.source.apiserver.resources import resources_for
from svcdns.telemetry import proxy_metrics as names
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.name import pack_address
from tests.support.echoes import stream_echo
from tests.support.process import free_port, page
from tests.support.proxied import READY, endpoints, events_of, service

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


class Story:
    """One proxy, its cluster, and pods that answer."""

    def __init__(self, healthz: str = "") -> None:
        self.feed = Feed()
        self.is_synced = False
        self.metrics = Metrics(names.PAGE)
        self.port, self.node_port, self.target = free_port(), free_port(), 0
        settings = ProxySettings(
            mode="userspace", node="here", listen="127.0.0.1", healthz=healthz, metrics=""
        )
        self.proxying = Proxying(settings, self.feed, lambda: self.is_synced, self.metrics)
        self.proxying.on_sync = self._note
        self.feed.serve({}, ())
        self.syncs: asyncio.Queue[Desired] = asyncio.Queue()
        self.stack = AsyncExitStack()

    def _note(self, desired: Desired) -> None:
        self.syncs.put_nowait(desired)

    async def begin(self) -> None:
        await self.proxying.begin()
        self.stack.push_async_callback(self.proxying.close)
        tasks = [asyncio.ensure_future(loop()) for loop in self.proxying.loops().values()]
        self.stack.push_async_callback(asyncio.wait, tasks)
        for task in tasks:
            self.stack.callback(task.cancel)
        first = await self.stack.enter_async_context(stream_echo(HOSTS[0]))
        self.target = first.port
        for host in HOSTS[1:]:
            await self.stack.enter_async_context(stream_echo(host, self.target))

    def hold(self, *objects: Object) -> None:
        """These are in the cluster now, as they are here."""
        self.feed.change(VIEW, events_of(objects), int(time.time()))

    def lose(self, *objects: Object) -> None:
        """These are gone."""
        self.feed.change(
            VIEW, [WatchEvent(type(one), one.key, None) for one in objects], int(time.time())
        )

    def service(self) -> Service:
        port = ServicePort("http", "TCP", self.port)
        return service(ports=(port,), kind="NodePort", node_ports=(self.node_port,))

    def slice(self, *hosts: str) -> EndpointSlice:
        rows = [(host, READY, "here") for host in hosts]
        return endpoints("web", *rows, ports=(EndpointPort("http", "TCP", self.target),))

    async def synced(self) -> Desired:
        """What the next sync brought the node to."""
        async with asyncio.timeout(10):
            return await self.syncs.get()

    async def who(self, port: int = 0) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        name = await reader.readline()
        writer.close()
        return name.decode().strip()


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    made = Story()
    async with made.stack:
        await made.begin()
        yield made


def test_a_proxy_sees_what_system_node_proxier_may_see() -> None:
    (stanza,) = STANZAS[VIEW]

    assert [one.name for one in resources_for(stanza)] == ["services", "endpointslices", "nodes"]


async def test_nothing_is_opened_before_everything_is_known(story: Story) -> None:
    story.hold(story.service(), story.slice(HOSTS[0]))
    story.feed.complete(VIEW)  # as a snapshot does

    with pytest.raises(ConnectionRefusedError):
        await story.who()

    story.is_synced = True
    await story.synced()
    assert await story.who() == HOSTS[0]
    assert await story.who(story.node_port) == HOSTS[0]


async def test_changes_reach_the_node_one_by_one(story: Story, log: StringIO) -> None:
    story.is_synced = True
    story.hold(story.service(), story.slice(HOSTS[0]))
    await story.synced()

    story.hold(story.slice(*HOSTS))
    await story.synced()
    assert sorted([await story.who() for _ in HOSTS]) == list(HOSTS)

    story.lose(story.service())
    await story.synced()
    with pytest.raises(ConnectionRefusedError):
        await story.who()
    assert "Traceback" not in log.getvalue()


async def test_changes_are_counted_until_the_node_has_them(story: Story) -> None:
    story.is_synced = True
    await story.synced()

    story.hold(story.service(), story.slice(HOSTS[0]))
    story.proxying.triggered([time.time() - 1])
    pending = story.metrics.numbers[names.SERVICE_CHANGES_PENDING.name][()]
    await story.synced()

    assert pending == 1
    numbers = story.metrics.numbers
    assert numbers[names.SERVICE_CHANGES_PENDING.name] == {(): 0}
    assert numbers[names.SERVICE_CHANGES.name] == {(): 1}
    assert numbers[names.ENDPOINT_CHANGES.name] == {(): 1}
    assert 1 <= story.metrics.distributions[names.PROGRAMMING.name][()].total < 10


async def test_another_node_changes_what_its_addresses_stand_for(story: Story) -> None:
    story.is_synced = True
    story.hold(story.service(), story.slice(HOSTS[0]))
    await story.synced()

    story.hold(Node("there", addresses=(pack_address("10.96.0.1"),)))
    desired = await story.synced()

    assert [one.kind for one in desired.virtual_servers.values()] == [Kind.NODE]
    assert "Node" in desired.skipped[0].reason or "node" in desired.skipped[0].reason


async def test_a_node_that_leaves_is_not_eligible() -> None:
    port = free_port()
    story = Story(f"127.0.0.1:{port}")
    async with story.stack:
        await story.begin()
        before = await asyncio.to_thread(page, port, "/healthz")
        story.is_synced = True
        await story.synced()
        while_well = await asyncio.to_thread(page, port, "/healthz")
        story.hold(Node("here", leaving=True))
        after = await asyncio.to_thread(page, port, "/healthz")
        alive = await asyncio.to_thread(page, port, "/livez")

    assert [before[0], while_well[0], after[0], alive[0]] == [503, 200, 503, 200]


async def test_a_mode_that_does_not_work_here_says_why() -> None:
    settings = ProxySettings(
        mode="userspace", listen="127.0.0.1", healthz="", metrics="", scheduler="nosuch"
    )

    with pytest.raises(StartError, match="mode userspace does not work here: use scheduler nosuch"):
        await Proxying(settings, Feed(), lambda: True).begin()


async def test_a_scheduler_that_the_mode_has_not_got_leaves_a_service_out(
    story: Story, log: StringIO
) -> None:
    story.is_synced = True
    story.hold(service(scheduler="lblc"))

    desired = await story.synced()

    assert desired.virtual_servers == {}
    assert '[WARNING] proxy.skipped object="Service shop/web" reason=' in log.getvalue()
    assert "lblc" in log.getvalue()


async def test_the_backend_is_that_of_the_mode(story: Story) -> None:
    assert isinstance(story.proxying.backend, Userspace)
