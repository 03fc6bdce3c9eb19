"""Values of `cluster.model` -> octets and back, for whoever keeps a state outside this process.

A value is the list of its fields in MessagePack, without their names: octets are good only as
long as the classes stay as they are. Whoever changes a class of `model` counts `LAYOUT` up, so
that older octets are refused instead of misread.

Not for the API: its objects come in through `parse`. Errors of msgspec end here.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from svcdns.cluster.model import (
    PLAIN,
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
from svcdns.cluster.sharing import Sharing, shared_text

LAYOUT = 3
"""The number of this arrangement of fields."""

# Values in one piece, an endpoint counting like a value: 0.1 ms to pack, 0.2 ms to compress.
_PIECE = 500
_WIDTHS = (0, 4, 16)

_Texts = tuple[str, ...]
_Addresses = tuple[bytes, ...]
_Labels = tuple[tuple[str, str], ...]
_ServicePorts = tuple[ServicePort, ...]
_EndpointPorts = tuple[EndpointPort, ...]

_conditions = Sharing[bytes]()
_service_ports = Sharing[_ServicePorts]()
_endpoint_ports = Sharing[_EndpointPorts]()
_labels = Sharing[_Labels]()
_traffic = Sharing[Traffic]()
_hints = Sharing[_Texts]()

_encode = msgspec.msgpack.Encoder().encode
_Decoder = msgspec.msgpack.Decoder


def pack(kind: type, values: Iterable[Object]) -> Iterator[bytes]:
    """Yield the values in pieces, each of them made in well under a millisecond.

    Args:
        kind: class in `cluster.model`.
        values: all of that class.
    """
    names = _FIELDS[kind]
    rows: list[list[object]] = []
    weight = 0
    for value in values:
        rows.append([getattr(value, name) for name in names])
        weight += 1 + (len(value) if isinstance(value, EndpointSlice) else 0)
        if weight >= _PIECE:
            yield _encode(rows)
            rows, weight = [], 0
    if rows:
        yield _encode(rows)


def unpack(kind: type, piece: bytes) -> list[Object]:
    """Return the values of one piece that `pack` made of values of `kind`.

    Raises:
        ValueError: octets of another origin; the message is a sentence.
    """
    make = _MAKE[kind]
    try:
        return [make(*row) for row in _DECODE[kind](piece)]
    except (ValueError, RecursionError) as error:  # those of msgspec are ValueErrors too
        raise ValueError(f"these are no {kind.__name__} objects: {error}") from None


def _service(
    namespace: str,
    name: str,
    kind: str,
    addresses: _Addresses,
    *rest: Any,
) -> Service:
    headless, external_name, ports, publish_not_ready, outside, outside_names, traffic = rest
    return Service(
        shared_text(namespace),
        shared_text(name),
        shared_text(kind),
        _checked(addresses),
        headless,
        external_name,
        _service_ports(ports),
        publish_not_ready,
        _checked(outside),
        outside_names,
        PLAIN if traffic == PLAIN else _traffic(traffic),
    )


def _slice(
    namespace: str,
    name: str,
    service: str,
    width: int,
    addresses: bytes,
    conditions: bytes,
    ports: _EndpointPorts,
    *columns: Any,
) -> EndpointSlice:
    count = len(conditions)
    has_full_columns = all(len(column) in {0, count} for column in columns)
    if width not in _WIDTHS or len(addresses) != width * count or not has_full_columns:
        raise ValueError(f"the columns of {namespace}/{name} do not fit together")
    hostnames, pods, nodes, zones, fqdns, zone_hints, node_hints = columns
    if hostnames and pods:  # a StatefulSet's Pods are called like their hosts
        pairs = zip(hostnames, pods, strict=True)
        hostnames = tuple([pod if pod == host else host for host, pod in pairs])
    return EndpointSlice(
        shared_text(namespace),
        name,
        shared_text(service),
        width,
        addresses,
        _conditions(conditions),
        _endpoint_ports(ports),
        hostnames,
        pods,
        tuple(map(shared_text, nodes)),
        tuple(map(shared_text, zones)),
        fqdns,
        tuple(map(_hints, zone_hints)),
        tuple(map(_hints, node_hints)),
    )


def _pod(namespace: str, name: str, addresses: _Addresses, labels: _Labels) -> Pod:
    return Pod(shared_text(namespace), name, _checked(addresses), _labels(labels))


def _namespace(name: str) -> Namespace:
    return Namespace(shared_text(name))


def _node(name: str, zone: str, addresses: _Addresses, leaving: bool) -> Node:  # noqa: FBT001 - a row
    return Node(shared_text(name), shared_text(zone), _checked(addresses), leaving)


def _checked(addresses: _Addresses) -> _Addresses:
    if any(len(address) not in {4, 16} for address in addresses):
        raise ValueError("an address has another length than 4 or 16 octets")
    return addresses


_DECODE: dict[type, Callable[[bytes], Iterable[Any]]] = {
    Namespace: _Decoder(list[tuple[str]]).decode,
    Node: _Decoder(list[tuple[str, str, _Addresses, bool]]).decode,
    Service: _Decoder(
        list[
            tuple[
                str,
                str,
                str,
                _Addresses,
                bool,
                str,
                _ServicePorts,
                bool,
                _Addresses,
                _Texts,
                Traffic,
            ]
        ]
    ).decode,
    EndpointSlice: _Decoder(
        list[
            tuple[
                str,
                str,
                str,
                int,
                bytes,
                bytes,
                _EndpointPorts,
                _Texts,
                _Texts,
                _Texts,
                _Texts,
                _Texts,
                tuple[_Texts, ...],
                tuple[_Texts, ...],
            ]
        ]
    ).decode,
    Pod: _Decoder(list[tuple[str, str, _Addresses, _Labels]]).decode,
}
_MAKE: dict[type, Callable[..., Object]] = {
    Namespace: _namespace,
    Node: _node,
    Service: _service,
    EndpointSlice: _slice,
    Pod: _pod,
}
_FIELDS: dict[type, tuple[str, ...]] = {
    kind: kind.__match_args__ for kind in (Namespace, Node, Service, EndpointSlice, Pod)
}
