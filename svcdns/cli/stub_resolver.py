"""Ask one server one question, as a stub resolver does: UDP, TCP when the reply was cut short.

No search list, no cache, no second server: what a person debugs is this one exchange. It blocks,
so it belongs to commands and never to the server.

Source: RFC 1035 section 4.2; RFC 7766 section 5 (TC means: ask again over TCP).
"""

import os
import socket
from ipaddress import IPv6Address
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from svcdns.wire.frame import Frames, frame

TRIES = 2
_HEADER = 12
_LARGEST = 65_535
_TC = 0x02


class Server(NamedTuple):
    """Whom to ask."""

    host: str
    """An address, or a name the system can resolve."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Reply(NamedTuple):
    """What came back."""

    message: bytes
    seconds: float
    transport: str
    """`udp` or `tcp`."""


class Silence(NamedTuple):
    """Nothing came back."""

    status: str
    """TIMEOUT or UNREACHABLE: in the place of an RCODE."""
    why: str
    next: str
    """What a person can do about it; may be empty."""


def server_of(text: str, port: int = 53) -> Server:
    """Return the server that `text` names: HOST, HOST:PORT, an IPv6 address, or [IPv6]:PORT.

    Raises:
        ValueError: none of these; the message is a sentence.
    """
    host, colon, digits = text, "", ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        colon, digits = rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            raise ValueError(f"'{text}' is not a server: write [2001:db8::53] or [2001:db8::53]:53")
    elif text.count(":") == 1:
        host, colon, digits = text.partition(":")
    if not host or (colon and not (digits.isdecimal() and digits.isascii())):
        raise ValueError(f"'{text}' is not a server: write 10.96.0.10 or 10.96.0.10:53")
    if colon and not 0 < int(digits) <= _LARGEST:
        raise ValueError(f"'{text}' has a port outside 1 to 65535")
    return Server(host, int(digits) if colon else port)


def default_server(port: int, resolver_file: Path = Path("/etc/resolv.conf")) -> Server | None:
    """Return the server in SVCDNS_SERVER, else the first one of `resolver_file`, else None.

    Raises:
        ValueError: SVCDNS_SERVER names no server.
    """
    named = os.environ.get("SVCDNS_SERVER")
    if named:
        return server_of(named, port)
    try:
        lines = resolver_file.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            return Server(words[1], port)
    return None


def ask(server: Server, query: bytes, timeout: float = 2.0) -> Reply | Silence:
    """Return the server's reply to `query`, or why there is none.

    Args:
        server: whom to ask.
        query: a whole message.
        timeout: seconds to wait for each of two tries.
    """
    try:
        # Octets: text that is no host name fails in Python's own tables, in words of its own.
        found = socket.getaddrinfo(os.fsencode(server.host), server.port, type=socket.SOCK_DGRAM)
    except OSError as error:
        why = f"'{server.host}' is no address and no known name ({_words(error)})"
        return Silence("UNREACHABLE", why, "write @ADDRESS, for example @10.96.0.10")
    family, _, _, _, address = found[0]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(address)
            reply = _over_udp(datagrams, query, timeout)
        if reply is not None and reply.message[2] & _TC:
            with socket.socket(family, socket.SOCK_STREAM) as stream:
                return _over_tcp(stream, address, query, timeout)
    except OSError as error:
        return _silence(server, error)
    if reply is None:
        why = f"{server} did not answer in {TRIES} tries of {timeout:g} s"
        advice = "name another server: svcdns query NAME @ADDRESS"
        return Silence("TIMEOUT", why, port_meant(server) or advice)
    return reply


def _over_udp(datagrams: socket.socket, query: bytes, timeout: float) -> Reply | None:
    for _ in range(TRIES):
        started = perf_counter()
        datagrams.send(query)
        while (rest := started + timeout - perf_counter()) > 0:
            datagrams.settimeout(rest)
            try:
                message = datagrams.recv(_LARGEST)
            except TimeoutError:
                break
            if _is_reply(message, query):
                return Reply(message, perf_counter() - started, "udp")
    return None


def _over_tcp(stream: socket.socket, address: object, query: bytes, timeout: float) -> Reply:
    started = perf_counter()
    stream.settimeout(timeout)
    stream.connect(address)  # type: ignore[arg-type]  # as getaddrinfo made it
    stream.sendall(frame(query))
    frames = Frames()
    while perf_counter() < started + timeout:
        received = stream.recv(_LARGEST)
        for message in frames.receive(received):
            if _is_reply(message, query):
                return Reply(message, perf_counter() - started, "tcp")
        if not received:
            break
    raise TimeoutError


def _silence(server: Server, error: OSError) -> Silence:
    if isinstance(error, ConnectionRefusedError):
        advice = "svcdns serve starts a server; --port N names its port"
        why = f"nobody listens on {server}"
        return Silence("UNREACHABLE", why, port_meant(server) or advice)
    if isinstance(error, TimeoutError):
        why = f"the reply was cut short, and {server} does not answer over TCP"
        return Silence("TIMEOUT", why, "")
    return Silence("UNREACHABLE", f"cannot reach {server}: {_words(error)}", port_meant(server))


def port_meant(server: Server) -> str:
    """Return what to write if the end of an IPv6 address was meant to be a port; empty if not."""
    host, _, end = server.host.rpartition(":")
    try:
        IPv6Address(host)
    except ValueError:
        return ""
    return f"if {end} is a port, write @[{host}]:{end}" if end.isdecimal() else ""


def _is_reply(message: bytes, query: bytes) -> bool:
    """Same id, a response, and the same question if it has one: an error may have none."""
    if len(message) < _HEADER or message[:2] != query[:2] or not message[2] & 0x80:
        return False
    question = query[_HEADER : query.index(0, _HEADER) + 5]
    echoed = message[_HEADER : _HEADER + len(question)]
    return message[4:6] == b"\0\0" or echoed.lower() == question.lower()


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
