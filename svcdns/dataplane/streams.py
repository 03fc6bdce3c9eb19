"""One virtual server over TCP: accept, find a real server that answers, pass on.

A client is only told that nobody answers when all tries are over: each goes to the next real
server and waits longer than the one before.
"""

import asyncio
import socket
from typing import NamedTuple

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.balancer import Balanced, Balancer
from svcdns.dataplane.relay import relay, reset
from svcdns.proxy.filter_rows import is_within
from svcdns.proxy.model import RealServer
from svcdns.telemetry.log import get_log
from svcdns.wire.name import address_text, pack_address

DIAL_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""How long each try may take."""
SHORT_SECONDS = 0.5
"""How long to wait when descriptors ran out."""
_ACCEPTS_A_TURN = 64
_FILES = 2

_log = get_log("dataplane")

Ranges = tuple[tuple[bytes, int], ...]


class Figures:
    """What one backend counts."""

    __slots__ = ("accepted", "dial_failures", "refused", "unanswered")

    def __init__(self) -> None:
        self.accepted = 0
        """Connections and flows that got a real server."""
        self.dial_failures = 0
        """Tries that ended without a connection."""
        self.refused = 0
        """Clients over a limit, or from where nobody may come."""
        self.unanswered = 0
        """Clients that no real server answered."""


class _Way(NamedTuple):
    """A real server that answered."""

    sock: socket.socket
    to: Balanced


class _Client:
    """One accepted connection."""

    __slots__ = ("sock", "to")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.to: RealServer | None = None


class Streams:
    """The clients of one listening socket."""

    def __init__(
        self, balancer: Balancer, allowance: Allowance, figures: Figures, ranges: Ranges = ()
    ) -> None:
        """Accept nobody yet.

        Args:
            balancer: knows the real servers.
            allowance: of files for this virtual server.
            figures: is counted up.
            ranges: where clients may come from; empty: everywhere.
        """
        self.ranges = ranges
        self._balancer = balancer
        self._allowance = allowance
        self._figures = figures
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = None
        self._wait: asyncio.TimerHandle | None = None
        self._clients: dict[asyncio.Task[None], _Client] = {}

    def open(self, sock: socket.socket) -> None:
        """Accept from a socket, which is bound, non-blocking, and ours from now on."""
        sock.listen(1024)
        self._sock = sock
        self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Accept nobody any more; who is here stays."""
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
            self._sock = None

    def end(self, server: RealServer | None = None) -> None:
        """Break all connections to a server, or all there are."""
        for task, client in list(self._clients.items()):
            if server is None or client.to == server:
                task.cancel()

    def _accept(self) -> None:
        assert self._sock is not None  # noqa: S101  or there would be no reader
        for _ in range(_ACCEPTS_A_TURN):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptors, no memory: it would be told for ever
                _log.warning("proxy.short", error=error)
                self._loop.remove_reader(self._sock)
                self._wait = self._loop.call_later(SHORT_SECONDS, self._go_on)
                return
            sock.settimeout(0)
            address = pack_address(peer[0].partition("%")[0])
            is_welcome = not self.ranges or is_within(address, self.ranges)
            if not is_welcome or not self._allowance.take(_FILES):
                self._figures.refused += 1
                reset(sock)
                continue
            client = _Client(sock)
            task = self._loop.create_task(self._serve(client, address, peer[1]))
            self._clients[task] = client
            task.add_done_callback(self._ended)

    def _go_on(self) -> None:
        self._wait = None
        if self._sock is not None:
            self._loop.add_reader(self._sock, self._accept)

    def _ended(self, task: asyncio.Task[None]) -> None:
        client = self._clients.pop(task)
        self._allowance.give(_FILES)
        if task.cancelled():  # perhaps before its first step
            reset(client.sock)
        elif error := task.exception():
            _log.bug("proxy.connection_failed", error)

    async def _serve(self, client: _Client, address: bytes, port: int) -> None:
        sock = client.sock
        way = await self._dial(client, address, port)
        if way is None:
            self._figures.unanswered += 1
            reset(sock)
            return
        self._figures.accepted += 1
        try:
            await relay(sock, way.sock)
        except BaseException as error:
            reset(sock)
            reset(way.sock)
            if not isinstance(error, OSError):
                raise
        finally:
            sock.close()
            way.sock.close()
            way.to.connections -= 1

    async def _dial(self, client: _Client, address: bytes, port: int) -> _Way | None:
        tried: set[RealServer] = set()
        for seconds in DIAL_SECONDS:
            now = self._loop.time()
            found = self._balancer.choose(address, port, now, tried)
            if found is None and tried:  # each had its try: the first one gets another, longer one
                tried.clear()
                found = self._balancer.choose(address, port, now)
            if found is None:
                return None
            client.to = found.server
            sock = await self._reach(found, seconds)
            if sock is not None:
                return _Way(sock, found)
            self._figures.dial_failures += 1
            self._balancer.forget(address)
            tried.add(found.server)
        return None

    async def _reach(self, to: Balanced, seconds: float) -> socket.socket | None:
        """Return a connection to a server, which counts as one of its connections."""
        server = to.server
        family = socket.AF_INET if len(server.address) == 4 else socket.AF_INET6
        try:
            sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError:
            return None
        to.connections += 1
        try:
            async with asyncio.timeout(seconds):
                await self._loop.sock_connect(sock, (address_text(server.address), server.port))
        except BaseException as error:
            to.connections -= 1
            sock.close()
            if not isinstance(error, OSError):  # a timeout is one too
                raise
            return None
        return sock
