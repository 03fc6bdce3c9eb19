"""The backend `ipvs` in a kernel of its own: what programming, reading and one change take.

    python -m tests.bench.proxy

starts that kernel; this module runs inside it. Every figure is of one run.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import EndpointPort, EndpointSlice, Object, Service, ServicePort
from svcdns.cluster.state import State
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions
from svcdns.proxy.diff import changed_keys, diff
from svcdns.proxy.model import Desired
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized

ENDPOINTS = 10
PEER_SERVICES = 1_000
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
        await self._one_change(desired, realized)
        await self._timed("take away", self._backend.cleanup)
        self._backend.close()
        return self.figures

    async def _one_change(self, before: Desired, realized: Realized) -> None:
        middle = self.services // 2
        moved = its_slice(middle, moved=True)
        changes = self._state.apply([WatchEvent(EndpointSlice, moved.key, moved)], 2)
        started = time.perf_counter()
        after = self._plan.apply(self._state, changes)
        planned = time.perf_counter()
        operations = diff(after, realized, only=changed_keys(before, after))
        compared = time.perf_counter()
        assert not await self._backend.apply(operations, after)
        ended = time.perf_counter()
        self.figures["one change: plan"] = planned - started
        self.figures["one change: compare"] = compared - planned
        self.figures["one change: apply"] = ended - compared
        self.figures["one change: operations"] = len(operations)

    async def _change(self, desired: Desired, realized: Realized) -> None:
        assert not await self._backend.apply(diff(desired, realized), desired)

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
    found: dict[str, dict[str, float]] = {}
    for size in map(int, sys.argv[1:]):
        found[str(size)] = asyncio.run(Bench(size).run())
    found["ipvsadm"] = {f"program {PEER_SERVICES} from empty": with_ipvsadm()}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
