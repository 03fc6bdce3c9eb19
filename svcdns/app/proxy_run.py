"""`svcdns proxy` from start to end: follow the cluster, keep the node at it, stop at once.

Nothing of the node is taken away at the end, whatever ended it: traffic goes on, and the next
process finds what is there.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from svcdns.app.feed import Feed
from svcdns.app.following import Manifests
from svcdns.app.memory import settle
from svcdns.app.options import Options
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.proxy_table import table
from svcdns.app.proxying import STANZAS, VIEW, Proxying
from svcdns.app.start_error import StartError
from svcdns.app.supervise import keep_running
from svcdns.app.watching import Watching
from svcdns.cluster.model import EndpointSlice, Node, Service
from svcdns.dataplane.userspace import Userspace
from svcdns.proxy.model import Desired
from svcdns.telemetry import catalogue
from svcdns.telemetry.log import configure as configure_log
from svcdns.telemetry.log import get_log, output, write
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import PAGE
from svcdns.telemetry.status import Status

TICK_SECONDS = 1.0

_log = get_log("app")


def run(settings: ProxySettings) -> int:
    """Proxy until asked to stop; return the exit code.

    0 stopped as asked, 1 something of the start was not usable.
    """
    configure_log(json=settings.log_json)
    try:
        return asyncio.run(_Run(settings).run())
    except StartError as error:
        print(error, file=sys.stderr)  # noqa: T201  the reason goes where start errors go
        return 1


class _Run:
    """One process that is nothing but a proxy."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._status = Status()
        self._metrics = Metrics(PAGE)
        self._feed = Feed()
        self._manifests: Manifests | None = None
        self._watching = Watching(
            self._feed, _options(settings), os.environ, self._metrics, self._status, STANZAS
        )
        self._proxying = Proxying(settings, self._feed, self._is_synced, self._metrics)
        self._watching.on_trigger = self._proxying.triggered
        self._proxying.on_sync = self._show
        self._shown: str | None = None

    async def run(self) -> int:
        """Proxy until a signal; return the exit code.

        Raises:
            StartError: the mode, a port or the cluster is not to be had.
        """
        self._feed.serve({}, ())
        loops: dict[str, Callable[[], Awaitable[None]]] = {"tick": self._tick}
        if self._settings.manifests is not None:
            self._manifests = Manifests(self._settings.manifests, self._feed, self._metrics)
            for line in self._manifests.read_first():
                _log.info("manifests.read", path=self._settings.manifests, what=line)
            loops["manifests"] = self._manifests.follow
        await self._proxying.begin()
        if self._manifests is None:
            self._watching.begin({})
        for kind in (Service, EndpointSlice, Node):
            count = partial(self._feed.state(VIEW).count, kind)
            self._metrics.read(catalogue.OBJECTS, count, f"{kind.__name__.lower()}s")
        self._obey_signals()
        gc.collect()
        settle()
        loops |= self._proxying.loops()
        async with asyncio.TaskGroup() as group:
            work = [
                group.create_task(keep_running(room, loop, self._status))
                for room, loop in loops.items()
            ]
            await self._stop.wait()
            for task in work:
                task.cancel()
        await self._watching.close()
        await self._proxying.close()
        output().flush()
        return 0

    def _is_synced(self) -> bool:
        if self._manifests is not None:
            return self._feed.state(VIEW).synced
        return self._watching.is_synced(VIEW)

    def _show(self, _: Desired) -> None:
        """Print where the Services are, whenever that has changed."""
        backend = self._proxying.backend
        if not self._settings.listen or not isinstance(backend, Userspace):
            return
        shown = table(backend.served())
        if shown != self._shown:
            self._shown = shown
            for line in shown.splitlines():
                write(line)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            output().report_suppressed()

    def _obey_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_on_loop_error)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        loop.add_signal_handler(signal.SIGUSR1, self._proxying.reconciler.look_again)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _on_signal(self, number: signal.Signals) -> None:
        _log.info("proxy.stopping", signal=number.name)
        self._stop.set()


def _options(settings: ProxySettings) -> Options:
    return Options(
        manifests=settings.manifests,
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        servers=settings.servers,
        snapshot=settings.snapshot,
    )


def _on_loop_error(_: object, context: dict[str, object]) -> None:
    error = context.get("exception")
    if isinstance(error, BaseException):
        _log.bug("loop.failed", error, message=str(context.get("message", "")))
    else:
        _log.error("loop.failed", message=str(context.get("message", "")))
