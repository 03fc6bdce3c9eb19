"""ClusterIPs for Services that were written by hand without one.

In a cluster the API server gives them out; here they follow from namespace and name, so that
the same files give the same addresses on every machine, and a Service keeps its address while
other files change. Addresses that somebody wrote always win. By custom `default/kubernetes` has
the first address of the range and `kube-system/kube-dns` the tenth.

The default ranges are those of kind; the IPv4 one lies within kubeadm's 10.96.0.0/12.
"""

import hashlib
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from svcdns.cluster import structs
from svcdns.cluster.compact import cluster_addresses
from svcdns.cluster.model import Key
from svcdns.wire.name import pack_address

DEFAULT_RANGES = ("10.96.0.0/16", "fd00:10:96::/112")

FAMILIES: Mapping[int, str] = {4: "IPv4", 16: "IPv6"}
"""The API's name of an address family, by octets of an address."""

_WIDTHS = {name: width for width, name in FAMILIES.items()}
_CUSTOM: Mapping[Key, int] = {("default", "kubernetes"): 1, ("kube-system", "kube-dns"): 10}
# What probing may cost: a range that is nearly full is treated as full.
_MAX_PROBES = 1 << 16

Request = tuple[Key, int]
"""A Service that wants an address of that many octets."""


class Range(NamedTuple):
    """Addresses to give out."""

    first: int
    """The network's own address as a number; never given out."""
    size: int
    width: int

    def address(self, offset: int) -> bytes:
        """Return the packed address at an offset."""
        return (self.first + offset).to_bytes(self.width, "big")

    def holds(self, address: bytes) -> bool:
        """Return whether an address may be given out from here."""
        offset = int.from_bytes(address, "big") - self.first
        return len(address) == self.width and 0 < offset < self.size - 1


def read_ranges(texts: Iterable[str]) -> dict[int, Range]:
    """Return at most one range a family, by octets of an address.

    Raises:
        ValueError: not a network, two of one family, or one without room; the message is a
            sentence.
    """
    ranges: dict[int, Range] = {}
    for text in texts:
        try:
            network: IPv4Network | IPv6Network = ip_network(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is not an address range, such as {DEFAULT_RANGES[0]}"
            ) from None
        width = network.max_prefixlen // 8
        if width in ranges:
            raise ValueError(f"{text!r} is a second {FAMILIES[width]} range")
        if network.num_addresses < 4:
            raise ValueError(f"{text!r} has no room for addresses")
        ranges[width] = Range(int(network.network_address), network.num_addresses, width)
    return ranges


def families(spec: structs.ServiceSpec) -> tuple[int, ...]:
    """Return the octets of an address for each family a Service has, its first one first.

    IPv4 unless the Service says otherwise: by `ipFamilies`, by an address that it has, or by
    wanting two families.
    """
    widths = [_WIDTHS[name] for name in spec.ip_families or () if name in _WIDTHS]
    widths = list(dict.fromkeys(widths or _written_widths(spec) or [4]))
    if spec.ip_family_policy in {"PreferDualStack", "RequireDualStack"} and len(widths) == 1:
        widths.append(20 - widths[0])
    return tuple(widths)


def missing_families(spec: structs.ServiceSpec) -> tuple[int, ...]:
    """Return the families in which a Service has to be given an address."""
    texts = cluster_addresses(spec)
    written = _written_widths(spec)
    if spec.type == "ExternalName" or len(written) < len(texts):
        return ()  # headless, or an address that is none: that is for its author to mend
    return tuple(width for width in families(spec) if width not in written)


def _written_widths(spec: structs.ServiceSpec) -> list[int]:
    widths = []
    for text in cluster_addresses(spec):
        try:
            widths.append(len(pack_address(text)))
        except ValueError:  # `None`, or a mistake that is reported elsewhere
            continue
    return widths


def assign(
    requests: Iterable[Request],
    ranges: Mapping[int, Range],
    taken: Iterable[bytes],
    previous: Mapping[Request, bytes],
) -> dict[Request, bytes]:
    """Return an address for each request; one that cannot be met is not in it.

    Args:
        requests: in any order, the result does not depend on it.
        ranges: by octets of an address; a family without one gets no addresses.
        taken: addresses that Services have of their own.
        previous: what was given out before: it stays where it can.
    """
    used = set(taken)
    given: dict[Request, bytes] = {}
    open_requests = []
    for request in sorted(requests):
        span = ranges.get(request[1])
        before = previous.get(request)
        if span and before is not None and before not in used and span.holds(before):
            given[request] = before
            used.add(before)
        elif span:
            open_requests.append((request, span))
    for request, span in open_requests:
        address = _free_address(request[0], span, used)
        if address is not None:
            given[request] = address
            used.add(address)
    return given


def _free_address(key: Key, span: Range, used: set[bytes]) -> bytes | None:
    custom = _CUSTOM.get(key, 0)
    if 0 < custom < span.size - 1 and span.address(custom) not in used:
        return span.address(custom)
    kept_free = frozenset(_CUSTOM.values())
    room = span.size - 2  # neither the first nor the last address of a network
    digest = hashlib.blake2b("/".join(key).encode(), digest_size=16).digest()
    start = int.from_bytes(digest, "big") % room
    for step in range(min(room, _MAX_PROBES)):
        offset = (start + step) % room + 1
        if offset not in kept_free and (address := span.address(offset)) not in used:
            return address
    return None
