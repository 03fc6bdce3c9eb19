"""One process from start to end: open everything or nothing, serve, stop in order.

Start: whatever is wrong is said at once, and the exit code says that it was. Stop: not ready
any more, then go on serving for the lameduck time, then answer what already waits and leave.

Source: the exit codes and the order of CoreDNS, see docs/operations.md.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from svcdns.app import banner
from svcdns.app.build import Configuration, Place, Surroundings, configure, plans_of
from svcdns.app.feed import Feed
from svcdns.app.files import examine_corefile, examine_text
from svcdns.app.following import Manifests
from svcdns.app.keeping import Keeping
from svcdns.app.live import Live, first_load, lives_of
from svcdns.app.local_addresses import local_addresses
from svcdns.app.measure import measure, measure_lives, size_of
from svcdns.app.options import Options
from svcdns.app.probes import Probes, lameduck_seconds
from svcdns.app.start_error import StartError
from svcdns.app.supervise import keep_running
from svcdns.corefile.errors import CorefileError
from svcdns.route.compile import Plan
from svcdns.route.exchange import Exchange, StreamResponder
from svcdns.server.limits import dns_connections
from svcdns.server.listen_error import ListenError
from svcdns.server.sockets import Listener, open_listener
from svcdns.server.tcp import TcpListener
from svcdns.server.udp import UdpListener
from svcdns.telemetry.duration import duration_text
from svcdns.telemetry.log import configure as configure_log
from svcdns.telemetry.log import get_log, output, write
from svcdns.telemetry.metrics import PANICS, Metrics
from svcdns.telemetry.status import Status
from svcdns.wire.codes import type_text
from svcdns.wire.name import to_text
from svcdns.wire.question import Query

TICK_SECONDS = 1.0

_log = get_log("app")


def serve(options: Options) -> int:
    """Serve until asked to stop; return the exit code.

    0 stopped as asked, 1 something of the start was not usable, 2 interrupted twice.
    """
    configure_log(json=options.log_json)
    try:
        plans = _plans(options)
        return asyncio.run(Process(options, plans).run())
    except (CorefileError, ListenError, StartError) as error:
        print(error, file=sys.stderr)  # noqa: T201  the reason goes where CoreDNS puts it
        return 1


def _plans(options: Options) -> tuple[Plan, ...]:
    path, text = options.corefile, options.corefile_text
    if text is not None:
        return plans_of(examine_text(text, path, os.environ, options.port))
    try:
        return plans_of(examine_corefile(path, os.environ, options.port))
    except OSError as error:
        raise StartError(f"cannot read the Corefile '{path}': {error.strerror}") from None


class Process:
    """Everything that serves one configuration."""

    def __init__(self, options: Options, plans: tuple[Plan, ...]) -> None:
        self._started = time.perf_counter()
        self._options = options
        self._plans = plans
        self._status = Status()
        self._metrics = Metrics()
        self._feed = Feed()
        self._connections = dns_connections()
        self._udp: list[UdpListener] = []
        self._tcp: list[TcpListener] = []
        self._stop = asyncio.Event()
        self._lives: list[Live] = []
        self._signals: list[signal.Signals] = []

    async def run(self) -> int:
        """Serve until a signal; return the exit code.

        Raises:
            ListenError: an address or port cannot be had.
            StartError: there is nothing to answer from.
        """
        configuration = self._configure()
        manifests = self._manifests()
        if manifests is None:
            self._lives = lives_of(self._feed, self._options, os.environ, self._metrics)
        keeping = self._keeping()
        async with AsyncExitStack() as undo:
            configuration, listeners = self._open(configuration)
            for listener in listeners:
                undo.callback(listener.close)
            probes = Probes(configuration.declarations, self._metrics, self._status)
            undo.push_async_callback(probes.close)
            if self._options.pidfile is not None:
                self._write_pidfile(self._options.pidfile)
            undo.pop_all()
        measure(self._metrics, configuration, self._feed, self._connections)
        measure_lives(self._metrics, self._lives)
        self._obey_signals()
        probes.start()
        async with asyncio.TaskGroup() as group:
            loops: dict[str, Callable[[], Awaitable[None]]] = {
                "tick": partial(self._tick, configuration, probes)
            }
            if manifests is not None:
                loops["manifests"] = manifests.follow
            loops |= {f"watch-{number}": live.run for number, live in enumerate(self._lives)}
            if keeping is not None:
                loops["keeping"] = keeping.run
            work = [
                group.create_task(keep_running(room, loop, self._status))
                for room, loop in loops.items()
            ]
            await first_load(self._lives, self._stop)
            self._start(configuration)
            self._say_ready(configuration)
            await self._stop.wait()
            await self._shut_down(configuration)
            for task in work:
                task.cancel()
        for step in configuration.ticks:
            step(float("inf"))
        if keeping is not None:
            await keeping.end()
        for live in self._lives:
            await live.close()
        await probes.close()
        output().flush()
        return 0

    def _configure(self) -> Configuration:
        options = self._options
        configuration = configure(
            self._plans,
            Surroundings(
                self._feed,
                port=options.port,
                address=options.bind,
                local_addresses=local_addresses(options.bind),
                reasons=options.reasons,
                log=write,
                on_bug=self._on_bug,
            ),
        )
        configure_log(debug=any(directive == "debug" for *_, directive in configuration.enabled))
        self._status.replace_checks(
            [(name, check) for name, checks in configuration.ready.items() for check in checks]
        )
        return configuration

    def _manifests(self) -> Manifests | None:
        """Return what follows the manifests, after the first reading of them."""
        if self._options.manifests is None:
            return None
        manifests = Manifests(self._options.manifests, self._feed, self._metrics)
        summary = manifests.read_first()
        if not self._options.demo:
            for line in summary:
                _log.info("manifests.read", path=self._options.manifests, what=line)
        return manifests

    def _keeping(self) -> Keeping | None:
        """Return what keeps the last known state on disk, after it was read from there."""
        if not self._options.snapshot or not self._lives:
            return None
        keeping = Keeping(self._options.snapshot, self._lives)
        keeping.restore()
        self._feed.follow((), (keeping.changed,))
        return keeping

    def _open(self, configuration: Configuration) -> tuple[Configuration, list[Listener]]:
        """Open all sockets; return the configuration with the ports the system has chosen."""
        opened: list[Listener] = []
        exchanges: dict[Place, Exchange] = {}
        try:
            for place, exchange in configuration.exchanges.items():
                listener = open_listener(place.address, place.port)
                opened.append(listener)
                exchanges[place._replace(port=listener.port)] = exchange
                for pair in listener.pairs:
                    udp = UdpListener(
                        pair.udp,
                        exchange,
                        destinations=pair.is_wildcard,
                        clock=time.perf_counter,
                        on_error=self._on_socket_error,
                    )
                    responder = StreamResponder(exchange, ipv6=pair.is_ipv6)
                    self._udp.append(udp)
                    self._tcp.append(TcpListener(pair.tcp, responder, self._connections))
        except BaseException:
            for listener in opened:
                listener.close()
            raise
        return replace(configuration, exchanges=exchanges), opened

    def _obey_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
            loop.add_signal_handler(number, self._on_signal, number)
        for number in (signal.SIGHUP, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)

    def _start(self, configuration: Configuration) -> None:
        # What lives now lives until the end: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        for udp in self._udp:
            udp.start()
        for tcp in self._tcp:
            tcp.start()
        shown = ""
        if self._options.demo:
            shown = banner.demo(configuration, self._feed, self._options.manifests)
        elif not self._options.quiet:
            shown = banner.plain(configuration)
        for line in shown.splitlines():
            write(line)

    def _write_pidfile(self, path: str) -> None:
        try:
            Path(path).write_text(f"{os.getpid()}\n", encoding="ascii")
        except OSError as error:
            raise StartError(f"cannot write the pid file '{path}': {error.strerror}") from None

    def _say_ready(self, configuration: Configuration) -> None:
        if self._options.demo:
            return
        size = size_of(self._feed)
        counts = {}
        if self._feed.stanzas():
            counts = {"services": size.services, "slices": size.slices, "endpoints": size.endpoints}
        zones = dict.fromkeys(
            zone for exchange in configuration.exchanges.values() for zone in exchange.router.zones
        )
        _log.info(
            "serve.ready",
            zones=list(zones),
            listeners=len(self._udp) + len(self._tcp),
            **counts,
            seconds=round(time.perf_counter() - self._started, 3),
        )

    async def _tick(self, configuration: Configuration, probes: Probes) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            for step in configuration.ticks:
                step(now)
            output().report_suppressed()
            await probes.check_health()

    async def _shut_down(self, configuration: Configuration) -> None:
        """Go on serving for the lameduck time, then answer what waits and close."""
        seconds = lameduck_seconds(configuration.declarations)
        if seconds:
            write(f"[INFO] plugin/health: Going into lameduck mode for {duration_text(seconds)}")
            await asyncio.sleep(seconds)
        for udp in self._udp:
            udp.stop()
        patience = 0.0 if signal.SIGINT in self._signals else 5.0
        async with asyncio.TaskGroup() as group:
            for tcp in self._tcp:
                group.create_task(tcp.close(patience))

    def _on_signal(self, number: signal.Signals) -> None:
        if number == signal.SIGUSR1:
            _log.warning("reload.refused", reason="not available yet", next="restart the process")
            return
        if number == signal.SIGQUIT:
            write("[INFO] SIGQUIT: Quitting process immediately")
            output().flush()
            os._exit(0)
        if number == signal.SIGINT and signal.SIGINT in self._signals:
            write("[INFO] SIGINT: Force quit")
            output().flush()
            os._exit(2)
        self._signals.append(number)
        if len(self._signals) == 1:
            rest = " servers then terminating" if number == signal.SIGTERM else ""
            write(f"[INFO] {number.name}: Shutting down{rest}")
            self._status.stopping = True
            self._stop.set()

    def _on_bug(self, error: Exception, query: Query) -> None:
        self._metrics.add(PANICS)
        question = query.question
        _log.bug(
            "query.failed",
            error,
            name=to_text(question.owner),
            type=type_text(question.rrtype),
        )

    def _on_socket_error(self, error: OSError) -> None:
        _log.error("udp.failed", error=error)

    def _on_loop_error(self, _: object, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            _log.bug("loop.failed", error, message=str(context.get("message", "")))
        else:
            _log.error("loop.failed", message=str(context.get("message", "")))
