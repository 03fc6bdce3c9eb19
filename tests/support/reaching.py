"""Ways to an API server for a test, and one request over them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.client import connect
from svcdns.source.apiserver.connection import ApiServer
from svcdns.source.apiserver.protocol import Connection, LostError, Query, Reply
from tests.support.authority import Authority, Pair

PATH = "/apis/discovery.k8s.io/v1/endpointslices"
WATCH: Query = (("watch", "true"), ("allowWatchBookmarks", "true"))


@asynccontextmanager
async def reaching(
    *servers: str, access: Access | None = None, connect_seconds: float = 5.0
) -> AsyncIterator[ApiServer]:
    """Connect, and close in the end."""
    connection = connect(access or Access(servers, connect_seconds=connect_seconds))
    try:
        yield connection
    finally:
        await connection.close()


def pod(folder: Path, authority: Authority, *servers: str, content: str = "one") -> Access:
    """Return the access of a Pod whose files are in a folder.

    Args:
        folder: where its token and its authority are written.
        authority: whom it trusts.
        servers: URLs.
        content: of the token file.
    """
    (folder / "ca.crt").write_bytes(authority.certificate.read_bytes())
    (folder / "token").write_text(content)
    return Access(servers, service_account=str(folder))


def with_certificate(authority: Authority, pair: Pair, *servers: str) -> Access:
    """Return the access that `endpoint` and `tls` of a Corefile are."""
    files = (str(pair.certificate), str(pair.key), str(authority.certificate))
    return Access(servers, tls=files)


def kubeconfig(folder: Path, server: str, user: dict[str, Any], **cluster: Any) -> Access:
    """Write a kubeconfig with one context and return the access by it."""
    file = folder / "config"
    document = {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "b", "user": "c"}}],
        "clusters": [{"name": "b", "cluster": {"server": server} | cluster}],
        "users": [{"name": "c", "user": user}],
    }
    file.write_text(json.dumps(document))
    return Access(kubeconfig=(str(file),))


async def body(connection: Connection, path: str = PATH, query: Query = ()) -> bytes:
    """Return the whole body of one response."""
    reply = await connection.get(path, query, silence_seconds=10)
    try:
        return await rest(reply)
    finally:
        reply.close()


async def rest(reply: Reply) -> bytes:
    """Return the rest of a body."""
    octets = b""
    while piece := await reply.read():
        octets += piece
    return octets


async def lost(connection: Connection, query: Query = (), silence_seconds: float = 10) -> LostError:
    """Return why there is no response."""
    with pytest.raises(LostError) as caught:
        (await connection.get(PATH, query, silence_seconds=silence_seconds)).close()
    return caught.value
