"""Which real server the next client of one virtual server gets.

The schedulers are those of IPVS by what they do, with three differences. Where the kernel takes
the first of several that are equal, the one chosen longest ago is taken, as our counts go back
to zero at once. Hashes are rendezvous hashes: a server that goes moves its own clients and
nobody else's. And weights other than 0 count for wrr, wlc, sed and nq only.

Pure: no clock, no sockets, no chance. Source: ipvsadm(8); Thaler and Ravishankar, "Using
Name-Based Mappings to Increase Hit Rates", 1998.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import blake2b

from svcdns.proxy.model import PORT_OCTETS, SCHED_2, RealServer, VirtualServer

MOST_CLIENTS = 65_536
"""Clients of one virtual server that are remembered; then those seen longest ago are forgotten."""


class Balanced:
    """One real server and what it has to do."""

    __slots__ = ("connections", "credit", "server", "weight")

    def __init__(self, server: RealServer, weight: int = 1) -> None:
        self.server = server
        self.weight = weight
        """0: it gets no new clients."""
        self.connections = 0
        """Open ones; whoever opens and closes them counts."""
        self.credit = 0
        """Of wrr: how far it is behind what its weight promises."""


class Balancer:
    """The real servers of one virtual server, and who had which one."""

    def __init__(self, virtual: VirtualServer) -> None:
        """Begin without real servers.

        Args:
            virtual: says how to choose; its own list of servers does not matter here.
        """
        self._servers: dict[RealServer, Balanced] = {}  # the one chosen longest ago comes first
        self._clients: dict[bytes, tuple[RealServer, float]] = {}
        self._virtual = virtual
        self.take(virtual)

    def take(self, virtual: VirtualServer) -> None:
        """Choose as `virtual` says from now on; servers and connections stay.

        Raises:
            KeyError: there is no such scheduler here.
        """
        self._choose = SCHEDULERS[virtual.scheduler]
        self._virtual = virtual
        if not virtual.persistence_timeout:
            self._clients.clear()

    @property
    def servers(self) -> Mapping[RealServer, Balanced]:
        """All real servers, in no order."""
        return self._servers

    @property
    def is_open(self) -> bool:
        """Whether a client would get a server."""
        return any(one.weight for one in self._servers.values())

    def add(self, server: RealServer) -> None:
        """Let a server take clients."""
        self._servers[server] = Balanced(server)

    def remove(self, server: RealServer) -> Balanced:
        """Return a server that is not here any more; its clients choose anew.

        Raises:
            KeyError: it is not here.
        """
        return self._servers.pop(server)

    def choose(
        self, client: bytes, port: int, now: float, tried: Collection[RealServer] = ()
    ) -> Balanced | None:
        """Return the server for a client; None if there is none.

        Args:
            client: packed address.
            port: of the client.
            now: seconds of any clock that goes on.
            tried: servers that did not answer this client.
        """
        found = self._remembered(client, now)
        if found is None or found.server in tried:
            able = [
                one
                for server, one in self._servers.items()
                if one.weight and not (tried and server in tried)
            ]
            if not able:
                return None
            found = self._choose(able, self._seed(client, port))
            del self._servers[found.server]
            self._servers[found.server] = found
        self._remember(client, found.server, now)
        return found

    def forget(self, client: bytes) -> None:
        """Let a client choose anew: the server it had does not answer."""
        self._clients.pop(client, None)

    def _remembered(self, client: bytes, now: float) -> Balanced | None:
        server, until = self._clients.get(client, (None, 0.0))
        if server is None or now >= until:
            return None
        found = self._servers.get(server)
        return found if found is not None and found.weight else None

    def _remember(self, client: bytes, server: RealServer, now: float) -> None:
        seconds = self._virtual.persistence_timeout
        if not seconds:
            return
        self._clients.pop(client, None)
        self._clients[client] = (server, now + seconds)
        for oldest in list(self._overdue(now)):
            del self._clients[oldest]

    def _overdue(self, now: float) -> Iterator[bytes]:
        """Yield the clients to forget: they stand in the order in which they were seen."""
        surplus = len(self._clients) - MOST_CLIENTS
        for place, (client, (_, until)) in enumerate(self._clients.items()):
            if now < until and place >= surplus:
                return
            yield client

    def _seed(self, client: bytes, port: int) -> bytes:
        if self._virtual.scheduler == "dh":
            return self._virtual.key.address
        return client + port.to_bytes(PORT_OCTETS) if self._virtual.flags & SCHED_2 else client


def _first(able: list[Balanced], _: bytes) -> Balanced:
    return able[0]


def _by_credit(able: list[Balanced], _: bytes) -> Balanced:
    for one in able:
        one.credit += one.weight
    found = max(able, key=lambda one: one.credit)
    found.credit -= sum(one.weight for one in able)
    return found


def _fewest(able: list[Balanced], _: bytes) -> Balanced:
    return min(able, key=lambda one: one.connections)


def _fewest_by_weight(able: list[Balanced], _: bytes) -> Balanced:
    return min(able, key=lambda one: one.connections / one.weight)


def _shortest_delay(able: list[Balanced], _: bytes) -> Balanced:
    return min(able, key=lambda one: (one.connections + 1) / one.weight)


def _never_queue(able: list[Balanced], seed: bytes) -> Balanced:
    idle = (one for one in able if not one.connections)
    return next(idle, None) or _shortest_delay(able, seed)


def _hashed(able: list[Balanced], seed: bytes) -> Balanced:
    def rank(one: Balanced) -> bytes:
        row = one.server.address + one.server.port.to_bytes(PORT_OCTETS)
        return blake2b(seed + row, digest_size=8).digest()

    return max(able, key=rank)


SCHEDULERS: Mapping[str, Callable[[list[Balanced], bytes], Balanced]] = {
    "rr": _first,
    "wrr": _by_credit,
    "lc": _fewest,
    "wlc": _fewest_by_weight,
    "dh": _hashed,
    "sh": _hashed,
    "mh": _hashed,
    "sed": _shortest_delay,
    "nq": _never_queue,
}
"""By name: choose one of those that take clients, the one chosen longest ago first."""
