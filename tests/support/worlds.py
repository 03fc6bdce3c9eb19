"""Random small clusters, changes to them, and questions that have a chance to hit something."""

from hypothesis import strategies as st

from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import (
    EndpointPort,
    EndpointSlice,
    Namespace,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.wire.name import from_text, pack_address, reverse_name, to_text

NAMESPACES = ("shop", "ops", "gone")
_OFTEN_SHOP = st.sampled_from(("shop", "shop", "shop", *NAMESPACES))
SERVICES = ("web", "db", "ext")
HOSTS = ("web-0", "web-1")
ADDRESSES = tuple(
    map(pack_address, ("10.0.0.1", "10.0.0.2", "10.1.0.1", "fd00::1", "fd00::", "fd01::2"))
)
TARGETS = (
    *(f"{name}.{space}.svc.cluster.local" for name in SERVICES for space in ("shop", "ops")),
    "web-0.web.shop.svc.cluster.local.",
    "nowhere.example.com",
    "10-0-0-1.shop.pod.cluster.local",
    "192.0.2.1",
)
ZONES = tuple(map(from_text, ("cluster.local", "in-addr.arpa", "ip6.arpa")))
TYPES = ("A", "A", "AAAA", "CNAME", "SRV", "SRV", "TXT", "PTR", "PTR", "TYPE999")

_PORT_NAMES = ("", "http", "dns")
_PROTOCOLS = ("TCP", "UDP")
_SERVICE_PORTS = st.lists(
    st.builds(ServicePort, st.sampled_from(_PORT_NAMES), st.sampled_from(_PROTOCOLS), st.just(80)),
    max_size=2,
).map(tuple)
_ENDPOINT_PORTS = st.lists(
    st.builds(
        EndpointPort,
        st.sampled_from(_PORT_NAMES),
        st.sampled_from(_PROTOCOLS),
        st.sampled_from([None, 80, 53]),
    ),
    max_size=2,
).map(tuple)


@st.composite
def _services(draw: st.DrawFn) -> Service:
    namespace = draw(_OFTEN_SHOP)
    name = draw(st.sampled_from(SERVICES))
    kind = draw(st.sampled_from(["cluster", "headless", "headless", "external"]))
    if kind == "external":
        target = draw(st.sampled_from(TARGETS))
        return Service(namespace, name, "ExternalName", external_name=target)
    ports = draw(_SERVICE_PORTS)
    if kind == "headless":
        return Service(namespace, name, headless=True, ports=ports)
    addresses = draw(st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2, unique=True))
    return Service(namespace, name, addresses=tuple(addresses), ports=ports)


@st.composite
def _slices(draw: st.DrawFn) -> EndpointSlice:
    width = draw(st.sampled_from([4, 4, 16, 0]))
    pool = [address for address in ADDRESSES if len(address) == width]
    count = draw(st.sampled_from([0, 1, 2, 2, 3]))
    addresses = [draw(st.sampled_from(pool)) if width else b"" for _ in range(count)]

    def column(*values: str) -> tuple[str, ...]:
        drawn = tuple(draw(st.sampled_from(["", *values])) for _ in range(count))
        return drawn if any(drawn) else ()

    names = [target for target in TARGETS if target[0].isalpha()]
    return EndpointSlice(
        draw(_OFTEN_SHOP),
        draw(st.sampled_from(["s1", "s2", "s3", "s4"])),
        draw(st.sampled_from([*SERVICES, *SERVICES, ""])),
        width,
        b"".join(addresses),
        bytes(draw(st.sampled_from([3, 3, 0, 6])) for _ in range(count)),
        draw(_ENDPOINT_PORTS),
        column(*HOSTS, *HOSTS),
        column("pod-0", "pod.1", "p" * 64),
        column("node-a"),
        column("Zone-1", "z.2"),
        tuple(draw(st.sampled_from(names)) for _ in range(count)) if not width else (),
    )


_PODS = st.builds(
    Pod,
    _OFTEN_SHOP,
    st.sampled_from(["pod-0", "pod-1"]),
    st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2, unique=True).map(tuple),
)
_NAMESPACES = st.sampled_from(NAMESPACES[:2]).map(Namespace)

OBJECTS: st.SearchStrategy[Object] = st.one_of(
    _services(), _services(), _slices(), _slices(), _PODS, _NAMESPACES
)


def _distinct(objects: list[Object]) -> list[Object]:
    return list({(type(one), one.key): one for one in objects}.values())


_SPACES: st.SearchStrategy[list[Object]] = st.sampled_from(
    [[Namespace("shop"), Namespace("ops")]] * 7 + [[Namespace("ops")]]
)
CLUSTERS = st.tuples(
    _SPACES,
    st.lists(_services(), min_size=2, max_size=5),
    st.lists(_slices(), min_size=3, max_size=7),
    st.lists(_PODS, max_size=2),
).map(lambda parts: _distinct([one for part in parts for one in part]))

SETTINGS = st.builds(
    KubernetesSettings,
    st.just(ZONES),
    ttl=st.sampled_from([5, 30]),
    pods=st.sampled_from(["disabled", "insecure", "verified"]),
    namespaces=st.sampled_from([frozenset()] * 3 + [frozenset({"shop"})]),
    endpoint_pod_names=st.booleans(),
    noendpoints=st.sampled_from([False] * 7 + [True]),
    zonal=st.booleans(),
    ignore_empty_service=st.sampled_from([False, False, True]),
)

_PORT_LABELS = st.sampled_from(["_http", "http", "_", "_dns", "_sql"])
_PROTOCOL_LABELS = st.sampled_from(["_tcp", "tcp", "_udp", "_", "_sctp"])
_ENDPOINT_LABELS = st.sampled_from(
    [
        *("web-0", "web-1", "pod-0", "pod-1", "10-0-0-1", "10-0-0-2", "10-1-0-1", "fd00--1"),
        *("fd00--0", "fd00--", "fd01--2", "fd00-0-0-0-0-0-0-1", "nowhere-example-com", "_tcp"),
        *("tcp", "_udp", "_zone", "_", "x", "p" * 63),
    ]
)
_TOPOLOGY = st.sampled_from([["zone-1"], ["z", "2"], ["2"], ["nowhere"]])


@st.composite
def _left_of_service(draw: st.DrawFn) -> list[str]:
    shape = draw(st.sampled_from(["", "", "port", "port", "endpoint", "endpoint", "zone", "node"]))
    if shape == "port":
        return [draw(_PORT_LABELS), draw(_PROTOCOL_LABELS)]
    if shape == "endpoint":
        return [draw(_ENDPOINT_LABELS)]
    if shape == "zone":
        return [*draw(_TOPOLOGY), draw(st.sampled_from(["pin", "prefer", "x"])), "_zone"]
    if shape == "node":
        return [draw(st.sampled_from(["pin", "prefer", "x"])), "_zone"]
    return []


_FIXED: tuple[list[str], ...] = (
    *([], ["svc"], ["shop", "svc"], ["gone", "svc"], ["pod"], ["shop", "pod"], ["dns-version"]),
    *(["dns"], ["ns", "dns"], ["x"], ["x", "dns-version"], ["a", "10-0-0-1", "shop", "pod"]),
    ["a", "b", "c", "web", "shop", "svc"],
)


@st.composite
def _names(draw: st.DrawFn, objects: list[Object]) -> str:
    shape = draw(st.sampled_from(["svc"] * 7 + ["pod", "reverse", "other"]))
    if shape == "reverse":
        labels = to_text(reverse_name(draw(st.sampled_from(ADDRESSES)))).split(".")
        cut = draw(st.integers(0, len(labels) - 4)) if draw(st.booleans()) else 0
        return ".".join(labels[cut:])
    if shape == "pod":
        labels = [draw(_ENDPOINT_LABELS), draw(_OFTEN_SHOP), "pod"]
    elif shape == "svc":
        keys = [one.key for one in objects if isinstance(one, Service)]
        namespace, service = draw(st.sampled_from([*keys, *keys, ("shop", "web")]))
        labels = [*draw(_left_of_service()), service, namespace, "svc"]
    else:
        labels = draw(st.sampled_from(_FIXED))
    return ".".join([*labels, "cluster", "local", ""])


def questions(objects: list[Object]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Return names and types, most of them about objects that are there."""
    return st.lists(st.tuples(_names(objects), st.sampled_from(TYPES)), min_size=6, max_size=16)


def events(objects: list[Object]) -> st.SearchStrategy[WatchEvent]:
    """Return changes: an object that is new, other or gone."""
    gone = st.sampled_from(objects).map(lambda one: WatchEvent(type(one), one.key, None))
    return st.one_of(OBJECTS.map(lambda one: WatchEvent(type(one), one.key, one)), gone)
