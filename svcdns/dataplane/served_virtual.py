"""One virtual server of the backend `userspace`: its clients, its real servers, its socket."""

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.balancer import Balancer
from svcdns.dataplane.flows import Flows
from svcdns.dataplane.listening import Place, bound_at, bound_beside, place_of
from svcdns.dataplane.streams import Figures, Ranges, Streams
from svcdns.proxy.model import TCP, VirtualServer
from svcdns.proxy.realized import RealizedServer, RealizedVirtual


class ServedVirtual:
    """What one virtual server is made of."""

    def __init__(
        self, virtual: VirtualServer, listen: str, allowance: Allowance, figures: Figures
    ) -> None:
        """Listen to nobody yet.

        Raises:
            KeyError: there is no such scheduler.
        """
        self.virtual = virtual
        self.balancer = Balancer(virtual)
        self.place: Place | None = None
        kind = Streams if virtual.key.protocol == TCP else Flows
        self.clients = kind(self.balancer, allowance.part(), figures)
        self._listen = listen
        self._port = 0
        self.take(virtual)

    def take(self, virtual: VirtualServer) -> None:
        """Serve as `virtual` says from now on.

        Raises:
            KeyError: there is no such scheduler.
        """
        self.balancer.take(virtual)
        self.virtual = virtual
        self.clients.ranges = self._ranges(virtual)

    def open(self) -> None:
        """Let clients in, if they are not let in yet.

        Raises:
            OSError: the address or port is not to be had.
        """
        if self.place is not None:
            return
        key = self.virtual.key
        sock = bound_beside(self._listen, key, self._port) if self._listen else bound_at(key)
        try:
            self.clients.open(sock)
        except BaseException:
            sock.close()
            raise
        self.place = place_of(sock)
        self._port = self.place.port

    def close(self) -> None:
        """Let nobody in any more; connections stay."""
        self.clients.close()
        self.place = None

    def realized(self) -> RealizedVirtual:
        """Return what there is."""
        servers = {
            server: RealizedServer(one.weight, one.connections)
            for server, one in self.balancer.servers.items()
        }
        one = self.virtual
        return RealizedVirtual(one.scheduler, one.flags, one.persistence_timeout, servers)

    def _ranges(self, virtual: VirtualServer) -> Ranges:
        # Beside its own address a virtual server has no clients from outside.
        return () if self._listen else virtual.source_ranges
