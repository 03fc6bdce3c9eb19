"""Sockets at virtual addresses, which need not be this machine's, or at ports beside them.

Source: ip(7) on IP_FREEBIND, ipv6(7).
"""

import errno
import socket
from typing import NamedTuple

from svcdns.proxy.model import TCP, UDP, VirtualKey
from svcdns.wire.name import address_text

_TYPES = {TCP: socket.SOCK_STREAM, UDP: socket.SOCK_DGRAM}
PROTOCOLS = frozenset(_TYPES)
_FREEBIND = 15
"""IP_FREEBIND of linux/in.h; the socket module does not name it before 3.12."""
_IPV6_FREEBIND = 78
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EPERM})


class Place(NamedTuple):
    """Where clients come to."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def bound_at(key: VirtualKey) -> socket.socket:
    """Return a bound, non-blocking socket at the virtual server's own address and port.

    Raises:
        OSError: the port is taken, or only root may have it.
    """
    return _bound(key.protocol, address_text(key.address), key.port)


def bound_beside(host: str, key: VirtualKey, before: int = 0) -> socket.socket:
    """Return a bound, non-blocking socket at `host`, at the virtual server's port if it is free.

    Args:
        host: address of this machine.
        key: of the virtual server.
        before: the port that it had last; 0: it had none.

    Raises:
        OSError: the address is none of this machine's.
    """
    for port in (before or key.port, 0):
        try:
            return _bound(key.protocol, host, port)
        except OSError as error:
            if not port or error.errno not in _TAKEN:
                raise
    raise AssertionError  # port 0 returns or raises


def place_of(sock: socket.socket) -> Place:
    """Return where a socket is bound."""
    name = sock.getsockname()
    return Place(name[0], name[1])


def _bound(protocol: int, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, _TYPES[protocol] | socket.SOCK_NONBLOCK)
    try:
        if protocol == TCP:  # over UDP it would let two listeners have one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _FREEBIND, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
