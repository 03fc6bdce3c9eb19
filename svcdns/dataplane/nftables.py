"""The mode `nftables`: virtual servers as elements of one table for each family.

The table is ours alone; what others have is never looked at. Every change is one transaction, so
no packet sees half of it, and what is as it should be is not touched: a restart changes nothing.
What another version has made, or somebody damaged, serves until `nftables_bridge` does.

Source: nft(8); docs/proxy.md.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from svcdns.dataplane import conntrack, libnftables
from svcdns.dataplane.backend import Capabilities, Failure, Idle
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.libnftables import ScriptError, ScriptRunner
from svcdns.dataplane.near_servers import NearServers
from svcdns.dataplane.nftables_bridge import Bridge
from svcdns.dataplane.nftables_entry import (
    NOTHING,
    SCHEDULERS,
    Entry,
    Shape,
    can_serve,
    entry_of,
)
from svcdns.dataplane.nftables_table import CHUNK, Others, Table
from svcdns.dataplane.worker import KernelThread
from svcdns.dataplane.written import Once, Outcome
from svcdns.proxy.model import Desired, VirtualKey, VirtualServer
from svcdns.proxy.operations import Operation
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.realized import Realized, RealizedVirtual

_Source = tuple[VirtualServer, bytes]
"""What an entry is made of: with the servers of the node and its pods."""


class _Change(NamedTuple):
    """One virtual server that is not as it should be."""

    key: VirtualKey
    source: _Source | None
    """None: it goes."""
    entry: Entry


class Nftables:
    """The `Backend` of the kernel's nftables."""

    name = "nftables"

    def __init__(
        self,
        options: FilterOptions,
        *,
        find_runner: Callable[[], ScriptRunner] = libnftables.find_runner,
    ) -> None:
        """Touch nothing yet.

        Args:
            options: whom to masquerade.
            find_runner: what runs scripts.
        """
        self._options = options
        self._thread = KernelThread()
        self._find_runner = find_runner
        self._table = Table(options, find_runner)
        self._once = Once(self._apply)
        self._near = NearServers()
        self._written: dict[VirtualKey, _Source] = {}
        """What the entries were made of, where that is known."""
        self._is_settled = False
        """Whether the tables hold all that was wanted last: only what changes is looked at."""

    def close(self) -> None:
        """Give the thread back; everything in the kernel stays."""
        self._thread.close()

    async def probe(self) -> Capabilities:
        """Return the schedulers that rules can keep to; nothing is left behind.

        Raises:
            DataplaneError: neither library nor program, no right, or a kernel that is too old.
        """
        await self._thread.call(self._table.probe)
        return Capabilities(SCHEDULERS)

    async def setup(self) -> None:
        """Make the tables, unless they are there; those of another version serve on.

        Raises:
            DataplaneError: they cannot be made.
        """
        await self._thread.call(self._read_kernel)

    def look_closely(self) -> None:
        """Do nothing: the kernel says whether anybody has changed a rule."""

    async def read(self) -> Realized:
        """Return what is in the tables.

        Raises:
            DataplaneError: they cannot be read.
        """
        return await self._thread.call(self._read)

    async def read_idle(self, _: Collection[VirtualKey]) -> Idle:
        """Return nothing: who has a connection keeps it, whatever the rules say by now."""
        return {}

    async def apply(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool = False
    ) -> tuple[Failure, ...]:
        """Write what differs from what the tables hold, in transactions of many at once.

        What `desired` says counts, the operations only say whose failure it is: marks, source
        ranges and hairpins change without an operation.

        Raises:
            DataplaneError: the tables cannot be read after something was refused.
        """
        return await self._thread.call(self._once.failures, operations, desired, rest=rest)

    async def forget_flows(self, serving: Mapping[VirtualKey, bytes]) -> None:
        """Delete what conntrack still sends elsewhere."""
        await self._thread.call(conntrack.forget_stale, serving)

    async def cleanup(self) -> None:
        """Delete our tables.

        Raises:
            DataplaneError: they stay.
        """
        self._written.clear()
        await self._thread.call(self._table.delete)

    def _read_kernel(self) -> None:
        self._written.clear()
        self._is_settled = False
        self._table.read()

    def _read(self) -> Realized:
        if self._table.is_outdated or not self._table.is_as_known():
            self._read_kernel()
        self._table.sweep()
        virtual = {
            key: _realized(entry, self._written.get(key), len(key.address))
            for key, entry in self._table.entries.items()
        }
        return Realized(virtual, self._table.others.addresses)

    def _apply(self, desired: Desired) -> Outcome:
        causes: dict[VirtualKey, str] = {}
        hairpins = frozenset(one.address for one in desired.hairpins)
        wanted = Others(desired.addresses, hairpins)
        if self._table.is_outdated:
            self._bridge_over(desired, wanted)
        changed = self._changed(desired, causes)
        self._is_settled = False
        there = self._table.others
        # An address is not closed before, nor open after, its virtual servers are there.
        other = self._write_others(Others(there.addresses & wanted.addresses, hairpins))
        for at in range(0, len(changed), CHUNK):
            self._write(changed[at : at + CHUNK], causes)
        other = self._write_others(wanted) or other
        self._is_settled = not (causes or other)
        self._table.delete_bridge()
        self._table.sweep()
        return Outcome(causes, other)

    def _bridge_over(self, desired: Desired, wanted: Others) -> None:
        """Let everything be served while the table is empty, and make it so."""
        entries = [(one.key, one.entry) for one in self._changed(desired, {})]
        Bridge(self._options, self._find_runner).serve(entries, wanted)
        self._read_kernel()

    def _changed(self, desired: Desired, causes: dict[VirtualKey, str]) -> list[_Change]:
        """Return what is to be written, what goes first; and note what cannot be."""
        keys: Collection[VirtualKey] = self._near.follow(desired)
        if not self._is_settled:
            keys = dict.fromkeys((*self._table.entries, *desired.virtual_servers))
        gone: list[_Change] = []
        changed: list[_Change] = []
        for key in keys:
            one = desired.virtual_servers.get(key)
            if one is None:
                if key in self._table.entries:
                    gone.append(_Change(key, None, NOTHING))
                continue
            near = self._near.of(one) if one.external_local else b""
            if self._written.get(key) == (one, near):
                continue
            if cause := can_serve(one):
                causes[key] = cause
            else:
                changed.append(_Change(key, (one, near), entry_of(one, near, self._options)))
        return [*gone, *changed]

    def _write(self, chunk: Sequence[_Change], causes: dict[VirtualKey, str]) -> None:
        try:
            self._table.write([(one.key, one.entry) for one in chunk])
        except ScriptError as error:
            if len(chunk) == 1:
                causes[chunk[0].key] = str(error)
                return
            # Either the kernel is not as known, or one of them is at fault: each by itself.
            self._read_kernel()
            for one in chunk:
                self._write([one], causes)
            return
        for key, source, _ in chunk:
            if source is None:
                self._written.pop(key, None)
            else:
                self._written[key] = source

    def _write_others(self, wanted: Others) -> str:
        """Return why the sets do not hold what is wanted; empty when they do."""
        try:
            self._table.write_others(wanted)
        except ScriptError as error:
            self._read_kernel()
            return str(error)
        return ""


def _realized(entry: Entry, source: _Source | None, width: int) -> RealizedVirtual:
    """Return what an entry means; what its chain does not tell is as it was asked for."""
    servers = PackedServers(entry.servers, width)
    if source is not None:
        one, _ = source
        return RealizedVirtual(one.scheduler, one.flags, one.persistence_timeout, servers)
    shape = Shape.named(entry.chain)
    if shape is None:
        return RealizedVirtual("", servers=servers)
    return RealizedVirtual(shape.scheduler, shape.flags, shape.held, servers)
