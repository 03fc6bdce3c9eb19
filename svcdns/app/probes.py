"""The HTTP pages that directives ask for: /health, /ready and /metrics.

Wishes for one address share one server, whatever server blocks they come from.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from time import perf_counter
from typing import NamedTuple

from svcdns.route.stages import (
    Declaration,
    HealthListener,
    MetricsListener,
    ReadyListener,
    ReloadWatch,
)
from svcdns.server.http import HttpServer, Page, Response
from svcdns.server.http_request import Headers
from svcdns.server.listen_error import place_text
from svcdns.server.sockets import host_port, open_streams
from svcdns.telemetry.catalogue import HEALTH_DURATION, HEALTH_FAILURES
from svcdns.telemetry.log import write
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status, not_ready_line

HEALTH_TIMEOUT_SECONDS = 3.0
SLOW_HEALTH_SECONDS = 1.0
_DIRECTIVES: dict[type, str] = {
    HealthListener: "health",
    ReadyListener: "ready",
    MetricsListener: "prometheus",
}

Address = tuple[str, int]


class Prepared(NamedTuple):
    """What a configuration asks for: opened, and not served yet."""

    pages: Mapping[Address, dict[str, Page]]
    opened: Mapping[Address, tuple[socket.socket, ...]]
    own_health: tuple[Address, ...]

    def discard(self) -> None:
        """Close what was opened."""
        for streams in self.opened.values():
            for stream in streams:
                stream.close()


class Probes:
    """All side listeners of one process."""

    def __init__(self, metrics: Metrics, status: Status) -> None:
        self._metrics = metrics
        self._status = status
        self._servers: dict[Address, HttpServer] = {}
        self._own_health: list[Address] = []
        self._closing: set[asyncio.Task[None]] = set()

    def prepare(self, wishes: Sequence[Declaration]) -> "Prepared":
        """Open what `wishes` name and is not open yet; `take` or `Prepared.discard` comes next.

        Raises:
            ListenError: an address cannot be had; then none of the new ones stays open.
        """
        pages: dict[Address, dict[str, Page]] = {}
        own_health: dict[Address, None] = {}
        named_by: dict[Address, str] = {}
        for wish in wishes:
            if isinstance(wish, ReloadWatch):
                continue
            address = host_port(wish.address)
            pages.setdefault(address, {}).update(self._pages(wish))
            named_by.setdefault(address, _DIRECTIVES[type(wish)])
            if isinstance(wish, HealthListener):
                own_health[address] = None
        with ExitStack() as undo:
            opened: dict[Address, tuple[socket.socket, ...]] = {}
            for address in pages:
                if address not in self._servers:
                    moved_by = partial(_moved, named_by[address], address[0])
                    opened[address] = open_streams(*address, moved_by)
                    for stream in opened[address]:
                        undo.enter_context(stream)
            undo.pop_all()
        return Prepared(pages, opened, tuple(own_health))

    def take(self, prepared: "Prepared") -> None:
        """Serve what was prepared, and nothing else any more."""
        for address in [one for one in self._servers if one not in prepared.pages]:
            closing = asyncio.get_running_loop().create_task(self._servers.pop(address).close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for address, pages in prepared.pages.items():
            if address in prepared.opened:
                self._servers[address] = HttpServer(prepared.opened[address], pages)
                self._servers[address].start()
            else:
                self._servers[address].pages = pages
        self._own_health = list(prepared.own_health)

    async def close(self) -> None:
        """Finish what is under way and close."""
        for server in self._servers.values():
            await server.close()
        if self._closing:
            await asyncio.wait(self._closing)

    async def check_health(self) -> None:
        """Ask our own /health, as a client would, and note how long that took."""
        for host, port in self._own_health:
            url = f"http://{place_text(host, port)}/health"
            started = perf_counter()
            try:
                async with asyncio.timeout(HEALTH_TIMEOUT_SECONDS):
                    await _get(host or "127.0.0.1", port, "/health")
            except OSError as error:  # a timeout is one too
                self._metrics.add(HEALTH_FAILURES)
                why = os.strerror(error.errno) if error.errno else str(error)
                why = why or f"no answer within {HEALTH_TIMEOUT_SECONDS:.0f}s"
                write(f'[WARNING] plugin/health: Local health request to "{url}" failed: {why}')
                continue
            seconds = perf_counter() - started
            self._metrics.observe(HEALTH_DURATION, seconds)
            if seconds > SLOW_HEALTH_SECONDS:
                write(
                    f'[WARNING] plugin/health: Local health request to "{url}" took more than 1s: '
                    f"{seconds:.3f}s"
                )

    def _pages(self, wish: HealthListener | ReadyListener | MetricsListener) -> dict[str, Page]:
        match wish:
            case HealthListener():
                return {"/health": lambda _: Response(body=b"OK")}
            case ReadyListener():
                return {"/ready": self._ready(continuously=wish.continuously)}
            case MetricsListener():
                return {"/metrics": self._scrape(runtime=wish.runtime_metrics)}

    def _ready(self, *, continuously: bool) -> Callable[[Headers], Response]:
        def ready(_: Headers) -> Response:
            if self._status.stopping:
                return Response(503, body=b"stopping")
            waiting = self._status.not_ready(continuously=continuously)
            if waiting:
                write(not_ready_line(waiting))
                return Response(503, body=",".join(waiting).encode())
            return Response(body=b"OK")

        return ready

    def _scrape(self, *, runtime: bool) -> Page:
        async def scrape(headers: Headers) -> Response:
            # 40 ms the first time, which neither a start nor a query has to wait for.
            await asyncio.to_thread(import_module, "svcdns.telemetry.exposition")
            from svcdns.telemetry.exposition import render  # noqa: PLC0415

            for _ in self._metrics.folding():
                await asyncio.sleep(0)
            page = render(
                self._metrics,
                headers.get("accept", ""),
                headers.get("accept-encoding", ""),
                runtime=runtime,
            )
            fields = (("Content-Encoding", page.content_encoding),) if page.content_encoding else ()
            return Response(200, page.content_type, page.body, fields)

        return scrape


def _moved(directive: str, host: str, port: int) -> str:
    return f"write in the Corefile: {directive} {place_text(host, port)}"


async def _get(host: str, port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        if b" 200 " not in status:
            raise ConnectionError(status.decode(errors="replace").strip())
        await reader.read()
    finally:
        writer.close()


def lameduck_seconds(wishes: Sequence[Declaration]) -> float:
    """Return how long to go on serving after SIGTERM: the longest that is asked for."""
    return max(
        (wish.lameduck_seconds for wish in wishes if isinstance(wish, HealthListener)), default=0.0
    )
