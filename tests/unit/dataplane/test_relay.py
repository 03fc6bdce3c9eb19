"""Two pairs of connected sockets with the relay in between."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from svcdns.dataplane.relay import relay, reset

BLOCK = 1024 * 1024


class Ends(NamedTuple):
    """What client and server hold, and the relay's own sides."""

    client: socket.socket
    front: socket.socket
    back: socket.socket
    server: socket.socket


async def pair() -> tuple[socket.socket, socket.socket]:
    """A TCP connection to ourselves."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        one = socket.socket()
        one.settimeout(0)
        await loop.sock_connect(one, listener.getsockname())
        other, _ = await loop.sock_accept(listener)
        return one, other


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    made = Ends(*await pair(), *await pair())
    yield made
    for one in made:
        one.close()


async def received(sock: socket.socket) -> bytes:
    """All that comes until the end."""
    loop = asyncio.get_running_loop()
    pieces = []
    while piece := await loop.sock_recv(sock, BLOCK):
        pieces.append(piece)
    return b"".join(pieces)


async def test_each_side_may_end_first(ends: Ends) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        group.create_task(relay(ends.front, ends.back))
        await loop.sock_sendall(ends.client, b"question")
        ends.client.shutdown(socket.SHUT_WR)
        assert await received(ends.server) == b"question"
        await loop.sock_sendall(ends.server, b"answer")
        ends.server.shutdown(socket.SHUT_WR)
        assert await received(ends.client) == b"answer"


async def test_whoever_does_not_read_holds_up_the_sender(ends: Ends) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(relay(ends.front, ends.back))
        sending = group.create_task(loop.sock_sendall(ends.client, bytes(64 * BLOCK)))
        taken = 0
        while not sending.done() and taken < 64 * BLOCK:
            taken += len(await loop.sock_recv(ends.server, BLOCK))
        ends.client.shutdown(socket.SHUT_WR)
        ends.server.shutdown(socket.SHUT_WR)
        assert taken + len(await received(ends.server)) == 64 * BLOCK
        await task


async def test_a_side_that_breaks_is_an_error(ends: Ends) -> None:
    reset(ends.server)

    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        await relay(ends.front, ends.back)


async def test_a_reset_reaches_the_other_end(ends: Ends) -> None:
    reset(ends.front)
    reset(ends.front)

    with pytest.raises(ConnectionResetError):
        await received(ends.client)
