"""Kubernetes objects as compact frozen values: only the fields svcdns uses.

Addresses are packed (4 or 16 octets), strings that many objects have are one (`sharing`). What
an object looks like in the API is `structs`'s business; what follows from it, `answers`'s.

Source: Kubernetes API reference, core/v1 and discovery.k8s.io/v1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

Key = tuple[str, str]
"""Namespace and name."""


class ServicePort(NamedTuple):
    """One port of a Service; `name` is empty when the object has none."""

    name: str
    protocol: str
    """`TCP`, `UDP` or `SCTP`, as the API spells it."""
    port: int


class EndpointPort(NamedTuple):
    """One port of an EndpointSlice; `port` is None for "all ports"."""

    name: str
    protocol: str
    port: int | None


class Condition(IntFlag):
    """Conditions of one endpoint, and whether it is a further address of the one before."""

    READY = 1
    """`ready` is true or not set."""
    SERVING = 2
    TERMINATING = 4
    FURTHER = 8
    """A second or later entry of the same endpoint's `addresses`: DNS answers it, the proxy not."""


class Traffic(NamedTuple):
    """How traffic comes to a Service."""

    node_ports: tuple[int, ...] = ()
    """For each of the Service's ports, 0 where it has none; empty: none has one."""
    external: tuple[bytes, ...] = ()
    """`externalIPs`, packed."""
    balancers: tuple[bytes, ...] = ()
    """Addresses of load balancers that deliver packets unchanged (`ipMode: VIP`), packed; in the
    order of `outside`, as the ones before."""
    source_ranges: tuple[str, ...] = ()
    """`loadBalancerSourceRanges`, as written."""
    health_check_port: int = 0
    """Only of type LoadBalancer with external policy Local, else 0."""
    affinity_seconds: int = 0
    """For how long a client stays with one endpoint; 0: no affinity."""
    internal_local: bool = False
    """`internalTrafficPolicy: Local`."""
    external_local: bool = False
    """`externalTrafficPolicy: Local`."""
    scheduler: str = ""
    """Asked for by an annotation, known or not; empty: the proxy's own."""
    is_elsewhere: bool = False
    """A label says that another proxy, or none, serves it."""


PLAIN = Traffic()
"""Of a Service that is reached in the cluster only, by whomever."""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service."""

    namespace: str
    name: str
    type: str = "ClusterIP"
    addresses: tuple[bytes, ...] = ()
    """`clusterIPs`, packed, in the API's order; empty for headless and ExternalName."""
    headless: bool = False
    external_name: str = ""
    ports: tuple[ServicePort, ...] = ()
    publish_not_ready: bool = False
    outside: tuple[bytes, ...] = ()
    """Packed addresses at which it is reached from outside: `externalIPs`, load balancers."""
    outside_names: tuple[str, ...] = ()
    """Host names of load balancers that have no address."""
    traffic: Traffic = PLAIN
    """What only the service proxy needs."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return (self.namespace, self.name)


class Endpoint(NamedTuple):
    """One address of one endpoint, unpacked from its slice."""

    address: bytes
    """Packed; empty in a slice of type FQDN."""
    conditions: Condition
    hostname: str
    pod: str
    """`targetRef.name`; empty when there is none."""
    node: str
    zone: str
    fqdn: str
    """The name itself in a slice of type FQDN, else empty."""


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """An EndpointSlice, its endpoints packed column by column.

    A column of strings is `()` when no endpoint of the slice has a value.
    """

    namespace: str
    name: str
    service: str
    """Label `kubernetes.io/service-name`; empty when the slice has none."""
    width: int
    """Octets of one address: 4, 16, or 0 for a slice of type FQDN."""
    addresses: bytes = b""
    conditions: bytes = b""
    """One octet an address, bits of `Condition`."""
    ports: tuple[EndpointPort, ...] = ()
    hostnames: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    fqdns: tuple[str, ...] = ()
    zone_hints: tuple[tuple[str, ...], ...] = ()
    """Zones that each address is meant for."""
    node_hints: tuple[tuple[str, ...], ...] = ()
    """Nodes that each address is meant for."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return (self.namespace, self.name)

    def __len__(self) -> int:
        return len(self.conditions)

    def indexes_of(self, address: bytes) -> Iterator[int]:
        """Yield where a packed address stands; octets of two neighbours are none."""
        width = self.width
        start = self.addresses.find(address) if width and len(address) == width else -1
        while start >= 0:
            index, misplaced = divmod(start, width)
            if not misplaced:
                yield index
            start = self.addresses.find(address, start + 1)

    def endpoints(self) -> Iterator[Endpoint]:
        """Yield every address of the slice, in its order."""
        width = self.width
        for index, bits in enumerate(self.conditions):
            yield Endpoint(
                self.addresses[index * width : (index + 1) * width],
                Condition(bits),
                self.hostnames[index] if self.hostnames else "",
                self.pods[index] if self.pods else "",
                self.nodes[index] if self.nodes else "",
                self.zones[index] if self.zones else "",
                self.fqdns[index] if self.fqdns else "",
            )


@dataclass(frozen=True, slots=True)
class Pod:
    """A Pod that has addresses and has not ended."""

    namespace: str
    name: str
    addresses: tuple[bytes, ...] = ()
    """`status.podIPs`, packed."""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return (self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A Namespace."""

    name: str

    @property
    def key(self) -> Key:
        """Empty namespace and name."""
        return ("", self.name)


@dataclass(frozen=True, slots=True)
class Node:
    """A Node."""

    name: str
    zone: str = ""
    addresses: tuple[bytes, ...] = ()
    leaving: bool = False
    """It is being deleted, or the cluster autoscaler is about to: no new clients for it."""

    @property
    def key(self) -> Key:
        """Empty namespace and name."""
        return ("", self.name)


Object = Service | EndpointSlice | Pod | Namespace | Node
