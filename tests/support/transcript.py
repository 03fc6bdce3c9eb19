"""What an API server says to the same questions after the same changes, written down.

What differs from one run to the next is left out: numbers of versions, times, ids; so is what
a server adds to objects and svcdns does not read. What a client may depend on is in it: types of
events and their order, kinds or that there are none, null lists, marks of bookmarks, words of
refusals.
"""

import json
import re
from typing import Any

from tests.support.api_server import Cluster
from tests.support.fakeapi import objects
from tests.support.watching import WATCH_LIST, Document, Events, current, fetch

SOME = "…"
"""In the place of what is different each time."""

_DIFFERENT = {"resourceVersion", "uid", "creationTimestamp", "managedFields", "continue"}
_UNREAD = {"generation"}
_READ = {
    *("type", "clusterIP", "clusterIPs", "externalName", "ports", "publishNotReadyAddresses"),
    *("hostname", "subdomain", "nodeName", "phase", "podIP", "podIPs"),
}
"""Fields of `spec` and `status`."""
_SHOP = "metadata.namespace=shop"

Entry = dict[str, Any]


class Transcript:
    """Questions to one cluster and what came."""

    def __init__(self, cluster: Cluster) -> None:
        self.entries: list[Entry] = []
        self._cluster = cluster

    async def ask(self, what: str, kind: str, *, is_weak: bool = False, **options: object) -> str:
        """Write down a list, or what comes instead; return the token of the next page."""
        connection = self._cluster.connection(is_weak=is_weak)
        status, document = await fetch(connection, kind, **options)
        self.entries.append({"asked": what, "status": status, "said": plain(document)})
        return str(document["metadata"].get("continue", ""))

    def watch(self, what: str, events: Events) -> "Watched":
        """Begin to write down a watch."""
        said: list[Document] = []
        self.entries.append({"asked": what, "status": events.reply.status, "said": said})
        return Watched(events, said)


class Watched:
    """One watch being written down."""

    def __init__(self, events: Events, said: list[Document]) -> None:
        self._events = events
        self._said = said

    async def initial(self) -> None:
        """Write down what a WatchList begins with; the order of its objects means nothing."""
        *first, bookmark = map(plain, await self._events.until_synced())
        self._said += [*sorted(first, key=lambda one: str(one["object"]["metadata"])), bookmark]

    async def next(self, count: int = 1) -> None:
        """Write down some events."""
        self._said += [plain(await anext(self._events)) for _ in range(count)]

    async def rest(self) -> None:
        """Write down all up to the end; of bookmarks in a row one, as time makes them."""
        async for event in self._events:
            said = plain(event)
            if said not in self._said[-1:]:
                self._said.append(said)
        self._said.append({"type": "END"})


def plain(document: Document) -> Document:
    """Return what is the same each time."""
    text = re.sub(r"version: \d+( \(\d+\)|, current: \d+)", "version: N", json.dumps(document))
    found: Document = json.loads(text, object_hook=_plain_part)
    return found


def _plain_part(part: Document) -> Document:
    kept = {name: value for name, value in part.items() if name not in _UNREAD}
    for name, value in kept.items():
        if name in _DIFFERENT:
            kept[name] = SOME
        elif name in {"spec", "status"} and isinstance(value, dict):
            kept[name] = {inner: value[inner] for inner in value if inner in _READ}
    return kept


async def record(cluster: Cluster) -> list[Entry]:
    """Return the transcript of the one scenario there is."""
    transcript = Transcript(cluster)
    await _lists(cluster, transcript)
    await _changes(cluster, transcript)
    await _refusals(cluster, transcript)
    return transcript.entries


async def _lists(cluster: Cluster, transcript: Transcript) -> None:
    await cluster.put(objects.service("web", addresses=()))
    await cluster.put(objects.service("mail", addresses=("10.96.0.25",)))
    await cluster.put(objects.endpoint_slice("a", "web", ["10.1.0.1", "10.1.0.2"]))
    await cluster.put(objects.endpoint_slice("b", "web", ports={}))
    await cluster.put(objects.pod("web-0", "10.1.0.1"))

    rest = await transcript.ask("the first of two pages", "EndpointSlice", limit=1)
    await transcript.ask("the second of two pages", "EndpointSlice", limit=1, rest=rest)
    await transcript.ask("a list of nothing", "EndpointSlice", labelSelector="nobody=has")
    await transcript.ask("a list of Services", "Service", fieldSelector=_SHOP)
    await transcript.ask("a list of Pods", "Pod", fieldSelector=_SHOP)
    await transcript.ask("a Namespace", "Namespace", fieldSelector="metadata.name=shop")


async def _changes(cluster: Cluster, transcript: Transcript) -> None:
    connection = cluster.connection()
    before = await current(connection)
    async with Events(connection, "EndpointSlice", **WATCH_LIST) as events:
        watched = transcript.watch("a watch that begins with everything", events)
        await watched.initial()
        await cluster.put(objects.endpoint_slice("b", "web", ["10.1.0.3"]))
        await cluster.delete("EndpointSlice", "shop", "a")
        await cluster.put(objects.endpoint_slice("a", "web", ports={}))
        await watched.next(3)

    options: dict[str, object] = {"resourceVersion": before}
    async with Events(connection, "EndpointSlice", timeoutSeconds=1, **options) as events:
        await transcript.watch("the same changes from a version on", events).rest()

    options = {"resourceVersion": await current(connection), "allowWatchBookmarks": True}
    async with Events(connection, "EndpointSlice", timeoutSeconds=4, **options) as events:
        await cluster.put(objects.service("late", addresses=()))
        await current(connection)  # a server that is asked knows how far it is, and says so
        await transcript.watch("a watch in which only others change", events).rest()


async def _refusals(cluster: Cluster, transcript: Transcript) -> None:
    connection = cluster.connection()
    before = await current(connection)
    rest = await transcript.ask("a page before the history is forgotten", "EndpointSlice", limit=1)
    await cluster.put(objects.endpoint_slice("c", "web", ["10.1.0.4"]))
    await cluster.forget_history()

    await transcript.ask("the next page, after it", "EndpointSlice", limit=1, rest=rest)
    options: dict[str, object] = {"resourceVersion": before, "timeoutSeconds": 1}
    async with Events(cluster.connection(), "EndpointSlice", **options) as events:
        await transcript.watch("a watch from a forgotten version", events).rest()
    future = before + 1_000_000
    await transcript.ask("a list from the future", "EndpointSlice", resourceVersion=future)
    options = {**WATCH_LIST, "resourceVersion": future}
    async with Events(cluster.connection(), "EndpointSlice", **options) as events:
        await transcript.watch("everything, from the future", events).rest()
    await transcript.ask("a list by somebody who may nothing", "EndpointSlice", is_weak=True)
