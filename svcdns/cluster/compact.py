"""API structs -> the values of `cluster.model`: packed, shared, and only what can be used.

A part that cannot be used (an address that is none, port 70000) is left out and named; the
object stays. An object without what makes it one (a name, an address family) is refused. The
API server lets neither through; manifests written by hand hold both.

Source: Kubernetes API reference, core/v1 and discovery.k8s.io/v1; names: RFC 1123 section 2.1.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from svcdns.cluster import structs
from svcdns.cluster.columns import Columns, condition_bits
from svcdns.cluster.model import (
    Condition,
    EndpointPort,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.cluster.object_error import Flaw, ObjectError
from svcdns.cluster.outside import name_problem, outside_of, packed
from svcdns.cluster.sharing import Sharing, shared_text
from svcdns.cluster.traffic import node_port, traffic_of
from svcdns.wire.name import pack_address

SERVICE_NAME = "kubernetes.io/service-name"
"""Label of an EndpointSlice: the Service it belongs to."""
ZONE = "topology.kubernetes.io/zone"
"""Label of a Node."""
ABOUT_TO_GO = "ToBeDeletedByClusterAutoscaler"
"""Taint of a Node that the cluster autoscaler is about to delete."""
DEFAULT_NAMESPACE = "default"

_OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"
_WIDTHS = {"IPv4": 4, "IPv6": 16, "FQDN": 0}
_FAMILIES = {4: "IPv4", 16: "IPv6"}
_PROTOCOLS = frozenset(("TCP", "UDP", "SCTP"))
# Phases the API server filters out of CoreDNS's watch of Pods (`pods verified`).
_ENDED = frozenset(("Succeeded", "Failed", "Unknown"))
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)

_label = Sharing[tuple[str, str]]()
_label_sets = Sharing[tuple[tuple[str, str], ...]]()
_port_sets = Sharing[tuple[ServicePort, ...]]()

READY, SERVING, TERMINATING, FURTHER = (int(bit) for bit in Condition)


class Parsed(NamedTuple):
    """One object, and what had to be left out of it."""

    value: Object | None
    """None: nothing that DNS could use, such as a Pod that has ended or has no address yet."""
    flaws: tuple[Flaw, ...] = ()


def compact(document: structs.ApiObject) -> Parsed:
    """Return the value of one object; of an Endpoints object, none.

    Raises:
        ObjectError: no name, or one that is no DNS label where it has to be one; a slice
            without an address family; an ExternalName that is no name.
    """
    match document:
        case structs.EndpointSlice():
            return _slice(document)
        case structs.Service():
            return _service(document)
        case structs.Pod():
            return _pod(document)
        case structs.Namespace():
            return Parsed(Namespace(shared_text(label_name("Namespace", document.metadata))))
        case structs.Node():
            return _node(document)
        case structs.Endpoints():
            return Parsed(None)


def object_name(kind: str, metadata: structs.Metadata) -> str:
    """Return the name.

    Raises:
        ObjectError: there is none.
    """
    if metadata.name:
        return metadata.name
    raise ObjectError(kind, metadata.namespace or "", "", "metadata.name", "is missing")


def label_name(kind: str, metadata: structs.Metadata) -> str:
    """Return the name of an object that is a label of DNS names.

    Raises:
        ObjectError: there is none, or it is no label.
    """
    name = object_name(kind, metadata)
    if _LABEL.fullmatch(name):
        return name
    raise ObjectError(kind, metadata.namespace or "", name, "metadata.name", _no_label(name))


def _namespace(kind: str, metadata: structs.Metadata) -> str:
    namespace = metadata.namespace or DEFAULT_NAMESPACE
    if _LABEL.fullmatch(namespace):
        return shared_text(namespace)
    problem = _no_label(namespace)
    raise ObjectError(kind, namespace, metadata.name or "", "metadata.namespace", problem)


def _no_label(text: str) -> str:
    return f"{text!r} cannot be a DNS label: at most 63 of a-z, 0-9 and, inside, '-'"


def cluster_addresses(spec: structs.ServiceSpec) -> list[str]:
    """Return `clusterIPs`, or the one `clusterIP` where the list is not written."""
    return [text for text in spec.cluster_ips or [spec.cluster_ip or ""] if text]


def pod_addresses(document: structs.Pod) -> list[str]:
    """Return `status.podIPs`, or the one `podIP` where the list is not written."""
    status = document.status
    if status is None:
        return []
    listed = [address.ip for address in status.pod_ips or () if address.ip]
    return listed or ([status.pod_ip] if status.pod_ip else [])


def endpoint_ports(
    ports: Iterable[structs.EndpointPort], path: str, flaws: list[Flaw]
) -> tuple[EndpointPort, ...]:
    """Return the usable ports; the others are appended to `flaws`, their field below `path`."""
    found = []
    for index, port in enumerate(ports):
        problem = _protocol_problem(port.protocol)
        number = None
        if port.port is not None and not problem:
            number = port_number(port.port)
            problem = "" if number else f"{port.port!r} is not a port number (1 to 65535)"
        if problem:
            field = "port" if _protocol_problem(port.protocol) == "" else "protocol"
            flaws.append(Flaw(f"{path}[{index}].{field}", problem))
        else:
            found.append(EndpointPort(port.name or "", port.protocol or "TCP", number))
    return tuple(found)


def port_number(value: int | str | None) -> int:
    """Return the number, 0 when it is no port."""
    return value if isinstance(value, int) and 0 < value < 1 << 16 else 0


def usable_label(text: str | None, path: str, flaws: list[Flaw]) -> str:
    """Return the text, empty when there is none or it is no DNS label (then also a flaw)."""
    if not text or _LABEL.fullmatch(text):
        return text or ""
    flaws.append(Flaw(path, _no_label(text)))
    return ""


def _protocol_problem(protocol: str | None) -> str:
    return "" if (protocol or "TCP") in _PROTOCOLS else f"{protocol!r} is not TCP, UDP or SCTP"


def _service(document: structs.Service) -> Parsed:
    metadata, spec = document.metadata, document.spec or structs.ServiceSpec()
    name = label_name("Service", metadata)
    namespace = _namespace("Service", metadata)
    flaws: list[Flaw] = []
    kind = spec.type or "ClusterIP"
    texts = [] if kind == "ExternalName" else cluster_addresses(spec)
    headless = texts[:1] == ["None"]
    path = "spec.clusterIPs[{}]" if spec.cluster_ips else "spec.clusterIP"
    external_name = ""
    if kind == "ExternalName":
        external_name = spec.external_name or ""
        if problem := name_problem(external_name):
            raise ObjectError("Service", namespace, name, "spec.externalName", problem)
    addresses = () if headless else packed(texts, path, flaws)
    outside, outside_names = outside_of(document, flaws)
    ports, node_ports = _service_ports(spec.ports or (), flaws)
    return Parsed(
        Service(
            namespace,
            shared_text(name),
            shared_text(kind),
            addresses,
            headless,
            external_name,
            ports,
            bool(spec.publish_not_ready_addresses),
            outside,
            outside_names,
            traffic_of(document, outside, node_ports, flaws),
        ),
        tuple(flaws),
    )


def _service_ports(
    ports: Iterable[structs.ServicePort], flaws: list[Flaw]
) -> tuple[tuple[ServicePort, ...], tuple[int, ...]]:
    """Return the usable ports, and the node port of each; of these none when none has one."""
    found, node_ports = [], []
    for index, port in enumerate(ports):
        number = port_number(port.port)
        if problem := _protocol_problem(port.protocol):
            flaws.append(Flaw(f"spec.ports[{index}].protocol", problem))
        elif not number:
            problem = f"{port.port!r} is not a port number (1 to 65535)"
            flaws.append(Flaw(f"spec.ports[{index}].port", problem))
        else:
            found.append(ServicePort(port.name or "", port.protocol or "TCP", number))
            node_ports.append(node_port(port.node_port, index, flaws))
    return _port_sets(tuple(found)), tuple(node_ports) if any(node_ports) else ()


def _slice(document: structs.EndpointSlice) -> Parsed:
    metadata = document.metadata
    name = object_name("EndpointSlice", metadata)
    namespace = _namespace("EndpointSlice", metadata)
    width = _WIDTHS.get(document.address_type or "")
    if width is None:
        problem = f"{document.address_type or ''!r} is not IPv4, IPv6 or FQDN"
        raise ObjectError("EndpointSlice", namespace, name, "addressType", problem)
    flaws: list[Flaw] = []
    endpoints = document.endpoints or []
    columns = (Columns.of_simple(endpoints) if width == 4 else None) or _columns(
        endpoints, width, flaws
    )
    label = (metadata.labels or {}).get(SERVICE_NAME)
    service = usable_label(label, f"metadata.labels[{SERVICE_NAME}]", flaws)
    ports = endpoint_ports(document.ports or (), "ports", flaws)
    return Parsed(columns.slice(namespace, name, service, width, ports), tuple(flaws))


def _columns(endpoints: Iterable[structs.Endpoint], width: int, flaws: list[Flaw]) -> Columns:
    """Return the columns of all usable addresses; the others are appended to `flaws`."""
    columns = Columns()
    for index, endpoint in enumerate(endpoints):
        bits = condition_bits(endpoint.conditions)
        hostname = endpoint.hostname or ""
        if hostname:
            hostname = usable_label(hostname, f"endpoints[{index}].hostname", flaws)
        reference = endpoint.target_ref
        pod = (reference.name or "") if reference else ""
        for place, text in enumerate(endpoint.addresses or ()):
            try:
                address = _endpoint_address(text, width)
            except ValueError as error:
                flaws.append(Flaw(f"endpoints[{index}].addresses[{place}]", str(error)))
                continue
            further = FURTHER if place else 0
            node, zone = endpoint.node_name or "", endpoint.zone or ""
            columns.add(address, bits | further, hostname, pod, node, zone)
            columns.hint_last(endpoint.hints)
            if not width:
                columns.name_last(text)
    return columns


def _endpoint_address(text: str, width: int) -> bytes:
    if not width:
        if problem := name_problem(text):
            raise ValueError(problem)
        return b""
    address = pack_address(text)
    if len(address) != width:
        raise ValueError(f"{text!r} is not an {_FAMILIES[width]} address")
    return address


def _pod(document: structs.Pod) -> Parsed:
    metadata, flaws = document.metadata, list[Flaw]()
    name = object_name("Pod", metadata)
    phase = document.status.phase if document.status else None
    addresses = packed(pod_addresses(document), "status.podIPs[{}].ip", flaws)
    if phase in _ENDED or not addresses:
        return Parsed(None, tuple(flaws))
    namespace = _namespace("Pod", metadata)
    pairs = sorted((metadata.labels or {}).items())
    labels = tuple([_label((key, value or "")) for key, value in pairs])
    return Parsed(Pod(namespace, name, addresses, _label_sets(labels)), tuple(flaws))


def _node(document: structs.Node) -> Parsed:
    metadata, flaws = document.metadata, list[Flaw]()
    name = object_name("Node", metadata)
    labels = metadata.labels or {}
    zone = labels.get(ZONE) or labels.get(_OLD_ZONE) or ""
    listed = (document.status.addresses or ()) if document.status else ()
    texts = [a.address for a in listed if a.type == "InternalIP" and a.address]
    addresses = packed(texts, "status.addresses", flaws)
    taints = (document.spec.taints or ()) if document.spec else ()
    leaving = metadata.deletion_timestamp is not None or any(
        taint.key == ABOUT_TO_GO for taint in taints
    )
    return Parsed(Node(shared_text(name), shared_text(zone), addresses, leaving), tuple(flaws))
