"""UDP: a batch in, a batch out, in one turn of the loop.

The socket wakes the loop; up to 64 datagrams are taken at once, those the fast lane knows are
answered on the spot, the others by the exchange, and all replies leave together. No task, no
await, no object per datagram but its packet and its response.

What others have to be asked for leaves later, all that comes in one turn together; it is a
task only where it needs one. There are at most `MOST_LATER` of them.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from svcdns.answers.later import LATER, Coming, Later, discard
from svcdns.route.exchange import Exchange
from svcdns.route.responder import Reply, Said
from svcdns.route.traffic import first_lane
from svcdns.server.failure import servfail
from svcdns.server.mmsg import SLOTS, Datagrams, WayBack
from svcdns.server.single import SingleDatagrams, SingleWayBack, open_datagrams

_DATAGRAMS_A_TURN = 256
"""Then everybody else on the loop gets a turn, however many datagrams wait: about 1 ms."""


MOST_LATER = 4096
"""Questions of one socket that wait for others; further ones fail at once."""


class DatagramClient:
    """Who sent the datagram in one slot: read from the buffers only when somebody asks."""

    stream = False
    __slots__ = ("_back", "_datagrams", "_slot", "lane", "local_port")

    def __init__(
        self, datagrams: Datagrams | SingleDatagrams, slot: int, local_port: int, lane: int
    ) -> None:
        self._datagrams = datagrams
        self._slot = slot
        self._back: WayBack | SingleWayBack | None = None
        self.local_port = local_port
        self.lane = lane

    def keep(self, back: WayBack | SingleWayBack) -> None:
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
        return self._datagrams.destination(self._slot) if back is None else back.destination()

    def _source(self) -> tuple[str, int]:
        back = self._back
        return self._datagrams.source(self._slot) if back is None else back.source()


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
        self._local_port = sock.getsockname()[1]
        self._clients = [self._client(slot) for slot in range(SLOTS)]
        self._later: set[Later[Said]] = set()
        self._tasks: dict[Later[Said], asyncio.Task[None]] = {}
        self._late: list[_Late] = []
        self._all_said: asyncio.Event | None = None
        """Set when nothing is owed any more; there is one while the listener stops."""

    def start(self) -> None:
        """Answer from now on."""
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._ready)

    def take(self, exchange: Exchange) -> None:
        """Answer by another exchange from now on; what waits is answered by the one before."""
        self._exchange = exchange
        ipv6 = self._sock.family == socket.AF_INET6
        self._fast = exchange.fast_lane(stream=False, ipv6=ipv6)

    async def stop(self, patience: float) -> None:
        """Answer what already waits, then close the socket.

        Args:
            patience: seconds for answers that others have to be asked for.
        """
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._ready()
        if self._later:
            self._all_said = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_said.wait(), patience)
        for later in tuple(self._later):
            self._give_up(later)
        self._send_late()
        self._sock.close()

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
        silent: list[int] = []
        for slot in range(count):
            at = offsets[slot]
            length = lengths[length_at[slot]]
            size = fast(received, at, length, replies, at)
            if not size:
                packet = bytes(received[at : at + length])
                reply = exchange.respond(packet, self._clients[slot])
                if not isinstance(reply, bytes):
                    reply = self._postpone(slot, packet, reply)
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

    def _postpone(self, slot: int, packet: bytes, reply: Reply) -> bytes | None:
        """Send later what is not there yet; return what to say at once, if anything."""
        if not isinstance(reply, LATER):
            return None
        if len(self._later) >= MOST_LATER:
            discard(reply)
            self._exchange.traffic.dropped += 1
            return servfail(packet, stream=False)
        back, clients = self._datagrams.way_back(slot), self._clients
        clients[slot].keep(back)
        clients[slot] = self._client(slot)
        self._later.add(reply)
        if isinstance(reply, Coming):
            reply.receive(partial(self._came, self._exchange, back, reply))
        else:
            self._wait_for(self._exchange, back, reply, reply)
        return None

    def _came(
        self,
        exchange: Exchange,
        back: WayBack | SingleWayBack,
        later: Later[Said],
        said: Said | Later[Said],
    ) -> None:
        """Send what has come; what has to be waited for still becomes a task."""
        if isinstance(said, LATER):
            self._wait_for(exchange, back, later, said)
            return
        late = self._late
        if not late:
            asyncio.get_running_loop().call_soon(self._send_late)
        late.append((exchange, back, said))  # type: ignore[arg-type]  # it is here now
        if len(late) == SLOTS:
            self._send_late()
        self._settle(later)

    def _wait_for(
        self,
        exchange: Exchange,
        back: WayBack | SingleWayBack,
        later: Later[Said],
        reply: Later[Said],
    ) -> None:
        async def wait() -> None:
            self._came(exchange, back, later, await reply)

        task = self._tasks[later] = asyncio.get_running_loop().create_task(wait())
        task.add_done_callback(partial(self._done, later, reply))

    def _done(self, later: Later[Said], reply: Later[Said], _: asyncio.Task[None]) -> None:
        self._tasks.pop(later, None)
        self._settle(later)
        discard(reply)

    def _settle(self, later: Later[Said]) -> None:
        self._later.discard(later)
        if self._all_said is not None and not self._later:
            self._all_said.set()

    def _give_up(self, later: Later[Said]) -> None:
        task = self._tasks.get(later)
        if task is not None:
            task.cancel()
        else:
            self._settle(later)
            discard(later)

    def _send_late(self) -> None:
        """Send all that has come since the last time."""
        late, self._late = self._late, []
        if not late:
            return
        replies = [(back, said) for _, back, said in late if isinstance(said, bytes)]
        lost = self._datagrams.send_later(replies)
        exchange = late[-1][0]
        exchange.traffic.dropped += lost
        for one in {entry[0] for entry in late}:
            one.observe()


_Late = tuple[Exchange, WayBack | SingleWayBack, Said]
"""Whose answer it is, where it goes, and what it says."""
