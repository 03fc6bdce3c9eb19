"""UDP: a batch in, a batch out, in one turn of the loop.

The socket wakes the loop; up to 64 datagrams are taken at once, those the fast lane knows are
answered on the spot, the others by the exchange, and all replies leave together. No task, no
await, no object per datagram but its packet and its response.

What others have to be asked for leaves later, see `server.late`.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from svcdns.answers.later import LATER, discard
from svcdns.route.errand import Errand
from svcdns.route.errands import Errands, Holder
from svcdns.route.exchange import Exchange
from svcdns.route.responder import Reply
from svcdns.route.traffic import first_lane
from svcdns.server.failure import servfail
from svcdns.server.late import MOST_LATER, Late
from svcdns.server.mmsg import SLOTS, Datagrams, WayBack
from svcdns.server.single import SingleDatagrams, open_datagrams

_DATAGRAMS_A_TURN = 256
"""Then everybody else on the loop gets a turn, however many datagrams wait: about 1 ms."""


class DatagramClient:
    """Who sent the datagram in one slot: read from the buffers only when somebody asks."""

    stream = False
    __slots__ = ("_back", "_datagrams", "_slot", "lane", "local_port")

    def __init__(
        self, datagrams: Datagrams | SingleDatagrams, slot: int, local_port: int, lane: int
    ) -> None:
        self._datagrams = datagrams
        self._slot = slot
        self._back: WayBack | None = None
        self.local_port = local_port
        self.lane = lane

    def keep(self, back: WayBack) -> None:
        """Read from `back` from now on: the slot is about to be taken again."""
        self._back = back

    @property
    def address(self) -> str:
        """Text form, IPv6 without brackets."""
        return self._source()[0]

    @property
    def port(self) -> int:
        """Source port."""
        return self._source()[1]

    @property
    def local_address(self) -> str:
        """Where the datagram was sent to."""
        back = self._back
        datagrams = self._datagrams
        return (
            datagrams.destination(self._slot) if back is None else datagrams.destination_in(back[1])
        )

    def _source(self) -> tuple[str, int]:
        back = self._back
        datagrams = self._datagrams
        return datagrams.source(self._slot) if back is None else datagrams.source_in(back[0])


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
        self._lane = first_lane(stream=False, ipv6=ipv6)
        self._late = Late(self._datagrams)
        self._errands = self._errands_of(exchange)
        self._local_port = sock.getsockname()[1]
        self._clients = [self._client(slot) for slot in range(SLOTS)]

    def start(self) -> None:
        """Answer from now on."""
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._ready)

    def take(self, exchange: Exchange) -> None:
        """Answer by another exchange from now on; what waits is answered by the one before."""
        self._exchange = exchange
        ipv6 = self._sock.family == socket.AF_INET6
        self._fast = exchange.fast_lane(stream=False, ipv6=ipv6)
        self._errands = self._errands_of(exchange)

    async def stop(self, patience: float) -> None:
        """Answer what already waits, then close the socket.

        Args:
            patience: seconds for answers that others have to be asked for.
        """
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._ready()
        await self._late.end(patience)
        self._sock.close()

    def _errands_of(self, exchange: Exchange) -> Errands:
        holder = Holder(
            partial(self._late.returned, exchange),
            partial(self._late.become, exchange),
            self._asker,
        )
        return Errands(exchange, self._lane, holder)

    def _client(self, slot: int) -> DatagramClient:
        return DatagramClient(self._datagrams, slot, self._local_port, self._lane)

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
        begin, late, way_back = self._errands.begin, self._late, datagrams.way_back
        room = MOST_LATER - len(late)
        asked_at = (started, exchange.drops)
        silent: list[int] = []
        leaving: list[Errand] = []
        for slot in range(count):
            at = offsets[slot]
            length = lengths[length_at[slot]]
            size = fast(received, at, length, replies, at)
            if not size:
                errand = begin(received, at, length, asked_at) if room > 0 else None
                if errand is not None:
                    room -= 1
                    errand.back = way_back(slot)
                    leaving.append(errand)
                    silent.append(slot)
                    continue
                packet = bytes(received[at : at + length])
                reply = exchange.respond(packet, self._clients[slot])
                if not isinstance(reply, bytes):
                    room -= 1
                    reply = self._postpone(slot, packet, reply)
                if reply is None:
                    silent.append(slot)
                    continue
                size = len(reply)
                replies[at : at + size] = reply
            reply_lengths[reply_length_at[slot]] = size
        if leaving:
            # One behind the other, they find whom they ask awake: a third of a system call less.
            late.errands.update(leaving)
            for errand in leaving:
                errand.depart()
        lost = datagrams.send(count, silent)
        if lost:
            exchange.traffic.dropped += lost
        exchange.credit(self._clock() - started, count - len(silent))
        exchange.observe()

    def _postpone(self, slot: int, packet: bytes, reply: Reply) -> bytes | None:
        """Send later what is not there yet; return what to say at once, if anything."""
        if not isinstance(reply, LATER):
            return None
        if len(self._late) >= MOST_LATER:
            discard(reply)
            self._exchange.traffic.dropped += 1
            return servfail(packet, stream=False)
        back, clients = self._datagrams.way_back(slot), self._clients
        clients[slot].keep(back)
        clients[slot] = self._client(slot)
        self._late.expect(self._exchange, back, reply)
        return None

    def _asker(self, errand: Errand) -> DatagramClient:
        """Return who has sent an errand."""
        client = self._client(0)
        client.keep(errand.back)
        return client
