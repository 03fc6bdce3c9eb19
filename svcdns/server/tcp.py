"""DNS over TCP: connections that ask as much as they like, one question after the other.

All messages that arrive together are answered together, with one write. One listener holds
the connections of one socket, and ends those whose time has run out; what happens on a
connection is `server.connection`'s, how many there may be `server.limits`'s.

Source: RFC 7766, RFC 9210 section 4.
"""

import socket
from time import monotonic

from svcdns.route.responder import Responder
from svcdns.route.traffic import first_lane
from svcdns.server.accept import Acceptor
from svcdns.server.connection import Connection, StreamClient
from svcdns.server.limits import Connections
from svcdns.server.patience import Patience

RECEIVE_OCTETS = 16 * 1024
"""Taken from one connection in one turn of the loop."""


class TcpListener:
    """DNS on one listening socket."""

    def __init__(
        self, stream: socket.socket, responder: Responder, connections: Connections
    ) -> None:
        """Serve the clients of `stream`.

        Args:
            stream: listening and non-blocking; `close` closes it.
            responder: answers; may be replaced at any time, open connections follow.
            connections: the limits, shared by all listeners of the process.
        """
        self.responder = responder
        self.connections = connections
        self.patience = Patience()
        """May be replaced at any time too."""
        self.octets = memoryview(bytearray(RECEIVE_OCTETS))
        """Where connections receive, one after the other: nothing stays in it."""
        self._lane = first_lane(stream=True, ipv6=stream.family == socket.AF_INET6)
        self.acceptor = Acceptor((stream,), connections, self._welcome)

    def start(self) -> None:
        """Accept connections from now on."""
        self.acceptor.start()

    async def close(self, seconds: float = Patience().send) -> None:
        """Accept no more, send what is answered, then end all connections.

        Args:
            seconds: how long clients may take to read; who takes longer is cut off.
        """
        await self.acceptor.close(seconds)

    def _welcome(self, accepted: socket.socket, peer: tuple[str, int]) -> Connection:
        local = accepted.getsockname()
        return Connection(self, StreamClient(*peer, local[0], local[1], self._lane), monotonic())
