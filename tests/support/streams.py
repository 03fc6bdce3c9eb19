"""DNS over TCP on the loopback: a responder that echoes, a listener, and its peers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from svcdns.route.responder import Reply, Responder
from svcdns.route.stages import Client
from svcdns.server.limits import Connections
from svcdns.server.sockets import open_listener
from svcdns.server.tcp import TcpListener
from tests.support.stubs import packet, question


class EchoResponder:
    """Answers every message with the same message and QR set; remembers what it was told."""

    def __init__(self, padding: int = 0) -> None:
        self.asked: list[bytes] = []
        self.clients: list[Client] = []
        self.batches: list[int] = []
        self.observed = 0
        self.padding = padding

    def respond(self, packet: bytes, client: Client) -> Reply:
        return self.echo(packet, client)

    def echo(self, packet: bytes, client: Client) -> bytes | None:
        self.asked.append(packet)
        self.clients.append(client)
        if len(packet) < 12:
            return None
        return packet[:2] + bytes((packet[2] | 0x80,)) + packet[3:] + bytes(self.padding)

    def observe(self) -> None:
        self.observed += 1

    def credit(self, seconds: float, queries: int) -> None:
        assert seconds >= 0
        self.batches.append(queries)


class StreamPeer:
    """The other end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    def stop_reading(self) -> None:
        self._transport.pause_reading()

    def go_on_reading(self) -> None:
        self._transport.resume_reading()

    async def rest(self) -> bytes:
        """Return all octets up to the end; a reset is an end too."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    @property
    def _transport(self) -> asyncio.Transport:
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport


class Peer(StreamPeer):
    """A client of DNS over TCP."""

    async def receive(self) -> bytes:
        """Return the next message."""
        async with asyncio.timeout(10):
            length = await self.reader.readexactly(2)
            return await self.reader.readexactly(int.from_bytes(length))


class TcpServer:
    """A TCP listener with its peers."""

    def __init__(
        self, listener: TcpListener, stream: socket.socket, address: str, port: int
    ) -> None:
        self.listener = listener
        self.stream = stream
        self.connections = listener.connections
        self.address = address
        self.port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, source: str | None = None) -> Peer:
        """Return a connected peer; the listener may not have noticed yet."""
        local = (source, 0) if source else None
        reader, writer = await asyncio.open_connection(self.address, self.port, local_addr=local)
        self._writers.append(writer)
        return Peer(reader, writer)

    async def accepted(self, source: str | None = None) -> Peer:
        """Return a connected peer that the listener has accepted."""
        before = self.connections.counts.accepted
        peer = await self.connect(source)
        await until(lambda: self.connections.counts.accepted > before)
        return peer

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await self.listener.close(0)
        # The peers' transports close their sockets in the next turn of the loop.
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(
    responder: Responder, *, address: str = "127.0.0.1", connections: Connections | None = None
) -> AsyncIterator[TcpServer]:
    """Serve `responder` over TCP on a free port; no exception may get as far as the loop."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    opened = open_listener(address, 0)
    listener = TcpListener(opened.pairs[0].tcp, responder, connections or Connections(1000, 100))
    listener.start()
    server = TcpServer(listener, opened.pairs[0].tcp, address, opened.port)
    try:
        yield server
    finally:
        await server.close()
        opened.close()
    assert complaints == []


def numbered(count: int) -> list[bytes]:
    """Return queries that differ in their ids."""
    asked = question("web.shop.svc.cluster.local.")
    return [packet(asked, identity=identity) for identity in range(count)]


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until `condition` holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0)
