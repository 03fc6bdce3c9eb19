"""The mode `iptables`: virtual servers as chains of rules, in kube-proxy's shapes.

Chains are changed one virtual server at a time: what did not change is not in the input. Each
table changes in one step, so no packet sees half of a change. What others have is not touched.

Source: iptables-restore(8).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from svcdns.dataplane import conntrack
from svcdns.dataplane.backend import Capabilities, DataplaneError, Failure, Idle
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables_input import Input
from svcdns.dataplane.iptables_listing import Saved, read_saved
from svcdns.dataplane.iptables_programs import WIDTHS, Programs, find_programs
from svcdns.dataplane.iptables_rules import (
    PREFIX,
    SCHEDULERS,
    SHARED,
    VirtualRules,
    address_rule,
    can_serve,
    cluster_chain,
    fixed_chains,
    rules_of,
)
from svcdns.dataplane.iptables_text import no_rules
from svcdns.dataplane.near_servers import NearServers
from svcdns.dataplane.worker import KernelThread
from svcdns.dataplane.written import Once, Outcome
from svcdns.proxy.model import Desired, VirtualKey, VirtualServer
from svcdns.proxy.operations import Operation
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.realized import Realized, RealizedVirtual

_NO_RULES = VirtualRules({}, ())
_FEW = 100
"""So many virtual servers or fewer are changed rule by rule in the chains that all share."""

_Source = tuple[VirtualServer, str]
"""What rules are made of: with the chain for the node and its pods."""
_Changes = Mapping[VirtualKey, _Source | None]
"""None: it goes."""


class Iptables:
    """The `Backend` of iptables, whichever variant the machine uses."""

    name = "iptables"

    def __init__(
        self, options: FilterOptions, *, find: Callable[[], Programs] = find_programs
    ) -> None:
        """Touch nothing yet.

        Args:
            options: whom to masquerade.
            find: chooses the variant.
        """
        self._options = options
        self._thread = KernelThread()
        self._find = find
        self._programs: Programs | None = None
        self._once = Once(self._apply)
        self._near = NearServers()
        self._written: dict[VirtualKey, _Source] = {}
        self._addresses: AbstractSet[bytes] = frozenset()
        self._is_known = False
        """The kernel has the rules of `_written`; else all are written anew."""
        self._is_settled = False
        """Those are all that was wanted last: only what changes is looked at."""

    def close(self) -> None:
        """Give the thread back; everything in the kernel stays."""
        self._thread.close()

    async def probe(self) -> Capabilities:
        """Return the schedulers that rules can keep to; nothing is left behind.

        Raises:
            DataplaneError: a program, a module or a right is missing.
        """
        self._programs = await self._thread.call(self._find)
        return Capabilities(SCHEDULERS, (f"iptables{self._programs.variant} is used",))

    async def setup(self) -> None:
        """Make the chains that all share, and the jumps to them.

        Raises:
            DataplaneError: they cannot be made.
        """
        await self._thread.call(self._setup)

    def look_closely(self) -> None:
        """Do nothing: every reading is of all there is."""

    async def read(self) -> Realized:
        """Return what the rules do.

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
        """Write what differs from the rules that are there.

        What `desired` says counts, the operations only say whose failure it is: source ranges,
        policies and marks change without an operation.
        """
        return await self._thread.call(self._once.failures, operations, desired, rest=rest)

    async def forget_flows(self, serving: Mapping[VirtualKey, bytes]) -> None:
        """Delete what conntrack still sends elsewhere."""
        await self._thread.call(conntrack.forget_stale, serving)

    async def cleanup(self) -> None:
        """Delete our chains and the jumps to them.

        Raises:
            DataplaneError: some stay.
        """
        await self._thread.call(self._cleanup)

    def _running(self) -> Programs:
        if self._programs is None:
            self._programs = self._find()
        return self._programs

    def _saved(self, width: int) -> Saved:
        return read_saved(self._running().save(width))

    def _setup(self) -> None:
        for width in WIDTHS:
            saved = self._saved(width)
            if not saved.is_whole(width, self._options):
                self._running().restore(width, self._fixed(width, saved).text())

    def _fixed(self, width: int, saved: Saved) -> Input:
        """Return what makes all chains but those of virtual servers."""
        made = Input()
        for table, chains in fixed_chains(width, self._options).items():
            for chain in SHARED[table]:
                if f"{PREFIX}{chain}" not in saved.chains.get(table, {}):
                    made.put_chain(table, f"{PREFIX}{chain}")
            for chain, rules in chains.items():
                made.put_chain(table, f"{PREFIX}{chain}", rules)
        for jump in saved.missing_jumps:
            made.put_jump(jump)
        return made

    def _read(self) -> Realized:
        virtual: dict[VirtualKey, RealizedVirtual] = {}
        addresses: frozenset[bytes] = frozenset()
        is_whole = True
        for width in WIDTHS:
            saved = self._saved(width)
            addresses |= saved.addresses
            is_whole = is_whole and saved.is_whole(width, self._options)
            for key, one in saved.virtual.items():
                servers = PackedServers(one.servers, width)
                virtual[key] = RealizedVirtual(
                    one.scheduler, one.flags, one.persistence_timeout, servers
                )
                is_whole = is_whole and self._rule_count(key) == one.rules
        is_same = virtual.keys() == self._written.keys() and addresses == self._addresses
        self._is_known = self._is_known and is_whole and is_same
        return Realized(virtual, addresses)

    def _rule_count(self, key: VirtualKey) -> int:
        return sum(map(len, self._rules(self._written.get(key)).chains.values()))

    def _apply(self, desired: Desired) -> Outcome:
        causes: dict[VirtualKey, str] = {}
        changed = self._changed(desired, causes)
        self._is_settled = False
        other = ""
        try:
            if not self._is_known or len(changed) > _FEW:
                wanted = {**self._written, **changed}
                self._write_all(wanted, desired.addresses)
            elif changed or desired.addresses != self._addresses:
                self._write_some(changed, desired.addresses)
        except DataplaneError as error:
            other = error.cause
            self._write_singly(changed, causes)
        else:
            for key, one in changed.items():
                self._remember(key, one)
            self._addresses = desired.addresses
            self._is_known = True
            self._is_settled = not causes
        return Outcome(causes, other)

    def _changed(self, desired: Desired, causes: dict[VirtualKey, str]) -> _Changes:
        """Return what rules are to be made of where they are not; and note what cannot be."""
        keys: Iterable[VirtualKey] = self._near.follow(desired)
        if not (self._is_known and self._is_settled):
            keys = dict.fromkeys((*desired.virtual_servers, *self._written))
        changed: dict[VirtualKey, _Source | None] = {}
        for key in keys:
            one, source = desired.virtual_servers.get(key), None
            if one is not None and (cause := can_serve(one)):
                causes[key] = cause
            elif one is not None:
                near = self._near.key_of(one)
                source = (one, cluster_chain(near) if near is not None else "")
            if source != self._written.get(key):
                changed[key] = source
        return changed

    def _remember(self, key: VirtualKey, source: _Source | None) -> None:
        if source is None:
            self._written.pop(key, None)
        else:
            self._written[key] = source

    def _write_all(self, wanted: _Changes, addresses: AbstractSet[bytes]) -> None:
        for width in WIDTHS:
            saved = self._saved(width)
            made = self._fixed(width, saved)
            for table, chains in SHARED.items():
                for chain in chains:
                    made.put_chain(table, f"{PREFIX}{chain}")
            fixed = (*SHARED["nat"], *fixed_chains(width, self._options)["nat"])
            left = saved.chains.get("nat", {}).keys() - {f"{PREFIX}{chain}" for chain in fixed}
            for key, one in wanted.items():
                if one is not None and len(key.address) == width:
                    rules = self._rules(one)
                    made.put_virtual(_NO_RULES, rules)
                    left -= rules.chains.keys()
            for address in sorted(addresses):
                if len(address) == width:
                    made.put_shared(address_rule(address))
            made.drop_chains(sorted(left))
            self._running().restore(width, made.text())

    def _write_some(self, changed: _Changes, addresses: AbstractSet[bytes]) -> None:
        made = {width: Input() for width in WIDTHS}
        for key, one in changed.items():
            old, new = self._rules(self._written.get(key)), self._rules(one)
            made[len(key.address)].put_virtual(old, new)
        for address in sorted(addresses ^ self._addresses):
            verb = "-A" if address in addresses else "-D"
            made[len(address)].put_shared(address_rule(address), verb)
        for width, one_input in made.items():
            if one_input:
                self._running().restore(width, one_input.text())

    def _write_singly(self, changed: _Changes, causes: dict[VirtualKey, str]) -> None:
        """Write what can be written after all of it was refused; note why the rest cannot."""
        for key, one in changed.items():
            if len(changed) > _FEW or not self._is_known:
                causes[key] = "iptables refuses the rules of all virtual servers together"
                continue
            try:
                self._write_some({key: one}, self._addresses)
            except DataplaneError as error:
                causes[key] = error.cause
            else:
                self._remember(key, one)
        self._is_known = False

    def _rules(self, one: _Source | None) -> VirtualRules:
        return rules_of(*one, self._options) if one is not None else _NO_RULES

    def _cleanup(self) -> None:
        for width in WIDTHS:
            self._running().restore(width, no_rules(self._running().save(width), PREFIX))
        self._written.clear()
        self._addresses = frozenset()
        self._is_known = False
