"""What `forward` names after its zone: addresses, files and host names, not looked into yet."""

import re
from importlib.util import find_spec
from typing import NamedTuple

from svcdns.upstream.endpoint import PATH, PORTS, Endpoint, Transport, read_endpoint, split_port
from svcdns.wire.name import from_text

MOST = 15
"""Upstreams of one stanza."""

_QUIC_PACKAGE = "aioquic"
_PATH = re.compile(r"/(?:[A-Za-z0-9/._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*")
"""A path as a URL has it, without a query (RFC 3986 section 3.3)."""


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
    path: str = ""


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
        text: `[SCHEME://]HOST[%SERVERNAME][:PORT]`, with a path behind it if the scheme is
            https, or a file name.
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
            _instead_of(rest),
        )
    transport = Transport(scheme)
    if transport is Transport.QUIC and find_spec(_QUIC_PACKAGE) is None:
        raise TargetError(
            f"'quic' is not supported without the Python package {_QUIC_PACKAGE}: {text}",
            f"install it with: pip install 'svcdns[quic]'; or write: tls://{_host_of(rest)}",
        )
    path = ""
    if transport is Transport.HTTPS:
        rest, path = _without_path(rest, text)
    rest, server_name = _without_server_name(rest, transport)
    endpoint = read_endpoint(rest, transport, server_name, path)
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
        host, PORTS[transport] if port is None else port, transport, named_at, server_name, path
    )


def quoted(text: str) -> str:
    """Return `text` in the quotes that CoreDNS's messages have."""
    return f'"{text}"'


def _without_server_name(rest: str, transport: Transport) -> tuple[str, str]:
    """Return the word without the server name in it, and that: `1.1.1.1%one.example:853`."""
    if not transport.has_certificate or "%" not in rest:
        return rest, ""
    host, _, behind = rest.rpartition("%")
    name, _, port = behind.partition(":")
    if host.startswith("["):
        host, name = f"{host}]", name.removesuffix("]")
    return (f"{host}:{port}" if port else host), name


def _without_path(rest: str, text: str) -> tuple[str, str]:
    """Return the word without the path in it, and that if it is not the usual one.

    Raises:
        TargetError: there is no such path.
    """
    host, slash, behind = rest.partition("/")
    path = slash + behind
    if path and not _PATH.fullmatch(path):
        raise TargetError(
            f"not an address with a path, and nothing else: {quoted(text)}",
            f"write what stands before '{{?dns}}' or '?dns=' only: https://{host}{PATH}",
        )
    return host, "" if path == PATH else path


def _is_host_name(text: str) -> bool:
    try:
        name = from_text(text)
    except ValueError:
        return False
    return len(name) > 1 and not set(text) & set(" :%/[]")


def _host_of(rest: str) -> str:
    host = rest.partition("/")[0]
    split = split_port(host)
    if split is None:
        return host.partition(":")[0]
    return f"[{split[0]}]" if ":" in split[0] else split[0]


def _instead_of(rest: str) -> str:
    host = _host_of(rest)
    return f"write: {host}, or tls://{host}, https://{host}, quic://{host}"
