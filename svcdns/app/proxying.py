"""The service proxy's part of a process: from the cluster's state to the node, and its pages.

It has a view of the cluster of its own, without any selector. Nothing reaches the node before
the API server itself has said everything about Services and EndpointSlices: neither a snapshot
nor half a list is enough.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.feed import Feed, View
from svcdns.app.memory import settle
from svcdns.app.proxy_backend import OpenBackend, backend_of
from svcdns.app.proxy_health import Health, ServiceChecks
from svcdns.app.proxy_measure import measure_proxy
from svcdns.app.proxy_pages import Pages
from svcdns.app.proxy_settings import ProxySettings, proxy_options, scheduler_of
from svcdns.app.proxy_steps import desired_after
from svcdns.app.proxy_takeover import Takeover
from svcdns.app.start_error import StartError
from svcdns.cluster.change import Change
from svcdns.cluster.model import EndpointSlice, Node, Service
from svcdns.dataplane.backend import Backend, DataplaneError
from svcdns.dataplane.ipvs import IpvsBackend
from svcdns.dataplane.reconcile import Pace, Reconciler
from svcdns.dataplane.sync_report import SyncReport
from svcdns.proxy.model import Desired
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.server.interfaces import interface_addresses
from svcdns.telemetry import proxy_metrics as names
from svcdns.telemetry.log import get_log
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.name import ROOT, pack_address

NODE_PATIENCE_SECONDS = 5.0
"""For our own Node to be known when everything else is: without it node ports have no address."""
LOOK_SECONDS = 0.1
ADDRESSES_SECONDS = 30.0
"""How often the addresses of this machine are looked at."""
_AUTO = ("ipvs", "nftables", "iptables", "userspace")

VIEW = View()
STANZAS: Mapping[View, Sequence[KubernetesSettings]] = {
    VIEW: (KubernetesSettings((ROOT,), for_proxy=True, startup_timeout=0.0),)
}
"""What a proxy has to see."""

_log = get_log("app")


@dataclass(slots=True)
class _Pending:
    """Changes that are not in the plan yet, and how many of them the node does not have."""

    changes: list[Change] | None
    """None: too many to be told one by one."""
    services: int = 0
    slices: int = 0
    triggers: tuple[float, ...] = ()
    """Unix times of changes of endpoints."""


class Proxying:
    """One node's service proxy."""

    def __init__(
        self,
        settings: ProxySettings,
        feed: Feed,
        is_synced: Callable[[], bool],
        metrics: Metrics | None = None,
    ) -> None:
        """Do nothing yet; `begin` and the loops follow.

        Args:
            settings: the command line's.
            feed: keeps the state of the cluster.
            is_synced: whether the source itself has said everything.
            metrics: gets the numbers and is its page; None: one of its own.
        """
        metrics = metrics or Metrics(names.PAGE)
        self._settings = settings
        self._is_synced = is_synced
        self._metrics = metrics
        self._state = feed.keep(VIEW)
        self._seen = self._state.changes
        self._nodes: dict[str, Node] = {}
        self._here: tuple[bytes, ...] = ()
        self._pending = _Pending(None)
        self._plan: Plan | None = None
        self._is_known = False
        self._has_synced = False
        self._health = Health(self._is_healthy, self._is_eligible, metrics)
        self._pages = Pages(self._health, metrics, lambda: self.backend.name)
        self._checks = ServiceChecks(self._is_healthy, settings.listen)
        self._takeover = Takeover()
        self.backend: OpenBackend
        self.reconciler: Reconciler
        self.on_sync: Callable[[Desired], None] | None = None
        """Is called after each sync."""
        feed.follow(self._changed)

    async def begin(self) -> None:
        """See whether the mode works here, and open health and metrics.

        Raises:
            StartError: it does not work, an address cannot be had, or the node has a proxy.
        """
        await self._takeover.begin(self._settings)
        try:
            self._pages.open(self._settings)
            self._look_at_addresses()
            self.backend = await self._working_backend()
        except StartError:
            await self._pages.close()
            self._takeover.close()
            raise
        measure_proxy(self._metrics, self.reconciler, self.backend)

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what has to run as long as the process does, by name."""
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "proxying": self.reconciler.run,
            "proxy-start": self._start,
        }
        if not self._settings.listen:
            loops["proxy-takeover"] = partial(self._takeover.finish, self._settings, self.backend)
        if isinstance(self.backend, IpvsBackend):
            loops["proxy-device"] = partial(self.backend.watch, self.reconciler.look_again)
        return loops

    async def close(self) -> None:
        """Close the pages; what the node has stays."""
        await self._pages.close()
        await self._checks.close()
        self.backend.close()
        self._takeover.close()

    def triggered(self, moments: Sequence[float]) -> None:
        """Take note of when endpoints changed that have just come in."""
        self._pending.triggers += tuple(moments)

    async def _working_backend(self) -> OpenBackend:
        settings = self._settings
        modes = _AUTO if settings.mode == "auto" else (settings.mode,)
        refusals: list[str] = []
        for mode in modes:
            chosen = replace(settings, mode=mode)
            with ExitStack() as undo:
                try:
                    backend = backend_of(chosen)
                    undo.callback(backend.close)
                    reconciler = self._reconciler(backend)
                    remarks = await reconciler.begin(scheduler_of(chosen))
                except DataplaneError as error:
                    refusals.append(f"mode {mode} does not work here: {error}")
                    continue
                undo.pop_all()
            for remark in remarks:
                _log.warning("proxy.remark", mode=mode, what=remark)
            _log.info("proxy.mode", mode=mode, node=settings.node)
            self._settings, self.reconciler = chosen, reconciler
            return backend
        raise StartError("\n".join(refusals))

    def _reconciler(self, backend: Backend) -> Reconciler:
        settings = self._settings
        pace = Pace(settings.min_sync_seconds, settings.sync_seconds, settings.drain_seconds)
        made = Reconciler(backend, self._wanted, SyncReport(self._metrics), pace)
        made.on_sync = self._synced
        return made

    async def _start(self) -> None:
        """Wake the reconciler as soon as everything is known, then look at our addresses."""
        await _until(self._is_synced)
        with suppress(TimeoutError):
            async with asyncio.timeout(NODE_PATIENCE_SECONDS):
                await _until(self._knows_node)
        self._is_known = True
        self.reconciler.wake()
        while True:
            await asyncio.sleep(ADDRESSES_SECONDS)
            if self._look_at_addresses():
                self.reconciler.wake()

    def _knows_node(self) -> bool:
        settings = self._settings
        is_told = bool(settings.listen or settings.manifests is not None)
        return is_told or settings.node in self._state.nodes

    def _look_at_addresses(self) -> bool:
        """Take note of the addresses of other devices; return whether they have changed."""
        settings = self._settings
        here = tuple(
            dict.fromkeys(
                one.packed
                for one in sorted(interface_addresses(), key=lambda one: len(one.packed))
                if one.is_global and one.interface != settings.device
            )
        )
        before, self._here = self._here, here
        return before != here

    def _changed(self) -> None:
        """Take note of what has changed in the cluster."""
        state, pending = self._state, self._pending
        seen = state.changes_since(self._seen)
        self._seen = state.changes
        services = sum(change.kind is Service for change in seen or ())
        slices = sum(change.kind is EndpointSlice for change in seen or ())
        self._metrics.add(names.SERVICE_CHANGES, by=services)
        self._metrics.add(names.ENDPOINT_CHANGES, by=slices)
        pending.services += services
        pending.slices += slices
        nodes = list(self._node_changes())
        if seen is None or pending.changes is None:
            pending.changes = None
        else:
            pending.changes += [*seen, *nodes]
        if self._is_known and (seen is None or seen or nodes):
            self._show_pending(pending)
            self.reconciler.wake()

    def _node_changes(self) -> Iterable[Change]:
        before, self._nodes = self._nodes, dict(self._state.nodes)
        if before == self._nodes:
            return
        for name in before.keys() | self._nodes.keys():
            old, new = before.get(name), self._nodes.get(name)
            if old is not new and old != new:
                yield Change(Node, ("", name), old, new)

    async def _wanted(self) -> Desired:
        """Return what the node should have now."""
        options = self._options()
        pending, self._pending = self._pending, _Pending([])
        self._pending.triggers = pending.triggers
        plan = self._plan
        self._plan = None  # what fails half way is made anew
        if plan is None or plan.options != options:
            plan, pending.changes = Plan(options), None
        if pending.changes is None:
            steps = plan.rebuilding(self._state)
        else:
            steps = plan.applying(self._state, pending.changes)
        desired = await desired_after(steps, plan)
        self._plan = plan
        return desired

    def _options(self) -> ProxyOptions:
        settings = self._settings
        options = replace(
            proxy_options(settings, self._state.nodes.get(settings.node), self._here),
            schedulers=self.reconciler.schedulers,
        )
        if settings.listen:
            # Node ports are served where everything is, and no address is taken from anybody.
            address = (pack_address(settings.listen),)
            return replace(options, node_addresses=address, other_addresses=frozenset())
        return options

    def _synced(self, desired: Desired) -> None:
        if not self._has_synced:
            self._has_synced = True
            # Writing everything has taken what nobody needs any more.
            asyncio.get_running_loop().run_in_executor(None, settle)
        self._show_pending(self._pending)
        now = time.time()
        for moment in self._pending.triggers:
            self._metrics.observe(names.PROGRAMMING, max(0.0, now - moment))
        self._pending.triggers = ()
        self._checks.take(desired.health_checks)
        if not desired.virtual_servers or self.reconciler.troubled < len(desired.virtual_servers):
            self._takeover.works()
        if self.on_sync is not None:
            self.on_sync(desired)

    def _show_pending(self, pending: _Pending) -> None:
        self._metrics.set(names.SERVICE_CHANGES_PENDING, pending.services)
        self._metrics.set(names.ENDPOINT_CHANGES_PENDING, pending.slices)

    def _is_healthy(self) -> bool:
        if not self._has_synced:
            return False
        since = self.reconciler.waiting_since
        age = 0.0 if since is None else asyncio.get_running_loop().time() - since
        return age < 2 * self._settings.sync_seconds

    def _is_eligible(self) -> bool:
        node = self._state.nodes.get(self._settings.node)
        return node is None or not node.leaving


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  it follows from several things
        await asyncio.sleep(LOOK_SECONDS)
