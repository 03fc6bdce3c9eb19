"""Real servers that only finish what they have, and when that has taken long enough.

Pure: the time comes in. Source: docs/proxy.md on draining.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from svcdns.dataplane.backend import Idle
from svcdns.proxy.model import Desired, RealServer, VirtualKey
from svcdns.proxy.operations import DeleteServer, DeleteVirtual, Operation, SetWeight
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual

FIRST_LOOK_SECONDS = 1.0
"""A server without connections shall not wait long."""
LOOK_SECONDS = 5.0
ENDING_SECONDS = 15.0
"""For connections that are ending: then nobody is left who would say anything."""

_BUSY = RealizedServer(weight=1, active=1)
"""What is taken for granted of a real server between two readings: it may have connections."""
_DRAINING = RealizedServer(weight=0, active=1)
_OF_DRAINS = (SetWeight, DeleteServer, DeleteVirtual)


class Drains:
    """All real servers of weight 0 that are not wanted, and since when."""

    def __init__(self, longest_seconds: float) -> None:
        """Begin with none.

        Args:
            longest_seconds: how long a server may keep its connections.
        """
        self._longest = longest_seconds
        self._since: dict[VirtualKey, dict[RealServer, float]] = {}
        self.look_at: float | None = None
        """When to look at their connections; None: there are none."""

    def __len__(self) -> int:
        return sum(map(len, self._since.values()))

    @property
    def keys(self) -> Collection[VirtualKey]:
        """Their virtual servers."""
        return tuple(self._since)

    def of(self, key: VirtualKey) -> Mapping[RealServer, float]:
        """Return those of one virtual server, and since when."""
        return self._since.get(key, {})

    def note(self, operations: Iterable[Operation], now: float) -> None:
        """Take note of operations that worked."""
        # A first batch is a hundred thousand additions: it is not worth a match for each.
        for operation in [one for one in operations if isinstance(one, _OF_DRAINS)]:
            match operation:
                case SetWeight(key, server, 0):
                    self._since.setdefault(key, {}).setdefault(server, now)
                    first = now + FIRST_LOOK_SECONDS
                    self.look_at = first if self.look_at is None else min(self.look_at, first)
                case SetWeight(key, server) | DeleteServer(key, server):
                    self._forget(key, server)
                case DeleteVirtual(key):
                    self._since.pop(key, None)
        if not self._since:
            self.look_at = None

    def find(self, idle: Iterable[tuple[VirtualKey, RealServer]], now: float) -> None:
        """Take note that these are all there are; those known already keep their time."""
        before, self._since = self._since, {}
        for key, server in idle:
            since = before.get(key, {}).get(server, now)
            self._since.setdefault(key, {})[server] = since
        if not self._since:
            self.look_at = None
        elif self.look_at is None:
            self.look_at = now + FIRST_LOOK_SECONDS

    def over(self, idle: Idle, now: float) -> list[DeleteServer]:
        """Return what can go now, and look again later at the rest.

        Args:
            idle: what there is at `keys`. What is not there any more, or was given weight again,
                is forgotten: somebody else did that, and the next comparison sees to it.
            now: on the clock of all other moments.
        """
        found = []
        for key, servers in list(self._since.items()):
            there = idle.get(key, {})
            for server, since in list(servers.items()):
                one = there.get(server)
                if one is None:
                    self._forget(key, server)
                elif self._is_over(one, now - since):
                    found.append(DeleteServer(key, server))
        self.look_at = now + LOOK_SECONDS if self._since else None
        return found

    def _is_over(self, one: RealizedServer, seconds: float) -> bool:
        if seconds >= self._longest or not (one.active or one.inactive):
            return True
        return not one.active and seconds >= ENDING_SECONDS

    def _forget(self, key: VirtualKey, server: RealServer) -> None:
        servers = self._since.get(key, {})
        servers.pop(server, None)
        if not servers:
            self._since.pop(key, None)


def believed(done: Desired, drains: Drains, keys: Iterable[VirtualKey]) -> Realized:
    """Return what a node should have at `keys`: what it was brought to last.

    Whether real servers have connections is not known, so all are taken to have some.
    """
    found = {}
    for key in keys:
        virtual = done.virtual_servers.get(key)
        if virtual is not None:
            servers = dict.fromkeys(virtual.real_servers(), _BUSY)
            servers |= dict.fromkeys(drains.of(key), _DRAINING)
            found[key] = RealizedVirtual(
                virtual.scheduler, virtual.flags, virtual.persistence_timeout, servers
            )
    return Realized(found, done.addresses)


def idle_at(keys: Iterable[VirtualKey], there: Mapping[VirtualKey, RealizedVirtual]) -> Idle:
    """Return the real servers of weight 0 at `keys`."""
    found = {}
    for key in keys:
        servers = there[key].servers.items() if key in there else ()
        if idle := {server: one for server, one in servers if not one.weight}:
            found[key] = idle
    return found


def idle_servers(desired: Desired, realized: Realized) -> Iterator[tuple[VirtualKey, RealServer]]:
    """Yield every real server of weight 0 that is not wanted, of virtual servers that are."""
    for key, there in realized.virtual_servers.items():
        virtual = desired.virtual_servers.get(key)
        if virtual is None or isinstance(there.servers, PackedServers):
            continue
        idle = [server for server, one in there.servers.items() if not one.weight]
        if idle:
            wanted = set(virtual.real_servers())
            yield from ((key, server) for server in idle if server not in wanted)
