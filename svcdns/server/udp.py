"""UDP: a batch in, a batch out, in one turn of the loop.

The socket wakes the loop; up to 64 datagrams are taken at once, those the fast lane knows are
answered on the spot, the others by the exchange, and all replies leave together. No task, no
await, no object per datagram but its packet and its response.
"""

import asyncio
import socket
from collections.abc import Callable

from svcdns.route.exchange import Exchange
from svcdns.route.traffic import first_lane
from svcdns.server.mmsg import SLOTS, Datagrams, SingleDatagrams, open_datagrams

_DATAGRAMS_A_TURN = 256
"""Then everybody else on the loop gets a turn, however many datagrams wait: about 1 ms."""


class DatagramClient:
    """Who sent the datagram in one slot: read from the buffers only when somebody asks."""

    stream = False

    def __init__(
        self, datagrams: Datagrams | SingleDatagrams, slot: int, local_port: int, lane: int
    ) -> None:
        self._datagrams = datagrams
        self._slot = slot
        self.local_port = local_port
        self.lane = lane

    @property
    def address(self) -> str:
        """Text form, IPv6 without brackets."""
        return self._datagrams.source(self._slot)[0]

    @property
    def port(self) -> int:
        """Source port."""
        return self._datagrams.source(self._slot)[1]

    @property
    def local_address(self) -> str:
        """Where the datagram was sent to."""
        return self._datagrams.destination(self._slot)


class UdpListener:
    """One UDP socket and the exchange behind it."""

    def __init__(
        self,
        sock: socket.socket,
        exchange: Exchange,
        *,
        destinations: bool,
        clock: Callable[[], float],
        on_error: Callable[[OSError], None],
    ) -> None:
        """Serve `exchange` on `sock`.

        Args:
            sock: bound and non-blocking.
            exchange: answers what the fast lane does not.
            destinations: the socket is a wildcard one and reports IP_PKTINFO.
            clock: monotonic time in seconds; read twice a batch.
            on_error: is told when the socket itself fails; the listener goes on.
        """
        self._sock = sock
        self._exchange = exchange
        self._clock = clock
        self._on_error = on_error
        self._datagrams = open_datagrams(sock, destinations=destinations)
        ipv6 = sock.family == socket.AF_INET6
        self._fast = exchange.fast_lane(stream=False, ipv6=ipv6)
        lane = first_lane(stream=False, ipv6=ipv6)
        local_port = sock.getsockname()[1]
        self._clients = tuple(
            DatagramClient(self._datagrams, slot, local_port, lane) for slot in range(SLOTS)
        )

    def start(self) -> None:
        """Answer from now on."""
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._ready)

    def stop(self) -> None:
        """Answer what already waits, then close the socket."""
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._ready()
        self._sock.close()

    def _ready(self) -> None:
        # Asking once more costs a tenth of waking up again, and under load more has arrived.
        taken = 0
        while taken < _DATAGRAMS_A_TURN:
            try:
                count = self._datagrams.receive()
            except OSError as error:
                self._on_error(error)
                return
            if not count:
                return
            self._answer(count)
            taken += count

    def _answer(self, count: int) -> None:
        started = self._clock()
        exchange, datagrams, fast = self._exchange, self._datagrams, self._fast
        received, lengths, length_at = datagrams.received, datagrams.lengths, datagrams.length_at
        replies, offsets = datagrams.replies, datagrams.offsets
        reply_lengths, reply_length_at = datagrams.reply_lengths, datagrams.reply_length_at
        silent: list[int] = []
        for slot in range(count):
            at = offsets[slot]
            length = lengths[length_at[slot]]
            size = fast(received, at, length, replies, at)
            if not size:
                reply = exchange.respond(bytes(received[at : at + length]), self._clients[slot])
                if reply is None:
                    silent.append(slot)
                    continue
                size = len(reply)
                replies[at : at + size] = reply
            reply_lengths[reply_length_at[slot]] = size
        lost = datagrams.send(count, silent)
        if lost:
            exchange.traffic.dropped += lost
        exchange.credit(self._clock() - started, count - len(silent))
        exchange.observe()
