"""A kernel in memory, as strict as the real one: for tests of whatever drives a backend.

What the kernel refuses is refused with the kernel's errno. What it allows though traffic would
suffer is done and remarked upon. `refuse` lets single operations fail, `foreign` are virtual
servers of somebody else: never read as ours, never changed.

Source: ip_vs_ctl.c and rtnetlink of Linux, as observed; docs/proxy.md.
"""

import errno
from collections.abc import Callable, Collection, Mapping, Sequence

from svcdns.dataplane.backend import Capabilities, Failure, Idle
from svcdns.dataplane.drains import idle_at
from svcdns.dataplane.kernel_error import SURPRISES, described, explained, no_scheduler
from svcdns.proxy.model import Desired, RealServer, VirtualKey, VirtualServer
from svcdns.proxy.operations import (
    AddServer,
    AddVirtual,
    Bind,
    DeleteServer,
    DeleteVirtual,
    Operation,
    SetVirtual,
    SetWeight,
    Unbind,
)
from svcdns.proxy.options import SCHEDULERS
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from svcdns.wire.name import address_text

_MAX_WEIGHT = 0x7FFFFFFF


class Fake:
    """Virtual servers and addresses in dictionaries."""

    name = "fake"

    def __init__(
        self,
        *,
        schedulers: Sequence[str] = SCHEDULERS,
        foreign: Mapping[VirtualKey, RealizedVirtual] | None = None,
        refuse: Callable[[Operation], int] = lambda _: 0,
    ) -> None:
        """Begin empty.

        Args:
            schedulers: modules that this kernel has.
            foreign: virtual servers that are not ours.
            refuse: the errno with which an operation fails whatever the state; 0: it does not.
        """
        self.schedulers = frozenset(schedulers)
        self.foreign = dict(foreign or {})
        self.refuse = refuse
        self.addresses: set[bytes] = set()
        self.applied: list[Operation] = []
        """All that came in, failures too."""
        self.remarks: list[str] = []
        """What was done, and no traffic should have had to live with."""
        self.is_set_up = False
        self.looked_at: list[VirtualKey] = []
        """Whose real servers of weight 0 were read, each time."""
        self.may_go_on: dict[VirtualKey, bytes] = {}
        """Servers whose UDP flows were left alone the last time, by virtual server."""
        self.close_looks = 0
        """How often a reading was to compare all there is."""
        self.desired = Desired()
        """As `apply` got it last."""
        self.is_amid = False
        """Whether `apply` was told of another batch that follows."""
        self._virtual: dict[VirtualKey, RealizedVirtual] = {}

    async def probe(self) -> Capabilities:
        """Return that everything works."""
        return Capabilities(self.schedulers)

    async def setup(self) -> None:
        """Note that it was called."""
        self.is_set_up = True

    def look_closely(self) -> None:
        """Count it: there is nothing but what a reading returns."""
        self.close_looks += 1

    async def read(self) -> Realized:
        """Return what is there of ours."""
        return self.realized()

    async def read_idle(self, keys: Collection[VirtualKey]) -> Idle:
        """Return what drains at `keys`, and note which they were."""
        self.looked_at += keys
        return idle_at(keys, self._virtual)

    async def apply(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool = False
    ) -> tuple[Failure, ...]:
        """Do what can be done, in this order; return the rest."""
        self.desired = desired
        self.is_amid = rest
        failures: list[Failure] = []
        for operation in operations:
            self.applied.append(operation)
            try:
                if number := self.refuse(operation):
                    raise OSError(number, "")  # noqa: TRY301 - one way for both kinds
                self._do(operation)
            except OSError as error:
                failures.append(_failure(operation, error.errno or errno.EIO))
        return tuple(failures)

    async def forget_flows(self, serving: Mapping[VirtualKey, bytes]) -> None:
        """Note it: there are no flows."""
        self.may_go_on |= serving

    async def cleanup(self) -> None:
        """Take everything of ours away."""
        self._virtual.clear()
        self.addresses.clear()
        self.is_set_up = False

    def realized(self) -> Realized:
        """Return what is there of ours, without waiting."""
        copies = {
            key: RealizedVirtual(
                one.scheduler, one.flags, one.persistence_timeout, dict(one.servers)
            )
            for key, one in self._virtual.items()
        }
        return Realized(copies, frozenset(self.addresses))

    def hold(self, realized: Realized) -> None:
        """Have this, however it came about: left by the process before, changed by somebody."""
        self._virtual = {
            key: RealizedVirtual(
                one.scheduler, one.flags, one.persistence_timeout, dict(one.servers)
            )
            for key, one in realized.virtual_servers.items()
        }
        self.addresses = set(realized.addresses)

    def connect(
        self, key: VirtualKey, server: RealServer, *, active: int = 0, inactive: int = 0
    ) -> None:
        """Let a real server have so many connections.

        Raises:
            KeyError: there is no such server.
        """
        weight = self._virtual[key].servers[server].weight
        self._servers(key)[server] = RealizedServer(weight, active, inactive)

    def _do(self, operation: Operation) -> None:
        """Do one operation.

        Raises:
            OSError: with the errno of a kernel that refuses it.
        """
        match operation:
            case AddVirtual(virtual):
                self._add_virtual(virtual)
            case SetVirtual(virtual):
                there = self._virtual_at(virtual.key)
                self._require_scheduler(virtual)
                self._virtual[virtual.key] = _as_realized(virtual, there.servers)
            case DeleteVirtual(key):
                self._virtual_at(key)
                del self._virtual[key]
            case Bind(address):
                self._bind(address)
            case Unbind(address):
                self._unbind(address)
            case AddServer() | SetWeight() | DeleteServer():
                self._do_server(operation)

    def _do_server(self, operation: AddServer | SetWeight | DeleteServer) -> None:
        match operation:
            case AddServer(key, server):
                self._add_server(key, server)
            case SetWeight(key, server, weight):
                there_server = self._server_at(key, server)
                if not 0 <= weight <= _MAX_WEIGHT:
                    raise OSError(errno.ERANGE, "")
                self._servers(key)[server] = there_server._replace(weight=weight)
            case DeleteServer(key, server):
                self._server_at(key, server)
                del self._servers(key)[server]
                if not self._servers(key):
                    self.remarks.append(f"{key} has no real server any more")

    def _virtual_at(self, key: VirtualKey) -> RealizedVirtual:
        if key not in self._virtual:
            raise OSError(errno.ESRCH, "")
        return self._virtual[key]

    def _server_at(self, key: VirtualKey, server: RealServer) -> RealizedServer:
        servers = self._virtual_at(key).servers
        if server not in servers:
            raise OSError(errno.ENOENT, "")
        return servers[server]

    def _require_scheduler(self, virtual: VirtualServer) -> None:
        if virtual.scheduler not in self.schedulers:
            raise OSError(errno.ENOENT, "")

    def _add_virtual(self, virtual: VirtualServer) -> None:
        key = virtual.key
        if key in self._virtual or key in self.foreign:
            raise OSError(errno.EEXIST, "")
        if not key.port:  # the kernel wants persistence for it, and we have no use for it
            raise OSError(errno.EINVAL, "")
        self._require_scheduler(virtual)
        self._virtual[key] = _as_realized(virtual, {})

    def _add_server(self, key: VirtualKey, server: RealServer) -> None:
        if server in self._virtual_at(key).servers:
            raise OSError(errno.EEXIST, "")
        if len(server.address) != len(key.address) or not server.port:
            raise OSError(errno.EINVAL, "")
        self._servers(key)[server] = RealizedServer()

    def _servers(self, key: VirtualKey) -> dict[RealServer, RealizedServer]:
        servers = self._virtual[key].servers
        assert isinstance(servers, dict)  # noqa: S101 - all of them are made here
        return servers

    def _bind(self, address: bytes) -> None:
        if address in self.addresses:
            raise OSError(errno.EEXIST, "")
        if not self._at(address):
            self.remarks.append(f"{address_text(address)} is bound before its virtual servers")
        self.addresses.add(address)

    def _unbind(self, address: bytes) -> None:
        if address not in self.addresses:
            raise OSError(errno.EADDRNOTAVAIL, "")
        self.addresses.remove(address)
        if count := self._at(address):
            remark = f"{address_text(address)} is unbound with {count} virtual servers left"
            self.remarks.append(remark)

    def _at(self, address: bytes) -> int:
        return sum(key.address == address for key in self._virtual)


def _as_realized(
    virtual: VirtualServer, servers: Mapping[RealServer, RealizedServer]
) -> RealizedVirtual:
    return RealizedVirtual(
        virtual.scheduler, virtual.flags, virtual.persistence_timeout, dict(servers)
    )


def _failure(operation: Operation, number: int) -> Failure:
    text = described(operation)
    if number == errno.ENOENT and isinstance(operation, AddVirtual | SetVirtual):
        error = no_scheduler(text, operation.virtual.scheduler)
        return Failure(operation, str(error))
    return Failure(operation, str(explained(text, number)), number in SURPRISES)
