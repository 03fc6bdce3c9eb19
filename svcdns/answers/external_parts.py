"""What a Service is from outside: addresses, names in their place, and its ports.

A Service with external addresses is those; a load balancer may be a name. Any other is its
ready endpoints, which may be names too. Who is asked about is `external_records`' business, a
whole zone `external_zone`'s.

Source: the k8s_external plugin of CoreDNS 1.15; SRV: RFC 2782.
"""

from collections.abc import Callable, Iterator

from svcdns.answers.chase import cname_target
from svcdns.answers.service_records import (
    Part,
    Parts,
    Slices,
    cluster_parts,
    endpoint_parts,
    srv_rrsets,
)
from svcdns.cluster.model import EndpointSlice, Service
from svcdns.wire.codes import RRType
from svcdns.wire.name import OwnerName
from svcdns.wire.rrset import RRset, srv_record

_WEIGHT = slice(2, 4)
"""Where the weight stands in an SRV record."""


def is_outside(service: Service) -> bool:
    """Return whether a Service has an external address, or a load balancer with a name."""
    return bool(service.outside or service.outside_names)


def external_parts(
    service: Service,
    slices: Slices,
    port: str = "",
    protocol: str = "",
    keep: Callable[[EndpointSlice, int], bool] | None = None,
) -> Parts:
    """Return what `service` is at the ports that match; `()` if it is nothing from outside.

    A part without a slice holds the external addresses, none where there are only names.

    Args:
        service: any.
        slices: looked at where it has no external address.
        port: a port's name in lower case; empty means any.
        protocol: in lower case; empty means any.
        keep: whether the endpoint at this index is meant; None: every ready one.
    """
    if is_outside(service):
        selected = cluster_parts(service, port, protocol)
        return tuple(Part(service.outside, part.ports) for part in selected)
    return endpoint_parts(slices, port, protocol, keep)


def names_of(service: Service, parts: Parts) -> tuple[OwnerName, ...]:
    """Return the distinct names that stand in the place of addresses, in lower case."""
    return tuple(dict.fromkeys(name for part in parts for name in _names_in(service, part)))


def _names_in(service: Service, part: Part) -> Iterator[OwnerName]:
    texts: Iterator[str] = iter(service.outside_names)
    if part.slice is not None:
        fqdns = part.slice.fqdns
        texts = (fqdns[index] for index in part.indexes) if fqdns else iter(())
    yield from (name for text in texts if (name := cname_target(text)) is not None)


def srv_records(
    service: Service,
    parts: Parts,
    owner: OwnerName,
    own_name: OwnerName,
    ttl: int,
    *,
    pod_names: bool,
) -> tuple[tuple[RRset, ...], tuple[RRset, ...]]:
    """Return the SRV set of a name and the addresses of its targets below it.

    The targets that are names elsewhere come last, without an address; the weight is 100
    shared by all.

    Args:
        service: whose parts they are.
        parts: what the name selects.
        owner: the name.
        own_name: the Service's own, the target of its addresses.
        ttl: seconds.
        pod_names: see `service_records.endpoint_label`.
    """
    answer, additional = srv_rrsets(parts, owner, ttl, own_name, pod_names=pod_names)
    elsewhere = dict.fromkeys(
        (name, port)
        for part in parts
        for name in _names_in(service, part)
        for port in part.ports
        if port is not None
    )
    if not elsewhere:
        return answer, additional
    addressed = [part for part in parts if part.slice is None or part.slice.width]
    count = sum(len(part.addresses) * len(part.ports) for part in addressed)
    weight = max(1, 100 // (count + len(elsewhere)))
    records = [_weighing(weight, record) for rrset in answer for record in rrset.records]
    records += [srv_record(0, weight, port, name) for name, port in elsewhere]
    return (RRset(owner, RRType.SRV, ttl, tuple(records)),), additional


def _weighing(weight: int, record: bytes) -> bytes:
    return record[: _WEIGHT.start] + weight.to_bytes(2) + record[_WEIGHT.stop :]
