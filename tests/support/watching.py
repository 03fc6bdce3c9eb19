"""Asking an API server through a Connection, and reading what it says, one object at a time."""

import json
from typing import Any, Self

from svcdns.source.apiserver.protocol import Connection, Query, Reply

Document = dict[str, Any]

SILENCE_SECONDS = 75.0
"""How long a server may say nothing before a test gives up; bookmarks come every 60."""
WATCH_LIST = {
    "sendInitialEvents": True,
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": True,
}
"""Parameters of a watch that begins with everything."""

PATHS = {
    "Service": "/api/v1/services",
    "Namespace": "/api/v1/namespaces",
    "Pod": "/api/v1/pods",
    "Node": "/api/v1/nodes",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/endpointslices",
}


async def fetch(connection: Connection, kind: str, **options: object) -> tuple[int, Document]:
    """Return status and body of a list, or of whatever comes instead.

    Args:
        connection: to ask through.
        kind: of the objects.
        options: parameters; `rest` is `continue`.
    """
    reply = await connection.get(PATHS[kind], _query(options), silence_seconds=SILENCE_SECONDS)
    return reply.status, json.loads(await read_all(reply))


async def read_all(reply: Reply) -> bytes:
    """Return the whole body of a response, and close it."""
    try:
        body = bytearray()
        while part := await reply.read():
            body += part
        return bytes(body)
    finally:
        reply.close()


class Events:
    """A watch under way, as an asynchronous context; iterating yields events until it ends."""

    def __init__(self, connection: Connection, kind: str, **options: object) -> None:
        self._connection = connection
        self._kind = kind
        self._query = _query({"watch": True, **options})
        self._rest = b""
        self.reply: Reply

    async def __aenter__(self) -> Self:
        self.reply = await self._connection.get(
            PATHS[self._kind], self._query, silence_seconds=SILENCE_SECONDS
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reply.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Document:
        while b"\n" not in self._rest:
            part = await self.reply.read()
            if not part:
                assert not self._rest, f"ended in the middle of a line: {self._rest[-80:]!r}"
                raise StopAsyncIteration
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        event: Document = json.loads(line)
        return event

    async def until_synced(self) -> list[Document]:
        """Return the events of a WatchList up to the bookmark that ends the initial ones."""
        events = []
        async for event in self:
            events.append(event)
            if is_end_of_initial_events(event):
                return events
        raise AssertionError("the watch ended before the initial events did")


def is_end_of_initial_events(event: Document) -> bool:
    """Return whether an event is that bookmark."""
    annotations = event["object"]["metadata"].get("annotations") or {}
    return event["type"] == "BOOKMARK" and "k8s.io/initial-events-end" in annotations


def summary(event: Document) -> tuple[str, str]:
    """Return type and object of an event, for comparing: `("ADDED", "web")`."""
    return event["type"], event["object"]["metadata"].get("name", "")


def _query(options: dict[str, object]) -> Query:
    names = {"rest": "continue"}
    return tuple(
        (names.get(name, name), str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in options.items()
    )


def version(document: Document) -> int:
    """Return the resourceVersion of an object or a list."""
    return int(document["metadata"]["resourceVersion"])


def names(listed: Document) -> list[str]:
    """Return the names of a list's items, in its order."""
    return [item["metadata"]["name"] for item in listed["items"]]


async def current(connection: Connection) -> int:
    """Return the cluster's resourceVersion."""
    _, listed = await fetch(connection, "EndpointSlice", limit=1)
    return version(listed)
