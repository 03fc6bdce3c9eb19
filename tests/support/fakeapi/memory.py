"""The fake as a Connection in memory: no socket, no task of its own, only the loop's time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from svcdns.source.apiserver.connection import Get
from svcdns.source.apiserver.protocol import LostError, Query
from tests.support.fakeapi.answering import Response
from tests.support.fakeapi.bodies import Ending
from tests.support.fakeapi.calls import Call, DroppedError, PortClosedError
from tests.support.fakeapi.requests import Request

_LOSSES = (TimeoutError, PortClosedError, DroppedError)


class Server(Protocol):
    """What this needs of the fake."""

    def begin(self, request: Request, server: str) -> Call:
        """Take note of a request that has come to one of the addresses."""
        ...

    async def respond(self, call: Call) -> Response:
        """Return the response as soon as its head is there."""
        ...

    def finish(self, call: Call) -> None:
        """Forget the request; a second time is no mistake."""
        ...


class MemoryConnection:
    """`protocol.Connection`."""

    def __init__(
        self, api: Server, token: Callable[[], str], servers: Sequence[str], latency_seconds: float
    ) -> None:
        self._api = api
        self._read_token = token
        self._token = token()
        self._servers = servers
        self._at = 0
        self._latency_seconds = latency_seconds

    @property
    def server(self) -> str:
        return self._servers[self._at]

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> "MemoryReply":
        assert len(dict(query)) == len(query), "a parameter twice"
        call = self._api.begin(Request(path, dict(query), token=self._token), self.server)
        response = None
        try:
            async with asyncio.timeout(silence_seconds):
                if self._latency_seconds:
                    await call.sleep(call.random.uniform(0, 2 * self._latency_seconds))
                response = await self._api.respond(call)
        except _LOSSES as error:
            raise _lost(error, silence_seconds) from None
        finally:
            if response is None:
                self._api.finish(call)
        return MemoryReply(self._api, call, response, silence_seconds)

    async def renew_credentials(self) -> None:
        self._token = self._read_token()

    def next_server(self) -> None:
        self._at = (self._at + 1) % len(self._servers)


class MemoryReply:
    """`protocol.Reply`."""

    def __init__(self, api: Server, call: Call, response: Response, silence_seconds: float) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._api = api
        self._call = call
        self._body = response.body
        self._silence_seconds = silence_seconds
        self._patience: asyncio.Timeout | None = None
        self._ending: Ending | None = None
        self._is_closed = False

    async def read(self) -> bytes:
        if self._is_closed:
            raise LostError("the connection was closed")
        if self._ending is Ending.END:
            return b""
        if self._ending:
            raise LostError("the connection was reset")
        self._ending = Ending.RESET  # what it is, should anything go wrong now
        try:
            async with asyncio.timeout(self._silence_seconds) as self._patience:
                piece = await self._body.next()
                self._ending = piece.ending
        except _LOSSES as error:
            if self._is_closed:
                raise LostError("the connection was closed") from None
            raise _lost(error, self._silence_seconds) from None
        finally:
            self._patience = None
            if self._ending:
                self._api.finish(self._call)
        # Without octets the end itself is what was to be read.
        return piece.octets or await self.read()

    def close(self) -> None:
        self._is_closed = True
        self._api.finish(self._call)
        if self._patience and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())


class MemorySession:
    """`connection.Session`: the product's own way to a cluster, with the fake at its end."""

    def __init__(self, api: Server, latency_seconds: float) -> None:
        self.users = 0
        self._api = api
        self._latency_seconds = latency_seconds

    async def get(self, get: Get, tls_name: str, authorization: str) -> "SessionReply":
        assert tls_name == urlsplit(get.url).hostname
        token = authorization.removeprefix("Bearer ")
        servers = (get.url,)
        connection = MemoryConnection(self._api, lambda: token, servers, self._latency_seconds)
        reply = await connection.get(get.path, get.query, silence_seconds=get.silence_seconds)
        self.users += 1
        return SessionReply(self, get, reply)

    async def close(self) -> None:
        """Do nothing: every request has its own connection."""


class SessionReply:
    """`protocol.Reply` that says when it is over."""

    def __init__(self, session: MemorySession, get: Get, reply: MemoryReply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._session = session
        self._done: Callable[[], None] | None = get.done
        self._reply = reply

    async def read(self) -> bytes:
        octets = b""
        try:
            octets = await self._reply.read()
        finally:
            if not octets:
                self.close()
        return octets

    def close(self) -> None:
        self._reply.close()
        if self._done:
            self._session.users -= 1
            self._done()
            self._done = None


def _lost(error: Exception, silence_seconds: float) -> LostError:
    """Return what a client is told."""
    if isinstance(error, TimeoutError):
        return LostError(f"the server has said nothing for {silence_seconds:g} s")
    if isinstance(error, PortClosedError):
        return LostError("connection refused", refused=True)
    return LostError("the connection was reset")
