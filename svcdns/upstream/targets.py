"""What `forward` names after its zone: addresses, files and host names, not looked into yet."""

from typing import NamedTuple

from svcdns.upstream.endpoint import PORTS, Endpoint, Transport, read_endpoint, split_port
from svcdns.wire.name import from_text

MOST = 15
"""Upstreams of one stanza."""


class Address(NamedTuple):
    """An address that is written down."""

    endpoint: Endpoint
    named_at: str

    @property
    def transport(self) -> Transport:
        return self.endpoint.transport


class File(NamedTuple):
    """A file as resolv.conf is one; its name servers are asked, and it is read again."""

    path: str
    named_at: str
    transport: Transport = Transport.DNS


class HostName(NamedTuple):
    """A name whose addresses are looked up once."""

    host: str
    port: int
    transport: Transport
    named_at: str
    server_name: str = ""


Target = Address | File | HostName


class TargetError(ValueError):
    """Something that cannot be asked; with what to do about it."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def read_target(text: str, named_at: str, *, is_file: bool) -> Target:
    """Return what a word means.

    Args:
        text: `[SCHEME://]HOST[%SERVERNAME][:PORT]`, or a file name.
        named_at: where it stands.
        is_file: whether there is a file of that name.

    Raises:
        TargetError: none of these.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = Transport.DNS, text
    elif scheme not in set(Transport):
        raise TargetError(
            f"'{scheme}' is not supported as a destination protocol in forward: {text}",
            _instead_of(scheme, rest),
        )
    transport = Transport(scheme)
    rest, server_name = _without_server_name(rest, transport)
    endpoint = read_endpoint(rest, transport, server_name)
    if endpoint is not None:
        return Address(endpoint, named_at)
    if transport is Transport.DNS and (is_file or "/" in text):
        return File(text, named_at)
    split = split_port(rest)
    if split is None or not _is_host_name(split[0]):
        raise TargetError(
            f"not an IP address, file, or valid domain: {quoted(text)}",
            "write an address, with a port if it is not 53: 10.0.0.2 or 10.0.0.2:5353",
        )
    host, port = split
    return HostName(
        host, PORTS[transport] if port is None else port, transport, named_at, server_name
    )


def quoted(text: str) -> str:
    """Return `text` in the quotes that CoreDNS's messages have."""
    return f'"{text}"'


def _without_server_name(rest: str, transport: Transport) -> tuple[str, str]:
    """Return the word without the server name in it, and that: `1.1.1.1%one.example:853`."""
    if transport is not Transport.TLS or "%" not in rest:
        return rest, ""
    host, _, behind = rest.rpartition("%")
    name, _, port = behind.partition(":")
    if host.startswith("["):
        host, name = f"{host}]", name.removesuffix("]")
    return (f"{host}:{port}" if port else host), name


def _is_host_name(text: str) -> bool:
    try:
        name = from_text(text)
    except ValueError:
        return False
    return len(name) > 1 and not set(text) & set(" :%/[]")


def _instead_of(scheme: str, rest: str) -> str:
    host = rest.partition("/")[0].partition(":")[0]
    if scheme in ("https", "quic"):
        return f"DNS over TLS does the same, if the server speaks it: tls://{host}"
    return f"write: {host}, or tls://{host}"
