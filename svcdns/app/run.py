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
from pathlib import Path
from random import Random

from svcdns.app import banner
from svcdns.app.build import Configuration, Surroundings, configure, plans_of
from svcdns.app.building import configure_apart, give_way
from svcdns.app.feed import Feed
from svcdns.app.files import examine_corefile, examine_text
from svcdns.app.following import Manifests
from svcdns.app.live import Live, first_load
from svcdns.app.local_addresses import addresses_by_interface, local_addresses
from svcdns.app.measure import measure, size_of
from svcdns.app.memory import clear_away, settle
from svcdns.app.options import Options
from svcdns.app.probes import lameduck_seconds
from svcdns.app.proxy_beside import ProxyBeside
from svcdns.app.reload import Reload
from svcdns.app.serving import DRAIN_SECONDS, Serving
from svcdns.app.serving import Process as Shared
from svcdns.app.start_error import StartError
from svcdns.app.supervise import keep_running
from svcdns.app.trial import refusal
from svcdns.app.watching import Watching
from svcdns.corefile.errors import CorefileError
from svcdns.corefile.parser import Reading
from svcdns.route.compile import Plan
from svcdns.route.directive import Asking
from svcdns.server.limits import dns_connections
from svcdns.server.listen_error import ListenError
from svcdns.telemetry.catalogue import PANICS
from svcdns.telemetry.duration import duration_text
from svcdns.telemetry.log import configure as configure_log
from svcdns.telemetry.log import get_log, output, write
from svcdns.telemetry.metrics import Metrics
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
        reading = _read(options)
        return asyncio.run(Process(options, reading, plans_of(reading)).run())
    except (CorefileError, ListenError, StartError) as error:
        print(error, file=sys.stderr)  # noqa: T201  the reason goes where CoreDNS puts it
        return 1


def _read(options: Options) -> Reading:
    path, text = options.corefile, options.corefile_text
    if text is not None:
        return examine_text(text, path, os.environ, options.port)
    try:
        return examine_corefile(path, os.environ, options.port)
    except OSError as error:
        raise StartError(f"cannot read the Corefile '{path}': {error.strerror}") from None


class Process:
    """One server, whatever it serves: what stays when the configuration changes."""

    def __init__(self, options: Options, reading: Reading, plans: tuple[Plan, ...]) -> None:
        self._started = time.perf_counter()
        self._options = options
        self._reading = reading
        self._plans = plans
        self._port = options.port
        self._stop = asyncio.Event()
        self._signals: list[signal.Signals] = []
        self._status = Status()
        self._metrics = Metrics()
        self._feed = Feed()
        self._connections = dns_connections()
        self._serving = Serving(
            Shared(
                self._feed, self._metrics, self._status, self._connections, self._on_socket_error
            )
        )
        self._beside = ProxyBeside(options.proxy)
        self._watching = Watching(
            self._feed, options, os.environ, self._metrics, self._status, self._beside.stanzas
        )
        self._beside.join(self._feed, self._watching, is_live=options.manifests is None)
        self._manifests: Manifests | None = None
        self._reload = Reload(options, self._metrics, self._take, Random())  # noqa: S311  jitter

    async def run(self) -> int:
        """Serve until a signal; return the exit code.

        Raises:
            ListenError: an address or port cannot be had.
            StartError: there is nothing to answer from.
        """
        configuration = configure(self._plans, self._surroundings())
        _print_as_asked(configuration)
        prepared = self._serving.prepare(configuration)
        try:
            self._read_manifests()
            if self._options.pidfile is not None:
                _write_pidfile(self._options.pidfile)
            await self._beside.begin()
            lives: list[Live] = []
            if self._manifests is None:
                lives = self._watching.begin(configuration.stanzas)
            # Health and metrics are served while the cluster is loaded, DNS is not.
            configuration = self._serving.take(prepared)
        except BaseException:
            prepared.discard()
            raise
        self._port = self._port or next(iter(configuration.exchanges)).port
        measure(self._metrics, self._feed, self._connections)
        self._obey_signals()
        await first_load(lives, self._stop)
        self._start(configuration)
        self._reload.begin(self._reading, configuration)
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "tick": self._tick,
            "reload": self._reload.run,
            **self._beside.loops(),
        }
        if self._manifests is not None:
            loops["manifests"] = self._manifests.follow
        self._say_ready(configuration)
        async with asyncio.TaskGroup() as group:
            work = [
                group.create_task(keep_running(room, loop, self._status))
                for room, loop in loops.items()
            ]
            await self._stop.wait()
            await self._shut_down()
            for task in work:
                task.cancel()
        await self._watching.close()
        await self._beside.close()
        await self._serving.close()
        output().flush()
        return 0

    async def _take(self, plans: tuple[Plan, ...]) -> Configuration:
        """Take another configuration into use; return it.

        Raises:
            ListenError: an address or port cannot be had; nothing has changed.
            StartError: it cannot be built, or does not answer; nothing has changed.
        """
        configuration = await configure_apart(plans, self._surroundings())
        problem = refusal(configuration, self._serving.configuration)
        if problem:
            raise StartError(problem)
        prepared = self._serving.prepare(configuration)
        try:
            await first_load(self._follow(configuration), self._stop)
        except StartError:
            prepared.discard()
            raise
        configuration = self._serving.take(prepared)
        _print_as_asked(configuration)
        self._serving.listen()
        await self._watching.settle(configuration.stanzas)
        clear_away()  # the configuration before is full of cycles
        return configuration

    def _follow(self, configuration: Configuration) -> list[Live]:
        """Let the feed know what a configuration wants to see; return what is still to be loaded.

        Raises:
            StartError: there is no way to the cluster.
        """
        if self._manifests is None:
            return self._watching.begin(configuration.stanzas)
        self._manifests.repeat()
        return []

    def _surroundings(self) -> Surroundings:
        options = self._options
        return Surroundings(
            self._feed,
            port=self._port,
            address=options.bind,
            local_addresses=local_addresses(options.bind),
            interfaces=addresses_by_interface,
            reasons=options.reasons,
            exemplars=options.exemplars,
            asking=Asking(options.hedge, options.random_case),
            metrics=self._metrics,
            log=write,
            on_bug=self._on_bug,
        )

    def _read_manifests(self) -> None:
        """Begin with what the manifests say, if there are any."""
        if self._options.manifests is None:
            return
        self._manifests = Manifests(self._options.manifests, self._feed, self._metrics)
        summary = self._manifests.read_first()
        if not self._options.demo:
            for line in summary:
                _log.info("manifests.read", path=self._options.manifests, what=line)

    def _obey_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
            loop.add_signal_handler(number, self._on_signal, number)
        for number in (signal.SIGHUP, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)

    def _start(self, configuration: Configuration) -> None:
        gc.collect()
        settle()  # what lives now lives until the end
        give_way()
        self._serving.listen()
        shown = ""
        if self._options.demo:
            shown = banner.demo(configuration, self._feed, self._options.manifests)
        elif not self._options.quiet:
            shown = banner.plain(configuration)
        for line in shown.splitlines():
            write(line)

    def _say_ready(self, configuration: Configuration) -> None:
        if self._options.demo or self._stop.is_set():
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
            listeners=len(self._serving),
            **counts,
            seconds=round(time.perf_counter() - self._started, 3),
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self._serving.tick()
            output().report_suppressed()

    async def _shut_down(self) -> None:
        """Go on serving for the lameduck time, then answer what waits and close."""
        configuration = self._serving.configuration
        seconds = lameduck_seconds(configuration.declarations) if configuration else 0.0
        if seconds:
            write(f"[INFO] plugin/health: Going into lameduck mode for {duration_text(seconds)}")
            await asyncio.sleep(seconds)
        patience = 0.0 if signal.SIGINT in self._signals else DRAIN_SECONDS
        await self._serving.close_sockets(patience)

    def _on_signal(self, number: signal.Signals) -> None:
        if number == signal.SIGUSR1:
            self._reload.ask()
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


def _print_as_asked(configuration: Configuration) -> None:
    configure_log(debug=any(directive == "debug" for *_, directive in configuration.enabled))


def _write_pidfile(path: str) -> None:
    try:
        Path(path).write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        raise StartError(f"cannot write the pid file '{path}': {error.strerror}") from None
