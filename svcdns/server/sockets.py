"""The sockets of one listener: bound, set up, and not yet read from.

All or nothing: when one socket of a listener cannot be had, none stays open. Where an
unspecified address is asked for, one socket a family is opened, so that a packet's family is
known by its socket and no IPv4 address appears in IPv6 clothes.

Source: ip(7), ipv6(7), socket(7), udp(7); RFC 3493 section 5.3 (IPV6_V6ONLY), RFC 3542
section 4 (IPV6_RECVPKTINFO).
"""

import errno
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple, TypeVar

from svcdns.server.listen_error import ListenError, explain, port_of_dns

_BUFFER_SIZE = 4 * 1024 * 1024
_BACKLOG = 1024
_PORT_ATTEMPTS = 32
_IP_PKTINFO = 8  # the socket module of Python 3.11 does not name it
_UNSPECIFIED = ("", "0.0.0.0", "::")  # noqa: S104  the three spellings of "every address"
_FAMILIES = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104
_NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
_Opened = TypeVar("_Opened")


class Place(NamedTuple):
    """One address of one family."""

    family: socket.AddressFamily
    address: str
    scope: int = 0
    """Interface of a link-local IPv6 address."""

    def at(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """Return what bind takes."""
        if self.family == socket.AF_INET:
            return (self.address, port)
        return (self.address, port, 0, self.scope)


class SocketPair(NamedTuple):
    """UDP and TCP on one address and port, non-blocking, TCP already listening."""

    address: str
    """Text form; `0.0.0.0` or `::` for every address of the family."""
    port: int
    udp: socket.socket
    tcp: socket.socket
    is_wildcard: bool
    """Datagrams carry IP_PKTINFO or IPV6_PKTINFO: answer from the address they were sent to."""

    @property
    def is_ipv6(self) -> bool:
        """Whether the clients are IPv6 clients."""
        return self.udp.family == socket.AF_INET6


class Listener(NamedTuple):
    """All sockets of one listener: one pair, or one a family for every address."""

    pairs: tuple[SocketPair, ...]

    @property
    def port(self) -> int:
        """The port, chosen by the kernel if 0 was asked for."""
        return self.pairs[0].port

    def close(self) -> None:
        """Close every socket."""
        for pair in self.pairs:
            pair.udp.close()
            pair.tcp.close()


def open_listener(address: str, port: int, *, beside_own: bool = False) -> Listener:
    """Return the sockets for DNS on `address` and `port`.

    Args:
        address: an IPv4 or IPv6 address; `""`, `0.0.0.0` and `::` all mean every address of
            both families, as they do to CoreDNS. A family the machine lacks is left out.
        port: 0 lets the kernel choose one port for UDP and TCP together.
        beside_own: this process has sockets on that port already: who else has is not asked.

    Raises:
        ListenError: a port in use, a missing privilege, an address of another machine.
    """
    places = _places(address)
    if port == 0:
        return _open_on_some_port(places)
    if not beside_own:
        for place in places:
            _probe(place, port)
    return _open(places, port)


def _port_of_http(port: int) -> str:
    return f"{port}, for example"


def open_streams(
    host: str, port: int, moved_by: Callable[[int], str] = _port_of_http
) -> tuple[socket.socket, ...]:
    """Return listening TCP sockets for HTTP on `host` and `port`.

    Args:
        host: as `open_listener` takes it, or a name of this machine such as `localhost`, of
            which one address is taken, IPv4 if there is one.
        port: 0 lets the kernel choose.
        moved_by: returns what to write for this listener to have another port.

    Raises:
        ListenError: as for `open_listener`.
    """
    places = _places(host)
    with ExitStack() as opened:
        streams: list[socket.socket] = []
        for place in places:
            stream = _stream(place, port, shared=False, moved_by=moved_by)
            if stream is not None:
                streams.append(opened.enter_context(stream))
                port = port or stream.getsockname()[1]
        opened.pop_all()
    return _some(streams, places[0], port)


def host_port(text: str) -> tuple[str, int]:
    """Return host and port of `:8080`, `localhost:9153`, `10.0.0.1:53` or `[::1]:9153`.

    Every spelling of "every address" gives the host `""`, so equal listeners compare equal.

    Raises:
        ValueError: no port, or no number between 0 and 65535; the message is a sentence.
    """
    host, colon, digits = text.rpartition(":")
    if not colon or not (digits.isascii() and digits.isdigit()) or int(digits) > 65_535:
        raise ValueError(f"'{text}' is not HOST:PORT, for example :8080 or [::1]:9153")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"'{text}': an IPv6 address needs brackets, for example [::1]:9153")
    return canonical(host), int(digits)


def canonical(address: str) -> str:
    """Return `address`, or `""` when it means every address."""
    return "" if address in _UNSPECIFIED else address


def _places(host: str) -> tuple[Place, ...]:
    if host in _UNSPECIFIED:
        return tuple(Place(family, address) for family, address in _FAMILIES.items())
    try:
        # Octets: with text, Python would load its tables for international names first.
        found = socket.getaddrinfo(host.encode(), 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ListenError(
            f"cannot listen on {host}: not an address or name of this machine",
            "write an IP address, for example 10.0.0.3 or [2001:db8::53]",
        ) from error
    # A name has one listener, as in Go's net.Listen: IPv4 where there is one.
    family, *_, bound = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return (Place(family, str(bound[0]), bound[3] if len(bound) == 4 else 0),)


def _open_on_some_port(places: tuple[Place, ...]) -> Listener:
    """Open all sockets on the port that the kernel gives to the first one."""
    for _ in range(_PORT_ATTEMPTS):
        scout = next(
            (found for place in places if (found := _stream(place, 0, shared=False))), None
        )
        if scout is None:
            break
        with scout:
            port: int = scout.getsockname()[1]
        try:
            for place in places:
                _probe(place, port)
            return _open(places, port)
        except ListenError:  # the port is free for one protocol or family, but not for all
            continue
    raise ListenError(
        f"cannot listen on {places[0].address}: no port is free for both UDP and TCP",
        "choose one with --port, or look at net.ipv4.ip_local_port_range",
    )


def _probe(place: Place, port: int) -> None:
    """Raise ListenError when the port is in use.

    A socket with SO_REUSEPORT is bound beside another program's that has it too, and half of
    the queries would go there in silence. Without the option, bind tells.
    """
    for kind, protocol in ((socket.SOCK_DGRAM, "udp"), (socket.SOCK_STREAM, "tcp")):
        try:
            with socket.socket(place.family, kind) as probe:
                if kind == socket.SOCK_STREAM:  # connections in TIME_WAIT hold nothing
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if place.family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(place.at(port))
        except OSError as error:
            if not _is_spare(place, error):
                raise explain(error, protocol, place.address, port) from error


def _open(places: tuple[Place, ...], port: int) -> Listener:
    with ExitStack() as opened:
        pairs: list[SocketPair] = []
        for place in places:
            stream = _stream(place, port, shared=True)
            if stream is None:
                continue
            opened.enter_context(stream)
            datagrams = opened.enter_context(_datagrams(place, port))
            wildcard = place.address in _UNSPECIFIED
            pairs.append(SocketPair(place.address, port, datagrams, stream, wildcard))
        opened.pop_all()
    return Listener(_some(pairs, places[0], port))


def _stream(
    place: Place,
    port: int,
    *,
    shared: bool,
    moved_by: Callable[[int], str] = port_of_dns,
) -> socket.socket | None:
    """Return a listening socket, or None for a family that the machine lacks."""
    with ExitStack() as opened:
        try:
            stream = opened.enter_context(socket.socket(place.family, socket.SOCK_STREAM))
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _set_up(stream, place, shared=shared)
            stream.bind(place.at(port))
            stream.listen(_BACKLOG)
        except OSError as error:
            if _is_spare(place, error):
                return None
            raise explain(error, "tcp", place.address, port, moved_by) from error
        opened.pop_all()
    return stream


def _datagrams(place: Place, port: int) -> socket.socket:
    with ExitStack() as opened:
        try:
            datagrams = opened.enter_context(socket.socket(place.family, socket.SOCK_DGRAM))
            _set_up(datagrams, place, shared=True)
            # The kernel caps both at net.core.rmem_max and wmem_max without an error.
            datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_SIZE)
            datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_SIZE)
            if place.address == "::":
                datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            elif place.address in _UNSPECIFIED:
                datagrams.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            datagrams.bind(place.at(port))
        except OSError as error:
            raise explain(error, "udp", place.address, port) from error
        opened.pop_all()
    return datagrams


def _set_up(opened: socket.socket, place: Place, *, shared: bool) -> None:
    opened.setblocking(False)  # noqa: FBT003  its only argument
    if shared:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if place.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def _is_spare(place: Place, error: OSError) -> bool:
    """Whether the listener can go on without this place: its family is not on this machine."""
    return place.address in _UNSPECIFIED and error.errno in _NO_SUCH_FAMILY


def _some(opened: list[_Opened], place: Place, port: int) -> tuple[_Opened, ...]:
    """Return what was opened; nothing means the machine has none of the families."""
    if not opened:
        raise explain(OSError(errno.EAFNOSUPPORT, ""), "tcp", place.address, port)
    return tuple(opened)
