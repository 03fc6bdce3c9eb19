"""Objects to put into the fake: short to write, complete once the store has dressed them.

Each function returns what a person would apply; what the API server adds (uid, times,
managedFields, defaults, null for an empty list) is added by `dress`. The last functions make
objects that a client has to survive.

Source: recorded from kube-apiserver 1.37.2; Kubernetes API reference.
"""

import copy
import ipaddress
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.fakeapi.collections import Collection, Document, Key

_FIRST_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_SERVERS_OWN = {"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields"}
"""Metadata that the server says; what a document says of them is passed over."""


def namespace(name: str, **labels: str) -> Document:
    """Return a Namespace."""
    named = {"kubernetes.io/metadata.name": name, **labels}
    finalizers = {"finalizers": ["kubernetes"]}
    return _document("Namespace", "", name, named, spec=finalizers, status={"phase": "Active"})


def service(
    name: str,
    namespace: str = "shop",
    *,
    addresses: Iterable[str] = ("10.96.0.10",),
    ports: Mapping[str, int] = {"http": 80},
    labels: Mapping[str, str] = {},
    **spec: Any,
) -> Document:
    """Return a Service with these ClusterIPs; without any it is headless.

    Args:
        name: of the Service.
        namespace: it is in.
        addresses: ClusterIPs of one or two families.
        ports: number by name.
        labels: of the object.
        spec: further fields, for example `type` and `externalName`.
    """
    addresses = list(addresses) or ["None"]
    whole = {
        "ports": [
            {"name": port, "protocol": "TCP", "port": number, "targetPort": number}
            for port, number in ports.items()
        ],
        "clusterIP": addresses[0],
        "clusterIPs": addresses,
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": [_family(address) for address in addresses],
        "ipFamilyPolicy": "SingleStack" if len(addresses) == 1 else "RequireDualStack",
        "internalTrafficPolicy": "Cluster",
    }
    if spec.get("type") == "ExternalName":
        whole = {"sessionAffinity": "None"}
    return _document("Service", namespace, name, labels, spec=whole | spec)


def endpoint_slice(
    name: str,
    service: str,
    addresses: Iterable[str] = (),
    namespace: str = "shop",
    *,
    ports: Mapping[str, int] = {"http": 80},
    labels: Mapping[str, str] = {},
    **endpoint: Any,
) -> Document:
    """Return an EndpointSlice, its endpoints ready unless `endpoint` says other `conditions`.

    Args:
        name: of the slice.
        service: it belongs to.
        addresses: one for each endpoint, all of one family.
        namespace: it is in.
        ports: number by name.
        labels: besides the one that names the Service.
        endpoint: further fields of every endpoint, for example `nodeName` and `hostname`.
    """
    addresses = list(addresses)
    ready = {"ready": True, "serving": True, "terminating": False}
    return _document(
        "EndpointSlice",
        namespace,
        name,
        {"kubernetes.io/service-name": service, **labels},
        addressType=_family(addresses[0]) if addresses else "IPv4",
        endpoints=[
            {"addresses": [address], "conditions": ready, **endpoint} for address in addresses
        ],
        ports=[{"name": port, "protocol": "TCP", "port": number} for port, number in ports.items()],
    )


def pod(
    name: str,
    address: str = "",
    namespace: str = "shop",
    *,
    phase: str = "Running",
    node: str = "node-a",
    labels: Mapping[str, str] = {},
) -> Document:
    """Return a Pod; without an address it has not started yet."""
    spec: Document = {
        "containers": [{"name": "main", "image": "main", "resources": {}}],
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "schedulerName": "default-scheduler",
        "nodeName": node,
    }
    status: Document = {"phase": phase, "qosClass": "BestEffort"}
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return _document("Pod", namespace, name, labels, spec=spec, status=status)


def node(name: str, zone: str = "", address: str = "192.0.2.1") -> Document:
    """Return a Node."""
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    addresses = [{"type": "InternalIP", "address": address}]
    return _document("Node", "", name, labels, status={"addresses": addresses})


def ill_typed(kind: str, name: str = "ill-typed", namespace: str = "shop") -> Document:
    """Return an object whose every part has another type than the API's; no server makes one."""
    wrong: Document = {"spec": ["not", "a", "mapping"], "status": 7}
    if kind == "EndpointSlice":
        wrong = {"addressType": 4, "endpoints": {"addresses": "10.0.0.1"}, "ports": "http"}
    document = _document(kind, namespace, name, {}, **wrong)
    document["metadata"]["labels"] = ["kubernetes.io/service-name", 7]
    return document


def with_unknown_fields(document: Document) -> Document:
    """Return the object as a later version of Kubernetes may send it: the same, and more."""
    return {**document, "future": {"deep": [{"x": None}, 1.5, "text"]}, "spec2": []}


def bloated(document: Document, octets: int) -> Document:
    """Return the same object with an annotation of that many octets."""
    note = {"example.com/note": "x" * octets}
    return {**document, "metadata": {**document["metadata"], "annotations": note}}


def dress(
    document: Document, collection: Collection, before: Mapping[str, Any] | None, version: int
) -> Document:
    """Return the object as the API server stores it: a copy, with what it adds by itself."""
    given = copy.deepcopy(document)
    namespace, name = collection.key(given)
    metadata = given.pop("metadata")
    for field in ("kind", "apiVersion"):
        given.pop(field, None)
    kept = before["metadata"] if before else _birth(collection, (namespace, name), version)
    dressed: Document = {
        "kind": collection.kind,
        "apiVersion": collection.api_version,
        "metadata": {
            "name": name,
            **({"namespace": namespace} if namespace else {}),
            "uid": kept["uid"],
            "resourceVersion": str(version),
            "creationTimestamp": kept["creationTimestamp"],
            **{key: value for key, value in metadata.items() if key not in _SERVERS_OWN},
            "managedFields": [_ownership(collection, metadata, given, kept["creationTimestamp"])],
        },
        **collection.blank,
        **given,
    }
    if collection.kind == "EndpointSlice":  # an empty list comes back as null
        dressed |= {part: dressed[part] or None for part in ("endpoints", "ports")}
    return dressed


def _document(
    kind: str, namespace: str, name: str, labels: Mapping[str, str], **parts: Any
) -> Document:
    metadata: Document = {"name": name}
    if namespace and kind not in {"Namespace", "Node"}:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    return {"kind": kind, "metadata": metadata, **parts}


def _family(address: str) -> str:
    if address == "None":
        return "IPv4"
    return f"IPv{ipaddress.ip_address(address).version}"


def _birth(collection: Collection, key: Key, version: int) -> Document:
    birth = f"{collection.name}/{'/'.join(key)}/{version}"
    time = _FIRST_TIME + timedelta(seconds=version)
    return {
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, birth)),
        "creationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _ownership(collection: Collection, metadata: Document, parts: Document, time: str) -> Document:
    """Return an entry of managedFields, as long and as useless to a reader as real ones are."""
    owned = {f"f:{name}": _owned(part) for name, part in parts.items() if name != "status"}
    if metadata.get("labels"):
        owned["f:metadata"] = {"f:labels": {".": {}, **_owned(metadata["labels"])}}
    return {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "apiVersion": collection.api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned,
    }


def _owned(part: Any) -> Document:
    if not isinstance(part, dict):
        return {}
    return {f"f:{name}": _owned(inner) for name, inner in part.items()}
