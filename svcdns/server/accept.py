"""Accept connections from listening sockets, and end those whose time has run out.

asyncio's own server makes a transport before one can refuse, and when descriptors run out it
logs each second. Here a refused connection costs accept and close, and one timer serves all
connections of a listener; there is none for a query.

Source: accept(2).
"""

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from svcdns.server.limits import Connections
from svcdns.telemetry.log import get_log

TICK_SECONDS = 0.5
"""How often timeouts are looked at, and how long to wait when descriptors ran out."""

_BATCH = 64

_log = get_log("server")


class Accepted(asyncio.BaseProtocol, ABC):
    """A connection that an `Acceptor` keeps; it has to call `Acceptor.forget` when lost."""

    __slots__ = ()

    quiet_since: float
    """When it was last served or, before that, opened; seconds of the monotonic clock."""

    @abstractmethod
    def has_expired(self, now: float) -> bool:
        """Whether the client has had its time for what it is about."""

    @abstractmethod
    def finish(self) -> None:
        """Read no more; close when everything received has been answered and sent."""

    @abstractmethod
    def abort(self) -> None:
        """Close at once, whatever is unsent."""


Welcome = Callable[[socket.socket, tuple[str, int]], Accepted]
"""Given an accepted socket and the client's address and port, return its protocol."""


class Acceptor:
    """The listening sockets of one listener and the connections accepted from them."""

    def __init__(
        self, streams: Sequence[socket.socket], connections: Connections, welcome: Welcome
    ) -> None:
        """Accept from `streams`.

        Args:
            streams: listening and non-blocking; `close` closes them.
            connections: the limits, perhaps shared with other listeners.
            welcome: makes the protocol of a connection.
        """
        self._streams = streams
        self._connections = connections
        self._welcome = welcome
        self._open: set[Accepted] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._opening: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_short = False

    def start(self) -> None:
        """Accept from now on."""
        self._listen()
        self._schedule()

    async def close(self, seconds: float) -> None:
        """Accept no more, let every connection finish, and cut off those that do not.

        Args:
            seconds: how long they may take.
        """
        self._stop_listening()
        if self._timer is not None:
            self._timer.cancel()
        for task in self._opening:
            task.cancel()
        for stream in self._streams:
            stream.close()
        for connection in list(self._open):
            connection.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none_open.wait()
        for connection in list(self._open):
            connection.abort()
        await self._none_open.wait()

    def sweep(self, now: float) -> None:
        """Close the connections whose time has run out.

        Args:
            now: seconds of the monotonic clock.
        """
        for connection in [held for held in self._open if held.has_expired(now)]:
            self._connections.counts.expired += 1
            connection.abort()

    def forget(self, connection: Accepted) -> None:
        """Take note that `connection` is gone; a second time is no mistake."""
        self._connections.give_back(connection)
        self._open.discard(connection)
        if not self._open:
            self._none_open.set()

    def report(self, error: Exception) -> None:
        """Count and log an exception of ours."""
        self._connections.counts.failed += 1
        _log.bug("server.failed", error)

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._schedule()
        if self._is_short:
            self._is_short = False
            self._listen()
        try:
            self.sweep(monotonic())
        except Exception as error:  # noqa: BLE001  one bad connection must not stop the clock
            self.report(error)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for stream in self._streams:
            loop.add_reader(stream, self._accept, stream)

    def _stop_listening(self) -> None:
        loop = asyncio.get_running_loop()
        for stream in self._streams:
            if stream.fileno() >= 0:  # not closed yet
                loop.remove_reader(stream)

    def _accept(self, stream: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                accepted, peer = stream.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # Out of descriptors or memory. The socket stays readable: asking again at
                # once would spin.
                self._is_short = True
                self._connections.counts.accept_failed += 1
                self._stop_listening()
                _log.warning("server.accept_failed", error=error, retry_seconds=TICK_SECONDS)
                return
            try:
                self._take(accepted, peer[:2])
            except Exception as error:  # noqa: BLE001  one connection fails, never the listener
                accepted.close()
                self.report(error)

    def _take(self, accepted: socket.socket, peer: tuple[str, int]) -> None:
        accepted.setblocking(False)  # noqa: FBT003  its only argument
        connection = self._welcome(accepted, peer)
        if not self._connections.take(connection, peer[0], connection.quiet_since):
            accepted.close()
            return
        self._open.add(connection)
        self._none_open.clear()
        opening = self._open_transport(accepted, connection)
        task = asyncio.get_running_loop().create_task(opening)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open_transport(self, accepted: socket.socket, connection: Accepted) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: connection, accepted)
        except Exception as error:  # noqa: BLE001  one connection fails, never the listener
            accepted.close()
            self.forget(connection)
            self.report(error)
