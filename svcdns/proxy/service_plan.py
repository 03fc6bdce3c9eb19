"""One Service on one node -> its virtual servers, and what of it cannot be served, and why.

Source: kube-proxy's rules for virtual servers in IPVS mode, as observed; docs/proxy.md.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from svcdns.cluster.model import EndpointSlice, Service, ServicePort
from svcdns.proxy.model import (
    PERSISTENT,
    PROTOCOLS,
    SCHED_1,
    SCHED_2,
    HealthCheck,
    Kind,
    ServicePortName,
    Skipped,
    VirtualKey,
    VirtualServer,
)
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.policy import Eligible, eligible
from svcdns.proxy.refused import why_refused
from svcdns.wire.name import address_text

MAX_AFFINITY_SECONDS = 86_400
_SCHEDULER_FLAGS = {"sh": SCHED_1, "mh": SCHED_1 | SCHED_2}
"""SCHED_1: a server that is drained refuses nobody. SCHED_2: kube-proxy's for mh."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """All that one Service comes to."""

    virtual_servers: tuple[VirtualServer, ...] = ()
    hairpins: tuple[VirtualKey, ...] = ()
    health_check: HealthCheck | None = None
    skipped: tuple[Skipped, ...] = ()
    without_local: tuple[str, ...] = ()
    """`internal` or `external`, for each virtual server that nobody here serves."""


def plan_service(
    service: Service,
    slices: Sequence[EndpointSlice],
    options: ProxyOptions,
    nodes: Collection[bytes] = (),
) -> ServicePlan:
    """Return all that one Service comes to on a node; empty for one that needs no proxy.

    Args:
        service: the Service.
        slices: all its EndpointSlices.
        options: of the node.
        nodes: packed addresses of all Nodes.
    """
    traffic = service.traffic
    if service.headless or service.type == "ExternalName" or traffic.is_elsewhere:
        return ServicePlan()
    if traffic.scheduler and traffic.scheduler not in options.schedulers:
        return ServicePlan(skipped=(_no_scheduler(service, options),))
    looking = _Look(service, slices, options, nodes)
    for index, port in enumerate(service.ports):
        node_port = traffic.node_ports[index] if index < len(traffic.node_ports) else 0
        for address in _first_of_each_family(service.addresses):
            looking.take(port, node_port, address)
    return looking.result()


def _first_of_each_family(addresses: Iterable[bytes]) -> Iterator[bytes]:
    widths: set[int] = set()
    for address in addresses:
        if len(address) not in widths:
            widths.add(len(address))
            yield address


def _no_scheduler(service: Service, options: ProxyOptions) -> Skipped:
    known = ", ".join(sorted(options.schedulers))
    return Skipped(
        f"Service {'/'.join(service.key)}",
        f"there is no scheduler '{service.traffic.scheduler}' here: its annotation may name one "
        f"of {known}",
    )


class _Look:
    """One Service while it is looked at."""

    def __init__(
        self,
        service: Service,
        slices: Sequence[EndpointSlice],
        options: ProxyOptions,
        nodes: Collection[bytes],
    ) -> None:
        self._service = service
        self._traffic = service.traffic
        self._slices = slices
        self._options = options
        self._nodes = nodes
        self._virtual: dict[VirtualKey, VirtualServer] = {}
        self._twice: list[VirtualServer] = []
        self._hairpins: set[VirtualKey] = set()
        self._skipped: dict[Skipped, None] = {}
        self._without_local: list[str] = []
        self._local_ready: set[bytes] = set()
        self._scheduler = self._traffic.scheduler or options.scheduler

    def take(self, port: ServicePort, node_port: int, cluster_address: bytes) -> None:
        """Take one port in, for the family of one cluster address."""
        traffic, options = self._traffic, self._options
        width = len(cluster_address)
        found = eligible(self._slices, port, width, options.node, options.zone)
        protocol = PROTOCOLS[port.protocol]
        self._local_ready |= found.local_ready
        self._hairpins |= {VirtualKey(protocol, *server) for server in found.here}
        self._add(port, Kind.CLUSTER, cluster_address, port.port, found)
        for address in traffic.balancers:
            if len(address) == width:
                self._add(port, Kind.BALANCER, address, port.port, found)
        if traffic.external and not options.external_ips:
            self._skip(port, "externalIPs are off: start with --enable-external-ips")
        for address in traffic.external if options.external_ips else ():
            if len(address) == width:
                self._add(port, Kind.EXTERNAL, address, port.port, found)
        if node_port:
            for address in options.node_addresses:
                if len(address) == width:
                    self._add(port, Kind.NODE, address, node_port, found)

    def result(self) -> ServicePlan:
        """Return what the Service comes to."""
        traffic, check = self._traffic, None
        is_asked = self._service.type == "LoadBalancer" and traffic.external_local
        if traffic.health_check_port and is_asked:
            check = HealthCheck(traffic.health_check_port, len(self._local_ready))
        return ServicePlan(
            (*self._virtual.values(), *self._twice),
            tuple(sorted(self._hairpins)),
            check,
            tuple(self._skipped),
            tuple(self._without_local),
        )

    def _add(
        self, port: ServicePort, kind: Kind, address: bytes, number: int, found: Eligible
    ) -> None:
        options, traffic = self._options, self._traffic
        if any(network.holds(address) for network in options.exclude):
            self._skip(port, f"{address_text(address)} is in an excluded network")
            return
        if why := why_refused(kind, address, options, self._nodes):
            self._skip(port, f"{address_text(address)} {why}")
            return
        is_local = traffic.internal_local if kind is Kind.CLUSTER else self._is_local_outside()
        servers = found.local if is_local else found.cluster
        drops = False
        if is_local and not servers:
            self._without_local.append("internal" if kind is Kind.CLUSTER else "external")
            falls_back = options.local_fallback and self._uses_others()
            drops = bool(found.cluster) and not falls_back
            servers = found.cluster if falls_back else servers
        seconds = min(traffic.affinity_seconds, MAX_AFFINITY_SECONDS)
        flags = _SCHEDULER_FLAGS.get(self._scheduler, 0) | (PERSISTENT if seconds else 0)
        self._take_place(
            VirtualServer(
                VirtualKey(PROTOCOLS[port.protocol], address, number),
                kind,
                self._name(port),
                self._scheduler,
                flags,
                seconds,
                servers,
                # With servers of other nodes the reply has to come back through this one.
                external_local=kind is not Kind.CLUSTER and is_local and servers == found.local,
                drops=drops,
                source_ranges=self._ranges(port, len(address)) if kind is Kind.BALANCER else (),
                ending=found.ending if port.protocol == "UDP" else b"",
            )
        )

    def _take_place(self, virtual: VirtualServer) -> None:
        """Keep a virtual server; one that the port has by another name already is the same."""
        there = self._virtual.setdefault(virtual.key, virtual)
        if there is not virtual and there.service != virtual.service:
            self._twice.append(virtual)

    def _uses_others(self) -> bool:
        """Whether endpoints of other nodes are ever used; if not, nobody falls back to them."""
        traffic = self._traffic
        is_reached = any(traffic.node_ports) or traffic.external or traffic.balancers
        return not traffic.internal_local or bool(is_reached)

    def _is_local_outside(self) -> bool:
        traffic = self._traffic
        is_reached = self._service.type in {"NodePort", "LoadBalancer"} or bool(traffic.external)
        return traffic.external_local and is_reached

    def _ranges(self, port: ServicePort, width: int) -> tuple[tuple[bytes, int], ...]:
        """Return the networks of one family; a whole family is no restriction."""
        found: list[tuple[bytes, int]] = []
        for text in self._traffic.source_ranges:
            try:
                network = ip_network(text, strict=False)
            except ValueError:
                self._skip(port, f"loadBalancerSourceRanges: '{text}' is not a network")
                continue
            packed = network.network_address.packed
            if len(packed) == width:
                found.append((packed, network.prefixlen))
        if any(not prefix for _, prefix in found):
            return ()
        if not found and self._traffic.source_ranges:
            # Ranges of the other family alone: nobody of this one is let in.
            return ((bytes(width), 8 * width),)
        return tuple(sorted(set(found)))

    def _name(self, port: ServicePort) -> ServicePortName:
        return ServicePortName(self._service.namespace, self._service.name, port.name)

    def _skip(self, port: ServicePort, reason: str) -> None:
        self._skipped[Skipped(f"Service {self._name(port)}", reason)] = None
