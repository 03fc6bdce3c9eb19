"""Single steps from what a node has to what it should have.

Each is a value that names its Service: it can be printed, logged, tried again and counted.
"""

from dataclasses import dataclass

from svcdns.proxy.model import RealServer, ServicePortName, VirtualKey, VirtualServer


@dataclass(frozen=True, slots=True)
class AddVirtual:
    """Make a virtual server, without real servers yet."""

    virtual: VirtualServer


@dataclass(frozen=True, slots=True)
class SetVirtual:
    """Give a virtual server another scheduler, flags or timeout; its connections stay."""

    virtual: VirtualServer


@dataclass(frozen=True, slots=True)
class DeleteVirtual:
    """Take a virtual server away, with all its real servers."""

    key: VirtualKey


@dataclass(frozen=True, slots=True)
class AddServer:
    """Let a real server take connections."""

    key: VirtualKey
    server: RealServer
    service: ServicePortName


@dataclass(frozen=True, slots=True)
class SetWeight:
    """Change the weight of a real server; 0 lets it finish what it has."""

    key: VirtualKey
    server: RealServer
    weight: int


@dataclass(frozen=True, slots=True)
class DeleteServer:
    """Take a real server away."""

    key: VirtualKey
    server: RealServer


@dataclass(frozen=True, slots=True)
class Bind:
    """Make an address local."""

    address: bytes


@dataclass(frozen=True, slots=True)
class Unbind:
    """Make an address foreign again."""

    address: bytes


Operation = (
    AddVirtual | SetVirtual | DeleteVirtual | AddServer | SetWeight | DeleteServer | Bind | Unbind
)
