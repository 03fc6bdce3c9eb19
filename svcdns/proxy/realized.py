"""What a node has: virtual servers, their real servers with weights, addresses of the device.

Read from the kernel by a backend and compared with what should be; nothing here says why.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from svcdns.proxy.model import RealServer, VirtualKey


class RealizedServer(NamedTuple):
    """One real server as the kernel has it."""

    weight: int = 1
    """0: it gets no new connections."""
    active: int = 0
    """Connections that are open."""
    inactive: int = 0
    """Connections that are ending."""


@dataclass(frozen=True, slots=True)
class RealizedVirtual:
    """One virtual server as the kernel has it."""

    scheduler: str
    flags: int = 0
    """Without those the kernel adds by itself."""
    persistence_timeout: int = 0
    servers: Mapping[RealServer, RealizedServer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Realized:
    """Everything of ours that a node has."""

    virtual_servers: Mapping[VirtualKey, RealizedVirtual] = field(default_factory=dict)
    """Those of others are not in it."""
    addresses: AbstractSet[bytes] = frozenset()
    """Bound on our device."""
