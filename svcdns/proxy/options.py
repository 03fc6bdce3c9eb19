"""What the operator asks of the service proxy, with the names and defaults of kube-proxy."""

from dataclasses import dataclass
from typing import NamedTuple

SCHEDULERS = ("rr", "wrr", "lc", "wlc", "dh", "sh", "sed", "nq", "mh")
"""Those every mode knows by name."""
FURTHER_SCHEDULERS = ("lblc", "lblcr", "fo", "ovf", "twos")
"""Others that a kernel may have."""


class Network(NamedTuple):
    """Addresses with a common prefix."""

    address: bytes
    """Packed, host bits zero."""
    prefix: int

    def holds(self, address: bytes) -> bool:
        """Return whether a packed address lies in it."""
        if len(address) != len(self.address):
            return False
        shift = 8 * len(address) - self.prefix
        return int.from_bytes(address) >> shift == int.from_bytes(self.address) >> shift


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """How one node's proxy works."""

    node: str = ""
    """Name of the Node: decides which endpoints are local."""
    zone: str = ""
    """Topology zone of the Node, for hints."""
    node_addresses: tuple[bytes, ...] = ()
    """Where NodePorts are served, packed."""
    other_addresses: frozenset[bytes] = frozenset()
    """On other devices of this machine: never bound on ours."""
    scheduler: str = "rr"
    """Of Services without an annotation."""
    schedulers: frozenset[str] = frozenset((*SCHEDULERS, *FURTHER_SCHEDULERS))
    """Those that an annotation may name: what the backend has. A Service that names another one
    is not served."""
    cluster_networks: tuple[Network, ...] = ()
    """The pods' networks: clients outside are masqueraded."""
    exclude: tuple[Network, ...] = ()
    """Left to others: virtual servers there are not ours, and Services there not served."""
    external_ips: bool = False
    """Serve `externalIPs`: whoever may write a Service may take over any address with them."""
    masquerade_all: bool = False
    masquerade_bit: int = 14
    strict_arp: bool = False
    local_fallback: bool = False
    """Local policy without a local endpoint: send to others as kube-proxy's IPVS mode does,
    instead of dropping as its other modes do."""
    drain_seconds: float = 300.0
    """How long a server that is gone may keep its connections."""
