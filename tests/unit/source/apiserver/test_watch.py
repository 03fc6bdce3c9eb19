"""All resources of a cluster: each on its own, and synced when what is needed is there."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.source.apiserver.observer import Reason
from svcdns.source.apiserver.protocol import Resource
from svcdns.source.apiserver.resources import NAMESPACES, NODES, SERVICES, SLICES
from svcdns.source.apiserver.watch import Watch
from tests.support.fakeapi import FakeApi, Fault, Recorder, User, objects
from tests.support.followed import Notes, change_service, services_api
from tests.support.virtual_time import run

ALL = (SERVICES, SLICES, NAMESPACES, NODES)


class Picky(Recorder):
    """A sink with a bug: it fails at some calls."""

    failures = 0

    def replace(self, resource: Resource, objects: Sequence[Object]) -> None:
        self._fail()
        super().replace(resource, objects)

    def apply(self, resource: Resource, events: Sequence[WatchEvent]) -> None:
        self._fail()
        super().apply(resource, events)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a bug")


class Watched:
    """A watch on a fake server."""

    def __init__(self, api: FakeApi, token: str = "") -> None:
        self.api, self.notes, self.sink = api, Notes(), Picky(api)
        connection = api.connection(token=token)
        self.watch = Watch(connection, ALL, self.sink, self.notes, Random(1))  # noqa: S311

    def differences(self) -> list[str]:
        return [line for one in ALL for line in self.sink.differences(one)]


def live(watched: Watched, *steps: object) -> None:
    """Run the watch; between steps that are called, let the seconds of the others pass."""

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watched.watch.run())
            for step in steps:
                if callable(step):
                    step()
                else:
                    assert isinstance(step, int | float)
                    await asyncio.sleep(step)
            task.cancel()

    run(main(), limit_seconds=100_000)


def cluster() -> FakeApi:
    api = services_api()
    api.put(objects.namespace("shop"))
    api.put(objects.node("node-a", "zone-1"))
    api.put(objects.endpoint_slice("web-a", "web-0", ["10.1.0.1"]))
    return api


def test_it_is_synced_when_everything_needed_was_listed() -> None:
    api = cluster()
    api.fail_next(Fault.HANG_BEFORE_HEAD, kind="Namespace", times=2)
    watched = Watched(api)
    seen = []

    live(
        watched,
        lambda: seen.append(watched.watch.is_synced),
        10,
        lambda: seen.append(watched.watch.is_synced),
        100,
        lambda: seen.append(watched.watch.is_synced),
    )

    assert seen == [False, False, True]
    assert not watched.differences()


def test_resources_are_asked_for_in_their_order() -> None:
    api = cluster()

    live(Watched(api), 1)

    kinds = [one.kind for one in api.received[: len(ALL)]]
    assert kinds == [resource.api_kind for resource in ALL]


def test_what_is_not_needed_may_be_forbidden() -> None:
    api = cluster()
    grants = {(verb, one.name) for verb in ("list", "watch") for one in ALL if one is not NODES}
    api.let_in(User("svcdns", frozenset(grants)), token="it")  # noqa: S106
    watched = Watched(api, token="it")  # noqa: S106

    live(watched, 1)

    assert watched.watch.is_synced
    assert {told.resource for told in watched.notes.of("forbidden")} == {"nodes"}


def test_what_is_needed_and_forbidden_holds_up_the_sync_but_nothing_else() -> None:
    api = cluster()
    grants = {(verb, one.name) for verb in ("list", "watch") for one in ALL if one is not SLICES}
    api.let_in(User("svcdns", frozenset(grants)), token="it")  # noqa: S106
    watched = Watched(api, token="it")  # noqa: S106

    live(watched, 100)

    assert not watched.watch.is_synced
    assert not watched.sink.differences(SERVICES)


def test_a_bug_in_the_way_of_one_resource_is_told_and_put_right() -> None:
    api = cluster()
    watched = Watched(api)

    def fail() -> None:
        watched.sink.failures = 2
        change_service(api)

    live(watched, 10, fail, 20)

    told = watched.notes.of("failed")
    assert [one.resource for one in told] == ["services"] * 2
    assert repr(told[0].how[0]) == "RuntimeError('a bug')"
    assert [one.how for one in watched.notes.of("relisted")] == [(Reason.BUG,)]
    assert not watched.differences()


def test_a_bug_that_stays_is_met_with_growing_pauses() -> None:
    api = cluster()
    watched = Watched(api)
    watched.sink.failures = 1_000_000

    live(watched, 3_600)

    assert len(watched.notes.of("list_begun")) == len(watched.notes.of("list_over"))

    times = [told.time for told in watched.notes.of("failed") if told.resource == "services"]
    assert len(times) < 100
    assert times[-1] - times[-2] >= 30


@pytest.mark.parametrize("kind", ["Service", "EndpointSlice"])
def test_one_resource_that_is_away_stops_no_other(kind: str) -> None:
    api = cluster()
    watched = Watched(api)
    other = "EndpointSlice" if kind == "Service" else "Service"
    changed = []

    def change() -> None:
        api.fail_next(Fault.HTTP_500, kind=kind, times=50)
        api.cut(kind)
        change_service(api)
        api.put(objects.endpoint_slice("web-a", "web-0", ["10.1.0.2"]))

    def look() -> None:
        changed.append({one.api_kind: not watched.sink.differences(one) for one in ALL})

    live(watched, 10, change, 5, look)

    assert not changed[0][kind]
    assert changed[0][other]
