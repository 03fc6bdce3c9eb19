"""Octets of one TCP connection to another, both ways, until both sides have said all.

A side that has said all is half closed on the other one, whose answer still comes through. A
side that breaks breaks the other one. Nothing is read that cannot be passed on: what one side
does not take stays in the other one's kernel buffers, and its sender is held up.

Source: RFC 9293, sections 3.6 (half-closed connections) and 3.8.4 (keep-alives).
"""

import asyncio
import socket
import struct
from contextlib import suppress

CHUNK = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
_KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


async def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what comes until both sides have said all; the caller closes both.

    Raises:
        OSError: a side broke; then `reset` both.
    """
    for side in (one, other):
        for level, option, value in _KEEP_ALIVE:
            side.setsockopt(level, option, value)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass_on(one, other))
            group.create_task(_pass_on(other, one))
    except* OSError as broken:
        error = broken.exceptions[0]
        assert isinstance(error, OSError)  # noqa: S101  tasks raise no groups
        raise error from None


def reset(side: socket.socket) -> None:
    """Close a connection so that its other end notices that something broke."""
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    side.close()


async def _pass_on(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while octets := await loop.sock_recv(source, CHUNK):
        await loop.sock_sendall(target, octets)
    target.shutdown(socket.SHUT_WR)
