"""Objects of a cluster -> manifests that `manifests` reads back to the same objects.

A file for each Namespace with all that is in it, and one for the Nodes; a Service is followed
by its EndpointSlices. Nothing is left to be derived when they are read: Services come without a
selector, slices as they are, whether somebody wrote them or they follow from Pods.

Source: Kubernetes API reference, core/v1 and discovery.k8s.io/v1.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from svcdns.cluster.compact import ABOUT_TO_GO, SERVICE_NAME, ZONE
from svcdns.cluster.model import (
    Condition,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
    ServicePort,
    Traffic,
)
from svcdns.cluster.parse import VERSIONS
from svcdns.cluster.traffic import HEADLESS, PROXY_NAME, SCHEDULER
from svcdns.source import yaml_writer
from svcdns.source.assembly import NAMESPACE_NAME, Labelled, Labels
from svcdns.source.yaml_writer import Value
from svcdns.wire.name import address_text

Form = Literal["yaml", "json"]

# No address, but not nothing either: a Service without any is given one when it is read.
_NO_ADDRESS = "unassigned"
_ADDRESS_TYPES = {4: "IPv4", 16: "IPv6", 0: "FQDN"}
_LEAVING: dict[str, Value] = {"spec": {"taints": [{"key": ABOUT_TO_GO, "effect": "NoSchedule"}]}}
_ANOTHER = "another"
"""Name of a proxy of which only that it is another one is known."""
_UNSAFE = re.compile(r"[^a-z0-9-]")
# A name that no Namespace can have.
_NODES = "_nodes"


class ManifestFile(NamedTuple):
    """One file to write."""

    name: str
    text: str


def files(objects: Iterable[Labelled], form: Form) -> Iterator[ManifestFile]:
    """Yield the files of a folder that says what `objects` are.

    Every Namespace that an object names is there when the files are read, be it among
    `objects` or not.

    Args:
        objects: in any order.
        form: how they are written, and the end of the files' names.
    """
    by_file: dict[str, list[Labelled]] = defaultdict(list)
    for one in objects:
        by_file[_file_of(one.value)].append(one)
    for name, members in sorted(by_file.items()):
        yield ManifestFile(f"{name}.{form}", text(members, form))


def text(objects: Iterable[Labelled], form: Form) -> str:
    """Return all objects in one text: YAML documents, or a JSON `List` with an item a line."""
    documents = [document(*one) for one in sorted(objects, key=_place)]
    if form == "yaml":
        return "---\n".join(map(yaml_writer.document, documents))
    items = ",\n".join(map(json.dumps, documents))
    return f'{{"apiVersion": "v1", "kind": "List", "items": [\n{items}\n]}}\n'


def document(value: Object, labels: Labels) -> dict[str, Value]:
    """Return one object as the API spells it.

    Args:
        value: the object.
        labels: those it carries; what the value knows of them need not be there.
    """
    kind = type(value).__name__
    carried: dict[str, Value] = {key: each or "" for key, each in labels.items()}
    content: dict[str, Value] = {}
    match value:
        case Service(traffic=traffic):
            content = {"spec": _service_spec(value), **_service_status(value)}
            carried |= _proxy_label(traffic, labels)
        case EndpointSlice(service=service):
            carried |= {SERVICE_NAME: service} if service else {}
            content = _slice(value)
        case Pod():
            carried = dict(value.labels)
            addresses = [{"ip": address_text(one)} for one in value.addresses]
            content = {"status": {"phase": "Running", "podIPs": addresses}}
        case Node(zone=zone):
            carried |= {ZONE: zone} if zone else {}
            content = {"status": {"addresses": list(map(_internal, value.addresses))}}
            content |= _LEAVING if value.leaving else {}
        case Namespace(name) if carried.get(NAMESPACE_NAME) == name:
            del carried[NAMESPACE_NAME]  # it is there without being written
    metadata: dict[str, Value] = {"name": value.name}
    if value.key[0]:
        metadata["namespace"] = value.key[0]
    if carried:
        metadata["labels"] = carried
    if isinstance(value, Service) and value.traffic.scheduler:
        metadata["annotations"] = {SCHEDULER: value.traffic.scheduler}
    return {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": metadata, **content}


def _file_of(value: Object) -> str:
    """Return the name of an object's file without its end."""
    if isinstance(value, Node):
        return _NODES
    namespace = value.name if isinstance(value, Namespace) else value.namespace
    # Who made these values has seen to it already; a file name is worth a second look.
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):x}", namespace)


def _place(one: Labelled) -> tuple[str, int, str, int, str]:
    """Return by what objects are sorted: a Namespace, its Services with their slices, its Pods."""
    match one.value:
        case Namespace(name):
            return (name, 0, "", 0, "")
        case Service(namespace, name):
            return (namespace, 1, name, 0, "")
        case EndpointSlice(namespace, name, service):
            return (namespace, 1, service, 1, name)
        case Pod(namespace, name):
            return (namespace, 2, name, 0, "")
        case Node(name):
            return ("", 0, name, 0, "")


def _service_spec(value: Service) -> dict[str, Value]:
    spec: dict[str, Value] = {"type": value.type}
    if value.type == "ExternalName":
        spec["externalName"] = value.external_name
    else:
        addresses = ["None"] if value.headless else list(map(address_text, value.addresses))
        spec["clusterIP"] = addresses[0] if addresses else _NO_ADDRESS
        if len(addresses) > 1:
            spec["clusterIPs"] = addresses
    if value.ports:
        numbers = value.traffic.node_ports or (0,) * len(value.ports)
        spec["ports"] = [
            _port(port) | ({"nodePort": number} if number else {})
            for port, number in zip(value.ports, numbers, strict=True)
        ]
    if value.publish_not_ready:
        spec["publishNotReadyAddresses"] = True
    return spec | _traffic_spec(value.traffic)


def _proxy_label(traffic: Traffic, labels: Labels) -> dict[str, Value]:
    """Return the label that says that another proxy serves it, if no such is carried."""
    is_said = not {PROXY_NAME, HEADLESS}.isdisjoint(labels)
    return {PROXY_NAME: _ANOTHER} if traffic.is_elsewhere and not is_said else {}


def _traffic_spec(traffic: Traffic) -> dict[str, Value]:
    """Return what `spec` says about how clients come and are spread."""
    spec: dict[str, Value] = {}
    if traffic.external:
        spec["externalIPs"] = list(map(address_text, traffic.external))
    if traffic.affinity_seconds:
        spec["sessionAffinity"] = "ClientIP"
        config: Value = {"timeoutSeconds": traffic.affinity_seconds}
        spec["sessionAffinityConfig"] = {"clientIP": config}
    if traffic.internal_local:
        spec["internalTrafficPolicy"] = "Local"
    if traffic.external_local:
        spec["externalTrafficPolicy"] = "Local"
    if traffic.health_check_port:
        spec["healthCheckNodePort"] = traffic.health_check_port
    if traffic.source_ranges:
        spec["loadBalancerSourceRanges"] = list(traffic.source_ranges)
    return spec


def _service_status(value: Service) -> dict[str, Value]:
    """Return addresses and names of load balancers."""
    traffic = value.traffic
    ingress: list[Value] = []
    for address in value.outside:
        if address in traffic.balancers:
            ingress.append({"ip": address_text(address)})
        elif address not in traffic.external:
            ingress.append({"ip": address_text(address), "ipMode": "Proxy"})
    ingress += [{"hostname": name} for name in value.outside_names]
    return {"status": {"loadBalancer": {"ingress": ingress}}} if ingress else {}


def _port(port: ServicePort | EndpointPort) -> dict[str, Value]:
    return {key: each for key, each in port._asdict().items() if each not in {"", None}}


def _slice(value: EndpointSlice) -> dict[str, Value]:
    content: dict[str, Value] = {
        "addressType": _ADDRESS_TYPES[value.width],
        "endpoints": list(_endpoints(value)),
    }
    if value.ports:
        content["ports"] = list(map(_port, value.ports))
    return content


def _endpoints(value: EndpointSlice) -> Iterator[dict[str, Value]]:
    addresses: list[Value] = []
    last: dict[str, Value] | None = None
    for index, one in enumerate(value.endpoints()):
        text = one.fqdn or address_text(one.address)
        rest = _rest_of_endpoint(one) | _hints(value, index)
        is_further = bool(one.conditions & Condition.FURTHER)
        if is_further and rest == last:
            addresses.append(text)
            continue
        if last is not None:
            yield {"addresses": addresses, **last}
        # A further address whose first one could not be used: that has to stay so.
        addresses = ["", text] if is_further else [text]
        last = rest
    if last is not None:
        yield {"addresses": addresses, **last}


def _rest_of_endpoint(one: Endpoint) -> dict[str, Value]:
    """Return all of an endpoint but its addresses."""
    rest: dict[str, Value] = {
        "conditions": {
            "ready": bool(one.conditions & Condition.READY),
            "serving": bool(one.conditions & Condition.SERVING),
            "terminating": bool(one.conditions & Condition.TERMINATING),
        }
    }
    if one.hostname:
        rest["hostname"] = one.hostname
    if one.node:
        rest["nodeName"] = one.node
    if one.zone:
        rest["zone"] = one.zone
    if one.pod:
        rest["targetRef"] = {"kind": "Pod", "name": one.pod}
    return rest


def _hints(value: EndpointSlice, index: int) -> dict[str, Value]:
    columns = {"forZones": value.zone_hints, "forNodes": value.node_hints}
    hints: dict[str, Value] = {
        key: [{"name": name} for name in column[index]]
        for key, column in columns.items()
        if column and column[index]
    }
    return {"hints": hints} if hints else {}


def _internal(address: bytes) -> dict[str, Value]:
    return {"type": "InternalIP", "address": address_text(address)}
