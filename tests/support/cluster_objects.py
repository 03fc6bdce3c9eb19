"""Random cluster objects from few names and addresses, so that they meet each other.

Every field takes part: a test of an index or of a round trip should not be spared a second
family, a missing column or two neighbours whose octets look like a third address.
"""

from dataclasses import replace

from hypothesis import strategies as st

from svcdns.cluster import structs
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.columns import Columns
from svcdns.cluster.model import (
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
from svcdns.wire.name import pack_address

NAMESPACES = ("shop", "ops", "lab")
NAMES = ("web", "db", "mail")
# 10.0.0.10 behind 10.10.0.0 and the like: octets across two neighbours that spell a third.
_DOTTED = ("10.0.0.10", "10.10.0.0", "0.10.10.0", "9.9.9.9", "10.0.0.200", "10.0.1.10")
IPV4 = tuple(map(pack_address, _DOTTED))
IPV6 = tuple(map(pack_address, ("::1", "::2", "::c8", "fd00::")))
ADDRESSES = (*IPV4, *IPV6)

_namespaces = st.sampled_from(NAMESPACES)
_names = st.sampled_from(NAMES)
_maybe = st.sampled_from(("", "", "a", "b"))
_protocols = st.sampled_from(("TCP", "UDP"))
_numbers = st.sampled_from((53, 80))


def _several(elements: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[tuple]:  # type: ignore[type-arg]
    return st.lists(elements, max_size=most).map(tuple)


_addresses = _several(st.sampled_from(ADDRESSES))
_plain_services = st.builds(
    Service,
    namespace=_namespaces,
    name=_names,
    type=st.sampled_from(("ClusterIP", "NodePort", "ExternalName")),
    addresses=_addresses,
    headless=st.booleans(),
    external_name=_maybe,
    ports=_several(st.builds(ServicePort, _maybe, _protocols, _numbers), 2),
    publish_not_ready=st.booleans(),
    outside=_addresses.map(lambda addresses: tuple(dict.fromkeys(addresses))),
    outside_names=_several(st.sampled_from(("a.example", "b.example")), 1),
)


@st.composite
def _services_with_traffic(draw: st.DrawFn) -> Service:
    """Draw a Service that the proxy has more to do with than with most."""
    service = draw(_plain_services)
    node_ports = tuple(draw(st.sampled_from((0, 30080, 31000))) for _ in service.ports)
    external = tuple(one for one in service.outside if draw(st.booleans()))
    # What is not there as externalIPs came from a load balancer.
    rest = [one for one in service.outside if one not in external]
    vips = tuple(one for one in rest if draw(st.booleans()))
    external_local = draw(st.booleans())
    kind = draw(st.sampled_from(("ClusterIP", "NodePort", "LoadBalancer")))
    has_check = kind == "LoadBalancer" and external_local
    in_order = sorted(service.outside, key=lambda one: one not in external)
    traffic = Traffic(
        node_ports if any(node_ports) else (),
        tuple(one for one in in_order if one in external),
        tuple(one for one in in_order if one in vips),
        draw(st.sampled_from(((), (), ("10.0.0.0/8",), ("9.9.9.9/32", "fd00::/8")))),
        draw(st.sampled_from((0, 32000))) if has_check else 0,
        draw(st.sampled_from((0, 0, 10800, 30))),
        draw(st.booleans()),
        external_local,
        draw(st.sampled_from(("", "", "sh", "mh"))),
        draw(st.sampled_from((False, False, False, True))),
    )
    return replace(service, type=kind, outside=tuple(in_order), traffic=traffic)


services = st.one_of(_plain_services, _services_with_traffic())
endpoint_ports = _several(
    st.builds(EndpointPort, _maybe, _protocols, st.none() | _numbers),
    2,
)


_targets = st.sampled_from(
    (None, None, [structs.Hint("a")], [structs.Hint("b"), structs.Hint("c")])
)
_hints = st.none() | st.builds(structs.Hints, _targets, _targets)


@st.composite
def slices(draw: st.DrawFn) -> EndpointSlice:
    """Draw a slice of any of the three address types."""
    width = draw(st.sampled_from((4, 4, 16, 0)))
    pool = {4: IPV4, 16: IPV6, 0: (b"",)}[width]
    columns = Columns()
    for _ in range(draw(st.integers(0, 4))):
        columns.add(
            draw(st.sampled_from(pool)),
            draw(st.integers(0, 15)),
            *(draw(_maybe) for _ in range(4)),
        )
        columns.hint_last(draw(_hints))
        if not width:
            columns.name_last(draw(st.sampled_from(("a.example", "b.example"))))
    service = draw(st.sampled_from(("", *NAMES)))
    name = draw(st.sampled_from(("one", "two", "three")))
    return columns.slice(draw(_namespaces), name, service, width, draw(endpoint_ports))


pods = st.builds(
    Pod,
    namespace=_namespaces,
    name=_names,
    addresses=_addresses,
    labels=st.sampled_from(((), (("app", "web"),))),
)
namespaces = st.builds(Namespace, name=_namespaces)
nodes = st.builds(
    Node, name=_names, zone=_maybe, addresses=_addresses, leaving=st.sampled_from((False, True))
)

objects: st.SearchStrategy[Object] = st.one_of(services, slices(), pods, namespaces, nodes)
"""Any object."""


def _event(value: Object, gone: bool) -> WatchEvent:  # noqa: FBT001  # drawn, not passed by hand
    return WatchEvent(type(value), value.key, None if gone else value)


events = st.builds(_event, objects, st.sampled_from((False, False, True)))
"""An object that is now like this, or that is gone."""
