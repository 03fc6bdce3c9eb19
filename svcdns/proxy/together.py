"""What all Services of a node come to together, kept up to date one Service at a time.

Places that several want, addresses that several share, endpoints that may reach themselves and
ports of health checks are counted, so that a Service that changes costs what it has and not what
all of them have.

Source: docs/proxy.md on what clashes.
"""

from collections import Counter
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Generic

from svcdns.cluster.model import Key
from svcdns.proxy.model import (
    Desired,
    HealthCheck,
    Kind,
    ServicePortName,
    Skipped,
    VirtualKey,
    VirtualServer,
)
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.parted import K, Parted, PartedSet
from svcdns.proxy.service_plan import ServicePlan

_RANKS = {
    kind: rank for rank, kind in enumerate((Kind.CLUSTER, Kind.NODE, Kind.BALANCER, Kind.EXTERNAL))
}
"""Who gets a contested place. Anybody who may write a Service may name any external address:
none of these takes a place that the cluster itself gave out."""


class Together:
    """The sum of what single Services come to."""

    def __init__(self, options: ProxyOptions) -> None:
        """Begin without any Service.

        Args:
            options: the node's.
        """
        self._own = options.other_addresses.union(options.node_addresses)
        self._claims: dict[VirtualKey, tuple[VirtualServer, ...]] = {}
        """Who wants to be reached there, by kind of address and name; the first one is."""
        self._contested: set[VirtualKey] = set()
        """Where several want to be."""
        self._changed: dict[VirtualKey, VirtualServer | None] = {}
        """What is not in `_desired` yet."""
        self._bound = _Counted[bytes](self._own)
        self._hairpins = _Counted[VirtualKey]()
        self._checks: dict[int, dict[Key, HealthCheck]] = {}
        """Who wants to be asked at a port; the first one is."""
        self._served_checks: dict[Key, HealthCheck] = {}
        self._checks_changed = False
        self._skipped: dict[Key, tuple[Skipped, ...]] = {}
        self._skipped_changed = False
        self._without_local = Counter(internal=0, external=0)
        self._virtual = Parted[VirtualKey, VirtualServer]()
        self._desired = Desired(
            self._virtual,
            self._bound.present(),
            self._hairpins.present(),
            options.node_addresses,
            without_local=dict(self._without_local),
        )

    def meet_nodes(self, addresses: frozenset[bytes]) -> None:
        """Take note of the addresses of all Nodes: they are never bound."""
        self._bound.hide(self._own | addresses)

    def take(self, key: Key, before: ServicePlan, after: ServicePlan) -> None:
        """Take in that a Service comes to something else now."""
        if before.virtual_servers is not after.virtual_servers:
            for virtual in before.virtual_servers:
                others = [one for one in self._claims[virtual.key] if one is not virtual]
                self._decide(virtual.key, others)
            for virtual in after.virtual_servers:
                self._decide(virtual.key, [*self._claims.get(virtual.key, ()), virtual])
        if before.hairpins != after.hairpins:
            self._hairpins.count(before.hairpins, -1)
            self._hairpins.count(after.hairpins, 1)
        if before.health_check != after.health_check:
            self._ask(key, before.health_check, after.health_check)
        if before.skipped != after.skipped:
            self._skipped.pop(key, None)
            if after.skipped:
                self._skipped[key] = after.skipped
            self._skipped_changed = True
        self._without_local.subtract(before.without_local)
        self._without_local.update(after.without_local)

    def desired(self) -> Desired:
        """Return what the node should have now; the same value as before if nothing changed."""
        before = self._desired
        if self._changed:
            self._virtual = self._virtual.but(self._changed)
            self._changed = {}
        checks = before.health_checks
        if self._checks_changed:
            checks = dict(self._served_checks)
        skipped = before.skipped
        if self._skipped_changed:
            skipped = self._all_skipped()
        self._checks_changed = self._skipped_changed = False
        after = Desired(
            self._virtual,
            self._bound.present(),
            self._hairpins.present(),
            before.node_addresses,
            checks,
            skipped,
            dict(self._without_local),
        )
        if after != before:
            self._desired = after
        return self._desired

    def _decide(self, key: VirtualKey, claims: list[VirtualServer]) -> None:
        """Take note of who wants to be reached at `key`.

        Of several the first by kind and name is, on every node and whoever came first.
        """
        before = self._claims.pop(key, ())
        claims.sort(key=_rank)
        if claims:
            self._claims[key] = tuple(claims)
        if max(len(before), len(claims)) > 1:
            self._skipped_changed = True
            self._contested.discard(key)
            if len(claims) > 1:
                self._contested.add(key)
        self._changed[key] = claims[0] if claims else None
        self._bound.count([one.key.address for one in before[:1] if one.kind is not Kind.NODE], -1)
        self._bound.count([one.key.address for one in claims[:1] if one.kind is not Kind.NODE], 1)

    def _ask(self, key: Key, before: HealthCheck | None, after: HealthCheck | None) -> None:
        """Take note that a Service's health is asked at another port, or is another one."""
        for check in (before, after):
            if check is None:
                continue
            asked = self._checks.setdefault(check.port, {})
            if asked:
                del self._served_checks[min(asked)]
            if check is before:
                del asked[key]
            else:
                asked[key] = check
            self._skipped_changed |= len(asked) > (check is after)
            if asked:
                self._served_checks[min(asked)] = asked[min(asked)]
            else:
                del self._checks[check.port]
        self._checks_changed = True

    def _all_skipped(self) -> tuple[Skipped, ...]:
        found = [one for some in self._skipped.values() for one in some]
        for address in self._contested:
            first, *others = self._claims[address]
            found += [_clash(other, first) for other in others]
        for port, asked in self._checks.items():
            if len(asked) > 1:
                owner, *rest = sorted(asked)
                found += [_same_check(key, port, owner) for key in rest]
        return tuple(sorted(found))


class _Counted(Generic[K]):
    """How many need each of something, and all of which somebody does."""

    def __init__(self, hidden: AbstractSet[K] = frozenset()) -> None:
        """Begin with nothing; what is `hidden` is not shown, whoever needs it."""
        self._counts: Counter[K] = Counter()
        self._hidden: AbstractSet[K] = hidden
        self._touched: set[K] = set()
        self._present: PartedSet[K] = PartedSet()

    def hide(self, hidden: AbstractSet[K]) -> None:
        """Show these no more, and all others."""
        self._touched |= (hidden ^ self._hidden) & self._counts.keys()
        self._hidden = hidden

    def count(self, keys: Collection[K], by: int) -> None:
        """Take note that each of `keys` is needed once more, or less."""
        for key in keys:
            self._counts[key] += by
            if not self._counts[key]:
                del self._counts[key]
            self._touched.add(key)

    def present(self) -> PartedSet[K]:
        """Return all that somebody needs; the same value as before if nothing changed."""
        changes = {
            key: is_needed
            for key in self._touched
            if (is_needed := key in self._counts and key not in self._hidden)
            is not (key in self._present)
        }
        self._touched.clear()
        if changes:
            self._present = self._present.but(changes)
        return self._present


def _rank(virtual: VirtualServer) -> tuple[int, ServicePortName]:
    return _RANKS[virtual.kind], virtual.service


def _same_check(key: Key, port: int, owner: Key) -> Skipped:
    return Skipped(
        f"Service {'/'.join(key)}",
        f"healthCheckNodePort {port} is Service {'/'.join(owner)}'s already: give one of them "
        "another port",
    )


def _clash(virtual: VirtualServer, other: VirtualServer) -> Skipped:
    return Skipped(
        f"Service {virtual.service}",
        f"{virtual.key} is Service {other.service}'s already: give one of them another address "
        "or port",
    )
