"""The kernel's IPVS table: everything of it in one read, many changes in one send.

Nothing here knows whose a virtual server is. It blocks: use it in `dataplane.worker`'s thread.

Source: ip_vs_ctl.c; `ipvs_messages` has the octets.
"""

import errno
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from svcdns.dataplane import ipvs_messages as messages
from svcdns.dataplane import proc_ip_vs
from svcdns.dataplane.backend import DataplaneError, Idle
from svcdns.dataplane.kernel_error import explained
from svcdns.dataplane.netlink import NetlinkSocket, Request
from svcdns.dataplane.netlink_wire import Verdict
from svcdns.proxy.model import TCP, RealServer, VirtualKey
from svcdns.proxy.operations import (
    AddServer,
    AddVirtual,
    DeleteServer,
    DeleteVirtual,
    SetVirtual,
    SetWeight,
)
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.realized import RealizedServer, RealizedVirtual

TableOperation = AddVirtual | SetVirtual | DeleteVirtual | AddServer | SetWeight | DeleteServer

# Addresses for examples (RFC 5737): a virtual server there gets no packet.
_TRIAL_ADDRESS = bytes((198, 51, 100, 0))
_TRIAL_PORT = 20000
_NETLINK_GENERIC = 16
_FEW = 1000
"""For so many virtual servers or fewer each is asked by itself; the whole table takes no longer
than twice as many of them."""


class Timeouts(NamedTuple):
    """Of IPVS connections, in seconds; 0 leaves the kernel's."""

    tcp: int = 0
    tcp_fin: int = 0
    udp: int = 0


class IpvsTable:
    """The virtual servers of this network namespace."""

    def __init__(self) -> None:
        self._sock: NetlinkSocket | None = None
        self._family = 0

    def open(self) -> None:
        """Find the family; that loads ip_vs where it may be loaded.

        Raises:
            DataplaneError: this kernel has no IPVS.
        """
        if self._sock is not None:
            return
        sock = NetlinkSocket(_NETLINK_GENERIC)
        try:
            answer = sock.ask(Request(messages.CONTROL_FAMILY, messages.get_family()))
            self._family = messages.family_of(answer)
        except OSError as error:
            sock.close()
            if error.errno == errno.ENOENT:
                raise DataplaneError(
                    "open IPVS", "this kernel has no ip_vs, or has not loaded it", "modprobe ip_vs"
                ) from error
            raise explained("open IPVS", error.errno or errno.EIO, str(error)) from error
        self._sock = sock

    def close(self) -> None:
        """Give the socket back; the table stays."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def missing_schedulers(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those this kernel does not have and cannot load.

        Raises:
            DataplaneError: it cannot be tried.
        """
        tried = list(names)
        ports = range(_TRIAL_PORT, _TRIAL_PORT + len(tried))
        keys = [messages.service_key(TCP, _TRIAL_ADDRESS, port) for port in ports]
        clear = [self._request(messages.DELETE_SERVICE, key) for key in keys]
        self._batch("try schedulers", clear)  # of a trial that was cut off
        refused = self._batch(
            "try schedulers",
            [
                self._request(
                    messages.NEW_SERVICE,
                    messages.service(TCP, _TRIAL_ADDRESS, port, scheduler=name),
                )
                for port, name in zip(ports, tried, strict=True)
            ],
        )
        self._batch("try schedulers", clear)
        for verdict in refused.values():
            if verdict.number != errno.ENOENT:
                raise explained("try schedulers", *verdict)
        return tuple(tried[place] for place in sorted(refused))

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Set those that are not 0.

        Raises:
            DataplaneError: the kernel does not take them.
        """
        if any(timeouts):
            request = self._request(messages.SET_CONFIG, messages.timeouts(*timeouts))
            for verdict in self._batch("set timeouts", [request]).values():
                raise explained("set timeouts", *verdict)

    def read(self, *, counts: bool = True) -> dict[VirtualKey, RealizedVirtual]:
        """Return the whole table, whoever made it.

        Args:
            counts: connections are asked for; else only those of virtual servers that drain are
                true, and the others take an eighth of the memory.

        Raises:
            DataplaneError: it cannot be read.
        """
        try:
            dumped = self._opened().dump(self._request(messages.GET_SERVICE))
            listed = proc_ip_vs.read()
        except OSError as error:
            raise explained("read virtual servers", error.errno or errno.EIO, str(error)) from error
        servers = {_key(one): _realized_servers(one, counts=counts) for one in listed}
        found: dict[VirtualKey, RealizedVirtual] = {}
        for row in map(messages.read_service, dumped):
            if row is not None:
                key = VirtualKey(row.protocol, row.address, row.port)
                found[key] = RealizedVirtual(
                    row.scheduler, row.flags, row.timeout, servers.get(key, {})
                )
        return found

    def read_idle(self, keys: Collection[VirtualKey]) -> Idle:
        """Return the real servers of weight 0 at `keys`.

        Raises:
            DataplaneError: they cannot be read.
        """
        try:
            if len(keys) > _FEW:
                wanted = set(keys)
                listed = proc_ip_vs.read()
                found = {key: _idle(one) for one in listed if (key := _key(one)) in wanted}
            else:
                found = {key: self._idle_at(key) for key in keys}
        except OSError as error:
            raise explained("read real servers", error.errno or errno.EIO, str(error)) from error
        return {key: idle for key, idle in found.items() if idle}

    def _idle_at(self, key: VirtualKey) -> dict[RealServer, RealizedServer]:
        """Return those of one virtual server; none, if it is not there.

        Raises:
            OSError: they cannot be read.
        """
        width = len(key.address)
        asked = self._request(messages.GET_DEST, messages.service_key(*key))
        return {
            RealServer(row.address, row.port): RealizedServer(0, row.active, row.inactive)
            for payload in self._opened().dump(asked)
            if (row := messages.read_dest(payload, width)) is not None and not row.weight
        }

    def change(self, operations: Sequence[TableOperation]) -> dict[int, Verdict]:
        """Do all operations in their order; return those refused, by place.

        Raises:
            DataplaneError: the socket failed; what was done is not known.
        """
        return self._batch("change virtual servers", map(self._of_operation, operations))

    def delete(self, keys: Iterable[VirtualKey]) -> dict[int, Verdict]:
        """Delete virtual servers with their real servers; return those refused, by place."""
        return self.change([DeleteVirtual(key) for key in keys])

    def _of_operation(self, operation: TableOperation) -> Request:
        match operation:
            case AddVirtual(virtual) | SetVirtual(virtual):
                whole = messages.service(
                    *virtual.key,
                    scheduler=virtual.scheduler,
                    flags=virtual.flags,
                    timeout=virtual.persistence_timeout,
                )
                is_new = isinstance(operation, AddVirtual)
                return self._request(
                    messages.NEW_SERVICE if is_new else messages.SET_SERVICE, whole
                )
            case DeleteVirtual(key):
                return self._request(messages.DELETE_SERVICE, messages.service_key(*key))
            case AddServer(key, server):
                return self._of_server(messages.NEW_DEST, key, server, 1)
            case SetWeight(key, server, weight):
                return self._of_server(messages.SET_DEST, key, server, weight)
            case DeleteServer(key, server):
                return self._of_server(messages.DELETE_DEST, key, server, 0)

    def _of_server(self, command: int, key: VirtualKey, server: RealServer, weight: int) -> Request:
        return self._request(
            command,
            messages.service_key(*key),
            messages.dest(server.address, server.port, weight),
        )

    def _request(self, command: int, *parts: bytes) -> Request:
        return Request(self._family, messages.command(command, *parts))

    def _batch(self, operation: str, requests: Iterable[Request]) -> dict[int, Verdict]:
        try:
            return self._opened().batch(requests)
        except OSError as error:
            self.close()
            raise explained(operation, error.errno or errno.EIO, str(error)) from error

    def _opened(self) -> NetlinkSocket:
        self.open()
        assert self._sock is not None  # noqa: S101 - open raises when it cannot
        return self._sock


def _key(lines: proc_ip_vs.VirtualLines) -> VirtualKey:
    return VirtualKey(lines.protocol, lines.address, lines.port)


def _idle(lines: proc_ip_vs.VirtualLines) -> dict[RealServer, RealizedServer]:
    return {server: one for server, one in _realized_servers(lines).items() if not one.weight}


def _realized_servers(
    lines: proc_ip_vs.VirtualLines, *, counts: bool = True
) -> Mapping[RealServer, RealizedServer]:
    width = len(lines.address)
    if not counts and all(one.weight == 1 for one in lines.servers):
        return PackedServers(b"".join(sorted(one.row for one in lines.servers)), width)
    return {
        RealServer(one.row[:width], int.from_bytes(one.row[width:], "big")): _realized(
            one.weight, one.active, one.inactive
        )
        for one in lines.servers
    }


@lru_cache(maxsize=4096)
def _realized(weight: int, active: int, inactive: int) -> RealizedServer:
    """Most real servers are alike: one value for all of them."""
    return RealizedServer(weight, active, inactive)
