"""One virtual server over UDP: a flow for each client, with a connected socket of its own.

UDP has no end: a flow is over when nothing came either way for `IDLE_SECONDS`, when its real
server is gone, or when that says that nobody listens there. Datagrams that find no room are
lost, as everywhere in UDP.

Source: RFC 768; RFC 1122, section 4.1.3.3 (ICMP errors reach connected sockets).
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.balancer import Balanced, Balancer
from svcdns.dataplane.streams import Figures, Ranges
from svcdns.proxy.filter_rows import is_within
from svcdns.proxy.model import RealServer
from svcdns.wire.name import address_text, pack_address

IDLE_SECONDS = 30.0
SWEEP_SECONDS = 5.0
LONGEST = 64 * 1024
_DATAGRAMS_A_TURN = 64
_FILES = 1

_Peer = tuple[str, int]
"""What the socket module says of a client; of IPv6 it is longer, and goes back as it came."""


class _Flow:
    """One client and its real server."""

    __slots__ = ("address", "client", "last", "sock", "to")

    def __init__(
        self, client: _Peer, address: bytes, sock: socket.socket, to: Balanced, now: float
    ) -> None:
        self.client = client
        self.address = address
        self.sock = sock
        self.to = to
        self.last = now


class Flows:
    """The clients of one bound socket."""

    def __init__(
        self,
        balancer: Balancer,
        allowance: Allowance,
        figures: Figures,
        ranges: Ranges = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Receive nothing yet; the arguments are those of `Streams`, but for the clock.

        Args:
            balancer: knows the real servers.
            allowance: of files for this virtual server.
            figures: is counted up.
            ranges: where clients may come from; empty: everywhere.
            clock: seconds; None: the running loop's.
        """
        self.ranges = ranges
        self._balancer = balancer
        self._allowance = allowance
        self._figures = figures
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._sock: socket.socket | None = None
        self._flows: dict[_Peer, _Flow] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def open(self, sock: socket.socket) -> None:
        """Receive from a socket, which is bound, non-blocking, and ours from now on."""
        self._sock = sock
        self._loop.add_reader(sock, self._receive)

    def close(self) -> None:
        """Receive nothing any more, and send nothing back: all flows end."""
        self.end()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
            self._sock = None

    def end(self, server: RealServer | None = None) -> None:
        """End all flows to a server, or all there are; their clients go on with another."""
        for flow in list(self._flows.values()):
            if server is None or flow.to.server == server:
                self._forget(flow)

    def end_idle(self) -> None:
        """End the flows through which nothing has come for long; a timer does it now and then."""
        for flow in list(self._idle(self._clock() - IDLE_SECONDS)):
            self._forget(flow)

    def _receive(self) -> None:
        assert self._sock is not None  # noqa: S101  or there would be no reader
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                octets, client = self._sock.recvfrom(LONGEST)
            except BlockingIOError:
                return
            except OSError:  # what became of one of our answers
                continue
            flow = self._flows.get(client) or self._begin(client)
            if flow is None:
                continue
            flow.last = self._clock()
            try:
                flow.sock.send(octets)
            except BlockingIOError:
                pass
            except OSError:  # nobody listens there: this datagram gets one more try
                again = self._begin_anew(flow)
                if again is not None:
                    with suppress(OSError):
                        again.sock.send(octets)

    def _begin(self, client: _Peer, tried: tuple[RealServer, ...] = ()) -> _Flow | None:
        address = pack_address(client[0].partition("%")[0])
        if self.ranges and not is_within(address, self.ranges):
            self._figures.refused += 1
            return None
        now = self._clock()
        found = self._balancer.choose(address, client[1], now, tried)
        if found is None:
            self._figures.unanswered += 1
            return None
        if not self._allowance.take(_FILES):
            self._figures.refused += 1
            return None
        try:
            sock = _connected(found.server)
        except OSError:
            self._allowance.give(_FILES)
            self._figures.dial_failures += 1
            self._balancer.forget(address)
            return None
        flow = self._flows[client] = _Flow(client, address, sock, found, now)
        found.connections += 1
        self._figures.accepted += 1
        self._loop.add_reader(sock, self._answer, flow)
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_SECONDS, self._sweep_on)
        return flow

    def _begin_anew(self, flow: _Flow) -> _Flow | None:
        self._lose(flow)
        return self._begin(flow.client, (flow.to.server,))

    def _answer(self, flow: _Flow) -> None:
        assert self._sock is not None  # noqa: S101  flows end before it is closed
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                octets = flow.sock.recv(LONGEST)
            except BlockingIOError:
                return
            except OSError:
                self._lose(flow)
                return
            flow.last = self._clock()
            with suppress(OSError):
                self._sock.sendto(octets, flow.client)

    def _lose(self, flow: _Flow) -> None:
        self._figures.dial_failures += 1
        self._balancer.forget(flow.address)
        self._forget(flow)

    def _forget(self, flow: _Flow) -> None:
        del self._flows[flow.client]
        self._loop.remove_reader(flow.sock)
        flow.sock.close()
        flow.to.connections -= 1
        self._allowance.give(_FILES)

    def _sweep_on(self) -> None:
        self.end_idle()
        self._sweep = None
        if self._flows:
            self._sweep = self._loop.call_later(SWEEP_SECONDS, self._sweep_on)

    def _idle(self, since: float) -> Iterator[_Flow]:
        return (flow for flow in self._flows.values() if flow.last <= since)


def _connected(server: RealServer) -> socket.socket:
    family = socket.AF_INET if len(server.address) == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        sock.connect((address_text(server.address), server.port))
    except BaseException:
        sock.close()
        raise
    return sock
