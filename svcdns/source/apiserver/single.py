"""One document of an API server at a time, as plain values: what no reflector follows.

For commands that look at a cluster once. Answers are made of `cluster.model` alone.
"""

import json
from collections.abc import Mapping
from typing import Any

from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.failure import UnreadableError, excerpt
from svcdns.source.apiserver.protocol import Query, Reply
from svcdns.source.apiserver.requests import check, whole

_LARGEST = 64 << 20
_SILENCE_SECONDS = 10.0

Document = dict[str, Any]


async def fetch(
    server: ApiServer, path: str, query: Query = (), *, silence_seconds: float = _SILENCE_SECONDS
) -> Document:
    """Return the object, or the list of objects, at a path.

    Raises:
        LostError: no response.
        RefusedError: there is none, or it may not be read.
        UnreadableError: no JSON, so it does not come from an API server.
    """
    return await document_of(await server.get(path, query, silence_seconds=silence_seconds))


async def send(
    server: ApiServer,
    path: str,
    content: Mapping[str, object],
    *,
    silence_seconds: float = _SILENCE_SECONDS,
) -> Document:
    """Return what an API server makes of a question that is sent as an object.

    Raises:
        LostError, RefusedError, UnreadableError: as for `fetch`.
    """
    return await document_of(await server.post(path, content, silence_seconds=silence_seconds))


async def document_of(reply: Reply) -> Document:
    """Return the document that a response holds; it is closed then.

    Raises:
        LostError, RefusedError, UnreadableError: as for `fetch`.
    """
    try:
        await check(reply)
        body = await whole(reply, _LARGEST)
    finally:
        reply.close()
    try:
        found = json.loads(body)
    except ValueError:
        raise UnreadableError(f"this is no JSON: {excerpt(body)}") from None
    if not isinstance(found, dict):
        raise UnreadableError(f"this is no object: {excerpt(body)}")
    return found
