"""Watches of an API server, the same for the fake and for kube-apiserver.

Each scenario gets a cluster whose namespace `shop` is empty. Other namespaces may hold what a
real cluster has by itself, so nothing here counts Services or Namespaces of all namespaces.

Source: Kubernetes API concepts, "Efficient detection of changes" and "Streaming lists".
"""

from typing import Any

import pytest

from tests.support.api_server import ApiServer, Cluster, put_slices, scenario
from tests.support.fakeapi import objects
from tests.support.fakeapi.collections import COLLECTIONS
from tests.support.watching import (
    WATCH_LIST,
    Events,
    current,
    is_end_of_initial_events,
    summary,
    version,
)


@scenario
async def test_a_watch_list_is_everything_then_a_marked_bookmark_then_changes(
    cluster: Cluster,
) -> None:
    await put_slices(cluster, "a", "b")

    async with Events(cluster.connection(), "EndpointSlice", **WATCH_LIST) as events:
        *initial, bookmark = await events.until_synced()
        await put_slices(cluster, "c")
        change = await anext(events)

    assert sorted(map(summary, initial)) == [("ADDED", "a"), ("ADDED", "b")]
    assert all(event["object"]["kind"] == "EndpointSlice" for event in initial)
    assert version(bookmark["object"]) >= max(version(event["object"]) for event in initial)
    assert summary(change) == ("ADDED", "c")
    assert version(change["object"]) > version(bookmark["object"])


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_a_bookmark_is_an_object_without_content(api: ApiServer, kind: str) -> None:
    async def steps(cluster: Cluster) -> None:
        nothing = {**WATCH_LIST, "labelSelector": "nobody=has"}
        async with Events(cluster.connection(), kind, **nothing) as events:
            (bookmark,) = await events.until_synced()

        metadata = bookmark["object"].pop("metadata")
        assert metadata.keys() == {"resourceVersion", "annotations"}
        assert bookmark["object"] == {
            "kind": kind,
            "apiVersion": COLLECTIONS[kind].api_version,
            **COLLECTIONS[kind].blank,
        }

    api.run(steps)


@scenario
async def test_a_watch_from_a_version_has_all_that_came_after_in_rising_versions(
    cluster: Cluster,
) -> None:
    connection = cluster.connection()
    await put_slices(cluster, "a")
    then = await current(connection)
    await put_slices(cluster, "b")
    await cluster.put(objects.endpoint_slice("a", "web", ["10.1.0.2"]))
    await cluster.delete("EndpointSlice", "shop", "b")

    async with Events(
        connection, "EndpointSlice", resourceVersion=then, timeoutSeconds=1
    ) as events:
        seen = [event async for event in events]

    assert [*map(summary, seen)] == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    versions = [version(event["object"]) for event in seen]
    assert versions == sorted(versions)
    assert then < versions[0] < versions[1] < versions[2]


@scenario
async def test_a_deleted_object_is_shown_as_it_was_with_the_version_of_its_end(
    cluster: Cluster,
) -> None:
    async with Events(cluster.connection(), "EndpointSlice", **WATCH_LIST) as events:
        await events.until_synced()
        await put_slices(cluster, "a")
        added = await anext(events)
        await cluster.delete("EndpointSlice", "shop", "a")
        deleted = await anext(events)

    assert deleted["object"]["endpoints"] == added["object"]["endpoints"]
    assert version(deleted["object"]) > version(added["object"])


@scenario
async def test_what_is_put_as_it_was_is_no_event(cluster: Cluster) -> None:
    async with Events(cluster.connection(), "EndpointSlice", **WATCH_LIST) as events:
        await events.until_synced()
        await put_slices(cluster, "a", "a", "b")
        seen = [await anext(events), await anext(events)]

    assert [*map(summary, seen)] == [("ADDED", "a"), ("ADDED", "b")]


@scenario
async def test_a_watch_ends_by_itself_soon_after_a_bookmark(cluster: Cluster) -> None:
    connection = cluster.connection()
    then = await current(connection)
    await put_slices(cluster, "a")

    async with Events(
        connection,
        "EndpointSlice",
        resourceVersion=then,
        timeoutSeconds=4,
        allowWatchBookmarks=True,
    ) as events:
        # A bookmark that says no more than the watch itself is not sent.
        await cluster.put(objects.service("web", addresses=()))
        now = await current(connection)
        added, *bookmarks = [event async for event in events]

    assert summary(added) == ("ADDED", "a")
    assert bookmarks
    assert all(event["type"] == "BOOKMARK" for event in bookmarks)
    assert not any(map(is_end_of_initial_events, bookmarks))
    assert version(bookmarks[-1]["object"]) >= now


@scenario
async def test_crossing_a_label_selector_is_seen_as_added_and_deleted(cluster: Cluster) -> None:
    def web(**labels: str) -> dict[str, Any]:
        return objects.service("web", addresses=(), labels=labels)

    options = {**WATCH_LIST, "labelSelector": "tier=front"}
    async with Events(cluster.connection(), "Service", **options) as events:
        await events.until_synced()
        for labels in ({"tier": "back"}, {"tier": "front"}, {"tier": "front", "x": "y"}):
            await cluster.put(web(**labels))
        await cluster.put(web(tier="back"))
        await cluster.put(web(tier="back", x="z"))
        await cluster.put(web(tier="front"))
        await cluster.delete("Service", "shop", "web")
        seen = [await anext(events) for _ in range(5)]

    assert [event["type"] for event in seen] == [
        "ADDED",
        "MODIFIED",
        "DELETED",
        "ADDED",
        "DELETED",
    ]
    assert seen[2]["object"]["metadata"]["labels"] == {"tier": "front", "x": "y"}
    assert version(seen[2]["object"]) > version(seen[1]["object"])


@scenario
async def test_a_watch_from_a_forgotten_version_is_an_error_event(cluster: Cluster) -> None:
    then = await current(cluster.connection())
    await put_slices(cluster, "a")
    await cluster.forget_history()

    async with Events(
        cluster.connection(), "EndpointSlice", resourceVersion=then, timeoutSeconds=1
    ) as events:
        seen = [event async for event in events]

    assert events.reply.status == 200
    (error,) = seen
    assert error["type"] == "ERROR"
    assert (error["object"]["code"], error["object"]["reason"]) == (410, "Expired")
    assert error["object"]["message"].startswith(f"too old resource version: {then} (")


@scenario
async def test_a_watch_list_from_a_forgotten_version_is_everything(cluster: Cluster) -> None:
    then = await current(cluster.connection())
    await put_slices(cluster, "a")
    await cluster.forget_history()

    options = {**WATCH_LIST, "resourceVersion": then}
    async with Events(cluster.connection(), "EndpointSlice", **options) as events:
        seen = await events.until_synced()

    assert summary(seen[0]) == ("ADDED", "a")


@scenario
async def test_a_watch_from_the_future_is_mute(cluster: Cluster) -> None:
    connection = cluster.connection()
    future = await current(connection) + 1_000_000

    async with Events(
        connection,
        "EndpointSlice",
        resourceVersion=future,
        timeoutSeconds=4,
        allowWatchBookmarks=True,
    ) as events:
        await put_slices(cluster, "a")
        seen = [event async for event in events]

    assert seen == []


@scenario
async def test_a_watch_list_from_the_future_is_an_error_event(cluster: Cluster) -> None:
    connection = cluster.connection()
    future = await current(connection) + 1_000_000

    options = {**WATCH_LIST, "resourceVersion": future}
    async with Events(connection, "EndpointSlice", **options) as events:
        seen = [event async for event in events]

    (error,) = seen
    assert (error["type"], error["object"]["code"]) == ("ERROR", 504)
    assert error["object"]["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@scenario
async def test_a_watch_without_a_version_begins_with_everything(cluster: Cluster) -> None:
    await put_slices(cluster, "a")

    for options in ({}, {"resourceVersion": 0}):
        async with Events(
            cluster.connection(), "EndpointSlice", timeoutSeconds=1, **options
        ) as events:
            seen = [event async for event in events]
        assert [*map(summary, seen)] == [("ADDED", "a")]
