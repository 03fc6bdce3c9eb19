"""The cluster that every server of the benchmark serves, and the records that follow from it.

A pure value of its sizes and one seed: two runs on two machines measure the same names. What a
file of it looks like is `files`' business, which names are asked `questions`'.

Source: Kubernetes DNS-Based Service Discovery 1.1.0, sections 2.2 to 2.4; weights of SRV records
are CoreDNS's (100 shared by the targets).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random
from typing import NamedTuple

ZONE = "cluster.local."
REVERSE_ZONE = "10.in-addr.arpa."

_SERVICE_NETWORK = IPv4Address("10.96.0.0")
_POD_NETWORK = IPv4Address("10.244.0.0")
_PODS_A_NODE = 110
_HEADLESS_SHARE = 0.10
_UNREADY_SHARE = 0.02

_SUBJECTS = (
    "account",
    "basket",
    "catalog",
    "invoice",
    "ledger",
    "order",
    "payment",
    "stock",
    "user",
)
_ASPECTS = ("audit", "core", "edge", "events", "import", "public", "report", "search", "sync")
_ROLES = ("agent", "api", "cache", "db", "feed", "gateway", "index", "queue", "web", "worker")
_PORTS = (  # name, protocol, port of the Service, port of the Pod
    ("http", "TCP", 80, 8080),
    ("https", "TCP", 443, 8443),
    ("grpc", "TCP", 9090, 9090),
    ("metrics", "TCP", 9100, 9100),
    ("sql", "TCP", 5432, 5432),
    ("gossip", "UDP", 7946, 7946),
)


class Port(NamedTuple):
    """One port of a Service."""

    name: str
    protocol: str
    number: int
    target: int


class Endpoint(NamedTuple):
    """One Pod behind a Service."""

    pod: str
    address: str
    node: str
    hostname: str
    """Set for a StatefulSet's Pod, else empty."""
    ready: bool

    @property
    def label(self) -> str:
        """First label of the endpoint's own name."""
        return self.hostname or self.address.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Service:
    """A Service and its endpoints."""

    namespace: str
    name: str
    address: str
    """The ClusterIP; empty for a headless Service."""
    ports: tuple[Port, ...]
    endpoints: tuple[Endpoint, ...]

    @property
    def owner(self) -> str:
        """The Service's absolute name."""
        return f"{self.name}.{self.namespace}.svc.{ZONE}"

    @property
    def ready(self) -> tuple[Endpoint, ...]:
        """The endpoints that DNS answers with."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.ready)


@dataclass(frozen=True, slots=True)
class World:
    """A whole cluster."""

    namespaces: tuple[str, ...]
    services: tuple[Service, ...]


class Record(NamedTuple):
    """One resource record of class IN, as text."""

    owner: str
    rrtype: str
    rdata: str


def build(
    *, services: int = 10_000, namespaces: int = 200, endpoints: int = 20_000, seed: int = 1
) -> World:
    """Return the world of that size; equal arguments give an equal world.

    Raises:
        ValueError: fewer endpoints than Services, or no room for the default namespaces.
    """
    if endpoints < services or namespaces < 2:
        raise ValueError("a world needs an endpoint for each Service and two namespaces")
    rng = Random(seed)  # noqa: S311  # a reproducible world, nothing to guess
    spaces = ("default", "kube-system", *(f"team-{n:03d}" for n in range(namespaces - 2)))
    headless = [rng.random() < _HEADLESS_SHARE for _ in range(services)]
    sizes = _sizes(headless, endpoints, rng)
    homes = rng.choices(spaces, weights=[1 / (n + 20) for n in range(namespaces)], k=services)
    homes[: len(spaces)] = spaces  # none is empty
    taken: Counter[tuple[str, str]] = Counter()
    made: list[Service] = []
    pods = 0
    for index, namespace in enumerate(homes):
        name = _name(namespace, taken, rng)
        stateful = headless[index] and rng.random() < 0.5
        made.append(
            Service(
                namespace,
                name,
                "" if headless[index] else str(_SERVICE_NETWORK + 100 + index),
                tuple(Port(*port) for port in rng.sample(_PORTS, k=rng.choice((1, 1, 1, 2)))),
                tuple(_endpoints(name, sizes[index], pods, rng, stateful=stateful)),
            )
        )
        pods += sizes[index]
    return World(spaces, tuple(made))


def _sizes(headless: list[bool], total: int, rng: Random) -> list[int]:
    """Return how many endpoints each Service has: `total` together, one at least."""
    sizes = [rng.choice((2, 3, 3, 5, 7)) if bare else rng.choice((1, 1, 2, 2)) for bare in headless]
    while (surplus := sum(sizes) - total) != 0:
        step = -1 if surplus > 0 else 1
        changeable = [index for index, size in enumerate(sizes) if size + step >= 1]
        for index in rng.sample(changeable, k=min(abs(surplus), len(changeable))):
            sizes[index] += step
    return sizes


def _name(namespace: str, taken: Counter[tuple[str, str]], rng: Random) -> str:
    """Return a name that is free in the namespace, and take it."""
    name = "-".join(rng.choice(words) for words in (_SUBJECTS, _ASPECTS, _ROLES))
    taken[namespace, name] += 1
    count = taken[namespace, name]
    return name if count == 1 else f"{name}-v{count}"


def _endpoints(
    service: str, size: int, first: int, rng: Random, *, stateful: bool
) -> Iterator[Endpoint]:
    """Yield the endpoints of a Service; `first` Pods exist already."""
    for ordinal in range(size):
        node, place = divmod(first + ordinal, _PODS_A_NODE)
        pod = f"{service}-{ordinal}" if stateful else f"{service}-{rng.getrandbits(40):010x}"
        yield Endpoint(
            pod,
            str(_POD_NETWORK + node * 256 + 2 + place),
            f"node-{node:03d}",
            pod if stateful else "",
            ready=ordinal == 0 or rng.random() >= _UNREADY_SHARE,
        )


def reverse(address: str) -> str:
    """Return the absolute reverse name of an IPv4 address."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


def records(world: World) -> Iterator[Record]:
    """Yield every record that the specification requires for the world, apex apart."""
    yield Record(f"dns-version.{ZONE}", "TXT", '"1.1.0"')
    for service in world.services:
        yield from _service_records(service)
        for endpoint in service.ready:
            own = f"{endpoint.label}.{service.owner}"
            yield Record(own, "A", endpoint.address)
            yield Record(reverse(endpoint.address), "PTR", own)


def _service_records(service: Service) -> Iterator[Record]:
    owner, ready = service.owner, service.ready
    if service.address:
        yield Record(owner, "A", service.address)
        yield Record(reverse(service.address), "PTR", owner)
    else:
        for endpoint in ready:
            yield Record(owner, "A", endpoint.address)
    for port in service.ports:
        named = f"_{port.name}._{port.protocol.lower()}.{owner}"
        if service.address:
            yield Record(named, "SRV", f"0 100 {port.number} {owner}")
        else:
            weight = max(1, 100 // len(ready))
            for endpoint in ready:
                yield Record(named, "SRV", f"0 {weight} {port.target} {endpoint.label}.{owner}")
