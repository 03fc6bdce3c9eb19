"""Services, slices and states for tests of the service proxy, written in a few words."""

from collections.abc import Iterable

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import (
    Condition,
    EndpointPort,
    EndpointSlice,
    Object,
    Service,
    ServicePort,
    Traffic,
)
from svcdns.cluster.state import State
from svcdns.wire.name import pack_address

READY = int(Condition.READY | Condition.SERVING)
ENDING = int(Condition.SERVING | Condition.TERMINATING)
UNREADY = 0
HTTP = ServicePort("http", "TCP", 80)
DNS = ServicePort("dns", "UDP", 53)


def service(
    name: str = "web",
    *addresses: str,
    ports: tuple[ServicePort, ...] = (HTTP,),
    kind: str = "ClusterIP",
    headless: bool = False,
    **traffic: object,
) -> Service:
    """Return a Service of Namespace shop; without addresses it has 10.96.0.1."""
    packed = tuple(map(pack_address, addresses or ("10.96.0.1",)))
    how = Traffic(**traffic)  # type: ignore[arg-type]  # its fields
    outside = tuple(dict.fromkeys((*how.external, *how.balancers)))
    return Service("shop", name, kind, packed, headless, ports=ports, outside=outside, traffic=how)


def endpoints(
    service_name: str = "web",
    *rows: tuple[str, int, str],
    ports: tuple[EndpointPort, ...] = (EndpointPort("http", "TCP", 8080),),
    name: str = "",
    zone_hints: tuple[tuple[str, ...], ...] = (),
    node_hints: tuple[tuple[str, ...], ...] = (),
) -> EndpointSlice:
    """Return a slice of address, conditions and node of each endpoint."""
    packed = [pack_address(address) for address, *_ in rows]
    return EndpointSlice(
        "shop",
        name or f"{service_name}-1",
        service_name,
        len(packed[0]) if packed else 4,
        b"".join(packed),
        bytes(conditions for _, conditions, _ in rows),
        ports,
        nodes=tuple(node for *_, node in rows),
        zone_hints=zone_hints,
        node_hints=node_hints,
    )


def state_of(*objects: Object) -> State:
    """Return a state with these objects."""
    state = State()
    state.apply(events_of(objects), 1)
    return state


def events_of(objects: Iterable[Object]) -> list[WatchEvent]:
    """Return the events that bring these objects."""
    return [WatchEvent(type(one), one.key, one) for one in objects]
