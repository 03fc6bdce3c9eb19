"""EndpointSlices where the files have none: from Endpoints, or from Pods.

From Pods by the rules of the EndpointSlice controller: which Pods count, when they are ready,
which host name they get, where a named port leads. What only the controller needs (sizes of
slices, placeholder slices) is left out. Names of derived slices hold a slash, so they can never
be those of slices that somebody wrote.

Source: Kubernetes concepts "EndpointSlices" and "Services without selectors"; rules of
kubernetes-endpointslice: podToEndpoint, getEndpointPorts, ShouldSetHostname, FindPort.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from svcdns.cluster import structs
from svcdns.cluster.columns import Columns
from svcdns.cluster.compact import (
    DEFAULT_NAMESPACE,
    READY,
    SERVING,
    TERMINATING,
    endpoint_ports,
    object_name,
    pod_addresses,
    port_number,
    usable_label,
)
from svcdns.cluster.model import EndpointPort, EndpointSlice
from svcdns.cluster.object_error import Flaw
from svcdns.cluster.outside import packed
from svcdns.source.offline_addresses import FAMILIES, families

_OVER = frozenset(("Succeeded", "Failed"))

Labels = Mapping[str, str | None]


def mirrored(endpoints: structs.Endpoints) -> tuple[tuple[EndpointSlice, ...], tuple[Flaw, ...]]:
    """Return the slices that stand for an Endpoints object, and what was left out of it.

    One slice for each subset and address family that has an address.

    Raises:
        ObjectError: no name.
    """
    metadata = endpoints.metadata
    name = object_name("Endpoints", metadata)
    namespace = metadata.namespace or DEFAULT_NAMESPACE
    flaws: list[Flaw] = []
    slices = []
    for index, subset in enumerate(endpoints.subsets or ()):
        path = f"subsets[{index}]"
        ports = endpoint_ports(subset.ports or (), f"{path}.ports", flaws)
        columns: dict[int, Columns] = defaultdict(Columns)
        _add_mirrored(columns, subset.addresses, READY | SERVING, f"{path}.addresses", flaws)
        _add_mirrored(columns, subset.not_ready_addresses, 0, f"{path}.notReadyAddresses", flaws)
        for width in sorted(columns):
            own = f"{name}/{index}/{FAMILIES[width].lower()}"
            slices.append(columns[width].slice(namespace, own, name, width, ports))
    return tuple(slices), tuple(flaws)


def _add_mirrored(
    columns: dict[int, Columns],
    addresses: Iterable[structs.EndpointAddress] | None,
    conditions: int,
    path: str,
    flaws: list[Flaw],
) -> None:
    for index, address in enumerate(addresses or ()):
        hostname = usable_label(address.hostname, f"{path}[{index}].hostname", flaws)
        pod = (address.target_ref.name or "") if address.target_ref else ""
        found: list[Flaw] = []
        for octets in packed([address.ip or ""], "", found):
            columns[len(octets)].add(octets, conditions, hostname, pod, address.node_name or "", "")
        flaws.extend(Flaw(f"{path}[{index}].ip", flaw.problem) for flaw in found)


class _Candidate(NamedTuple):
    """A Pod that can be an endpoint."""

    name: str
    struct: structs.Pod
    labels: Labels
    addresses: tuple[bytes, ...]


class PodsByLabel:
    """The Pods of a cluster that can be endpoints, found by what a Service selects."""

    def __init__(self, pods: Iterable[structs.Pod], zones: Mapping[str, str]) -> None:
        """Take the Pods in any order.

        Args:
            pods: of all namespaces.
            zones: topology zone by Node.
        """
        self._zones = zones
        self._pods: dict[tuple[str, str, str], list[_Candidate]] = defaultdict(list)
        for pod in sorted(pods, key=lambda pod: pod.metadata.name or ""):
            addresses = packed(pod_addresses(pod), "", [])
            if not addresses or (pod.status and pod.status.phase in _OVER):
                continue
            labels = pod.metadata.labels or {}
            candidate = _Candidate(pod.metadata.name or "", pod, labels, addresses)
            namespace = pod.metadata.namespace or DEFAULT_NAMESPACE
            for key, value in labels.items():
                self._pods[namespace, key, value or ""].append(candidate)

    def slices(self, service: structs.Service) -> tuple[EndpointSlice, ...]:
        """Return the slices of a Service: one for each family and each set of port numbers.

        A Service without a selector has none: somebody has to write them.
        """
        spec = service.spec or structs.ServiceSpec()
        if not spec.selector or spec.type == "ExternalName":
            return ()
        namespace = service.metadata.namespace or DEFAULT_NAMESPACE
        name = service.metadata.name or ""
        pods = self._selected(namespace, spec.selector)
        slices = []
        for width in families(spec):
            columns: dict[tuple[EndpointPort, ...], Columns] = defaultdict(Columns)
            for pod in pods:
                address = next((one for one in pod.addresses if len(one) == width), None)
                if address is not None:
                    self._add(columns[_ports(spec, pod.struct)], address, pod, service)
            for number, (ports, grown) in enumerate(columns.items(), start=1):
                own = f"{name}/{FAMILIES[width].lower()}/{number}"
                slices.append(grown.slice(namespace, own, name, width, ports))
        return tuple(slices)

    def _selected(self, namespace: str, selector: Labels) -> list[_Candidate]:
        wanted = [(key, value or "") for key, value in selector.items()]
        lists = [self._pods.get((namespace, key, value), []) for key, value in wanted]
        return [
            pod
            for pod in min(lists, key=len)
            if all(key in pod.labels and (pod.labels[key] or "") == value for key, value in wanted)
        ]

    def _add(
        self, columns: Columns, address: bytes, pod: _Candidate, service: structs.Service
    ) -> None:
        spec = pod.struct.spec or structs.PodSpec()
        publishes = bool(service.spec and service.spec.publish_not_ready_addresses)
        serving = _is_ready(pod.struct)
        terminating = pod.struct.metadata.deletion_timestamp is not None
        bits = (SERVING if serving else 0) | (TERMINATING if terminating else 0)
        if publishes or (serving and not terminating):
            bits |= READY
        hostname = spec.hostname if spec.subdomain == service.metadata.name else ""
        node = spec.node_name or ""
        hostname = usable_label(hostname, "", [])
        columns.add(address, bits, hostname, pod.name, node, self._zones.get(node, ""))


def _is_ready(pod: structs.Pod) -> bool:
    conditions = (pod.status.conditions or ()) if pod.status else ()
    return any(one.type == "Ready" and one.status == "True" for one in conditions)


def _ports(spec: structs.ServiceSpec, pod: structs.Pod) -> tuple[EndpointPort, ...]:
    """Return where the Service's ports lead in this Pod; one that leads nowhere is left out."""
    found = []
    for port in spec.ports or ():
        protocol = port.protocol or "TCP"
        target = port.target_port or port.port
        if isinstance(target, str):
            number = _container_port(pod, target, protocol)
        else:
            number = port_number(target)
        if number:
            found.append(EndpointPort(port.name or "", protocol, number))
    return tuple(found)


def _container_port(pod: structs.Pod, name: str, protocol: str) -> int:
    spec = pod.spec or structs.PodSpec()
    sidecars = [one for one in spec.init_containers or () if one.restart_policy == "Always"]
    for container in [*(spec.containers or ()), *sidecars]:
        for port in container.ports or ():
            if port.name == name and (port.protocol or "TCP") == protocol:
                return port_number(port.container_port)
    return 0
