"""Real servers of one virtual server as a mapping over packed rows: no object an endpoint."""

from collections.abc import Iterator, Mapping

from svcdns.proxy.model import PORT_OCTETS, RealServer, unpack_servers
from svcdns.proxy.realized import RealizedServer

_SERVES = RealizedServer()


class PackedServers(Mapping[RealServer, RealizedServer]):
    """All have weight 1; connections are not known."""

    __slots__ = ("_rows", "_width")

    def __init__(self, rows: bytes, width: int) -> None:
        """Hold rows of address and port (`proxy.model.pack_servers`).

        Args:
            rows: in any order.
            width: octets of an address.
        """
        self._rows = rows
        self._width = width

    @property
    def rows(self) -> bytes:
        """Return what it was made of."""
        return self._rows

    def __getitem__(self, server: RealServer) -> RealizedServer:
        row = server.address + server.port.to_bytes(PORT_OCTETS)
        at = self._rows.find(row)
        while at >= 0 and at % len(row):
            at = self._rows.find(row, at + 1)
        if at < 0:
            raise KeyError(server)
        return _SERVES

    def __iter__(self) -> Iterator[RealServer]:
        return unpack_servers(self._rows, self._width)

    def __len__(self) -> int:
        return len(self._rows) // (self._width + PORT_OCTETS)
