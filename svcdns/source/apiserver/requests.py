"""The four requests of a reflector, and what is wrong with a response before its body is read.

A list is always asked for in pages and without a resource version, which makes it as new as
anything can be; a streaming list may name one that it must not be older than. Watches end after
a random time, so that those of many clients do not start again at the same moment and no
failure that nobody notices lasts.

Source: Kubernetes API concepts, "Resource versions", "Streaming lists" and "Retrieving large
results sets in chunks".
"""

from random import Random

from svcdns.cluster.envelope import Page, Status, read_page, read_status
from svcdns.cluster.object_error import MalformedError
from svcdns.source.apiserver.failure import RefusedError, UnreadableError, excerpt
from svcdns.source.apiserver.protocol import (
    Connection,
    LostError,
    Query,
    Reply,
    Resource,
    WatchExpiredError,
)

PAGE_SIZE = 500
LIST_SILENCE_SECONDS = 30.0
WATCH_SILENCE_SECONDS = 70.0
"""Bookmarks come every minute, and a server keeps 75 seconds of history at least."""

_SHORTEST_SECONDS, _LONGEST_SECONDS = 300, 600
_LARGEST_PAGE = 256 << 20
_LARGEST_STATUS = 64 << 10
_LONGEST_RETRY_SECONDS = 300.0


def streaming_list(resource: Resource, version: int, random: Random) -> Query:
    """Return the parameters of a watch that begins with all objects.

    Args:
        resource: of what.
        version: the objects must not be older; 0: they must be as new as can be.
        random: for how long the watch lasts.
    """
    return (
        ("watch", "true"),
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("resourceVersion", str(version or "")),
        *_watching(random),
        *_selectors(resource),
    )


def watch(resource: Resource, version: int, random: Random) -> Query:
    """Return the parameters of a watch for what happened after `version`."""
    return (
        ("watch", "true"),
        ("resourceVersion", str(version)),
        *_watching(random),
        *_selectors(resource),
    )


def seconds_of(query: Query) -> float:
    """Return how long a watch was to last."""
    return float(dict(query)["timeoutSeconds"])


def page(resource: Resource, limit: int = PAGE_SIZE, token: str = "") -> Query:
    """Return the parameters of a page of a list.

    Args:
        resource: of what.
        limit: objects on the page.
        token: what the page before said; empty for the first.
    """
    following = (("continue", token),) if token else ()
    return (("limit", str(limit)), *following, *_selectors(resource))


async def ask(
    connection: Connection, resource: Resource, query: Query, silence_seconds: float
) -> Reply:
    """Return a response that is JSON; its body is still to come.

    Raises:
        LostError: no response.
        RefusedError: the API server does not do it.
        WatchExpiredError: it no longer has the history.
        UnreadableError: no JSON, so it does not come from an API server.
    """
    reply = await connection.get(resource.path, query, silence_seconds=silence_seconds)
    try:
        await check(reply)
    except BaseException:
        reply.close()
        raise
    return reply


async def ask_page(connection: Connection, resource: Resource, query: Query) -> Page:
    """Return a page of a list.

    Raises:
        LostError: no response, or it broke off.
        RefusedError: the API server does not do it.
        WatchExpiredError: the list was begun too long ago.
        UnreadableError: no list, or one that is too large.
    """
    reply = await ask(connection, resource, query, LIST_SILENCE_SECONDS)
    try:
        body = await whole(reply, _LARGEST_PAGE)
    finally:
        reply.close()
    if len(body) > _LARGEST_PAGE:
        size = _LARGEST_PAGE >> 20
        raise UnreadableError(f"a list of {resource.name} has a page of more than {size} MiB")
    try:
        read = read_page(body)
    except MalformedError as error:
        raise UnreadableError(f"this is no list: {excerpt(body)}: {error}") from None
    if not read.version:
        raise UnreadableError(f"a list of {resource.name} has no resource version")
    return read


def checked(status: Status, retry_seconds: float = 0.0) -> RefusedError | WatchExpiredError:
    """Return what to raise for a Status."""
    if status.is_expired:
        return WatchExpiredError(status.message)
    return RefusedError(status, retry_seconds)


async def check(reply: Reply) -> None:
    """Return if the body to come is what was asked for.

    Raises:
        RefusedError: the API server does not do it.
        WatchExpiredError: it no longer has the history.
        UnreadableError: no JSON, so it does not come from an API server.
    """
    if reply.status not in {200, 201}:
        raise await _refusal(reply)
    content_type = reply.headers.get("content-type", "json")
    if "json" not in content_type:
        raise UnreadableError(f"the response is {content_type}, not JSON")


async def _refusal(reply: Reply) -> RefusedError | WatchExpiredError:
    body = b""
    try:
        body = await whole(reply, _LARGEST_STATUS)
        status = read_status(body)
    except (LostError, MalformedError):
        status = Status(reply.status, "", f"({excerpt(body)})" if body else "")
    # A proxy's JSON, or its copy of an older Status: what counts is the response itself.
    return checked(status._replace(code=reply.status), _retry_seconds(reply))


def _retry_seconds(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdigit()):
        return 0.0  # an HTTP date would need a clock that agrees with the server's
    return min(float(text), _LONGEST_RETRY_SECONDS)


async def whole(reply: Reply, most: int) -> bytes:
    """Return the body, or somewhat more than `most` octets of it.

    Raises:
        LostError: it broke off.
    """
    pieces: list[bytes] = []
    size = 0
    while size <= most and (octets := await reply.read()):
        pieces.append(octets)
        size += len(octets)
    return b"".join(pieces)


def _watching(random: Random) -> Query:
    seconds = random.randint(_SHORTEST_SECONDS, _LONGEST_SECONDS)
    return (("allowWatchBookmarks", "true"), ("timeoutSeconds", str(seconds)))


def _selectors(resource: Resource) -> Query:
    pairs = (
        ("labelSelector", resource.label_selector),
        ("fieldSelector", resource.field_selector),
    )
    return tuple((name, value) for name, value in pairs if value)
