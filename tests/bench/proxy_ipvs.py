"""The backend `ipvs` in a kernel of its own: what programming, reading and one change take.

    python -m tests.bench.proxy

starts that kernel; this module runs inside it. Every figure is of one run.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from svcdns.cluster.change import Change, WatchEvent
from svcdns.cluster.model import EndpointPort, EndpointSlice, Object, Service, ServicePort
from svcdns.cluster.state import State
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions
from svcdns.dataplane.reconcile import Pace, Reconciler
from svcdns.dataplane.sync_report import SyncReport
from svcdns.proxy.diff import changed_keys, diff, diff_in_batches
from svcdns.proxy.model import Desired, VirtualKey
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from svcdns.telemetry.log import Output, redirect
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import PAGE

ENDPOINTS = 10
PEER_SERVICES = 1_000
LOOP_CHANGES = 20
_PORTS = (ServicePort("http", "TCP", 80),)
_TARGETS = (EndpointPort("http", "TCP", 8080),)
_READY = bytes((3,))
_Result = TypeVar("_Result")


def a_service(number: int) -> Service:
    """Return one Service of many."""
    address = (0x0A60_0000 + number).to_bytes(4)
    return Service("shop", f"s{number:05}", "ClusterIP", (address,), ports=_PORTS)


def its_slice(number: int, *, moved: bool = False) -> EndpointSlice:
    """Return its endpoints; `moved`: one of them is another pod."""
    first = 0x0AF4_0000 + number * ENDPOINTS
    packed = [(first + n).to_bytes(4) for n in range(ENDPOINTS)]
    if moved:
        packed[0] = (0x0B00_0000 + number).to_bytes(4)
    name = f"s{number:05}"
    return EndpointSlice("shop", name, name, 4, b"".join(packed), _READY * ENDPOINTS, _TARGETS)


def believed(desired: Desired, keys: list[VirtualKey]) -> Realized:
    """Return a node that has what is desired at `keys`."""
    return Realized(
        {
            key: RealizedVirtual(
                one.scheduler, servers=dict.fromkeys(one.real_servers(), RealizedServer(1, 1))
            )
            for key in keys
            if (one := desired.virtual_servers.get(key)) is not None
        },
        desired.addresses,
    )


class TurnTimes(SyncReport):
    """What each turn of the loop took, and when the last one ended."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(metrics)
        self.seconds: list[float] = []
        self.done = asyncio.Event()

    def synced(self, desired: Desired, draining: int, seconds: float) -> None:
        """Take note of a turn."""
        super().synced(desired, draining, seconds)
        self.seconds.append(seconds)
        self.done.set()


class Bench:
    """One size of cluster, in a kernel that has none."""

    def __init__(self, services: int) -> None:
        self.services = services
        self.figures: dict[str, float] = {}
        self._state = State()
        self._plan = Plan(ProxyOptions(node="here"))
        self._backend = IpvsBackend(IpvsOptions(), IptablesFilter(FilterOptions()))

    async def run(self) -> dict[str, float]:
        """Return seconds and counts by name."""
        await self._backend.probe()
        await self._backend.setup()
        objects: list[Object] = []
        for number in range(self.services):
            objects += (a_service(number), its_slice(number))
        self._state.apply([WatchEvent(type(one), one.key, one) for one in objects], 1)
        desired = await self._timed("plan", _soon(lambda: self._plan.rebuild(self._state)))
        nothing = await self._backend.read()
        await self._timed("program from empty", lambda: self._change(desired, nothing))
        self._backend.look_closely()  # the packet filter is part of an audit
        realized = await self._timed("read back", self._backend.read)
        operations = await self._timed("compare", _soon(lambda: diff(desired, realized)))
        self.figures["operations in sync"] = len(operations)
        await self._one_change(desired)
        await self._changes_in_the_loop()
        self.figures["largest MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        await self._timed("take away", self._backend.cleanup)
        self._backend.close()
        return self.figures

    async def _one_change(self, before: Desired) -> None:
        """Measure one moved endpoint step by step, and another one as the loop takes it."""
        changes = self._moved(self.services // 2)
        started = time.perf_counter()
        after = self._plan.apply(self._state, changes)
        planned = time.perf_counter()
        keys = changed_keys(before, after)
        operations = diff(after, believed(before, keys), only=keys)
        compared = time.perf_counter()
        assert not await self._backend.apply(operations, after)
        ended = time.perf_counter()
        self.figures["one change: plan"] = planned - started
        self.figures["one change: compare"] = compared - planned
        self.figures["one change: apply"] = ended - compared
        self.figures["one change: operations"] = len(operations)
        await self._timed("look at what drains", lambda: self._backend.read_idle(keys))

    async def _changes_in_the_loop(self) -> None:
        """Measure what the loop takes for one moved endpoint, from the gathered wake on."""
        pending: list[Change] = []

        async def wanted() -> Desired:
            found = self._plan.apply(self._state, pending)
            pending.clear()
            return found

        report = TurnTimes(Metrics(PAGE))
        loop = Reconciler(self._backend, wanted, report, Pace(audit_seconds=3600.0))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(loop.run())
            for number in range(-1, LOOP_CHANGES):
                pending += self._moved(self.services // 2 + number)
                report.done.clear()
                loop.wake()
                await report.done.wait()
            running.cancel()
        _, *taken = report.seconds  # the first one compares everything
        self.figures["one change: whole turn"] = statistics.median(taken)

    def _moved(self, number: int) -> list[Change]:
        moved = its_slice(number, moved=True)
        return self._state.apply([WatchEvent(EndpointSlice, moved.key, moved)], 2)

    async def _change(self, desired: Desired, realized: Realized) -> None:
        for operations in diff_in_batches(desired, realized):
            assert not await self._backend.apply(operations, desired, rest=True)
        assert not await self._backend.apply((), desired)

    async def _timed(self, name: str, step: Callable[[], Awaitable[_Result]]) -> _Result:
        started = time.perf_counter()
        result = await step()
        self.figures[name] = time.perf_counter() - started
        return result


def _soon(function: Callable[[], _Result]) -> Callable[[], Awaitable[_Result]]:
    async def call() -> _Result:
        return function()

    return call


def with_ipvsadm() -> float:
    """Return how long ipvsadm takes for the smallest of the sizes, without addresses."""
    rules = Path("/run/rules")
    with rules.open("w") as file:
        for number in range(PEER_SERVICES):
            vip = _text(0x0A60_0000 + number)
            file.write(f"-A -t {vip}:80 -s rr\n")
            for n in range(ENDPOINTS):
                server = _text(0x0AF4_0000 + number * ENDPOINTS + n)
                file.write(f"-a -t {vip}:80 -r {server}:8080 -m -w 1\n")
    started = time.perf_counter()
    with rules.open() as file:
        subprocess.run(["ipvsadm", "-R"], stdin=file, check=True)
    took = time.perf_counter() - started
    subprocess.run(["ipvsadm", "-C"], check=True)
    return took


def _text(number: int) -> str:
    return ".".join(map(str, number.to_bytes(4)))


def main() -> None:
    """Print the figures of each size asked for, as one JSON document."""
    redirect(Output(sys.stderr))  # the document alone goes to stdout
    found: dict[str, dict[str, float]] = {}
    for size in map(int, sys.argv[1:]):
        found[str(size)] = asyncio.run(Bench(size).run())
    found["ipvsadm"] = {f"program {PEER_SERVICES} from empty": with_ipvsadm()}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
