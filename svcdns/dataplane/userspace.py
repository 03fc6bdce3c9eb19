"""The backend `userspace`: connections are accepted here and made anew to a real server.

It needs no right and nothing of the kernel; clients lose their source address. It listens at
the virtual addresses themselves, or at ports of one address of this machine. A virtual server
without a real server is not listened on: its clients are refused, as by the other backends.

All of it ends with the process. Source: kube-proxy's former userspace mode, as facts.
"""

import errno
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from svcdns.dataplane.addresses import Device
from svcdns.dataplane.allowance import Allowance, of_this_process
from svcdns.dataplane.backend import Capabilities, DataplaneError, Failure, Idle
from svcdns.dataplane.balancer import SCHEDULERS
from svcdns.dataplane.drains import idle_at
from svcdns.dataplane.kernel_error import SURPRISES, described, explained
from svcdns.dataplane.listening import PROTOCOLS, Place
from svcdns.dataplane.served_virtual import ServedVirtual
from svcdns.dataplane.streams import Figures
from svcdns.dataplane.worker import KernelThread
from svcdns.proxy.diff import changed_keys
from svcdns.proxy.model import PROTOCOL_TEXTS, Desired, RealServer, VirtualKey, VirtualServer
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
from svcdns.proxy.realized import Realized


class Served(NamedTuple):
    """One virtual server and where its clients come to."""

    virtual: VirtualServer
    place: Place | None
    """None: nobody serves it, so nothing listens."""


class Userspace:
    """The `Backend` that passes octets on itself."""

    name = "userspace"

    def __init__(
        self, *, listen: str = "", device: Device | None = None, allowance: Allowance | None = None
    ) -> None:
        """Begin empty.

        Args:
            listen: address of this machine for every virtual server; empty: their own ones.
            device: gets the virtual addresses; None: they come to this machine some other way.
            allowance: of files for connections; None: what the process may open.
        """
        self.figures = Figures()
        self._listen = listen
        self._device = device
        self._thread = KernelThread() if device is not None else None
        self._allowance = allowance or of_this_process()
        self._virtual: dict[VirtualKey, ServedVirtual] = {}
        self._addresses: set[bytes] = set()
        self._desired = Desired()
        """What `apply` was to lead to last."""

    @property
    def files(self) -> int:
        """Files that connections have open."""
        return self._allowance.taken

    def served(self) -> Iterator[Served]:
        """Yield every virtual server and where its clients come to."""
        return (Served(one.virtual, one.place) for one in self._virtual.values())

    def close(self) -> None:
        """End everything at once, and give sockets and the thread back."""
        for key in list(self._virtual):
            self._delete(key)
        if self._thread is not None and self._device is not None:
            self._thread.close()
            self._device.close()

    async def probe(self) -> Capabilities:
        """Return the schedulers."""
        remark = "real servers see this node as their client"
        return Capabilities(frozenset(SCHEDULERS), (remark,))

    async def setup(self) -> None:
        """Make the device, if there is to be one.

        Raises:
            DataplaneError: it cannot be made.
        """
        if self._thread is None or self._device is None:
            return
        try:
            await self._thread.call(self._device.ensure)
        except DataplaneError as error:
            remedy = f"{error.remedy}; or --listen 127.0.0.1, which needs no device and no right"
            raise DataplaneError(error.operation, error.cause, remedy) from None

    def look_closely(self) -> None:
        """Do nothing: every reading is of all there is."""

    async def read(self) -> Realized:
        """Return what is served, with its connections, and the addresses bound.

        Raises:
            DataplaneError: the kernel does not say what is bound.
        """
        if self._thread is not None and self._device is not None:
            self._addresses = set((await self._thread.call(self._device.read)).bound)
        virtual_servers = {key: one.realized() for key, one in self._virtual.items()}
        return Realized(virtual_servers, frozenset(self._addresses))

    async def read_idle(self, keys: Collection[VirtualKey]) -> Idle:
        """Return what finishes its connections at `keys`."""
        there = {key: self._virtual[key].realized() for key in keys if key in self._virtual}
        return idle_at(there, there)

    async def apply(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool = False
    ) -> tuple[Failure, ...]:
        """Do all operations, in their order; return those that did not work."""
        failures: list[Failure] = []
        for operation in operations:
            try:
                if isinstance(operation, Bind | Unbind):
                    await self._address(operation)
                else:
                    self._do(operation)
            except OSError as error:
                failures.append(_failure(operation, error))
            except DataplaneError as error:
                failures.append(Failure(operation, str(error)))
        if not rest:
            self._refresh(desired)
        return tuple(failures)

    async def forget_flows(self, serving: Mapping[VirtualKey, bytes]) -> None:
        """Do nothing: a flow ends with its server."""

    async def cleanup(self) -> None:
        """End all connections, and take the device away."""
        for key in list(self._virtual):
            self._delete(key)
        self._addresses.clear()
        if self._thread is not None and self._device is not None:
            await self._thread.call(self._device.delete)

    def _do(self, operation: Operation) -> None:
        """Do one operation.

        Raises:
            OSError: as the kernel would refuse it, or a port cannot be had.
        """
        match operation:
            case AddVirtual(virtual):
                self._add(virtual)
            case SetVirtual(virtual):
                with _scheduler_known(virtual):
                    self._at(virtual.key).take(virtual)
            case DeleteVirtual(key):
                self._at(key)
                self._delete(key)
            case AddServer(key, server):
                virtual_server = self._at(key)
                if server in virtual_server.balancer.servers:
                    raise OSError(errno.EEXIST, "")
                virtual_server.open()
                virtual_server.balancer.add(server)
            case SetWeight(key, server, weight):
                self._set_weight(key, server, weight)
            case DeleteServer(key, server):
                virtual_server = self._at(key)
                self._has(virtual_server, server)
                virtual_server.balancer.remove(server)
                virtual_server.clients.end(server)
                self._settle(virtual_server)

    def _add(self, virtual: VirtualServer) -> None:
        key = virtual.key
        if key in self._virtual:
            raise OSError(errno.EEXIST, "")
        if key.protocol not in PROTOCOLS:
            text = PROTOCOL_TEXTS.get(key.protocol, str(key.protocol))
            raise DataplaneError(
                f"add virtual server {key} of {virtual.service}",
                f"the mode userspace has no {text}",
                "another mode has it: --mode ipvs",
            )
        with _scheduler_known(virtual):
            one = ServedVirtual(virtual, self._listen, self._allowance, self.figures)
        if virtual.servers:  # they come next: nobody is let in before that
            one.open()
        self._virtual[key] = one

    def _set_weight(self, key: VirtualKey, server: RealServer, weight: int) -> None:
        one = self._at(key)
        self._has(one, server)
        if weight:
            one.open()
        one.balancer.servers[server].weight = weight
        self._settle(one)

    def _delete(self, key: VirtualKey) -> None:
        one = self._virtual.pop(key)
        one.close()
        one.clients.end()

    def _at(self, key: VirtualKey) -> ServedVirtual:
        if key not in self._virtual:
            raise OSError(errno.ESRCH, "")
        return self._virtual[key]

    def _has(self, one: ServedVirtual, server: RealServer) -> None:
        if server not in one.balancer.servers:
            raise OSError(errno.ENOENT, "")

    def _settle(self, one: ServedVirtual) -> None:
        if not one.balancer.is_open:
            one.close()

    def _refresh(self, desired: Desired) -> None:
        """Take over what no operation is about: source ranges, and whose it is."""
        before, self._desired = self._desired, desired
        for key in changed_keys(before, desired):
            one, virtual = self._virtual.get(key), desired.virtual_servers.get(key)
            if one is not None and virtual is not None and virtual is not one.virtual:
                with suppress(KeyError):  # then an operation of it has failed
                    one.take(virtual)

    async def _address(self, operation: Bind | Unbind) -> None:
        address, is_bind = operation.address, isinstance(operation, Bind)
        if is_bind == (address in self._addresses):
            raise OSError(errno.EEXIST if is_bind else errno.EADDRNOTAVAIL, "")
        if self._thread is not None and self._device is not None:
            change = self._device.bind if is_bind else self._device.unbind
            for verdict in (await self._thread.call(change, [address])).values():
                raise explained(described(operation), *verdict)
        if is_bind:
            self._addresses.add(address)
        else:
            self._addresses.remove(address)


@contextmanager
def _scheduler_known(virtual: VirtualServer) -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise DataplaneError(
            f"serve {virtual.key} of {virtual.service}",
            f"the mode userspace has no scheduler {virtual.scheduler}",
            f"choose one of {', '.join(SCHEDULERS)}",
        ) from None


def _failure(operation: Operation, error: OSError) -> Failure:
    number = error.errno or errno.EIO
    what = described(operation)
    if number == errno.EADDRINUSE:
        cause = DataplaneError(what, "another program listens there (EADDRINUSE)", "stop it")
    elif number in {errno.EACCES, errno.EPERM}:
        cause = DataplaneError(
            what,
            "ports below 1024 need CAP_NET_BIND_SERVICE",
            "add the capability, or choose other ports with --listen ADDRESS",
        )
    else:
        cause = explained(what, number)
    # What the system itself refused has words of its own, and nothing of ours has changed.
    return Failure(operation, str(cause), number in SURPRISES and not error.strerror)
