"""Cluster objects as the API writes them: the way back from `cluster.parse`."""

from typing import Any

from svcdns.cluster.compact import SERVICE_NAME
from svcdns.cluster.model import (
    Condition,
    Endpoint,
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
)
from svcdns.cluster.parse import VERSIONS
from svcdns.wire.name import address_text

ADDRESS_TYPES = {4: "IPv4", 16: "IPv6", 0: "FQDN"}


def manifest(value: Object) -> dict[str, Any]:
    """Return the object as a document that `kubectl get -o json` could have printed."""
    kind = type(value).__name__
    metadata: dict[str, Any] = {"name": value.name, "uid": "7d1c…"}
    if value.key[0]:
        metadata["namespace"] = value.key[0]
    document: dict[str, Any] = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": metadata}
    match value:
        case Service():
            document["spec"] = _service_spec(value)
        case EndpointSlice():
            metadata["labels"] = {SERVICE_NAME: value.service, "app": "web"}
            document |= {
                "addressType": ADDRESS_TYPES[value.width],
                "endpoints": [_endpoint(one) for one in value.endpoints()] or None,
                "ports": [port._asdict() for port in value.ports] or None,
            }
        case Pod():
            metadata["labels"] = dict(value.labels)
            addresses = [{"ip": address_text(one)} for one in value.addresses]
            document["status"] = {"phase": "Running", "podIPs": addresses}
        case Node():
            metadata["labels"] = {"topology.kubernetes.io/zone": value.zone}
            if value.leaving:
                metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            document["status"] = {
                "addresses": [
                    {"type": "InternalIP", "address": address_text(one)} for one in value.addresses
                ]
            }
        case Namespace():
            document["status"] = {"phase": "Active"}
    return document


def _service_spec(value: Service) -> dict[str, Any]:
    return {
        "type": value.type,
        "clusterIPs": ["None"] if value.headless else [*map(address_text, value.addresses)],
        "externalName": value.external_name,
        "ports": [port._asdict() for port in value.ports],
        "publishNotReadyAddresses": value.publish_not_ready,
        "sessionAffinity": "None",
    }


def _endpoint(one: Endpoint) -> dict[str, Any]:
    return {
        "addresses": [one.fqdn or address_text(one.address)],
        "conditions": {
            "ready": bool(one.conditions & Condition.READY),
            "serving": bool(one.conditions & Condition.SERVING),
            "terminating": bool(one.conditions & Condition.TERMINATING),
        },
        "hostname": one.hostname or None,
        "nodeName": one.node or None,
        "zone": one.zone or None,
        "targetRef": {"kind": "Pod", "name": one.pod} if one.pod else None,
    }
