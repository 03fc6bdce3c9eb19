"""What IPVS needs of a packet filter, as rows that no writer's syntax shows through.

IPVS only sends packets on. Whose source address has to become the node's, which address and
port is open and to whom, and what is answered where nobody serves, a packet filter says. Which
rows a desired state has is decided here; how they are written is `dataplane`'s business.

Source: kube-proxy's sets and rules in IPVS mode, as facts; docs/proxy.md.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from svcdns.proxy.diff import changed_keys
from svcdns.proxy.model import TCP, Desired, HealthCheck, VirtualKey, VirtualServer


class Purpose(Enum):
    """What the packet filter does with what a row names."""

    SERVED = "served"
    """Address and port of a virtual server on an address of ours: let in, and no port mapping of
    anybody else's gets hold of it. A row that is not REFUSED or DROPPED besides goes to IPVS."""
    CLUSTER = "cluster"
    """Masqueraded when the client is not a pod of this cluster."""
    MASQUERADED = "masqueraded"
    """Masqueraded for every client: the reply has to come back through this node."""
    HAIRPIN = "hairpin"
    """A local endpoint: masqueraded when it reaches itself (source address = address)."""
    RANGED = "ranged"
    """Only for the clients of its RANGE rows; all others are dropped, on every path."""
    RANGE = "range"
    """One range of clients (`source`/`prefix`) that may use address and port."""
    REFUSED = "refused"
    """A virtual server without endpoints: TCP gets a reset, others an ICMP port unreachable.
    IPVS itself would answer with ICMP alone, about once a second for each client."""
    DROPPED = "dropped"
    """A Local traffic policy without a local endpoint: silence, so that clients try elsewhere."""
    ADDRESS = "address"
    """An address on our device: what no SERVED row lets in is refused, host daemons too."""
    HEALTH = "health"
    """A port of the node that load balancers ask for health (TCP): let in."""


class Row(NamedTuple):
    """One thing the packet filter knows. Fields a purpose has no use for stay empty."""

    purpose: Purpose
    address: bytes = b""
    """Packed; its length says the family. Empty for HEALTH: both families."""
    protocol: int = 0
    port: int = 0
    source: bytes = b""
    prefix: int = 0


def rows_of_virtual(one: VirtualServer, node_addresses: tuple[bytes, ...] = ()) -> Iterator[Row]:
    """Yield the rows of one virtual server.

    Args:
        one: the virtual server.
        node_addresses: the node's own. A range that has one of them lets the node in, whose
            packets carry the virtual address as their source.
    """
    protocol, address, port = one.key

    def made(purpose: Purpose, source: bytes = b"", prefix: int = 0) -> Row:
        return Row(purpose, address, protocol, port, source, prefix)

    if one.kind != "node":
        yield made(Purpose.SERVED)
    if one.kind == "cluster":
        yield made(Purpose.CLUSTER)
    elif not one.external_local:
        yield made(Purpose.MASQUERADED)
    if one.source_ranges:
        yield made(Purpose.RANGED)
        for network, prefix in one.source_ranges:
            yield made(Purpose.RANGE, network, prefix)
        if any(is_within(node, one.source_ranges) for node in node_addresses):
            yield made(Purpose.RANGE, address, len(address) * 8)
    if not one.servers:
        yield made(Purpose.DROPPED if one.drops else Purpose.REFUSED)


def other_rows(
    hairpins: Iterable[VirtualKey], addresses: Iterable[bytes], checks: Iterable[HealthCheck]
) -> Iterator[Row]:
    """Yield the rows that belong to no single virtual server."""
    for protocol, address, port in hairpins:
        yield Row(Purpose.HAIRPIN, address, protocol, port)
    for address in addresses:
        yield Row(Purpose.ADDRESS, address)
    for check in checks:
        yield Row(Purpose.HEALTH, protocol=TCP, port=check.port)


def all_rows(desired: Desired) -> Iterator[Row]:
    """Yield every row of a desired state; one may come twice."""
    for one in desired.virtual_servers.values():
        yield from rows_of_virtual(one, desired.node_addresses)
    yield from other_rows(desired.hairpins, desired.addresses, desired.health_checks.values())


def changed_rows(before: Desired, after: Desired) -> tuple[frozenset[Row], frozenset[Row]]:
    """Return the rows to add and those to remove; the node's addresses are the same in both.

    Only what differs is looked at.
    """
    keys = changed_keys(before, after)
    old, new = (
        {
            row
            for key in keys
            if (one := state.virtual_servers.get(key)) is not None
            for row in rows_of_virtual(one, state.node_addresses)
        }
        for state in (before, after)
    )
    for rows, mine, others in ((old, before, after), (new, after, before)):
        checks = mine.health_checks
        if checks is others.health_checks:
            checks = {}
        rows.update(
            other_rows(
                mine.hairpins - others.hairpins,
                mine.addresses - others.addresses,
                checks.values(),
            )
        )
    return frozenset(new - old), frozenset(old - new)


def is_within(address: bytes, networks: tuple[tuple[bytes, int], ...]) -> bool:
    """Return whether an address lies in one of the networks."""
    number, bits = int.from_bytes(address, "big"), len(address) * 8
    return any(
        len(network) == len(address)
        and (number ^ int.from_bytes(network, "big")) >> (bits - prefix) == 0
        for network, prefix in networks
    )
