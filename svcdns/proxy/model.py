"""What one node should have so that the Services of its cluster can be reached.

Real servers are packed, address and port of one after the other: a cluster may have a hundred
thousand of them, and no object stands for an endpoint. The words are those of IPVS.

Source: Kubernetes API reference, core/v1; ipvsadm(8).
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from svcdns.cluster.model import Key
from svcdns.wire.name import address_text

PERSISTENT = 0x1
"""Flags of a virtual server, with the kernel's numbers (include/uapi/linux/ip_vs.h)."""
SCHED_1 = 0x8
"""For sh and mh: another server takes the place of one that has weight 0."""
SCHED_2 = 0x10
"""For sh and mh: the source port is hashed too."""

PORT_OCTETS = 2

TCP, UDP, SCTP = 6, 17, 132
"""Protocol numbers (IANA)."""
PROTOCOLS: Mapping[str, int] = {"TCP": TCP, "UDP": UDP, "SCTP": SCTP}
"""By the API's word."""
PROTOCOL_TEXTS: Mapping[int, str] = {number: text for text, number in PROTOCOLS.items()}


class Kind(StrEnum):
    """By which kind of address a virtual server is reached."""

    CLUSTER = "cluster"
    EXTERNAL = "external"
    BALANCER = "balancer"
    NODE = "node"


class ServicePortName(NamedTuple):
    """One port of one Service."""

    namespace: str
    name: str
    port: str
    """Empty for a port without a name."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}{f':{self.port}' if self.port else ''}"


class VirtualKey(NamedTuple):
    """What packets are told apart by."""

    protocol: int
    """`TCP`, `UDP` or `SCTP`."""
    address: bytes
    """Packed."""
    port: int

    def __str__(self) -> str:
        host = address_text(self.address)
        host = f"[{host}]" if ":" in host else host
        return f"{host}:{self.port}/{PROTOCOL_TEXTS.get(self.protocol, self.protocol)}"


class RealServer(NamedTuple):
    """Where packets go."""

    address: bytes
    port: int


@dataclass(frozen=True, slots=True)
class VirtualServer:
    """One address and port that is balanced, and where to."""

    key: VirtualKey
    kind: Kind
    service: ServicePortName
    scheduler: str = "rr"
    flags: int = 0
    """`PERSISTENT` and the like."""
    persistence_timeout: int = 0
    """Seconds; 0 without `PERSISTENT`."""
    servers: bytes = b""
    """Rows of address and port, see `pack_servers`: sorted, each once, all of the key's family."""
    external_local: bool = False
    """Reached from outside with policy Local: clients keep their address."""
    drops: bool = False
    """Local, and nobody here serves it though others do: packets are dropped, not refused."""
    source_ranges: tuple[tuple[bytes, int], ...] = ()
    """Networks of clients, packed address and prefix length; empty: every client."""
    ending: bytes = b""
    """UDP: rows of servers that still answer and get no new clients; flows there go on."""

    def real_servers(self) -> Iterator[RealServer]:
        """Yield where packets go."""
        return unpack_servers(self.servers, len(self.key.address))

    def __len__(self) -> int:
        """Real servers."""
        return len(self.servers) // (len(self.key.address) + PORT_OCTETS)


class HealthCheck(NamedTuple):
    """A port where load balancers ask whether this node has endpoints of a Service."""

    port: int
    local_endpoints: int


class Skipped(NamedTuple):
    """Something that cannot be balanced."""

    object: str
    """`Service shop/web port http`."""
    reason: str
    """One sentence, with what to do."""


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything one node should have. Never changed: another one takes its place."""

    virtual_servers: Mapping[VirtualKey, VirtualServer] = field(default_factory=dict)
    addresses: AbstractSet[bytes] = frozenset()
    """To be bound on the device: cluster, external and load balancer addresses."""
    hairpins: AbstractSet[VirtualKey] = frozenset()
    """Protocol, address and port of every endpoint on this node: it may reach itself."""
    node_addresses: tuple[bytes, ...] = ()
    """Where NodePorts are served."""
    health_checks: Mapping[Key, HealthCheck] = field(default_factory=dict)
    """By Service."""
    skipped: tuple[Skipped, ...] = ()
    without_local: Mapping[str, int] = field(default_factory=dict)
    """Virtual servers of policy Local that nobody here serves, `internal` and `external`."""


def pack_servers(servers: Iterable[RealServer]) -> bytes:
    """Return the servers as rows of address and port, sorted, each once."""
    rows = {address + port.to_bytes(PORT_OCTETS) for address, port in servers}
    return b"".join(sorted(rows))


def unpack_servers(rows: bytes, width: int) -> Iterator[RealServer]:
    """Yield the servers in rows that `pack_servers` made.

    Args:
        rows: of addresses of one family.
        width: octets of an address.
    """
    step = width + PORT_OCTETS
    for at in range(0, len(rows), step):
        yield RealServer(rows[at : at + width], int.from_bytes(rows[at + width : at + step]))
