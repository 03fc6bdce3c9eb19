"""From the objects of a cluster to what one node should have.

A Service is looked at by itself and the result kept, so that a changed slice costs one Service
however many there are. What clashes or cannot be balanced is left out and says why; nothing
stops the others.

Source: kube-proxy's rules for virtual servers in IPVS mode, as observed; docs/proxy.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from svcdns.cluster.change import Change
from svcdns.cluster.model import EndpointSlice, Key, Node, Service
from svcdns.cluster.state import State
from svcdns.proxy.model import Desired, VirtualServer
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.service_plan import ServicePlan, plan_service
from svcdns.proxy.together import Together

_NOTHING = ServicePlan()


class Plan:
    """What one node should have, kept up to date."""

    def __init__(self, options: ProxyOptions) -> None:
        """Plan nothing yet.

        Args:
            options: the node's; other ones need another plan.
        """
        self.options = options
        self._services: dict[Key, ServicePlan] = {}
        self._together = Together(options)
        self._nodes: frozenset[bytes] = frozenset()
        """Addresses of all Nodes."""

    def rebuild(self, state: State) -> Desired:
        """Return what the node should have for `state`; every Service is looked at."""
        for _ in self.rebuilding(state):
            pass
        return self.desired()

    def rebuilding(self, state: State) -> Iterator[None]:
        """Look at every Service, with a pause after each in which others may have their turn.

        What changes meanwhile has to be told to `apply` afterwards, as at any other time.
        """
        self._meet(state)
        keys = dict.fromkeys(self._services)
        keys |= dict.fromkeys(service.key for service in state.services)
        for key in keys:
            self._look(state, key)
            yield

    def apply(self, state: State, changes: Iterable[Change]) -> Desired:
        """Return what the node should have after `changes`; only their Services are looked at.

        Args:
            state: after the changes.
            changes: of Services, EndpointSlices and Nodes; others do not matter.
        """
        for _ in self.applying(state, changes):
            pass
        return self.desired()

    def applying(self, state: State, changes: Iterable[Change]) -> Iterator[None]:
        """Look at the Services of `changes`, with a pause after each, as `rebuilding` does."""
        seen = list(changes)
        touched = dict.fromkeys(_touched(seen))
        if any(change.kind is Node for change in seen):
            touched |= dict.fromkeys(self._meet_nodes(state))
        for key in touched:
            self._look(state, key)
            yield

    def desired(self) -> Desired:
        """Return what all Services come to together; it shares with the one before what it can."""
        return self._together.desired()

    def _meet(self, state: State) -> frozenset[bytes]:
        """Take note of the Nodes' addresses; return those that are new or gone."""
        before, self._nodes = self._nodes, _addresses_of(state.nodes.values())
        self._together.meet_nodes(self._nodes)
        return before ^ self._nodes

    def _meet_nodes(self, state: State) -> list[Key]:
        """Take note of the Nodes' addresses; return the Services for which that matters."""
        return [
            service.key
            for address in self._meet(state)
            for service in (*state.services_at(address), *state.services_from_outside(address))
        ]

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
        self._together.take(key, before, plan)


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


def _addresses_of(nodes: Iterable[Node]) -> frozenset[bytes]:
    return frozenset(address for node in nodes for address in node.addresses)
