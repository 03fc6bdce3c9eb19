"""Where an upstream is: address, port and transport, as a Corefile or resolv.conf writes it."""

from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple


class Transport(StrEnum):
    """How an upstream is spoken to."""

    DNS = "dns"
    """Datagrams, and streams where it has to be."""
    TLS = "tls"
    HTTPS = "https"
    QUIC = "quic"

    @property
    def has_certificate(self) -> bool:
        """Whether an upstream has to show whose it is."""
        return self is not Transport.DNS


PORTS = {Transport.DNS: 53, Transport.TLS: 853, Transport.HTTPS: 443, Transport.QUIC: 853}
PATH = "/dns-query"
"""Where HTTPS upstreams are asked when nothing else is written (RFC 8484 section 4.1.1)."""
_MAX_PORT = 0xFFFF


class Endpoint(NamedTuple):
    """One address to ask."""

    host: str
    """An IP address, without brackets; a link-local one with its `%zone`."""
    port: int = 53
    transport: Transport = Transport.DNS
    server_name: str = ""
    """Whom its certificate has to be of; empty: the address."""
    path: str = ""
    """What of an HTTPS server is asked; empty: `PATH`."""

    @property
    def text(self) -> str:
        """`HOST:PORT`, as logs and metrics name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def certified_name(self) -> str:
        """Whom its certificate has to be of: a name, or an address without its `%zone`."""
        return self.server_name or self.host.partition("%")[0]

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host


def read_endpoint(
    text: str, transport: Transport = Transport.DNS, server_name: str = "", path: str = ""
) -> Endpoint | None:
    """Return the endpoint that `IP`, `IP:PORT`, `[IPV6]` or `[IPV6]:PORT` means.

    Returns:
        None: it does not begin with an address, so it is something else.
    """
    split = split_port(text)
    if split is None:
        return None
    host, port = split
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        host = str(address.ipv4_mapped)
    return Endpoint(host, PORTS[transport] if port is None else port, transport, server_name, path)


def split_port(text: str) -> tuple[str, int | None] | None:
    """Return host and port of `HOST`, `HOST:PORT`, `IPV6` or `[IPV6]:PORT`; None: neither."""
    host, colon, port = text.rpartition(":")
    if text.startswith("["):
        if text.endswith("]"):
            return text[1:-1], None
        if not host.endswith("]"):
            return None
        host = host[1:-1]
    elif not colon or ":" in host:
        return text, None
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) <= _MAX_PORT:
        return None
    return host, int(port)
