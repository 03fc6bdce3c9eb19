"""A reconciler over the strict fake, in virtual time, and what is wanted of it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.fake import Fake
from svcdns.dataplane.reconcile import Pace, Reconciler
from svcdns.dataplane.sync_report import SyncReport
from svcdns.proxy.diff import diff
from svcdns.proxy.model import (
    TCP,
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.proxy.operations import Operation
from svcdns.proxy.realized import Realized
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import AUDITS, PAGE
from tests.support import virtual_time


def key(number: int) -> VirtualKey:
    return VirtualKey(TCP, bytes((10, 96, 0, number)), 80)


def server(number: int) -> RealServer:
    return RealServer(bytes((10, 1, 0, number)), 8080)


def virtual(number: int, *servers: int, scheduler: str = "rr") -> VirtualServer:
    service = ServicePortName("shop", f"web-{number}", "")
    rows = pack_servers(map(server, servers))
    return VirtualServer(key(number), Kind.CLUSTER, service, scheduler, servers=rows)


def desired(*virtual_servers: VirtualServer) -> Desired:
    return Desired(
        {one.key: one for one in virtual_servers},
        frozenset(one.key.address for one in virtual_servers),
    )


async def here(work: Callable[[], Any]) -> Any:
    return work()


async def nothing() -> Desired:
    return Desired()


class Watched(Fake):
    """Counts what is asked of it, and can be out of order as a whole."""

    def __init__(self, refuse: Callable[[Operation], int] = lambda _: 0) -> None:
        super().__init__(refuse=refuse)
        self.reads: list[float] = []
        self.batches: list[float] = []
        self.is_out_of_order = False

    async def read(self) -> Realized:
        self.reads.append(asyncio.get_running_loop().time())
        if self.is_out_of_order:
            raise DataplaneError("read virtual servers", "no answer")
        return await super().read()

    async def apply(self, operations: Any, desired: Desired, *, rest: bool = False) -> Any:
        if operations:
            self.batches.append(asyncio.get_running_loop().time())
        return await super().apply(operations, desired, rest=rest)


class Driven:
    """One reconciler that runs, and what it is asked for."""

    def __init__(self, backend: Watched, drain_seconds: float = 300.0) -> None:
        self.backend = backend
        self.wanted = Desired()
        self.metrics = Metrics(PAGE)
        self.asked = 0
        self.loop = Reconciler(
            backend, self._ask, SyncReport(self.metrics), Pace(drain_seconds=drain_seconds), here
        )

    async def _ask(self) -> Desired:
        self.asked += 1
        return self.wanted

    def want(self, *virtual_servers: VirtualServer) -> None:
        self.wanted = desired(*virtual_servers)
        self.loop.wake()

    @property
    def agrees(self) -> bool:
        return not diff(self.wanted, self.backend.realized(), drains=False)

    def audits(self, finding: str) -> float:
        return self.metrics.numbers.get(AUDITS.name, {}).get((finding,), 0)


def drive(
    story: Callable[[Driven], Coroutine[Any, Any, None]],
    backend: Watched | None = None,
    drain_seconds: float = 300.0,
) -> None:
    """Run a story beside a reconciler, for at most an hour that does not pass."""

    async def both() -> None:
        driven = Driven(backend or Watched(), drain_seconds)
        await driven.loop.begin("rr")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(driven.loop.run())
            await story(driven)
            task.cancel()
        assert task.cancelled()

    virtual_time.run(both(), limit_seconds=3600)
