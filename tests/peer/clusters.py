"""Random clusters: Kubernetes objects as an API server would hand them out.

Few names and addresses, so that objects meet each other; every kind of Service, endpoint and
Pod that an API server lets in, and a few that only an old or careless one did. Equal seeds give
equal clusters on every machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

Document = dict[str, Any]

NAMESPACES = ("shop", "ops", "empty", "svc", "gone")
"""The last one has objects, but no Namespace object."""
SERVICES = ("web", "db", "mail", "tcp", "pod", "7up", "pin")
PORT_NAMES = ("http", "dns", "sql", "tcp")
PROTOCOLS = ("TCP", "UDP", "SCTP")
ZONES = ("us-1a", "us-1b", "Eu.North-1", "z")
HOSTS = ("web-0", "web-1", "db-0", "tcp", "http", "10-244-0-1")
PODS = ("web-0", "web-7f9c", "db.0", "p" * 63, "q" * 64, f"r{'-long' * 30}")
CLUSTER_IPS = tuple(f"10.96.0.{last}" for last in range(1, 30))
CLUSTER_IPS6 = tuple(f"fd00:96::{last:x}" for last in range(1, 30))
POD_IPS = (*(f"10.244.0.{last}" for last in range(1, 10)), "10.244.1.200", "10.100.24.4")
POD_IPS6 = (*(f"fd00:244::{last:x}" for last in range(1, 6)), "fd00:244::", "fd00:244:0:1::a:0")
BY_HAND = ("FD00:244::9", "fd00:244:0:0:0:0:0:8")
"""Addresses as only somebody who writes an EndpointSlice by hand spells them."""
OUTSIDE = ("www.example.com", "example.org", "svc.example.net", "192.0.2.1", "2001:db8::1")

CHAIN = 12
"""ExternalNames in the longest row."""

SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Cluster:
    """All objects of one cluster."""

    objects: tuple[Document, ...]

    def of(self, kind: str) -> list[Document]:
        """Return the objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    @cached_property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Namespace and name of every Service, and of every one that a slice is labelled with."""
        services = [_key(one) for one in self.of("Service")]
        labelled = [
            (one["metadata"]["namespace"], service)
            for one in self.of("EndpointSlice")
            if (service := service_of(one))
        ]
        return tuple(dict.fromkeys([*services, *labelled]))

    def endpoints(self, key: tuple[str, str]) -> Iterator[Document]:
        """Yield every endpoint of a Service, ready or not."""
        for one in self.of("EndpointSlice"):
            if (one["metadata"]["namespace"], service_of(one)) == key:
                yield from one["endpoints"] or ()

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Every address that anything has."""
        found = [ip for one in self.of("Service") for ip in one["spec"].get("clusterIPs", ())]
        for one in self.of("EndpointSlice"):
            if one["addressType"] != "FQDN":
                found += [ip for each in one["endpoints"] or () for ip in each["addresses"]]
        found += [ip["ip"] for one in self.of("Pod") for ip in one["status"].get("podIPs", ())]
        return tuple(dict.fromkeys(ip for ip in found if ip not in ("", "None")))


def service_of(one: Document) -> str:
    """Return the Service a slice is labelled with; empty if it is not."""
    return str((one["metadata"].get("labels") or {}).get(SERVICE_NAME, ""))


def is_ready(endpoint: Document) -> bool:
    """Return whether DNS answers with an endpoint."""
    return (endpoint.get("conditions") or {}).get("ready") is not False


def _key(one: Document) -> tuple[str, str]:
    return one["metadata"]["namespace"], one["metadata"]["name"]


def make_cluster(seed: int) -> Cluster:
    """Return the cluster of that seed."""
    return _Maker(Random(f"cluster {seed}")).cluster()  # noqa: S311  reproducible, not secret


class _Maker:
    """One cluster while it is made."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._ips = rng.sample(CLUSTER_IPS, len(CLUSTER_IPS))
        self._ips6 = rng.sample(CLUSTER_IPS6, len(CLUSTER_IPS6))
        self._slices = 0

    def cluster(self) -> Cluster:
        rng = self.rng
        spaces = [self._object("v1", "Namespace", "", name) for name in NAMESPACES[:-1]]
        peopled = [space for space in NAMESPACES if space != "empty"]
        keys = [(space, name) for space in peopled for name in SERVICES]
        services = [self._service(*key) for key in rng.sample(keys, 15)]
        slices = [one for each in services for one in self._slices_of(each)]
        slices += [self._slice("shop", "nobody"), self._slice("gone", "web")]
        if rng.random() < 0.4:
            slices.append(self._slice(rng.choice(peopled), ""))
        if rng.random() < 0.4:
            services += self._big()
            slices += self._big_slices()
        services += self._chain()
        services += self._ring()
        pods = [self._pod(rng.choice(peopled), f"pod-{number}") for number in range(10)]
        return Cluster((*spaces, *services, *slices, *pods))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def some(self, of: Sequence[Any], most: int) -> list[Any]:
        return self.rng.sample(of, self.rng.randint(0, min(most, len(of))))

    def _object(self, version: str, kind: str, namespace: str, name: str) -> Document:
        labels = {}
        if self.chance(0.6):
            labels["app"] = self.rng.choice(("web", "db"))
        if self.chance(0.4):
            labels["tier"] = self.rng.choice(("front", "back"))
        metadata: Document = {"name": name, "resourceVersion": "1", "labels": labels}
        if namespace:
            metadata["namespace"] = namespace
        return {"apiVersion": version, "kind": kind, "metadata": metadata}

    def _service(self, namespace: str, name: str) -> Document:
        kind = self.rng.choice(("cluster",) * 6 + ("headless",) * 6 + ("external",) * 4)
        document = self._object("v1", "Service", namespace, name)
        if kind == "external":
            document["spec"] = {"type": "ExternalName", "externalName": self._target()}
            return document
        types = ("ClusterIP", "NodePort", "LoadBalancer") if kind == "cluster" else ("ClusterIP",)
        spec: Document = {"type": self.rng.choice(types), "ports": self._service_ports()}
        if self.chance(0.5):
            spec["selector"] = {"app": "web"}
        if self.chance(0.2):
            spec["publishNotReadyAddresses"] = True
        addresses = ["None"] if kind == "headless" else self._cluster_ips()
        if addresses:
            spec |= {"clusterIP": addresses[0], "clusterIPs": addresses}
        if spec["type"] == "LoadBalancer":
            spec["externalIPs"] = ["203.0.113.7"]
            document["status"] = {"loadBalancer": {"ingress": [{"ip": "198.51.100.9"}]}}
        document["spec"] = spec
        return document

    def _cluster_ips(self) -> list[str]:
        four, six = self._ips.pop(), self._ips6.pop()
        waiting: list[str] = []
        choices = [[four], [four], [six], [four, six], [six, four], waiting]
        return self.rng.choices(choices, (4, 4, 4, 4, 4, 1))[0]

    def _target(self) -> str:
        space, name = self.rng.choice(NAMESPACES), self.rng.choice(SERVICES)
        ends = ("cluster.local", "cluster.local", "cluster.local", "cluster.local.")
        service = f"{name}.{space}.svc.{self.rng.choice(ends)}"
        inside = (
            *(service,) * 5,
            f"{self.rng.choice(HOSTS)}.{service}",
            f"http.tcp.{service}",
            "10-244-0-1.shop.pod.cluster.local",
            "1.0.96.10.in-addr.arpa",
            "cluster.local",
            "ns.dns.cluster.local",
            "shop.svc.cluster.local",
        )
        return self.rng.choice((*inside, *self.rng.choices(OUTSIDE, k=5)))

    def _service_ports(self) -> list[Document]:
        names = self.some(PORT_NAMES, 3)
        if len(names) == 1 and self.chance(0.5):
            names = [""]
        ports = []
        for name in names:
            port: Document = {"port": self.rng.choice((53, 80, 5432))}
            if name:
                port["name"] = name
            ports.append(port | {"protocol": self.rng.choice(PROTOCOLS)})
        return ports

    def _slices_of(self, service: Document) -> Iterator[Document]:
        for _ in range(self.rng.choice((0, 1, 1, 2, 2, 3))):
            yield self._slice(*_key(service))

    def _slice(self, namespace: str, service: str) -> Document:
        self._slices += 1
        name = f"{service or 'own'}-{self._slices}"
        document = self._object("discovery.k8s.io/v1", "EndpointSlice", namespace, name)
        if service:
            document["metadata"]["labels"][SERVICE_NAME] = service
        kind = self.rng.choices(("IPv4", "IPv6", "FQDN"), (6, 4, 1))[0]
        endpoints = [self._endpoint(kind) for _ in range(self.rng.choice((0, 1, 1, 2, 3, 5)))]
        ports = [self._endpoint_port(name) for name in self.some((*PORT_NAMES, ""), 3)]
        document |= {"addressType": kind, "endpoints": endpoints or None, "ports": ports or None}
        return document

    def _endpoint_port(self, name: str) -> Document:
        port: Document = {"name": name, "protocol": self.rng.choice(PROTOCOLS)}
        if self.chance(0.9):
            port["port"] = self.rng.choice((53, 80, 8080, 5432))
        if self.chance(0.1) and not name:
            del port["name"]
        return port

    def _endpoint(self, kind: str) -> Document:
        rng = self.rng
        names = ("a.example.com", "b.example.org", "web.shop.svc.cluster.local")
        six = (*POD_IPS6, *(BY_HAND if self.chance(0.1) else ()))
        pool = {"IPv4": POD_IPS, "IPv6": six, "FQDN": names}[kind]
        # An address is in one zone, or in none, whichever endpoints have it.
        place = rng.randrange(min(len(pool), len(ZONES) + 1))
        near = pool[place :: len(ZONES) + 1]
        several = min(len(near), rng.choice((1, 1, 1, 1, 2)))
        endpoint: Document = {"addresses": rng.sample(near, several)}
        ready = rng.choice((True, True, True, None, False))
        if self.chance(0.9):
            endpoint["conditions"] = {"ready": ready, "serving": rng.choice((True, None, False))}
            if self.chance(0.3):
                endpoint["conditions"]["terminating"] = True
        if self.chance(0.3):
            endpoint["hostname"] = rng.choice(HOSTS)
        if self.chance(0.7):
            endpoint["targetRef"] = {"kind": "Pod", "name": rng.choice(PODS)}
        if place < len(ZONES):
            endpoint["zone"] = ZONES[place]
        if self.chance(0.5):
            endpoint["nodeName"] = "node-1"
        return endpoint

    def _pod(self, namespace: str, name: str) -> Document:
        rng = self.rng
        document = self._object("v1", "Pod", namespace, name)
        addresses = [rng.choice(POD_IPS), rng.choice(POD_IPS6)]
        rng.shuffle(addresses)
        addresses = addresses[: rng.choice((1, 1, 2, 2, 0))]
        status: Document = {"phase": rng.choice(("Running",) * 6 + ("Pending", "Failed"))}
        if addresses:
            status |= {"podIP": addresses[0], "podIPs": [{"ip": ip} for ip in addresses]}
        document |= {"spec": {"containers": [], "nodeName": "node-1"}, "status": status}
        if self.chance(0.15):
            document["metadata"]["deletionTimestamp"] = "2026-11-24T07:00:00Z"
        return document

    def _chain(self) -> list[Document]:
        """ExternalNames that lead to one Service with an address, after up to twelve steps."""
        found = []
        for step in range(CHAIN + 1):
            document = self._object("v1", "Service", "shop", f"step-{step}")
            target = f"step-{step - 1}.shop.svc.cluster.local"
            document["spec"] = {"type": "ExternalName", "externalName": target}
            if not step:
                spec = {"type": "ClusterIP", "clusterIPs": ["10.96.0.99"], "ports": []}
                document["spec"] = spec
            found.append(document)
        return found

    def _ring(self) -> list[Document]:
        """ExternalNames that lead back: two to each other, one to itself, one below itself."""
        found = []
        targets = {"ring": "gnir", "gnir": "ring", "self": "self", "under": "x.under"}
        for name, target in targets.items():
            document = self._object("v1", "Service", "ops", name)
            full = f"{target}.ops.svc.cluster.local"
            document["spec"] = {"type": "ExternalName", "externalName": full}
            found.append(document)
        return found

    def _big(self) -> list[Document]:
        """Services whose answers do not fit into a small datagram."""
        port = {"name": "http", "port": 80, "protocol": "TCP"}
        found = []
        for name in ("big", "big6"):
            document = self._object("v1", "Service", "shop", name)
            document["spec"] = {"type": "ClusterIP", "clusterIPs": ["None"], "ports": [port]}
            found.append(document)
        return found

    def _big_slices(self) -> list[Document]:
        found = []
        services = (("big", "IPv4", "10.245.0."), ("big6", "IPv6", "fd00:245::"))
        for service, kind, network in services:
            document = self._object("discovery.k8s.io/v1", "EndpointSlice", "shop", f"{service}-1")
            document["metadata"]["labels"][SERVICE_NAME] = service
            endpoints = [{"addresses": [f"{network}{last}"]} for last in range(10, 80)]
            port = {"name": "http", "port": 80, "protocol": "TCP"}
            document |= {"addressType": kind, "endpoints": endpoints, "ports": [port]}
            found.append(document)
        return found
