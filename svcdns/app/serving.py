"""The configuration in use, and everything that is open for it.

Another one takes its place in one step: sockets of both stay open and change hands, those of
the old one alone are closed when what it was asked has been answered. Whatever can go wrong,
goes wrong in `prepare`, which changes nothing.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from weakref import ref

from svcdns.app.build import Configuration, Place
from svcdns.app.feed import Feed
from svcdns.app.measure import measure_configuration
from svcdns.app.probes import Prepared as PreparedProbes
from svcdns.app.probes import Probes
from svcdns.app.supervise import keep_running
from svcdns.route.exchange import Exchange
from svcdns.route.stages import ConnectionTimeouts
from svcdns.route.stream_responder import StreamResponder
from svcdns.route.traffic import Traffic
from svcdns.server.limits import Connections
from svcdns.server.listen_error import ListenError
from svcdns.server.patience import Patience
from svcdns.server.sockets import Listener, open_listener
from svcdns.server.tcp import TcpListener
from svcdns.server.udp import UdpListener
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status

DRAIN_SECONDS = 5.0
"""For answers that wait for others, and for clients to read what is sent."""
LATE_SECONDS = 2 * DRAIN_SECONDS
"""How long a configuration that was replaced is counted for: what it was asked it still answers."""


class _Pair(NamedTuple):
    """One UDP and one TCP socket."""

    udp: UdpListener
    tcp: TcpListener
    is_ipv6: bool

    def take(self, exchange: Exchange, patience: Patience) -> None:
        self.udp.take(exchange)
        self.tcp.responder = StreamResponder(exchange, ipv6=self.is_ipv6)
        self.tcp.patience = patience

    def start(self) -> None:
        self.udp.start()
        self.tcp.start()

    async def close(self, seconds: float) -> None:
        await asyncio.gather(self.udp.stop(seconds), self.tcp.close(seconds))


class _Replaced(NamedTuple):
    """An exchange that is asked nothing any more, and may still have to answer."""

    exchange: ref[Exchange]
    """Alive as long as somebody waits for it, and until it is cleared away."""
    traffic: Traffic
    until: float
    """Seconds of the monotonic clock."""


class Prepared(NamedTuple):
    """A configuration that could be served: everything it needs is open."""

    configuration: Configuration
    opened: Mapping[Place, Listener]
    probes: PreparedProbes

    def discard(self) -> None:
        """Close what was opened."""
        for listener in self.opened.values():
            listener.close()
        self.probes.discard()


@dataclass(frozen=True, slots=True)
class Process:
    """What all configurations of one process have in common."""

    feed: Feed
    metrics: Metrics
    status: Status
    connections: Connections
    on_socket_error: Callable[[OSError], None]


class Serving:
    """What is served now."""

    def __init__(self, process: Process) -> None:
        """Serve nothing yet."""
        self.configuration: Configuration | None = None
        self._process = process
        self._probes = Probes(process.metrics, process.status)
        self._pairs: dict[Place, tuple[_Pair, ...]] = {}
        self._silent: list[_Pair] = []
        """Opened, and not listened to yet."""
        self._runs: list[asyncio.Task[None]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._replaced: list[_Replaced] = []

    def __len__(self) -> int:
        """Sockets for DNS."""
        return 2 * sum(map(len, self._pairs.values()))

    def prepare(self, configuration: Configuration) -> Prepared:
        """Open what `configuration` needs and is not open yet.

        Its places of port 0 get the port that the system has chosen.

        Raises:
            ListenError: an address or port cannot be had; then nothing has been opened.
        """
        opened: dict[Place, Listener] = {}
        exchanges: dict[Place, Exchange] = {}
        timeouts = dict(configuration.timeouts)
        own_ports = {place.port for place in self._pairs}
        try:
            for place, exchange in configuration.exchanges.items():
                if place in self._pairs:
                    exchanges[place] = exchange
                    continue
                listener = open_listener(
                    place.address, place.port, beside_own=place.port in own_ports
                )
                there = place._replace(port=listener.port)
                opened[there] = listener
                exchanges[there] = exchange
                if place in timeouts:
                    timeouts[there] = timeouts[place]
            probes = self._probes.prepare(configuration.declarations)
        except ListenError:
            for listener in opened.values():
                listener.close()
            raise
        asked = replace(configuration, exchanges=exchanges, timeouts=timeouts)
        return Prepared(asked, opened, probes)

    def take(self, prepared: Prepared) -> Configuration:
        """Serve `prepared` from now on, on new sockets after `listen`; return its configuration.

        What was asked before is answered by the configuration before.
        """
        before, configuration = self.configuration, prepared.configuration
        process = self._process
        self.configuration = configuration
        process.feed.serve(
            configuration.stanzas, configuration.exchanges.values(), configuration.changed
        )
        process.status.replace_checks(
            [(name, check) for name, checks in configuration.ready.items() for check in checks]
        )
        if before is not None:
            until = time.monotonic() + LATE_SECONDS
            for exchange in before.exchanges.values():
                self._replaced.append(_Replaced(ref(exchange), exchange.traffic, until))
        measure_configuration(process.metrics, configuration)
        self._run(configuration)
        for place, exchange in configuration.exchanges.items():
            if place in prepared.opened:
                self._pairs[place] = self._pairs_of(prepared.opened[place], exchange)
            timeouts = configuration.timeouts.get(place, ConnectionTimeouts())
            for pair in self._pairs[place]:
                pair.take(exchange, Patience.of(timeouts))
        self._probes.take(prepared.probes)
        for place in [one for one in self._pairs if one not in configuration.exchanges]:
            self._end(self._close(self._pairs.pop(place)))
        if before is not None:
            _tick(before, float("inf"))
        return configuration

    def listen(self) -> None:
        """Answer on every socket that is open."""
        for pair in self._silent:
            pair.start()
        self._silent.clear()

    async def tick(self) -> None:
        """Do what is to be done once a second."""
        now = time.monotonic()
        if self.configuration is not None:
            _tick(self.configuration, now)
        self._count_late(now)
        await self._probes.check_health()

    async def close_sockets(self, seconds: float) -> None:
        """Answer what waits, then close the sockets for DNS."""
        await asyncio.gather(*(self._close(pairs, seconds) for pairs in self._pairs.values()))

    async def close(self) -> None:
        """End everything else."""
        for task in self._runs:
            task.cancel()
        if self._ending:
            await asyncio.wait(self._ending)
        if self.configuration is not None:
            _tick(self.configuration, float("inf"))
        await self._probes.close()

    def _pairs_of(self, listener: Listener, exchange: Exchange) -> tuple[_Pair, ...]:
        pairs: list[_Pair] = []
        for sockets in listener.pairs:
            udp = UdpListener(
                sockets.udp,
                exchange,
                destinations=sockets.is_wildcard,
                clock=time.perf_counter,
                on_error=self._process.on_socket_error,
            )
            responder = StreamResponder(exchange, ipv6=sockets.is_ipv6)
            tcp = TcpListener(sockets.tcp, responder, self._process.connections)
            pairs.append(_Pair(udp, tcp, sockets.is_ipv6))
        self._silent += pairs
        return tuple(pairs)

    def _run(self, configuration: Configuration) -> None:
        """Begin what runs beside this configuration, end what ran beside the one before."""
        for task in self._runs:
            task.cancel()
        loop = asyncio.get_running_loop()
        self._runs = [
            loop.create_task(keep_running(name, run, self._process.status))
            for name, run in configuration.runs
        ]

    def _count_late(self, now: float) -> None:
        """Let those see late answers who look at them; give up exchanges that have none to come."""
        staying: list[_Replaced] = []
        for one in self._replaced:
            exchange = one.exchange()
            if exchange is not None:
                exchange.observe()
            if exchange is None or now >= one.until:
                self._process.metrics.release(one.traffic)
            else:
                staying.append(one)
        self._replaced = staying

    def _end(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    @staticmethod
    async def _close(pairs: tuple[_Pair, ...], seconds: float = DRAIN_SECONDS) -> None:
        await asyncio.gather(*(pair.close(seconds) for pair in pairs))


def _tick(configuration: Configuration, now: float) -> None:
    for step in configuration.ticks:
        step(now)
