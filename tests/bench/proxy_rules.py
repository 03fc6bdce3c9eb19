"""The modes `nftables` and `iptables` on this machine's kernel: what programming and change take.

    unshare --net python -m tests.bench.proxy_rules nftables 1000 10000

prints one JSON document. Nothing outside the network namespace is touched. Schedulers: `random`,
which is kube-proxy's in these modes, and for nftables also `rr`, whose turn each virtual server
keeps for itself.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import EndpointSlice, Object
from svcdns.cluster.state import State
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables import Iptables
from svcdns.dataplane.iptables_programs import find_programs
from svcdns.dataplane.nftables import Nftables
from svcdns.proxy.diff import changed_keys, diff, diff_in_batches
from svcdns.proxy.model import Desired
from svcdns.proxy.operations import Operation
from svcdns.proxy.options import Network, ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized
from tests.bench.proxy_ipvs import a_service, its_slice

_PODS = (Network(bytes((10, 244, 0, 0)), 14),)
_FILTER = FilterOptions(cluster_networks=_PODS)
MODES: dict[str, Callable[[], Nftables | Iptables]] = {
    "nftables": lambda: Nftables(_FILTER),
    "iptables-nft": lambda: Iptables(_FILTER, find=lambda: find_programs(("-nft",))),
    "iptables-legacy": lambda: Iptables(_FILTER, find=lambda: find_programs(("-legacy",))),
}
_Result = TypeVar("_Result")


class RulesBench:
    """One mode at one size of cluster, in a namespace that has no rules."""

    def __init__(self, mode: str, services: int, scheduler: str) -> None:
        """Prepare; nothing is made yet."""
        self.figures: dict[str, float] = {}
        self._services = services
        self._state = State()
        options = ProxyOptions(node="here", cluster_networks=_PODS, scheduler=scheduler)
        self._plan = Plan(options)
        self._backend = MODES[mode]()

    async def run(self) -> dict[str, float]:
        """Return seconds, counts and MiB by name."""
        await self._backend.probe()
        await self._backend.setup()
        objects: list[Object] = []
        for number in range(self._services):
            objects += (a_service(number), its_slice(number))
        self._state.apply([WatchEvent(type(one), one.key, one) for one in objects], 1)
        desired = self._plan.rebuild(self._state)
        nothing = await self._backend.read()
        await self._timed("program from empty", lambda: self._program(desired, nothing))
        realized = await self._timed("audit", self._backend.read)
        self.figures["operations in sync"] = len(diff(desired, realized))
        changed = await self._one_change(desired, realized)
        self.figures["largest MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        await self._after_restart(changed)
        return self.figures

    async def _one_change(self, before: Desired, realized: Realized) -> Desired:
        moved = its_slice(self._services // 2, moved=True)
        changes = self._state.apply([WatchEvent(EndpointSlice, moved.key, moved)], 2)
        after = self._plan.apply(self._state, changes)
        operations = diff(after, realized, only=changed_keys(before, after))
        await self._timed("one change", lambda: self._change(operations, after))
        return after

    async def _after_restart(self, desired: Desired) -> None:
        self._backend.close()
        await self._timed("set up after a restart", self._backend_again)
        realized = await self._backend.read()
        self.figures["operations after a restart"] = len(diff(desired, realized))
        await self._timed("take away", self._backend.cleanup)
        self._backend.close()

    async def _backend_again(self) -> None:
        self._backend = type(self._backend)(_FILTER)
        await self._backend.probe()
        await self._backend.setup()

    async def _program(self, desired: Desired, nothing: Realized) -> None:
        for operations in diff_in_batches(desired, nothing):
            assert not await self._backend.apply(operations, desired, rest=True)
        await self._change((), desired)

    async def _change(self, operations: tuple[Operation, ...], desired: Desired) -> None:
        assert not await self._backend.apply(operations, desired)

    async def _timed(self, name: str, step: Callable[[], Awaitable[_Result]]) -> _Result:
        started = time.perf_counter()
        result = await step()
        self.figures[name] = time.perf_counter() - started
        return result


def main() -> None:
    """Print the figures of a mode for each size asked for."""
    mode, *sizes = sys.argv[1:]
    schedulers = ("random", "rr") if mode == "nftables" else ("random",)
    found = {
        f"{size} {scheduler}": asyncio.run(RulesBench(mode, int(size), scheduler).run())
        for size in sizes
        for scheduler in schedulers
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
