"""Responses of one connection that are not there yet: asked for elsewhere, or long transfers.

Each is a task of its own, so a slow one holds no other up; responses leave in the order in
which they are ready (RFC 7766 section 7). There are only a few at a time: a connection with
`MOST` of them is not read from.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from svcdns.answers.later import Later, discard
from svcdns.route.responder import Said
from svcdns.wire.frame import frame

MOST = 100


class Waiting:
    """What one connection still owes its client."""

    __slots__ = ("_has_room", "_send", "_tasks")

    def __init__(self, send: Callable[[bytes], None]) -> None:
        """Owe nothing yet.

        Args:
            send: writes framed octets and lets the connection settle; called with nothing for a
                query that gets no response.
        """
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def __len__(self) -> int:
        return len(self._tasks)

    def respond(self, reply: Later[Said]) -> None:
        """Send one response when it is there."""
        self._start(self._later(reply)).add_done_callback(lambda _: discard(reply))

    def transfer(self, messages: Iterator[bytes]) -> None:
        """Send all `messages`, none before the client has read most of the one before."""
        self._start(self._all(messages))

    def hold(self) -> None:
        """Let transfers wait: the client does not read."""
        self._has_room.clear()

    def go_on(self) -> None:
        """Let transfers go on."""
        self._has_room.set()

    def cancel(self) -> None:
        """Owe nothing any more."""
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._send(b"")

    async def _later(self, reply: Later[Said]) -> None:
        response = await reply
        if isinstance(response, bytes):
            self._send(frame(response))
        elif response is not None:
            await self._all(response)

    async def _all(self, messages: Iterator[bytes]) -> None:
        for message in messages:
            await self._has_room.wait()
            self._send(frame(message))
            await asyncio.sleep(0)
