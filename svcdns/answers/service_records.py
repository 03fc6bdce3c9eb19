"""Records of Services: which addresses a name selects, and the RRsets made of them.

A Service with a ClusterIP is its own addresses; a headless one, and every endpoint name, is
the ready addresses of its EndpointSlices. Whether the name exists at all, and what to say when
it does not, is `service_lookup`'s business.

Source: Kubernetes DNS-Based Service Discovery 1.1.0 sections 2.3 and 2.4; SRV: RFC 2782.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from svcdns.answers.names import below
from svcdns.cluster.model import Condition, EndpointPort, EndpointSlice, Service, ServicePort
from svcdns.wire.codes import RRType
from svcdns.wire.name import MAX_LABEL, OwnerName, address_text, pack_address
from svcdns.wire.rrset import RRset, srv_record

READY = Condition.READY.value

_COUNTED = tuple(
    tuple(
        bits
        for bits in range(2 * max(Condition))
        if bool(bits & READY) is ready and not bits & Condition.FURTHER
    )
    for ready in (False, True)
)
"""By whether it is ready: what the conditions of an endpoint, at its first address, may be."""

Slices = tuple[EndpointSlice, ...]


class Part(NamedTuple):
    """Addresses that have the same ports: ClusterIPs, or endpoints of one EndpointSlice."""

    addresses: tuple[bytes, ...]
    """Packed; empty octets for an endpoint that is a name."""
    ports: tuple[int | None, ...]
    """Those that the name selects, at least one; None for a port without a number."""
    slice: EndpointSlice | None = None
    """None: the addresses are ClusterIPs."""
    indexes: Sequence[int] = ()
    """Where each address stands in the slice."""


Parts = tuple[Part, ...]


def cluster_parts(service: Service, port: str = "", protocol: str = "") -> Parts:
    """Return what a Service with a ClusterIP is at the ports that match; `()` without one.

    Args:
        service: neither headless nor ExternalName.
        port: a port's name; empty means any.
        protocol: in lower case; empty means any.
    """
    ports = _matching(service.ports, port, protocol)
    return (Part(service.addresses, ports),) if ports else ()


def endpoint_parts(
    slices: Slices,
    port: str = "",
    protocol: str = "",
    keep: Callable[[EndpointSlice, int], bool] | None = None,
) -> Parts:
    """Return the ready addresses of `slices` at the ports that match; `()` without any.

    Args:
        slices: in the order in which answers list them.
        port: name of a port of the slice; empty means any.
        protocol: in lower case; empty means any.
        keep: whether the address at this index is meant; None: every ready one.
    """
    parts: list[Part] = []
    for one in slices:
        ports = _matching(one.ports, port, protocol)
        if not ports:
            continue
        indexes = [index for index, bits in enumerate(one.conditions) if bits & READY]
        if keep is not None:
            indexes = [index for index in indexes if keep(one, index)]
        if indexes:
            width, octets = one.width, one.addresses
            addresses = tuple([octets[i * width : (i + 1) * width] for i in indexes])
            parts.append(Part(addresses, ports, one, indexes))
    return tuple(parts)


def _matching(
    ports: Sequence[ServicePort | EndpointPort], port: str, protocol: str
) -> tuple[int | None, ...]:
    if not ports:
        # Without ports there still is an address: one port that has no number stands for it.
        return () if port or protocol else (None,)
    return tuple(
        [
            one.port
            for one in ports
            if (not port or one.name.lower() == port)
            and (not protocol or one.protocol.lower() == protocol)
        ]
    )


def is_ready(slices: Slices) -> bool:
    """Return whether at least one endpoint of any family is ready."""
    return any(bits & READY for one in slices for bits in one.conditions)


def addresses_of(parts: Parts, width: int) -> tuple[bytes, ...]:
    """Return the distinct addresses of one family, in order.

    Args:
        parts: what a name selects.
        width: octets of an address, 4 or 16.
    """
    found = (address for part in parts for address in part.addresses if len(address) == width)
    return tuple(dict.fromkeys(found))


def has_address(parts: Parts) -> bool:
    """Return whether there is an address of either family."""
    return any(any(part.addresses) for part in parts)


def fqdn_of(parts: Parts) -> str:
    """Return the first name among `parts`, which come from slices of type FQDN; else empty."""
    for part in parts:
        if part.slice is not None and part.slice.fqdns:
            return part.slice.fqdns[part.indexes[0]]
    return ""


def endpoint_label(one: EndpointSlice, index: int, *, pod_names: bool) -> str:
    """Return the label that names an endpoint within its Service; empty if none can.

    Its hostname; else, with `pod_names`, its Pod's name if that is one label; else its address
    with dashes, IPv6 as RFC 5952 writes it.
    """
    hostname = one.hostnames[index] if one.hostnames else ""
    if hostname:
        return hostname
    pod = one.pods[index] if pod_names and one.pods else ""
    if 0 < len(pod) <= MAX_LABEL and "." not in pod:
        return pod
    if one.width:
        return dashed(one.addresses[index * one.width : (index + 1) * one.width])
    label = one.fqdns[index].rstrip(".").replace(".", "-")
    return label if len(label) <= MAX_LABEL else ""


def dashed(address: bytes) -> str:
    """Return a packed address as a label: `10-0-0-1`, `fd00--1`.

    A label cannot end in a dash (RFC 1123 section 2.1), so `fd00::` is `fd00--0`.
    """
    text = address_text(address)
    label = text.replace("." if len(address) == 4 else ":", "-")
    return label + "0" if label.endswith("-") else label


def is_labelled(wanted: str, *, pod_names: bool) -> Callable[[EndpointSlice, int], bool]:
    """Return the test whether an endpoint has the label `wanted` (lower case)."""
    address = _undashed(wanted)

    def keep(one: EndpointSlice, index: int) -> bool:
        hostname = one.hostnames[index] if one.hostnames else ""
        if hostname:
            return hostname.lower() == wanted
        if one.width and not (pod_names and one.pods and one.pods[index]):
            # The common case, without making a text of every address.
            width = one.width
            return address == one.addresses[index * width : (index + 1) * width]
        return endpoint_label(one, index, pod_names=pod_names).lower() == wanted

    return keep


def slices_with(slices: Slices, label: str, *, pod_names: bool) -> Slices:
    """Return the slices that may have an endpoint labelled `label` (lower case).

    Thousands of endpoints are passed over as fast as octets are compared, so that a name nobody
    has costs little however large the Service is.
    """
    address = _undashed(label)
    return tuple(
        one
        for one in slices
        if label in one.hostnames
        or (address is not None and address in one.addresses)
        or (pod_names and one.pods)
        or not one.width
    )


def _undashed(label: str) -> bytes | None:
    """Return the address whose dashed form is exactly `label`, else None."""
    separator = "." if label.count("-") == 3 and "--" not in label else ":"
    try:
        address = pack_address(label.replace("-", separator))
    except ValueError:
        return None
    return address if dashed(address) == label else None


def is_in_zone(zone: str) -> Callable[[EndpointSlice, int], bool]:
    """Return the test whether an endpoint is in the topology zone `zone` (lower case)."""

    def keep(one: EndpointSlice, index: int) -> bool:
        return bool(one.zones) and one.zones[index].lower() == zone

    return keep


def service_name(zone: OwnerName, namespace: str, service: str) -> OwnerName:
    """Return `SERVICE.NAMESPACE.svc` below `zone`.

    Raises:
        ValueError: an object that should not exist has such a name.
    """
    return below(zone, service, namespace, "svc")


def srv_rrsets(
    parts: Parts, owner: OwnerName, ttl: int, service: OwnerName, *, pod_names: bool
) -> tuple[tuple[RRset, ...], tuple[RRset, ...]]:
    """Return the SRV set of a name and the addresses of its targets; both may be empty.

    The weight is 100 shared evenly by all that was selected (addresses times ports, those too
    that become no record of their own), and at least 1.

    Args:
        parts: what the name selects.
        owner: the name.
        ttl: seconds.
        service: the Service's own name, the target of its ClusterIPs.
        pod_names: see `endpoint_label`.
    """
    # Endpoints that are names have no SRV record: nobody may be sent to a CNAME (RFC 2782).
    addressed = [part for part in parts if part.slice is None or part.slice.width]
    selected = sum(len(part.addresses) * len(part.ports) for part in addressed)
    weight = max(1, 100 // selected) if selected else 0
    records: dict[bytes, None] = {}
    targets: dict[tuple[OwnerName, int], dict[bytes, None]] = {}
    for part in addressed:
        ports = [port for port in part.ports if port is not None]
        for target, address in _targets(part, service, pod_names=pod_names) if ports else ():
            for port in ports:
                records[srv_record(0, weight, port, target)] = None
            targets.setdefault((target, len(address)), {})[address] = None
    if not records:
        return (), ()
    additional = tuple(
        RRset(target, RRType.A if width == 4 else RRType.AAAA, ttl, tuple(addresses))
        for (target, width), addresses in targets.items()
    )
    return (RRset(owner, RRType.SRV, ttl, tuple(records)),), additional


def _targets(
    part: Part, service: OwnerName, *, pod_names: bool
) -> Iterator[tuple[OwnerName, bytes]]:
    one = part.slice
    if one is None:
        for address in part.addresses:
            yield service, address
        return
    for index, address in zip(part.indexes, part.addresses, strict=True):
        try:
            target = below(service, endpoint_label(one, index, pod_names=pod_names))
        except ValueError:
            continue  # a name over 255 octets: this endpoint has no name of its own
        yield target, address


def count(slices: Slices, *, ready: bool) -> int:
    """Return how many endpoints are ready, or how many are not, whatever addresses they have."""
    return sum(one.conditions.count(bits) for one in slices for bits in _COUNTED[ready])


def known_as(slices: Slices, *, ready: bool) -> Iterator[str]:
    """Yield what people call the endpoints that are ready, or those that are not.

    Further addresses of the same endpoint are left out.
    """
    for one in slices:
        for index, bits in enumerate(one.conditions):
            if bits in _COUNTED[ready]:
                yield _known_as(one, index)


def _known_as(one: EndpointSlice, index: int) -> str:
    for column in (one.hostnames, one.pods, one.fqdns):
        if column and column[index]:
            return column[index]
    return address_text(one.addresses[index * one.width : (index + 1) * one.width])


def ready_labels(slices: Slices, *, pod_names: bool) -> Iterator[str]:
    """Yield the distinct labels that name ready endpoints."""
    seen = {""}
    for one in slices:
        for index, bits in enumerate(one.conditions):
            if bits & READY:
                label = endpoint_label(one, index, pod_names=pod_names)
                if label not in seen:
                    seen.add(label)
                    yield label
