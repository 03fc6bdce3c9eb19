"""From the objects of a cluster to what one node should have.

A Service is looked at by itself and the result kept, so that a changed slice costs one Service
however many there are. What clashes or cannot be balanced is left out and says why; nothing
stops the others.

Source: kube-proxy's rules for virtual servers in IPVS mode, as observed; docs/proxy.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from svcdns.cluster.change import Change
from svcdns.cluster.model import EndpointSlice, Key, Node, Service
from svcdns.cluster.state import State
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
from svcdns.proxy.service_plan import ServicePlan, plan_service

_NOTHING = ServicePlan()
_RANKS = {
    kind: rank for rank, kind in enumerate((Kind.CLUSTER, Kind.NODE, Kind.BALANCER, Kind.EXTERNAL))
}
"""Who gets a contested place. Anybody who may write a Service may name any external address:
none of these takes a place that the cluster itself gave out."""


class Plan:
    """What one node should have, kept up to date."""

    def __init__(self, options: ProxyOptions) -> None:
        """Plan nothing yet.

        Args:
            options: the node's; other ones need another plan.
        """
        self.options = options
        self._services: dict[Key, ServicePlan] = {}
        self._claims: dict[VirtualKey, tuple[VirtualServer, ...]] = {}
        """Who wants to be reached there, by kind of address and name; the first one is."""
        self._contested: set[VirtualKey] = set()
        """Where several want to be."""
        self._virtual: dict[VirtualKey, VirtualServer] = {}
        self._bound: Counter[bytes] = Counter()
        """How many virtual servers an address has."""
        self._odd: dict[Key, ServicePlan] = {}
        """Plans with more to them than virtual servers."""
        self._nodes: frozenset[bytes] = frozenset()
        """Addresses of all Nodes."""

    def rebuild(self, state: State) -> Desired:
        """Return what the node should have for `state`; every Service is looked at."""
        self._nodes = _addresses_of(state.nodes.values())
        for key in [key for key in self._services if state.service(*key) is None]:
            self._look(state, key)
        for service in state.services:
            self._look(state, service.key)
        return self.desired()

    def apply(self, state: State, changes: Iterable[Change]) -> Desired:
        """Return what the node should have after `changes`; only their Services are looked at.

        Args:
            state: after the changes.
            changes: of Services, EndpointSlices and Nodes; others do not matter.
        """
        seen = list(changes)
        touched = dict.fromkeys(_touched(seen))
        if any(change.kind is Node for change in seen):
            touched |= dict.fromkeys(self._meet_nodes(state))
        for key in touched:
            self._look(state, key)
        return self.desired()

    def _meet_nodes(self, state: State) -> list[Key]:
        """Take note of the Nodes' addresses; return the Services for which that matters."""
        before, self._nodes = self._nodes, _addresses_of(state.nodes.values())
        return [
            service.key
            for address in before ^ self._nodes
            for service in (*state.services_at(address), *state.services_from_outside(address))
        ]

    def desired(self) -> Desired:
        """Return what all Services come to together."""
        hairpins: set[VirtualKey] = set()
        checks: dict[Key, HealthCheck] = {}
        owner_of_port: dict[int, Key] = {}
        skipped: list[Skipped] = []
        without_local = {"internal": 0, "external": 0}
        for key in sorted(self._odd):
            plan = self._odd[key]
            skipped += plan.skipped
            hairpins.update(plan.hairpins)
            if plan.health_check is not None:
                owner = owner_of_port.setdefault(plan.health_check.port, key)
                if owner == key:
                    checks[key] = plan.health_check
                else:
                    skipped.append(_same_check(key, plan.health_check.port, owner))
            for policy in plan.without_local:
                without_local[policy] += 1
        for address in self._contested:
            first, *others = self._claims[address]
            skipped += [_clash(other, first) for other in others]
        return Desired(
            dict(self._virtual),
            frozenset(self._bound)
            - self.options.other_addresses
            - self._nodes
            - frozenset(self.options.node_addresses),
            frozenset(hairpins),
            self.options.node_addresses,
            checks,
            tuple(sorted(skipped)),
            without_local,
        )

    def _look(self, state: State, key: Key) -> None:
        """Look at one Service anew."""
        service = state.service(*key)
        plan = _NOTHING
        if service is not None:
            plan = plan_service(service, state.slices(*key), self.options, self._nodes)
        before = self._services.pop(key, _NOTHING)
        plan = replace(plan, virtual_servers=_kept(before, plan))
        if plan != _NOTHING:
            self._services[key] = plan
        self._odd.pop(key, None)
        if replace(plan, virtual_servers=()) != _NOTHING:
            self._odd[key] = plan
        if before.virtual_servers is plan.virtual_servers:
            return
        for virtual in before.virtual_servers:
            others = [one for one in self._claims[virtual.key] if one is not virtual]
            self._decide(virtual.key, others)
        for virtual in plan.virtual_servers:
            self._decide(virtual.key, [*self._claims.get(virtual.key, ()), virtual])

    def _decide(self, key: VirtualKey, claims: list[VirtualServer]) -> None:
        """Take note of who wants to be reached at `key`.

        Of several the first by kind and name is, on every node and whoever came first.
        """
        before = self._virtual.pop(key, None)
        if before is not None and before.kind is not Kind.NODE:
            self._bound[key.address] -= 1
            if not self._bound[key.address]:
                del self._bound[key.address]
        self._claims.pop(key, None)
        self._contested.discard(key)
        if len(claims) > 1:
            self._contested.add(key)
        if claims:
            claims.sort(key=_rank)
            self._claims[key] = tuple(claims)
            self._virtual[key] = claims[0]
            if claims[0].kind is not Kind.NODE:
                self._bound[key.address] += 1


def _touched(changes: Iterable[Change]) -> Iterator[Key]:
    for change in changes:
        for value in (change.before, change.after):
            if isinstance(value, Service):
                yield value.key
            elif isinstance(value, EndpointSlice) and value.service:
                yield (value.namespace, value.service)


def _kept(before: ServicePlan, after: ServicePlan) -> tuple[VirtualServer, ...]:
    """Return the virtual servers of `after`, in known values where they are equal.

    Who compares two results compares identities.
    """
    if before.virtual_servers == after.virtual_servers:
        return before.virtual_servers
    known = {one.key: one for one in before.virtual_servers}
    return tuple(
        [
            there if (there := known.get(one.key)) == one and there is not None else one
            for one in after.virtual_servers
        ]
    )


def _rank(virtual: VirtualServer) -> tuple[int, ServicePortName]:
    return _RANKS[virtual.kind], virtual.service


def _addresses_of(nodes: Iterable[Node]) -> frozenset[bytes]:
    return frozenset(address for node in nodes for address in node.addresses)


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
