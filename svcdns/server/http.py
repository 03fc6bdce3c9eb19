"""The small HTTP server of /health, /ready and /metrics.

One server an address, whatever server blocks its pages come from. Error bodies are constant,
nothing of a request is ever sent back, and there is nothing here but the pages given.

Reading requests is `server.http_request`'s, what the pages say is `app`'s.

Source: RFC 9110, RFC 9112.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import gmtime, monotonic, strftime

from svcdns.server.accept import Accepted, Acceptor
from svcdns.server.http_request import Headers, Refusal, Request, RequestReader
from svcdns.server.limits import Connections

MAX_CONNECTIONS = 50
STEP_SECONDS = 5.0
"""For a client to send one request, to send the next one, and to read a response."""
PAGE_SECONDS = 10.0
"""For a page to be made: as long as Prometheus waits by default."""
LINGER_SECONDS = 1.0
"""For a client we refused to notice, before what it still sends resets the connection."""

EVERY_PATH = "*"
"""Key of the page for every path that has none of its own."""

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Response:
    """What a page says."""

    status: int = 200
    content_type: str = _TEXT
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    """Further fields; those of framing and time are added by the server."""


Page = Callable[[Headers], Response | Awaitable[Response]]
"""Makes the response to GET from the headers of the request; slow ones return an awaitable."""


class HttpServer:
    """The pages of one address."""

    def __init__(self, streams: Sequence[socket.socket], pages: dict[str, Page]) -> None:
        """Serve `pages` on `streams`.

        Args:
            streams: listening and non-blocking, see `sockets.open_streams`; `close` closes them.
            pages: by path; may be changed at any time.
        """
        self.pages = pages
        self.connections = Connections(MAX_CONNECTIONS, MAX_CONNECTIONS)
        self.acceptor = Acceptor(streams, self.connections, self._welcome)

    def start(self) -> None:
        """Serve from now on."""
        self.acceptor.start()

    async def close(self, seconds: float = STEP_SECONDS) -> None:
        """Accept no more, finish the responses that are under way, then end all connections."""
        await self.acceptor.close(seconds)

    def _welcome(self, _accepted: socket.socket, _peer: tuple[str, int]) -> Accepted:
        return _Connection(self, monotonic())


class _Connection(asyncio.Protocol, Accepted):
    """One connection: a request a turn of the loop, responses in order."""

    __slots__ = (
        "_deadline",
        "_is_deaf",
        "_is_ending",
        "_page",
        "_reader",
        "_server",
        "_transport",
        "quiet_since",
    )

    def __init__(self, server: HttpServer, now: float) -> None:
        self.quiet_since = now
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader()
        self._deadline = now + STEP_SECONDS
        self._page: asyncio.Task[None] | None = None
        self._is_ending = False
        self._is_deaf = False

    def has_expired(self, now: float) -> bool:
        """Whether the step that is going on takes too long."""
        return now >= self._deadline

    def finish(self) -> None:
        """Serve no further request; close when the response under way has been sent."""
        self._is_ending = True
        self._next()

    def abort(self) -> None:
        """Close at once."""
        self._is_ending = True
        if self._transport is not None:
            self._transport.abort()
        else:
            self._server.acceptor.forget(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start: asyncio calls this once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  for the type checker
        self._transport = transport
        transport.set_write_buffer_limits(0)  # the next request waits until all is sent
        if self._is_ending:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """End, for whatever reason."""
        self._transport = None
        if self._page is not None:
            self._page.cancel()
        self._server.acceptor.forget(self)

    def data_received(self, data: bytes) -> None:
        """Serve a request if one is complete."""
        if self._is_deaf:
            return
        if not self._reader.pending:
            self._deadline = monotonic() + STEP_SECONDS
        self._reader.receive(data)
        self._next()

    def eof_received(self) -> bool:
        """Serve what has been asked, then close."""
        self.finish()
        return True

    def resume_writing(self) -> None:
        """All is sent."""
        if not self._is_deaf:
            self._deadline = monotonic() + STEP_SECONDS
        self._next()

    def _next(self) -> None:
        """Serve one request, if one is there and nothing is under way."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._page is not None:
            return
        if self._is_deaf:
            if self._is_ending:
                transport.close()
            return
        if transport.get_write_buffer_size():
            return
        try:
            request = self._reader.next()
            if isinstance(request, Request):
                self._serve(request, transport)
            elif request is not None:
                self._refuse(request, transport)
            elif self._is_ending:
                transport.close()
            else:
                transport.resume_reading()
        except Exception as error:  # noqa: BLE001  one connection fails, never the listener
            self._server.acceptor.report(error)
            self.abort()

    def _refuse(self, refusal: Refusal, transport: asyncio.Transport) -> None:
        self._is_deaf = True
        self._deadline = monotonic() + LINGER_SECONDS
        response = _plain(refusal.status)
        transport.write(_head(response, keep_alive=False) + response.body)
        if self._is_ending:
            transport.close()
        else:
            transport.write_eof()
            transport.resume_reading()

    def _serve(self, request: Request, transport: asyncio.Transport) -> None:
        transport.pause_reading()
        self.quiet_since = monotonic()
        self._deadline = self.quiet_since + PAGE_SECONDS
        pages = self._server.pages
        page = pages.get(request.path) or pages.get(EVERY_PATH)
        try:
            response = page(request.headers) if page is not None else _plain(404)
        except Exception as error:  # noqa: BLE001  one page fails, never the listener
            self._server.acceptor.report(error)
            response = _plain(500)
        if isinstance(response, Response):
            self._answer(request, response)
        else:
            loop = asyncio.get_running_loop()
            self._page = loop.create_task(self._await(request, response))

    async def _await(self, request: Request, page: Awaitable[Response]) -> None:
        try:
            response = await page
        except Exception as error:  # noqa: BLE001  one page fails, never the listener
            self._server.acceptor.report(error)
            response = _plain(500)
        self._page = None
        self._answer(request, response)

    def _answer(self, request: Request, response: Response) -> None:
        transport = self._transport
        if transport is None:
            return
        self.quiet_since = monotonic()
        self._deadline = self.quiet_since + STEP_SECONDS
        keep_alive = request.keep_alive and not self._is_ending
        head = _head(response, keep_alive=keep_alive)
        transport.write(head if request.method == "HEAD" else head + response.body)
        if keep_alive:
            # One request a turn: a client that sends a thousand of them gets no more.
            asyncio.get_running_loop().call_soon(self._next)
        else:
            transport.close()


def _head(response: Response, *, keep_alive: bool) -> bytes:
    status = HTTPStatus(response.status)
    fields = [
        ("Date", strftime("%a, %d %b %Y %H:%M:%S GMT", gmtime())),
        ("Content-Type", response.content_type),
        ("Content-Length", str(len(response.body))),
        *response.headers,
    ]
    if not keep_alive:
        fields.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{n}: {v}" for n, v in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _plain(status: int) -> Response:
    """Return a response that says its status and nothing else."""
    headers = (("Allow", "GET, HEAD"),) if status == HTTPStatus.METHOD_NOT_ALLOWED else ()
    body = f"{status} {HTTPStatus(status).phrase}\n".encode()
    return Response(status, _TEXT, body, headers)
