"""Watches of the fake in virtual time: bookmarks, deadlines, slow clients, faults that last."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from svcdns.source.apiserver.protocol import LostError
from tests.support.fakeapi import FakeApi, Fault, objects
from tests.support.virtual_time import run
from tests.support.watching import Events, summary, version

T = TypeVar("T")
HOUR = 3600.0


def live(steps: Callable[[FakeApi], Awaitable[T]], **options: Any) -> T:
    async def main() -> T:
        return await steps(FakeApi(**options))

    return run(main(), limit_seconds=10 * HOUR)


def now() -> float:
    return asyncio.get_running_loop().time()


def put(api: FakeApi, number: int) -> int:
    return api.put(objects.service("web", ports={"http": number}))


def watched(api: FakeApi, **options: object) -> Events:
    """Return a watch from now on, with bookmarks."""
    options = {"resourceVersion": api.version, "allowWatchBookmarks": True, **options}
    return Events(api.connection(), "Service", **options)


async def times_of_bookmarks(api: FakeApi) -> list[float]:
    """Return when bookmarks come, and when the end."""
    times = []
    async with watched(api, timeoutSeconds=150) as events:
        async for event in events:
            assert event["type"] == "BOOKMARK"
            times.append(now())
    return [*times, now()]


def test_a_bookmark_comes_every_minute_and_before_the_end() -> None:
    assert live(times_of_bookmarks) == [60, 120, 148, 150]


def test_an_idle_cluster_has_no_bookmarks() -> None:
    async def steps(api: FakeApi) -> list[float]:
        api.configure(renews_leases=False)
        return await times_of_bookmarks(api)

    with pytest.raises(LostError, match="nothing for 75 s"):
        live(steps)


def test_a_watch_without_a_limit_ends_within_an_hour() -> None:
    async def steps(api: FakeApi) -> float:
        async with watched(api) as events:
            async for _ in events:
                pass
        return now()

    assert HOUR / 2 < live(steps) < HOUR


def test_a_client_that_falls_behind_is_ended_and_never_misses_an_event() -> None:
    async def steps(api: FakeApi) -> list[int]:
        seen = []
        async with watched(api) as events:
            for batch in (5, 10, 11):
                for number in range(batch):
                    put(api, 100 * batch + number)
                seen.append(len([event async for event in upto(events, api.version)]))
        return seen

    async def upto(events: Events, number: int) -> Any:
        async for event in events:
            yield event
            if version(event["object"]) == number:
                return

    def configured(api: FakeApi) -> Awaitable[list[int]]:
        api.configure(backlog=10)
        return steps(api)

    assert live(configured) == [5, 10, 0]
    assert live(steps, history=10) == [5, 10, 0]


def test_compaction_ends_a_watch_only_if_it_has_missed_something() -> None:
    async def steps(api: FakeApi) -> list[str]:
        seen = []
        async with watched(api) as current, watched(api) as behind:
            put(api, 1)
            seen.append((await anext(current))["type"])
            api.store.tick(100)
            api.compact()
            put(api, 2)
            seen.append((await anext(current))["type"])
            seen += [event["type"] async for event in behind]
        return seen

    assert live(steps) == ["ADDED", "MODIFIED"]


def test_a_graceful_restart_ends_watches_and_refuses_old_versions() -> None:
    async def steps(api: FakeApi) -> list[str]:
        then = api.version
        async with watched(api) as events:
            put(api, 1)
            api.restart(gracefully=True)
            seen = [event["type"] async for event in events]
        async with watched(api, resourceVersion=then) as events:
            return seen + [event["type"] async for event in events]

    assert live(steps) == ["ERROR"]


def test_with_an_old_etcd_a_watch_list_is_an_error_event() -> None:
    async def steps(api: FakeApi) -> list[tuple[str, int]]:
        api.configure(old_etcd=True)
        options = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan"}
        async with Events(api.connection(), "Service", **options) as events:
            return [(event["type"], event["object"]["code"]) async for event in events]

    assert live(steps) == [("ERROR", 500)]


def test_a_late_stream_is_overtaken_by_others_and_keeps_its_own_order() -> None:
    async def steps(api: FakeApi) -> tuple[float, list[int]]:
        api.fail_next(Fault.LATE_STREAM)
        async with watched(api) as late:
            numbers = [put(api, 1), put(api, 2)]
            async with watched(api, resourceVersion=numbers[0]) as prompt:
                assert version((await anext(prompt))["object"]) == numbers[1]
            assert now() == 0
            seen = [version((await anext(late))["object"]) for _ in numbers]
        assert seen == numbers
        return now(), seen

    when, _ = live(steps, seed=3)
    assert 0 < when <= 5


def test_late_events_are_not_overtaken_by_bookmarks() -> None:
    async def steps(api: FakeApi) -> list[str]:
        api.fail_next(Fault.LATE_STREAM)
        async with watched(api, timeoutSeconds=90) as events:
            await asyncio.sleep(59.9)
            put(api, 1)
            return [event["type"] async for event in events]

    for seed in range(5):
        assert live(steps, seed=seed) == ["ADDED", "BOOKMARK", "BOOKMARK"]


def test_a_lower_bookmark_is_lower_than_what_was_sent() -> None:
    async def steps(api: FakeApi) -> tuple[int, int]:
        api.fail_next(Fault.LOWER_BOOKMARK)
        async with watched(api) as events:
            put(api, 1)
            event, bookmark = await anext(events), await anext(events)
            return version(event["object"]), version(bookmark["object"])

    event, bookmark = live(steps)
    assert bookmark < event


def test_bookmarks_stay_where_they_are_while_events_are_withheld() -> None:
    async def steps(api: FakeApi) -> tuple[int, list[tuple[str, int]]]:
        api.fail_next(Fault.BOOKMARKS_ONLY)
        then = api.version
        async with watched(api, timeoutSeconds=90) as events:
            put(api, 1)
            return then, [(event["type"], version(event["object"])) async for event in events]

    then, seen = live(steps)
    assert seen == [("BOOKMARK", then), ("BOOKMARK", then)]


def test_a_watch_without_bookmarks_still_marks_the_end_of_the_initial_events() -> None:
    async def steps(api: FakeApi) -> list[tuple[str, str]]:
        put(api, 1)
        api.fail_next(Fault.NO_BOOKMARKS)
        options = {"resourceVersion": 0, "timeoutSeconds": 70}
        async with watched(api, **options) as events:
            return [summary(event) async for event in events]

    assert live(steps) == [("ADDED", "web"), ("BOOKMARK", "")]


def test_a_half_open_connection_outlives_its_timeout() -> None:
    async def steps(api: FakeApi) -> float:
        api.fail_next(Fault.HALF_OPEN)
        async with watched(api, timeoutSeconds=10) as events:
            put(api, 1)
            with pytest.raises(LostError, match="nothing for 75 s"):
                await anext(events)
        return now()

    assert live(steps) == 75
