"""The two servers side by side, each on its own ports of the loopback device.

CoreDNS is a process that is fed by the fake API server; svcdns runs in a thread of this process,
from its sockets down what `svcdns serve` runs, on the very objects that the API server hands
out. Its source is not `--manifests`, which adds what a cluster would add: there, no Namespace is
ever missing.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Self, TypeVar

import pytest

from svcdns.app.build import Configuration, Surroundings, configure, plans_of
from svcdns.app.feed import Feed
from svcdns.app.files import examine_text
from svcdns.cluster.model import Object
from svcdns.cluster.parse import Skipped, parse
from svcdns.cluster.selector import parse_selector
from svcdns.route.stream_responder import StreamResponder
from svcdns.server.limits import dns_connections
from svcdns.server.sockets import open_listener
from svcdns.server.tcp import TcpListener
from svcdns.server.udp import UdpListener
from svcdns.source.assembly import Cluster as Objects
from svcdns.source.assembly import Labelled
from svcdns.wire.name import pack_address
from svcdns.wire.question import Query
from tests.peer.api import FakeApi
from tests.peer.clusters import Cluster
from tests.peer.stanzas import Stanza
from tests.peer.upstream import Upstream, upstreams
from tests.support.tree import ROOT

ADDRESS = f"127.83.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"
"""An address of the loopback device that hardly anybody else uses."""
VERSION = "CoreDNS-1.15.0"
_PATIENCE_SECONDS = 30.0
_POLITE_SECONDS = 3.0

_candidates = count(20_000)
"""Ports below those that the kernel gives to clients, so that none is taken in between."""

T = TypeVar("T")


def find_coredns() -> tuple[str, str]:
    """Return the path of CoreDNS 1.15.0, or an empty one and why there is none.

    It is looked for on PATH, and where `make coredns` and caches of the user have it.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    places = (ROOT / ".cache/bin/coredns", Path(cache) / "svcdns/bin/coredns")
    built = (str(path) for path in places if os.access(path, os.X_OK))
    program = shutil.which("coredns") or next(built, "")
    if not program:
        return "", "coredns is not there; `make coredns` builds it into .cache/bin"
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    version = told.stdout.partition("\n")[0]
    if version != VERSION:
        return "", f"{program} is {version}, not {VERSION}; `make coredns` builds that"
    return program, ""


def require_coredns() -> str:
    """Return the path of CoreDNS 1.15.0; skip the calling test if there is none.

    This is no obligation of SVCDNS_REQUIRE: where nothing may skip, `tests/peer/conftest.py`
    leaves out what needs CoreDNS if it is missing.
    """
    program, why_not = find_coredns()
    if not program:
        pytest.skip(why_not)
    return program


class Background:
    """An event loop in a thread."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_SECONDS)

    @contextlib.contextmanager
    def api(self) -> Iterator[tuple[FakeApi, int]]:
        """Serve a fake API server; yield it with its port."""
        api = FakeApi()
        server = self.run(_start(api))
        try:
            yield api, server.sockets[0].getsockname()[1]
        finally:
            self.run(_close(server))

    @contextlib.contextmanager
    def upstreams(self) -> Iterator[tuple[dict[str, str], dict[str, Upstream]]]:
        """Serve one upstream of each kind; yield addresses and servers by their words."""
        serving = upstreams(ADDRESS)
        try:
            yield self.run(serving.__aenter__())
        finally:
            self.run(serving.__aexit__(None, None, None))

    @contextlib.contextmanager
    def svcdns(
        self, cluster: Cluster | None, corefile: str, bugs: list[tuple[Exception, Query]]
    ) -> Iterator[None]:
        """Serve a cluster as a Corefile says; exceptions in a step are appended to `bugs`.

        Without a cluster, its objects are still awaited.
        """
        close = self.run(_serve(cluster, corefile, bugs))
        try:
            yield
        finally:
            self.run(close())


async def _start(api: FakeApi) -> asyncio.Server:
    return await asyncio.start_server(api.serve, ADDRESS, 0)


async def _close(server: asyncio.Server) -> None:
    server.close()


async def _cancel_others() -> None:
    """End what is still going on: watches that nobody listens to any more."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _serve(
    cluster: Cluster | None, corefile: str, bugs: list[tuple[Exception, Query]]
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Open and start what `app.run` opens and starts; return how to close it."""
    feed = Feed()
    configuration = configure(
        plans_of(examine_text(corefile, "Corefile", {})),
        Surroundings(
            feed,
            address=ADDRESS,
            local_addresses=(pack_address(ADDRESS),),
            log=lambda _: None,
            on_bug=lambda error, query: bugs.append((error, query)),
        ),
    )
    exchanges = configuration.exchanges.values()
    feed.serve(configuration.stanzas, exchanges, configuration.changed)
    if cluster is not None:
        feed.apply(_Source(cluster), int(time.time()))
    loop = asyncio.get_running_loop()
    beside = [loop.create_task(_run(run)) for _, run in configuration.runs]
    beside.append(loop.create_task(_tick(configuration)))
    connections = dns_connections()
    streams: list[TcpListener] = []
    datagrams: list[UdpListener] = []
    with contextlib.ExitStack() as opened:
        for place, exchange in configuration.exchanges.items():
            listener = open_listener(place.address, place.port)
            opened.callback(listener.close)
            for pair in listener.pairs:
                udp = UdpListener(
                    pair.udp,
                    exchange,
                    destinations=pair.is_wildcard,
                    clock=time.perf_counter,
                    on_error=_fail,
                )
                udp.start()
                datagrams.append(udp)
                responder = StreamResponder(exchange, ipv6=pair.is_ipv6)
                streams.append(TcpListener(pair.tcp, responder, connections))
                streams[-1].start()
        closing = opened.pop_all()

    async def close() -> None:
        for task in beside:
            task.cancel()
        for stream in streams:
            await stream.close(0)
        for udp in datagrams:
            await udp.stop(0)
        closing.close()

    return close


async def _run(run: Callable[[], Awaitable[None]]) -> None:
    await run()


async def _tick(configuration: Configuration) -> None:
    while True:
        for step in configuration.ticks:
            step(time.monotonic())
        await asyncio.sleep(1)


def _fail(error: OSError) -> None:
    raise error


class _Source:
    """The objects of a cluster as they stand; an `app.feed.Source`."""

    def __init__(self, cluster: Cluster) -> None:
        by_kind: dict[type, list[Labelled]] = {}
        for document in cluster.objects:
            parsed = parse(document, document["kind"])
            assert not isinstance(parsed, Skipped), document
            assert not parsed.flaws, (parsed.flaws, document)
            if parsed.value is not None:
                labelled = Labelled(parsed.value, document["metadata"]["labels"])
                by_kind.setdefault(type(parsed.value), []).append(labelled)
        self._objects = Objects({kind: tuple(found) for kind, found in by_kind.items()})

    def objects(self, labels: str, namespace_labels: str) -> list[Object]:
        return self._objects.select(parse_selector(labels), parse_selector(namespace_labels))


@contextlib.contextmanager
def coredns(program: str, corefile: str, ports: Sequence[int], folder: Path) -> Iterator[Path]:
    """Run CoreDNS until the block ends; yield what it prints once every port answers."""
    file, log = folder / "Corefile", folder / "log"
    file.write_text(corefile, encoding="ascii")
    cluster = ("KUBERNETES_", "KUBECONFIG")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(cluster)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "-conf", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
        )
    try:
        _wait_for(process, ports, log)
        yield log
        assert process.poll() is None, log.read_text(errors="replace")[-4000:]
    finally:
        process.terminate()
        try:
            process.wait(_POLITE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], ports: Sequence[int], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    for port in ports:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((ADDRESS, port), timeout=1).close()
                break
            late = process.poll() is not None or time.monotonic() > until
            assert not late, log.read_text(errors="replace")[-4000:]
            time.sleep(0.02)


def free_ports() -> Iterator[int]:
    """Yield ports that nobody has, and that nobody is given before they are used."""
    return filter(_is_free, _candidates)


def _is_free(port: int) -> bool:
    """Return whether nobody has the port, on this address or on all."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        try:
            stream.bind((ADDRESS, port))
            datagrams.bind((ADDRESS, port))
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Pair:
    """Both servers of one stanza."""

    stanza: Stanza
    theirs: int
    """Port of CoreDNS."""
    ours: int


@contextlib.contextmanager
def both(
    background: Background,
    program: str,
    cluster: Cluster | None,
    stanzas: Sequence[Stanza],
    folder: Path,
    words: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
) -> Iterator[list[Pair]]:
    """Run both servers on one cluster; yield a pair of ports for each stanza.

    Without a cluster, the API server has nothing to say. `words` stand in the Corefile for what
    CoreDNS and svcdns are given in their place.
    """
    ports = free_ports()
    pairs = [Pair(one, next(ports), next(ports)) for one in stanzas]
    bugs: list[tuple[Exception, Query]] = []
    with background.api() as (api, api_port):
        if cluster is not None:
            api.clusters["c"] = cluster.objects
        endpoint = f"http://{ADDRESS}:{api_port}/c"
        theirs = (
            one.stanza.corefile(one.theirs, f"bind {ADDRESS}", endpoint=endpoint) for one in pairs
        )
        ours = (one.stanza.corefile(one.ours) for one in pairs)
        with (
            background.svcdns(cluster, _put("".join(ours), words[1]), bugs),
            coredns(
                program, _put("".join(theirs), words[0]), [one.theirs for one in pairs], folder
            ),
        ):
            yield pairs
    assert not bugs, bugs


def _put(text: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
