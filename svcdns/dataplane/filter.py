"""What IPVS needs of a packet filter, as rows that no writer's syntax shows through.

IPVS only sends packets on. Whose source address has to become the node's, which address and
port is open and to whom, and what is answered where nobody serves, a packet filter says: one
nftables table (`filter_nftables`) or iptables with ipset (`filter_iptables`). The rows, what
they mean and which a virtual server has are in `proxy.filter_rows`.

Source: ip_vs_core.c (hooks and their priorities), iptables-extensions(8), ipset(8), nft(8).
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from svcdns.proxy.filter_rows import Purpose as Purpose  # noqa: PLC0414 - every writer takes it from here
from svcdns.proxy.filter_rows import Row as Row  # noqa: PLC0414 - as above


class FilterOptions(NamedTuple):
    """What the rules, not the rows, depend on."""

    mark: int = 1 << 14
    """The bit of the packet mark that asks for masquerading."""
    masquerade_all: bool = False
    """CLUSTER rows are masqueraded for every client."""
    cluster_networks: tuple[tuple[bytes, int], ...] = ()
    """The pods' networks: packed address and prefix length. A client outside is masqueraded on
    CLUSTER rows. Empty: only the node's own packets that have the virtual address as source."""


class PacketFilter(Protocol):
    """A writer of packet filter rules. It blocks: call it in `dataplane.worker`'s thread.

    Whatever it does is in its own table, or in chains and sets of its own prefix.
    """

    name: str

    def probe(self) -> None:
        """Return when this writer works here.

        Raises:
            DataplaneError: a program, a module or a right is missing; says which.
        """
        ...

    def setup(self) -> None:
        """Make what rows need and does not depend on them; rows that are there stay. Idempotent.

        Raises:
            DataplaneError: it cannot be made.
        """
        ...

    def load(self, rows: Iterable[Row]) -> None:
        """Put rules and exactly these rows in place, atomically; what was there of ours goes.

        Raises:
            DataplaneError: nothing, or only part, is in place.
        """
        ...

    def change(self, added: Iterable[Row], removed: Iterable[Row]) -> None:
        """Add and remove rows in one go. What is there already, or gone already, is no error.

        Raises:
            DataplaneError: call `load` with all rows.
        """
        ...

    def read(self) -> frozenset[Row] | None:
        """Return the rows in the kernel; None when rules or sets of ours are missing."""
        ...

    def remove(self) -> None:
        """Take away everything that is ours, and nothing else."""
        ...
