"""The world as the servers read it: a kubectl dump for one kind, zone files for the other.

Both are written from the same `World`; that they say the same is a unit test's business.

Source: `kubectl get services,endpointslices,namespaces -A -o json` of Kubernetes 1.37 for the
shape of the dump; RFC 1035 section 5 for the zone files.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.world import REVERSE_ZONE, ZONE, Record, Service, World, records

TTL = 30
_CREATED = "2026-01-01T00:00:00Z"
_SOA = f"ns.dns.{ZONE} hostmaster.{ZONE} 1767225600 7200 1800 86400 {TTL}"

Object = dict[str, Any]


def write_dump(world: World, path: Path) -> None:
    """Write the world's objects as one List, indented as kubectl does it."""
    document = {
        "apiVersion": "v1",
        "items": list(objects(world)),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=4) + b"\n")


def objects(world: World) -> Iterator[Object]:
    """Yield the API objects: Services, then EndpointSlices, then Namespaces."""
    serial = iter(range(1000, 10_000_000))
    for service in world.services:
        yield _service(service, next(serial))
    for service in world.services:
        yield _slice(service, next(serial))
    for namespace in world.namespaces:
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "creationTimestamp": _CREATED,
                "labels": {"kubernetes.io/metadata.name": namespace},
                "name": namespace,
                **_identity(next(serial)),
            },
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }


def _identity(serial: int) -> Object:
    return {
        "resourceVersion": str(serial),
        "uid": f"00000000-0000-4000-8000-{serial:012x}",
    }


def _service(service: Service, serial: int) -> Object:
    address = service.address or "None"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "creationTimestamp": _CREATED,
            "labels": {
                "app.kubernetes.io/managed-by": "Helm",
                "app.kubernetes.io/name": service.name,
            },
            "name": service.name,
            "namespace": service.namespace,
            **_identity(serial),
        },
        "spec": {
            "clusterIP": address,
            "clusterIPs": [address],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [
                {
                    "name": port.name,
                    "port": port.number,
                    "protocol": port.protocol,
                    "targetPort": port.target,
                }
                for port in service.ports
            ],
            "selector": {"app.kubernetes.io/name": service.name},
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }


def _slice(service: Service, serial: int) -> Object:
    return {
        "addressType": "IPv4",
        "apiVersion": "discovery.k8s.io/v1",
        "endpoints": [
            {
                "addresses": [endpoint.address],
                "conditions": {
                    "ready": endpoint.ready,
                    "serving": endpoint.ready,
                    "terminating": False,
                },
                **({"hostname": endpoint.hostname} if endpoint.hostname else {}),
                "nodeName": endpoint.node,
                "targetRef": {
                    "kind": "Pod",
                    "name": endpoint.pod,
                    "namespace": service.namespace,
                },
                "zone": "zone-a",
            }
            for endpoint in service.endpoints
        ],
        "kind": "EndpointSlice",
        "metadata": {
            "creationTimestamp": _CREATED,
            "generateName": f"{service.name}-",
            "labels": {
                "app.kubernetes.io/name": service.name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": service.name,
            },
            "name": f"{service.name}-{serial:05x}",
            "namespace": service.namespace,
            **_identity(serial),
        },
        "ports": [
            {"name": port.name, "port": port.target, "protocol": port.protocol}
            for port in service.ports
        ],
    }


def write_zones(world: World, folder: Path) -> dict[str, Path]:
    """Write one zone file for each of the two zones; return them by zone name."""
    texts = {
        ZONE: [f"ns.dns.{ZONE} A 10.96.0.10"],
        REVERSE_ZONE: [],
    }
    for record in records(world):
        texts[_zone_of(record)].append(" ".join(record))
    paths = {}
    for zone, lines in texts.items():
        paths[zone] = folder / f"{zone}zone"
        apex = [f"$TTL {TTL}", f"{zone} SOA {_SOA}", f"{zone} NS ns.dns.{ZONE}"]
        paths[zone].write_text("\n".join([*apex, *lines, ""]))
    return paths


def _zone_of(record: Record) -> str:
    return REVERSE_ZONE if record.rrtype == "PTR" else ZONE
