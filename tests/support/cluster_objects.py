"""Random cluster objects from few names and addresses, so that they meet each other.

Every field takes part: a test of an index or of a round trip should not be spared a second
family, a missing column or two neighbours whose octets look like a third address.
"""

from hypothesis import strategies as st

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
services = st.builds(
    Service,
    namespace=_namespaces,
    name=_names,
    type=st.sampled_from(("ClusterIP", "NodePort", "ExternalName")),
    addresses=_addresses,
    headless=st.booleans(),
    external_name=_maybe,
    ports=_several(st.builds(ServicePort, _maybe, _protocols, _numbers), 2),
    publish_not_ready=st.booleans(),
)
endpoint_ports = _several(
    st.builds(EndpointPort, _maybe, _protocols, st.none() | _numbers),
    2,
)


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
nodes = st.builds(Node, name=_names, zone=_maybe, addresses=_addresses)

objects: st.SearchStrategy[Object] = st.one_of(services, slices(), pods, namespaces, nodes)
"""Any object."""


def _event(value: Object, gone: bool) -> WatchEvent:  # noqa: FBT001  # drawn, not passed by hand
    return WatchEvent(type(value), value.key, None if gone else value)


events = st.builds(_event, objects, st.sampled_from((False, False, True)))
"""An object that is now like this, or that is gone."""
