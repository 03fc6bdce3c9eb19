"""The backend `ipvs`: virtual servers in the kernel, their addresses on a dummy device.

What is ours: a virtual server that the journal names, or whose address is on our device. All
others are somebody else's: not read, not changed, not deleted. Nothing is taken away on exit.

The order within one batch: rows of the packet filter, virtual servers, real servers, addresses;
then the other way round what goes. So an address is never local without its virtual server.
"""

import errno
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from svcdns.dataplane import conntrack, device_watch, sysctl
from svcdns.dataplane.backend import Capabilities, DataplaneError, Failure, Idle
from svcdns.dataplane.binder import Binder
from svcdns.dataplane.filter import PacketFilter
from svcdns.dataplane.filter_keeper import FilterKeeper
from svcdns.dataplane.ipvs_kernel import IpvsTable, TableOperation, Timeouts
from svcdns.dataplane.journal import PLACE, Journal
from svcdns.dataplane.kernel_error import NOT_THERE, explained, failure_of
from svcdns.dataplane.routes import device_of
from svcdns.dataplane.worker import KernelThread
from svcdns.proxy.model import Desired, VirtualKey
from svcdns.proxy.operations import (
    AddServer,
    AddVirtual,
    DeleteServer,
    DeleteVirtual,
    Operation,
    SetVirtual,
    SetWeight,
)
from svcdns.proxy.options import SCHEDULERS, Network
from svcdns.proxy.realized import Realized
from svcdns.telemetry.log import get_log

_OTHER_SCHEDULERS = ("lblc", "lblcr", "fo", "ovf", "twos")
"""Of the kernel, besides those every mode knows."""
_FOREIGN = "somebody else has a virtual server there: delete it, or exclude its address"

_log = get_log("dataplane")


@dataclass(frozen=True, slots=True)
class IpvsOptions:
    """How this backend works."""

    device: str = "kube-ipvs0"
    journal: Path = PLACE
    exclude: tuple[Network, ...] = ()
    """Virtual servers there are never ours, whoever made them."""
    strict_arp: bool = False
    binding: str = "device"
    """How addresses become this node's: bound on the `device`, or by a `route` each."""
    timeouts: Timeouts = field(default_factory=Timeouts)


class IpvsBackend:
    """The `Backend` of the kernel's IPVS, with a packet filter beside it."""

    name = "ipvs"

    def __init__(self, options: IpvsOptions, packet_filter: PacketFilter) -> None:
        """Nothing is asked of the kernel yet.

        Raises:
            DataplaneError: the device's name cannot be one.
        """
        self._options = options
        self._thread = KernelThread()
        self._table = IpvsTable()
        self._device = device_of(options.device, options.binding)
        self._binder = Binder(self._device)
        self._journal = Journal(options.journal)
        self._filter = FilterKeeper(packet_filter)
        self._packet_filter = packet_filter
        self._foreign: frozenset[VirtualKey] = frozenset()
        self._is_close = True
        """Whether the next reading compares the packet filter too."""

    @property
    def packet_filter(self) -> str:
        """Name of what stands beside it."""
        return self._packet_filter.name

    def close(self) -> None:
        """Give sockets and thread back; everything in the kernel stays."""
        self._thread.close()
        self._table.close()
        self._device.close()

    async def probe(self) -> Capabilities:
        """Return the schedulers this kernel has.

        Raises:
            DataplaneError: no IPVS, no scheduler at all, no right, or no packet filter.
        """
        return await self._thread.call(self._probe)

    async def setup(self) -> None:
        """Make the device, set what the kernel has to be set to, read the journal.

        Raises:
            DataplaneError: one of it does not work.
        """
        await self._thread.call(self._setup)

    async def read(self) -> Realized:
        """Return what is ours of the kernel's table, and the addresses of our device.

        Raises:
            DataplaneError: the kernel does not say.
        """
        return await self._thread.call(self._read)

    async def read_idle(self, keys: Collection[VirtualKey]) -> Idle:
        """Return the real servers of weight 0 at `keys`, whose virtual servers are ours.

        Raises:
            DataplaneError: the kernel does not say.
        """
        return await self._thread.call(self._table.read_idle, keys)

    async def apply(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool = False
    ) -> tuple[Failure, ...]:
        """Do all operations; return those refused.

        Raises:
            DataplaneError: the packet filter refuses its rows, after all operations were tried.
        """
        return await self._thread.call(self._apply, tuple(operations), desired, rest=rest)

    async def forget_flows(self, serving: Mapping[VirtualKey, bytes]) -> None:
        """Delete what conntrack still sends elsewhere."""
        await self._thread.call(conntrack.forget_stale, serving)

    async def cleanup(self) -> None:
        """Take away our virtual servers, the device, the packet filter's rules and the journal.

        Raises:
            DataplaneError: something stays.
        """
        await self._thread.call(self._cleanup)

    async def watch(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` after somebody else changed our device, for ever."""
        await device_watch.watch(self._device, on_change)

    def look_closely(self) -> None:
        """Let the next reading compare the packet filter too; drains read far more often."""
        self._is_close = True

    def _probe(self) -> Capabilities:
        self._table.open()
        tried = (*SCHEDULERS, *_OTHER_SCHEDULERS)
        missing = frozenset(self._table.missing_schedulers(tried))
        if missing.issuperset(SCHEDULERS):
            raise DataplaneError(
                "try schedulers", "this kernel has none of them", "modprobe ip_vs_rr"
            )
        self._packet_filter.probe()
        remarks = [
            f"this kernel has no scheduler {name}; modprobe ip_vs_{name} loads it"
            for name in SCHEDULERS
            if name in missing
        ]
        release = os.uname().release
        if sysctl.kernel_version(release) < sysctl.REUSE_SINCE:
            remarks.append(
                f"Linux {release} delays connections from a port that is used again by a second; "
                "5.9 and newer do not"
            )
        return Capabilities(frozenset(tried) - missing, tuple(remarks))

    def _setup(self) -> None:
        self._table.open()
        for found in sysctl.apply(sysctl.wanted(strict_arp=self._options.strict_arp)):
            if found.error:
                setting = found.setting
                raise DataplaneError(
                    f"set {setting.name} to {setting.value} ({setting.why})",
                    found.error,
                    f"sysctl -w {setting.name.replace('/', '.')}={setting.value}",
                )
        self._table.set_timeouts(self._options.timeouts)
        self._device.ensure()
        self._journal.open()
        self._packet_filter.setup()

    def _read(self) -> Realized:
        whole = self._table.read(counts=False)
        here = self._device.read()
        bound, known = here.bound, here.bound | here.former
        ours = {key: one for key, one in whole.items() if self._is_ours(key, known)}
        self._foreign = frozenset(whole.keys() - ours.keys())
        self._journal.compact(whole)
        if self._is_close:
            self._is_close = False
            if not self._filter.audit():
                _log.warning("proxy.repaired", operations=1, objects="the packet filter")
        return Realized(ours, bound)

    def _is_ours(self, key: VirtualKey, bound: frozenset[bytes]) -> bool:
        if any(network.holds(key.address) for network in self._options.exclude):
            return False
        return key in self._journal.keys or key.address in bound

    def _apply(
        self, operations: tuple[Operation, ...], desired: Desired, *, rest: bool
    ) -> tuple[Failure, ...]:
        failures: list[Failure] = []
        refused_filter = self._filter.before(desired)
        adds = [one for one in operations if isinstance(one, AddVirtual)]
        without = self._add_virtual(adds, failures)
        self._change(
            [
                one
                for one in operations
                if isinstance(one, SetVirtual | AddServer | SetWeight | DeleteServer)
                and _key(one) not in without
            ],
            failures,
        )
        failures += self._binder.bind(operations, without, desired)
        gone = [one for one in operations if isinstance(one, DeleteVirtual)]
        # Ours by their address alone: nothing says so any more once that is unbound.
        self._journal.add(one.key for one in gone)
        failures += self._binder.unbind(operations)
        kept = self._change(gone, failures)
        self._journal.discard(one.key for one in gone if one.key not in kept)
        if rest:  # the filter keeps its rows, and is tried again
            return tuple(failures)
        self._binder.tidy()
        refused_filter = self._filter.after() or refused_filter
        if refused_filter is not None:
            raise refused_filter
        return tuple(failures)

    def _add_virtual(self, adds: list[AddVirtual], failures: list[Failure]) -> set[VirtualKey]:
        """Return the keys of those that are not there, or not ours, afterwards."""
        without: set[VirtualKey] = set()
        wanted: list[AddVirtual] = []
        for one in adds:
            if one.virtual.key in self._foreign:
                without.add(one.virtual.key)
                failures.append(Failure(one, _FOREIGN))
            else:
                wanted.append(one)
        earlier = {one.virtual.key for one in wanted} & self._journal.keys
        self._journal.add(one.virtual.key for one in wanted)
        refused = self._table.change(wanted)
        lost: list[VirtualKey] = []
        for place, verdict in refused.items():
            one = wanted[place]
            key = one.virtual.key
            without.add(key)
            failures.append(failure_of(one, verdict))
            if verdict.number != errno.ENOBUFS and key not in earlier:
                lost.append(key)  # if it is there, somebody else was faster
        self._journal.discard(lost)
        return without

    def _change(
        self, operations: Sequence[TableOperation], failures: list[Failure]
    ) -> set[VirtualKey]:
        """Return the virtual servers of the operations that were refused."""
        refused: set[VirtualKey] = set()
        if not operations:
            return refused
        for place, verdict in self._table.change(operations).items():
            one = operations[place]
            # What shall go and is not there has what it needs; still nobody knows why.
            if isinstance(one, DeleteVirtual | DeleteServer) and verdict.number in NOT_THERE:
                continue
            refused.add(_key(one))
            failures.append(failure_of(one, verdict))
        return refused

    def _cleanup(self) -> None:
        self._journal.open()
        found = self._read()
        refused = self._table.delete(found.virtual_servers)
        for verdict in refused.values():
            if verdict.number not in NOT_THERE:
                raise explained("delete virtual servers", *verdict)
        self._device.delete()
        self._packet_filter.remove()
        self._journal.delete()


def _key(operation: TableOperation) -> VirtualKey:
    if isinstance(operation, AddVirtual | SetVirtual):
        return operation.virtual.key
    return operation.key
