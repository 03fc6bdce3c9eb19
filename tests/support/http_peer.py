"""An HTTP/1.1 server on the loopback that does what a test says, octet for octet."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tests.support.authority import Pair


class Asked(NamedTuple):
    """One request as it came."""

    target: str
    headers: dict[str, str]
    """Names in lower case; values of one name are joined."""
    connection: int
    """The first is 1."""
    certificate: dict[str, Any]
    """The client's; empty for none."""
    server_name: str = ""
    """What the client asked for in TLS; empty for an address."""


Act = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]
"""Writes the response; what it does not close serves the next request."""

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def chunk(body: bytes) -> bytes:
    """Return one piece of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(body), body)


def response(status: int = 200, body: bytes = b"{}", *fields: str) -> bytes:
    """Return a whole response."""
    lines = [f"HTTP/1.1 {status} x", "Content-Type: application/json", *fields]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


def always(octets: bytes) -> Act:
    """Answer every request with these octets."""

    async def act(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)

    return act


def broken(octets: bytes) -> Act:
    """Answer every request with these octets and end the connection."""

    async def act(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await writer.drain()
        writer.close()

    return act


def silent(octets: bytes) -> Act:
    """Answer with these octets and then say nothing more, as a half-open connection does."""

    async def act(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await asyncio.get_running_loop().create_future()

    return act


class HttpPeer:
    """The server, and what it was asked."""

    def __init__(self, act: Act, context: ssl.SSLContext | None) -> None:
        self.act = act
        self.asked: list[Asked] = []
        self.context = context
        self.port = 0
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._name = ""
        if context:
            context.sni_callback = self._named

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        """How many connections there are now."""
        return len(self._writers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self._writers.add(writer)
        self.connections += 1
        number, name = self.connections, self._name
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.rstrip().split("\r\n")
                fields: dict[str, str] = {}
                for line in lines:
                    field, _, value = line.partition(": ")
                    before = fields.get(field.lower())
                    fields[field.lower()] = f"{before}, {value}" if before else value
                certificate = writer.get_extra_info("peercert") or {}
                asked = Asked(first.split(" ")[1], fields, number, certificate, name)
                self.asked.append(asked)
                await self.act(asked, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    def abort(self) -> None:
        """Break all connections off."""
        for writer in self._writers:
            writer.transport.abort()

    def _named(self, _connection: object, name: str | None, _context: object) -> None:
        self._name = name or ""


@asynccontextmanager
async def peer(
    act: Act, *, tls: Pair | None = None, clients: str = "", host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[HttpPeer]:
    """Serve on a free port, without TLS unless there is a certificate.

    Args:
        act: what to answer.
        tls: certificate and key.
        clients: certificate authority of clients; of each a certificate is demanded.
        host: address to serve on.
        port: where, if that matters.
    """
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    serving = HttpPeer(act, context_of(tls, clients) if tls else None)
    server = await asyncio.start_server(serving.serve, host, port, ssl=serving.context)
    serving.port = server.sockets[0].getsockname()[1]
    try:
        yield serving
    finally:
        serving.abort()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)
    assert complaints == []


def context_of(pair: Pair, clients: str = "") -> ssl.SSLContext:
    """Return a server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
