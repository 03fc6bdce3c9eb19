"""A cluster in a few lines of text, for fixtures and scenarios.

    Namespace shop
    Service shop/web 10.96.4.7 port http/TCP 80
    Service shop/db headless port sql/TCP 5432
    Service shop/edge LoadBalancer 10.96.4.8 port https/TCP 443 outside=192.0.2.1
    Service shop/mail ExternalName mail.example.com
    EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3 hostname=db-0, 10.1.0.4 not-ready
    Pod shop/db-0 10.1.0.3 fd00::3
    delete Service shop/web

A Namespace that an object is in exists without a line of its own; `delete Namespace shop`
takes it away. An endpoint is ready unless it says `not-ready`; `A+B` are two addresses of one
endpoint.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import (
    Condition,
    EndpointPort,
    EndpointSlice,
    Key,
    Namespace,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.cluster.state import State
from svcdns.wire.name import pack_address

KINDS = {kind.__name__: kind for kind in (Namespace, Service, EndpointSlice, Pod)}
_BITS = {
    "ready": Condition.READY | Condition.SERVING,
    "not-ready": Condition(0),
    "terminating": Condition.SERVING | Condition.TERMINATING,
}


def state_of(text: str, *, now: int = 1_499_347_823) -> State:
    """Return the synced state that `text` describes."""
    state = State()
    state.apply(events_of(text.splitlines()), now)
    state.synced = True
    return state


def events_of(lines: Iterable[str]) -> Iterator[WatchEvent]:
    """Yield what the lines say, with the Namespaces that are needed for it."""
    for line in lines:
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "delete":
            kind, key = KINDS[words[1]], _key(words[2])
            yield WatchEvent(kind, key, None)
            continue
        value = object_of(" ".join(words))
        if value.key[0]:
            yield WatchEvent(Namespace, ("", value.key[0]), Namespace(value.key[0]))
        yield WatchEvent(type(value), value.key, value)


def object_of(line: str) -> Object:
    """Return the object one line describes."""
    kind, key, *rest = line.split()
    if kind == "Namespace":
        return Namespace(key)
    namespace, name = _key(key)
    if kind == "Service":
        return _service(namespace, name, rest)
    if kind == "EndpointSlice":
        return _slice(namespace, name, " ".join(rest))
    assert kind == "Pod", line
    return Pod(namespace, name, tuple(map(pack_address, rest)))


def _key(text: str) -> Key:
    namespace, _, name = text.rpartition("/")
    return namespace, name


def _service(namespace: str, name: str, words: list[str]) -> Service:
    outside = [word.removeprefix("outside=") for word in words if word.startswith("outside=")]
    service = _inside(namespace, name, [word for word in words if "outside=" not in word])
    named = tuple(word for word in outside if not _is_address(word))
    packed = tuple(pack_address(word) for word in outside if _is_address(word))
    return replace(service, outside=packed, outside_names=named)


def _is_address(word: str) -> bool:
    try:
        pack_address(word)
    except ValueError:
        return False
    return True


def _inside(namespace: str, name: str, words: list[str]) -> Service:
    ports, words = _ports(words)
    service_ports = tuple(ServicePort(port, protocol, number) for port, protocol, number in ports)
    if words[:1] == ["ExternalName"]:
        return Service(namespace, name, "ExternalName", external_name=words[1])
    publish = "publishNotReadyAddresses" in words
    if words[:1] == ["headless"]:
        return Service(
            namespace, name, headless=True, ports=service_ports, publish_not_ready=publish
        )
    kind = words.pop(0) if words[:1] in (["NodePort"], ["LoadBalancer"]) else "ClusterIP"
    return Service(namespace, name, kind, tuple(map(pack_address, words)), ports=service_ports)


def _ports(words: list[str]) -> tuple[list[tuple[str, str, int]], list[str]]:
    """Take `port NAME/PROTOCOL NUMBER` out of the words."""
    ports, rest = [], list(words)
    while "port" in rest:
        at = rest.index("port")
        name, _, protocol = rest[at + 1].rpartition("/")
        ports.append((name, protocol, int(rest[at + 2])))
        del rest[at : at + 3]
    return ports, rest


def _slice(namespace: str, name: str, text: str) -> EndpointSlice:
    head, _, listed = text.partition(": ")
    ports, words = _ports(head.removesuffix(":").split())
    service = words[1] if words[:1] == ["of"] else ""
    rows = [row for part in listed.split(", ") if part for row in _endpoint(part)]
    packed = [row["address"] for row in rows]
    return EndpointSlice(
        namespace,
        name,
        service,
        _width(packed),
        b"".join(map(_octets, packed)) if _width(packed) else b"",
        bytes([int(_BITS[row["state"]]) | int(row["further"] or 0) for row in rows]),
        tuple(EndpointPort(port, protocol, number or None) for port, protocol, number in ports),
        _column(rows, "hostname"),
        _column(rows, "pod"),
        _column(rows, "node"),
        _column(rows, "zone"),
        () if _width(packed) else tuple(packed),
    )


def _endpoint(text: str) -> Iterator[dict[str, str]]:
    addresses, *words = text.split()
    columns = dict(word.split("=", 1) for word in words if "=" in word)
    state = next((word for word in words if word in _BITS), "ready")
    for place, address in enumerate(addresses.split("+")):
        further = str(int(Condition.FURTHER)) if place else ""
        yield {"address": address, "state": state, "further": further, **columns}


def _column(rows: list[dict[str, str]], name: str) -> tuple[str, ...]:
    column = tuple(row.get(name, "") for row in rows)
    return column if any(column) else ()


def _octets(text: str) -> bytes:
    return pack_address(text)


def _width(addresses: list[str]) -> int:
    try:
        return len(pack_address(addresses[0])) if addresses else 4
    except ValueError:
        return 0
