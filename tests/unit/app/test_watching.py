"""Which clusters are followed, from one configuration to the next: a fake API server over HTTP."""

from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import dns.rcode
import pytest

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.build import Configuration, Surroundings, configure, plans_of
from svcdns.app.feed import Feed, View
from svcdns.app.files import examine_text
from svcdns.app.live import wait_for_sync
from svcdns.app.options import Options
from svcdns.app.start_error import StartError
from svcdns.app.watching import Watching
from svcdns.cluster.model import Pod, Service
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status
from svcdns.wire.name import ROOT
from tests.support.configured import ask, records
from tests.support.fakeapi import FakeApi, objects
from tests.support.live_api import fill, until

PATIENCE_SECONDS = 20
WEB = "web.shop.svc.cluster.local."
ONE = "cluster.local {\n kubernetes\n}\n"
OTHER = "b.local {\n kubernetes {\n  labels app=web\n }\n}\n"
WITH_PODS = "cluster.local {\n kubernetes {\n  pods verified\n }\n}\n"


def configuration_of(text: str, feed: Feed) -> Configuration:
    """Return a configuration that nobody serves yet."""
    return configure(plans_of(examine_text(text, "Corefile", {})), Surroundings(feed))


class World:
    """A process's watches, and the configuration that it serves."""

    def __init__(self, url: str, **options: str) -> None:
        self.feed = Feed()
        self.metrics = Metrics()
        self.status = Status()
        asked = Options(servers=(url,), **options)  # type: ignore[arg-type]
        self.watching = Watching(self.feed, asked, {}, self.metrics, self.status)

    async def serve(self, text: str) -> int:
        """Take a configuration into use as a process does; return how many watches are new."""
        configuration = configuration_of(text, self.feed)
        lives = self.watching.begin(configuration.stanzas)
        assert await wait_for_sync(lives, PATIENCE_SECONDS)
        self.feed.serve(configuration.stanzas, configuration.exchanges.values())
        await self.watching.settle(configuration.stanzas)
        self.configuration: Configuration = configuration
        return len(lives)

    def address(self, name: str = WEB) -> list[str]:
        (exchange,) = self.configuration.exchanges.values()
        return [line.split()[-1] for line in records(ask(exchange, name))]


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as api:
        fill(api)
        yield api


@pytest.fixture
async def world(api: FakeApi, log: StringIO) -> AsyncIterator[World]:
    assert log.getvalue() == ""
    host, port = await api.serve()
    world = World(f"http://{host}:{port}")
    yield world
    await world.watching.close()
    assert not world.status.degraded


async def test_what_is_asked_for_is_loaded_and_followed(api: FakeApi, world: World) -> None:
    assert await world.serve(ONE) == 1
    before = world.address()

    api.put(objects.service("web", addresses=["10.96.4.8"]))
    await until(lambda: world.address() != before)

    assert (before, world.address()) == (["10.96.4.7"], ["10.96.4.8"])


async def test_the_next_configuration_keeps_the_watch_and_what_it_knows(
    api: FakeApi, world: World
) -> None:
    await world.serve(ONE)
    calls = api.under_way

    assert await world.serve(ONE + "whoami.local {\n whoami\n}\n") == 0

    assert world.feed.state().count(Service) == 2
    assert api.under_way == calls


async def test_only_what_is_seen_anew_is_loaded(world: World) -> None:
    await world.serve(ONE)

    assert await world.serve(ONE + OTHER) == 1

    assert world.address() == ["10.96.4.7"]
    (exchange,) = world.configuration.exchanges.values()
    assert ask(exchange, "web.shop.svc.b.local.").rcode() == dns.rcode.NXDOMAIN


async def test_what_nobody_sees_any_more_is_let_go(api: FakeApi, world: World) -> None:
    await world.serve(ONE + OTHER)
    both = api.under_way

    await world.serve(ONE)
    await until(lambda: api.under_way < both)

    assert 2 * api.under_way == both
    assert world.address() == ["10.96.4.7"]
    assert len(list(world.feed.states())) == 1


async def test_a_stanza_that_needs_more_of_the_same_cluster_is_loaded_beside(
    api: FakeApi, world: World
) -> None:
    api.put(objects.pod("db-0", "10.1.0.3"))
    await world.serve(ONE)
    before = api.under_way

    assert await world.serve(WITH_PODS) == 1
    await until(lambda: api.under_way == before + 1)

    assert world.feed.state().count(Pod) == 1
    assert world.address() == ["10.96.4.7"]


async def test_a_stanza_that_needs_less_keeps_the_watch(world: World) -> None:
    await world.serve(WITH_PODS)

    assert await world.serve(ONE) == 0


async def test_a_way_to_the_cluster_that_is_wrong_changes_nothing(
    api: FakeApi, world: World, tmp_path: Path
) -> None:
    await world.serve(ONE)
    calls = api.under_way
    text = f"c.local {{\n kubernetes {{\n  kubeconfig {tmp_path}/none\n }}\n}}\n"

    with pytest.raises(StartError, match="needs an API server"):
        world.watching.begin(configuration_of(text, Feed()).stanzas)

    assert api.under_way == calls
    assert world.address() == ["10.96.4.7"]


async def test_nothing_to_follow_is_nothing_to_wait_for(world: World) -> None:
    assert world.watching.begin({}) == []
    await world.watching.settle({})


async def test_closing_ends_every_watch(api: FakeApi, world: World) -> None:
    await world.serve(ONE + OTHER)

    await world.watching.close()

    await until(lambda: api.under_way == 0)


async def test_what_is_known_is_on_disk_for_the_next_start(
    api: FakeApi, log: StringIO, tmp_path: Path
) -> None:
    host, port = await api.serve()
    url, snapshot = f"http://{host}:{port}", str(tmp_path / "state")
    first = World(url, snapshot=snapshot)
    await first.serve(ONE)
    await first.serve(ONE + OTHER)
    await first.watching.close()
    api.hang()

    second = World(url, snapshot=snapshot)
    configuration = configuration_of(ONE, second.feed)
    second.watching.begin(configuration.stanzas)
    known = second.feed.state().count(Service)
    await second.watching.close()

    assert known == 2
    assert "snapshot" in log.getvalue()


async def test_the_watches_have_rooms_of_their_own_whatever_came_before(world: World) -> None:
    for text in (ONE, ONE + OTHER, OTHER, ONE + OTHER):
        await world.serve(text)

    coroutines = [task.get_coro() for task in world.watching._tasks.values()]  # noqa: SLF001
    rooms = [coroutine.cr_frame.f_locals["room"] for coroutine in coroutines]  # type: ignore[union-attr]
    assert len(rooms) == len({*rooms}) == 2


async def test_a_view_besides_shares_the_watch_and_sees_more(api: FakeApi) -> None:
    host, port = await api.serve()
    view = View()
    also = {view: (KubernetesSettings((ROOT,), for_proxy=True, startup_timeout=0.0),)}
    triggers: list[float] = []
    feed = Feed()
    options = Options(servers=(f"http://{host}:{port}",))
    watching = Watching(feed, options, {}, Metrics(), Status(), also)
    watching.on_trigger = triggers.extend
    state = feed.keep(view)
    configuration = configuration_of(OTHER, feed)

    lives = watching.begin(configuration.stanzas)
    assert not watching.is_synced(view)
    assert await wait_for_sync(lives, PATIENCE_SECONDS)
    feed.serve(configuration.stanzas, configuration.exchanges.values())
    await watching.settle(configuration.stanzas)
    api.put(objects.node("node-a"))
    await until(lambda: "node-a" in state.nodes)

    assert len(lives) == 2
    assert watching.is_synced(view)
    assert watching.begin({}) == []
    assert state.count(Service) == 2
    await watching.close()
    assert not watching.is_synced(view)
