"""Real servers on 127.0.0.0/8: each says who it is, and sends back what it is sent."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from svcdns.proxy.model import RealServer
from svcdns.wire.name import pack_address


class Echo(asyncio.Protocol):
    """Its address and a line feed first, then everything that comes in, until the client ends."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(f"{self._host}\n".encode())

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def pause_writing(self) -> None:
        assert self._transport is not None
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        assert self._transport is not None
        self._transport.resume_reading()


class DatagramEcho(asyncio.DatagramProtocol):
    """Each datagram goes back behind the server's address and a line feed."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._transport: Any = None  # a DatagramTransport, which asyncio's own is not before 3.12

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(f"{self._host}\n".encode() + data, addr)


@asynccontextmanager
async def stream_echo(host: str, port: int = 0) -> AsyncIterator[RealServer]:
    """A server over TCP until the block ends."""
    server = await asyncio.get_running_loop().create_server(lambda: Echo(host), host, port)
    async with server:
        yield RealServer(pack_address(host), server.sockets[0].getsockname()[1])


@asynccontextmanager
async def datagram_echo(host: str, port: int = 0) -> AsyncIterator[RealServer]:
    """A server over UDP until the block ends."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: DatagramEcho(host), local_addr=(host, port)
    )
    try:
        yield RealServer(pack_address(host), transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def nobody(host: str, kind: int = socket.SOCK_STREAM) -> RealServer:
    """A port where nobody listens: it was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind((host, 0))
        return RealServer(pack_address(host), sock.getsockname()[1])
