"""python -m tests.bench.relist - what lists and events of EndpointSlices cost a reflector.

Ten thousand slices with 15 endpoints each, as octets that are already there: no socket, no TLS,
and an API server that costs nothing. Prints CPU time, the longest that nobody else had a turn of
the loop (in CPU time too, as the machine may be busy), and the share of the sink in it. It never
fails because of a figure.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.cluster.state import State
from svcdns.source.apiserver.protocol import Query, Resource
from svcdns.source.apiserver.reflector import Reflector
from svcdns.source.apiserver.resources import SLICES
from tests.support.fakeapi import objects
from tests.support.followed import Notes

SLICES_COUNT, ENDPOINTS = 10_000, 15
_EVENTS = 20_000
_CHUNK = 64 << 10
_PAGE = 500


class Served(NamedTuple):
    """The octets of one world."""

    stream: bytes
    """A WatchList with its end marked."""
    pages: tuple[bytes, ...]
    events: bytes
    """Changes of slices, behind the list."""


def served() -> Served:
    """Make a world."""
    documents = [*_documents()]
    count = len(documents)
    lines = [_line("ADDED", document) for document in documents]
    end = {"resourceVersion": str(count), "annotations": {"k8s.io/initial-events-end": "true"}}
    pages = []
    for start in range(0, count, _PAGE):
        left = count - start - _PAGE
        following = {"continue": str(start + _PAGE), "remainingItemCount": left} if left > 0 else {}
        metadata = {"resourceVersion": str(count), **following}
        items = documents[start : start + _PAGE]
        pages.append(json.dumps({"metadata": metadata, "items": items}).encode())
    changes = []
    for number in range(_EVENTS):
        document = documents[number % count]
        document["metadata"]["resourceVersion"] = str(count + number + 1)
        document["endpoints"][number % ENDPOINTS]["conditions"] = {"ready": number % 4 > 1}
        changes.append(_line("MODIFIED", document))
    stream = b"".join([*lines, _line("BOOKMARK", {"metadata": end})])
    return Served(stream, tuple(pages), b"".join(changes))


def _documents() -> Iterator[dict[str, Any]]:
    padding: dict[str, Any] = {
        "f:endpoints": {f"f:{name}": {} for name in "abcdefghijklmnopqrstuvwxyz"}
    }
    for number in range(SLICES_COUNT):
        name = f"service-{number}"
        addresses = [f"10.{number >> 8}.{number & 255}.{last}" for last in range(1, ENDPOINTS + 1)]
        document = objects.endpoint_slice(
            f"{name}-abcde", name, addresses, f"space-{number % 50}", zone=f"zone-{number % 3}"
        )
        for index, endpoint in enumerate(document["endpoints"]):
            endpoint["nodeName"] = f"node-{(number + index) % 1_000}"
            endpoint["targetRef"] = {"kind": "Pod", "name": f"{name}-7d9f8b6c5-{index:05}"}
        document["metadata"] |= {
            "resourceVersion": str(number + 1),
            "managedFields": [{"manager": "kube-controller-manager", "fieldsV1": padding}] * 2,
        }
        yield document


def _line(event_type: str, document: object) -> bytes:
    return json.dumps({"type": event_type, "object": document}).encode() + b"\n"


class Server:
    """A `Connection` to it; what it says next on a watch is put into `sayings`."""

    server = "https://192.0.2.1:6443"

    def __init__(self, world: Served, *, streams: bool) -> None:
        self._world = world
        self._streams = streams
        self.sayings = asyncio.Queue[bytes]()

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> "Octets":
        assert path
        assert silence_seconds
        given = dict(query)
        if "sendInitialEvents" in given:
            if self._streams:
                return Octets(self._world.stream, self)
            return Octets(b"{}", None, 422)
        if "watch" in given:
            return Octets(b"", self)
        page = int(given.get("continue", "0")) // _PAGE
        return Octets(self._world.pages[page], None)

    async def renew_credentials(self) -> None:
        """Do nothing."""

    def next_server(self) -> None:
        """Do nothing."""


class Octets:
    """A `Reply`."""

    headers: Mapping[str, str] = {"content-type": "application/json"}

    def __init__(self, octets: bytes, server: Server | None, status: int = 200) -> None:
        self.status = status
        self._octets = octets
        self._place = 0
        self._server = server

    async def read(self) -> bytes:
        if self._place >= len(self._octets) and self._server:
            self._octets, self._place = await self._server.sayings.get(), 0
        start, self._place = self._place, self._place + _CHUNK
        return self._octets[start : self._place]

    def close(self) -> None:
        """Do nothing."""


class Timed:
    """A `Sink` into a state, and how long its calls took."""

    def __init__(self) -> None:
        self.state = State()
        self.calls = 0
        self.longest = 0.0
        self.total = 0.0

    def replace(self, resource: Resource, objects: Sequence[Object]) -> None:
        self._add(lambda: self.state.replace(resource.kind, objects, 1))

    def apply(self, resource: Resource, events: Sequence[WatchEvent]) -> None:
        assert resource
        self._add(lambda: self.state.apply(events, 1))

    def _add(self, call: Any) -> None:
        began = time.thread_time()
        call()
        seconds = time.thread_time() - began
        self.calls += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)


class Lag:
    """The longest time between two turns of the loop, without turns in which the sink had some."""

    def __init__(self, sink: Timed) -> None:
        self._sink = sink
        self.longest = 0.0

    async def run(self) -> None:
        """Take part in every turn."""
        before, calls = time.thread_time(), 0
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            if calls == self._sink.calls:
                self.longest = max(self.longest, now - before)
            before, calls = now, self._sink.calls


async def measure(world: Served, *, streams: bool) -> None:
    """Print what a first list, a second one and events cost."""
    server, sink, notes = Server(world, streams=streams), Timed(), Notes()
    lag = Lag(sink)
    reflector = Reflector(SLICES, server, sink, notes, Random(1))  # noqa: S311
    kind = "stream" if streams else "pages"

    gone = _line("ERROR", {"code": 410})

    async def report(what: str, is_over: Any, per: int, saying: bytes = b"") -> None:
        for _ in range(3):  # what was before has had its turns
            await asyncio.sleep(0)
        lag.longest = sink.longest = sink.total = 0.0
        began, cpu = time.perf_counter(), time.process_time()
        if saying:
            server.sayings.put_nowait(saying)
        while not is_over():  # noqa: ASYNC110 - whoever waits here is measured with the rest
            await asyncio.sleep(0)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        sys.stdout.write(
            f"{kind:7}{what:12}{wall:7.3f} s{cpu:9.3f} s CPU{1e6 * cpu / per:8.1f} us each"
            f"   longest turn without it {1e3 * lag.longest:4.1f} ms"
            f"   sink {sink.total:6.3f} s, longest {1e3 * sink.longest:6.1f} ms\n"
        )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lag.run())]
        await asyncio.sleep(0)
        tasks.append(group.create_task(reflector.run()))
        await report("first list", lambda: notes.of("listed"), SLICES_COUNT)
        gc.collect()
        gc.freeze()
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await report("second list", lambda: len(notes.of("listed")) > 1, SLICES_COUNT, gone)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rss
        await report(
            "events", lambda: reflector.counts["MODIFIED"] >= _EVENTS, _EVENTS, world.events
        )
        sys.stdout.write(f"{kind:7}second list took {grown / 1024:.1f} MiB more at its peak\n")
        for task in tasks:
            task.cancel()


def main() -> None:
    """Measure both kinds of list."""
    world = served()
    sys.stdout.write(
        f"{SLICES_COUNT} slices, {ENDPOINTS} endpoints each, {len(world.stream) >> 20} MiB\n"
    )
    for streams in (True, False):
        asyncio.run(measure(world, streams=streams))


if __name__ == "__main__":
    main()
