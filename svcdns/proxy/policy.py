"""Which endpoints of a Service may serve which traffic on one node.

Ready ones come first; where there is none, those that still serve while they end. Hints are kept
to only if every ready endpoint has them and one is meant for this node or its zone. A Local
policy knows the endpoints of this node alone.

Source: KEP-1669 (serving and terminating), KEP-2433 and KEP-3015 (hints), KEP-2086 (internal
traffic policy); Kubernetes documentation, "Virtual IPs and Service Proxies".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from svcdns.cluster.model import Condition, EndpointSlice, ServicePort
from svcdns.proxy.model import RealServer, pack_servers

_READY, _SERVING, _TERMINATING, _FURTHER = (int(bit) for bit in Condition)


class Candidate(NamedTuple):
    """One endpoint that might serve one port of a Service."""

    server: RealServer
    conditions: int
    is_here: bool
    """It runs on this node."""
    zones: tuple[str, ...] = ()
    """Zones it is meant for."""
    nodes: tuple[str, ...] = ()
    """Nodes it is meant for."""

    @property
    def is_ready(self) -> bool:
        return bool(self.conditions & _READY)

    @property
    def is_ending(self) -> bool:
        """Whether it still serves though it is about to go."""
        return bool(self.conditions & _SERVING and self.conditions & _TERMINATING)


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who serves one port of a Service on one node; rows as `pack_servers` makes them."""

    cluster: bytes = b""
    """Of policy Cluster."""
    local: bytes = b""
    """Of policy Local."""
    ending: bytes = b""
    """That still serve and are about to go."""
    here: frozenset[RealServer] = field(default_factory=frozenset)
    """All that run on this node, whatever their condition."""
    local_ready: frozenset[bytes] = field(default_factory=frozenset)
    """Addresses of the ready ones on this node: what load balancers are told."""


def eligible(
    slices: Iterable[EndpointSlice], port: ServicePort, width: int, node: str, zone: str
) -> Eligible:
    """Return who serves one port of a Service on one node.

    Args:
        slices: all EndpointSlices of the Service.
        port: of the Service.
        width: octets of an address of the family that is asked for.
        node: the Node's name; empty: nothing is local.
        zone: the Node's topology zone; empty: unknown.
    """
    found = _each_once(candidates(slices, port, width, node))
    ready = [one for one in found if one.is_ready]
    ending = [one for one in found if one.is_ending]
    here = [one for one in found if one.is_here]
    near = _hinted(ready, node, zone)
    return Eligible(
        cluster=pack_servers(one.server for one in (near or ready or ending)),
        local=pack_servers(
            one.server
            for one in [one for one in ready if one.is_here]
            or [one for one in ending if one.is_here]
        ),
        ending=pack_servers(one.server for one in ending),
        here=frozenset(one.server for one in here),
        local_ready=frozenset(one.server.address for one in here if one.is_ready),
    )


def candidates(
    slices: Iterable[EndpointSlice], port: ServicePort, width: int, node: str
) -> Iterator[Candidate]:
    """Yield every endpoint that has a port of that name and protocol; one may come twice."""
    for one in slices:
        if one.width != width:
            continue
        numbers = [
            number
            for name, protocol, number in one.ports
            if name == port.name and protocol == port.protocol and number
        ]
        for number in numbers:
            for index, conditions in enumerate(one.conditions):
                if conditions & _FURTHER:
                    continue  # of several addresses of an endpoint the first one counts
                address = one.addresses[index * width : (index + 1) * width]
                yield Candidate(
                    RealServer(address, number),
                    conditions,
                    bool(node) and bool(one.nodes) and one.nodes[index] == node,
                    one.zone_hints[index] if one.zone_hints else (),
                    one.node_hints[index] if one.node_hints else (),
                )


def _each_once(found: Iterable[Candidate]) -> list[Candidate]:
    """Return each server once; while a Pod moves between slices, what does not end wins."""
    by_server: dict[RealServer, Candidate] = {}
    for one in found:
        before = by_server.get(one.server)
        if before is None or (
            before.conditions & _TERMINATING and not one.conditions & _TERMINATING
        ):
            by_server[one.server] = one
    return list(by_server.values())


def _hinted(ready: list[Candidate], node: str, zone: str) -> list[Candidate]:
    """Return those that are meant for this node, or its zone; none: hints do not count."""
    if node and ready and all(one.nodes for one in ready):
        chosen = [one for one in ready if node in one.nodes]
        if chosen:
            return chosen
    if zone and ready and all(one.zones for one in ready):
        return [one for one in ready if zone in one.zones]
    return []
