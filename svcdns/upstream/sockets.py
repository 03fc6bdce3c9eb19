"""Connected UDP sockets, each with a source port that the kernel draws anew for each question.

Opening, watching and closing a socket costs more than the question that it is for. So a socket
that has done its work is taken off its port, which `connect` to no address does on Linux, and
the next `connect` gives it another one. What might still have something for an earlier
question in it is closed instead.

Source: RFC 5452 section 9.2 (ports that cannot be predicted); connect(2), udp(7).
"""

import ctypes
import select
import socket

from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import UpstreamError, words_of

MOST_IDLE = 256

_KIND = socket.SOCK_DGRAM | getattr(socket, "SOCK_NONBLOCK", 0)
_ARRIVAL = select.EPOLLIN | select.EPOLLET
"""A datagram is told of once: whoever goes on waiting has to look for more."""
_IPV4, _IPV6 = int(socket.AF_INET), int(socket.AF_INET6)
_UNSPECIFIED = (ctypes.c_char * 28)()
"""AF_UNSPEC is 0."""
_NO_ADDRESS = ctypes.byref(_UNSPECIFIED)
_SIZE = ctypes.sizeof(_UNSPECIFIED)
# PyDLL keeps the interpreter lock: the call never blocks, and taking it costs more.
_connect = ctypes.PyDLL(None).connect


class Sockets:
    """Sockets for questions, watched by one epoll instance."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self._idle: dict[int, list[socket.SocketType]] = {_IPV4: [], _IPV6: []}

    def take(self, endpoint: Endpoint, source: str) -> socket.SocketType:
        """Return a socket that hears nobody but `endpoint`, at a port nobody can guess.

        Args:
            endpoint: whom to connect to.
            source: the address to ask from; empty: the system's choice.

        Raises:
            UpstreamError: there is no way there, or no file left to open.
        """
        host = endpoint.host
        family = _IPV6 if ":" in host else _IPV4
        idle = self._idle[family]
        sock: socket.SocketType | None = None
        try:
            if idle and not source:
                sock = idle.pop()
            else:
                sock = socket.SocketType(family, _KIND)
                self.poll.register(sock.fileno(), _ARRIVAL)
                if source:
                    sock.bind((source, 0))
            sock.connect(endpoint[:2] if "%" not in host else address_of(endpoint))
        except OSError as error:
            if sock is not None:
                sock.close()
            text = f"dial udp {endpoint.text}: connect: {words_of(error)}"
            raise UpstreamError(text) from None
        return sock

    def give_back(self, sock: socket.SocketType) -> None:
        """Take a socket that is done with: nothing may be on its way to it any more."""
        idle = self._idle[sock.family]
        if len(idle) < MOST_IDLE and not _connect(sock.fileno(), _NO_ADDRESS, _SIZE):
            idle.append(sock)
        else:
            sock.close()

    def close(self) -> None:
        """Close all that are not in use."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
        self.poll.close()


def address_of(endpoint: Endpoint) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return the endpoint as the system takes it; a `%zone` becomes a number.

    Raises:
        OSError: there is no such interface.
    """
    host, percent, zone = endpoint.host.partition("%")
    if not percent:
        return host, endpoint.port
    return (
        host,
        endpoint.port,
        0,
        int(zone) if zone.isascii() and zone.isdigit() else socket.if_nametoindex(zone),
    )
