"""The zones of a Corefile: keys of server blocks, zone arguments, listen addresses.

A key is `[SCHEME://]ZONE[:PORT]`. A zone is a domain name, or a network in CIDR notation that
stands for the reverse zones covering it: on 8-bit boundaries for IPv4, 4-bit for IPv6, several
zones when the prefix ends between two. Names come back in lower case with the final dot.

Source: RFC 1035 section 2.3.4; RFC 3596 section 2.5; CoreDNS's own rules, as observed.
"""

import re
from ipaddress import ip_network

from svcdns.corefile.directives import suggest
from svcdns.corefile.errors import Findings, WordError, shown
from svcdns.corefile.lexer import Token
from svcdns.corefile.tree import Key
from svcdns.wire.name import (
    from_labels,
    from_text,
    labels,
    lower,
    pack_address,
    reverse_name,
    to_text,
)

DEFAULT_PORTS = {"dns": 53, "tls": 853, "quic": 853, "https": 443, "https3": 443, "grpc": 443}
"""By scheme; the one of `dns` may be changed on the command line."""
MAX_PORT = 0xFFFF

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_NETWORK = re.compile(r"([0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/([0-9]{1,9})")
_PORT = re.compile(r"[0-9]+")
_LONGEST = 1000
"""Characters of a zone: 255 octets, each of which may be written \\DDD."""


def read_key(token: Token, findings: Findings) -> tuple[Key, ...]:
    """Return the keys that one address of a server block stands for; none after a mistake."""
    try:
        scheme, zone, port = _split(token.text)
        zones = _zones(zone)
    except WordError as error:
        findings.mistake(token.location, error.problem, error.hint, token.width)
        return ()
    if problem := _doubt(zone):
        findings.warning(token.location, *problem, width=token.width)
    return tuple(Key(zone, scheme, port, token) for zone in zones)


def expand_zone(text: str) -> tuple[str, ...]:
    """Return the zones that an argument stands for; a scheme and a port are passed over.

    Raises:
        WordError: not a zone.
    """
    _, zone, _ = _split(text)
    return _zones(zone)


def split_host_port(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, `:PORT` or `[IPV6]:PORT`; no host is empty.

    Raises:
        WordError: something else.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port):
        bare = f"[{text}]" if text.count(":") > 1 else text.rstrip(":")
        raise WordError(
            f"{shown(text)} does not end in a port",
            f"write: :{text}"
            if _PORT.fullmatch(text)
            else f"write {bare}:PORT; :PORT is every address",
        )
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise WordError(
            f"the IPv6 address in {shown(text)} needs brackets", f"write: [{host}]:{port}"
        )
    return host, _port(port, text)


def _split(text: str) -> tuple[str, str, int | None]:
    """Return scheme, zone and port."""
    scheme, rest = "dns", text
    if match := _SCHEME.fullmatch(text):
        scheme, rest = match.groups()
        if scheme not in DEFAULT_PORTS:
            near = suggest(scheme, DEFAULT_PORTS) or "dns"
            raise WordError(
                f"there is no scheme '{scheme}://' ({', '.join(DEFAULT_PORTS)} are known)",
                f"write: {near}://{rest}",
            )
    zone, colon, port = rest.rpartition(":")
    if not colon:
        return scheme, rest, None
    if not port:
        raise WordError(f"expecting data after last colon: {shown(text)}", f"write: {text}53")
    if _PORT.fullmatch(port):
        if ":" in zone and "/" not in zone:
            address = zone[1:-1] if zone.startswith("[") and zone.endswith("]") else rest
            raise WordError(
                f"{shown(rest)} is an address, not a zone",
                f"write 'bind {address}' into the block, or {address}/128 for the reverse zone",
            )
        return scheme, zone, _port(port, text)
    if _NETWORK.fullmatch(rest):  # the last colon is one of IPv6
        return scheme, rest, None
    if ":" in zone:
        raise WordError(
            f"{shown(rest)} is not a zone",
            "write an IPv6 network as 2001:db8::/32; 'bind' says where to listen",
        )
    hint = f"write: {zone or '.'}:53"
    if zone and port.startswith("/"):
        hint = f"write: {zone}://{port.lstrip('/')}"
    raise WordError(f"the port {shown(port)} is not a number", hint)


def _port(digits: str, text: str) -> int:
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(MAX_PORT)) or int(significant) > MAX_PORT:
        raise WordError(f"the port of {shown(text)} is greater than {MAX_PORT}")
    return int(significant)


def _zones(zone: str) -> tuple[str, ...]:
    if not zone:
        raise WordError("there is no zone", "the zone of all names is written: .")
    if len(zone) > _LONGEST:
        raise WordError(f"specified zone is too long: {len(zone)} characters")
    if match := _NETWORK.fullmatch(zone):
        return _reverse_zones(*match.groups())
    try:
        return (to_text(lower(from_text(zone))),)
    except ValueError as error:
        raise WordError(f"zone is not a valid domain name: {error}") from None


def _reverse_zones(address: str, prefix: str) -> tuple[str, ...]:
    """Return the reverse zones that together cover a network."""
    text = f"{address}/{prefix}"
    try:
        packed = pack_address(address)
    except ValueError as error:
        raise WordError(
            f"{shown(text)} is not a network: {error}", "write it as in 10.96.0.0/12 or fd00::/8"
        ) from None
    bits, length = len(packed) * 8, int(prefix)
    if length > bits:
        raise WordError(
            f"{shown(text)} is not a network: the prefix is longer than {bits}",
            f"write: {address}/{bits}",
        )
    step = 8 if bits == 32 else 4
    depth = -(-length // step)  # labels that are given, rounded up
    parts = ip_network((packed, length), strict=False).subnets(new_prefix=depth * step)
    return tuple(_reverse_zone(part.network_address.packed, bits // step - depth) for part in parts)


def _reverse_zone(packed: bytes, left_out: int) -> str:
    return to_text(from_labels(labels(reverse_name(packed))[left_out:]))


def _doubt(zone: str) -> tuple[str, str] | None:
    """Return what to warn about: a zone that is one, but is hardly meant."""
    if "," in zone:
        return f"{shown(zone)} is one zone", "put a blank behind the comma"
    try:
        pack_address(zone)
    except ValueError:
        return None
    return (
        f"{shown(zone)} is served as a name, it is not an address to listen on",
        f"write 'bind {zone}' into the block, or {zone}/32 for the reverse zone",
    )
