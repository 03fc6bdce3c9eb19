"""Messages of the generic netlink family IPVS as octets. No sockets.

Here alone the kernel's words SERVICE and DEST stand for virtual server and real server.

Source: linux/ip_vs.h, linux/genetlink.h, net/netfilter/ipvs/ip_vs_ctl.c.
"""

import socket
import struct
from typing import NamedTuple

from svcdns.dataplane.netlink_wire import NESTED, attribute, attributes

CONTROL_FAMILY = 16
"""GENL_ID_CTRL: the message type of the family that knows the others."""
NEW_SERVICE, SET_SERVICE, DELETE_SERVICE, GET_SERVICE = 1, 2, 3, 4
NEW_DEST, SET_DEST, DELETE_DEST, GET_DEST = 5, 6, 7, 8
SET_CONFIG = 12

PERSISTENT, HASHED, ONE_PACKET, SCHED1, SCHED2, SCHED3 = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
"""Flags of a virtual server. The kernel reports HASHED besides what it was given."""
MASQUERADE = 0
"""The one forwarding method that changes the port, and needs nothing of the real server."""

_NAME = b"IPVS\0"
_GET_FAMILY, _FAMILY_ID, _FAMILY_NAME = 3, 1, 2
_SERVICE, _DEST = 1, 2
_TIMEOUT_TCP, _TIMEOUT_TCP_FIN, _TIMEOUT_UDP = 4, 5, 6

_GENERIC = struct.Struct("=BBH")
_U16, _U32, _PORT = struct.Struct("=H"), struct.Struct("=I"), struct.Struct(">H")
# Attributes 1 to 4 of a SERVICE, the key: family, protocol, address in 16 octets, port.
_KEY = struct.Struct("=HHH2xHHH2xHH16sHH2s2x")
# Attributes 7 to 9: flags and their mask, persistence timeout, netmask.
_SETTINGS = struct.Struct("=HHIIHHIHH4s")
# A whole DEST: address, port, family, forwarding method, weight, two thresholds.
_DEST_WHOLE = struct.Struct("=HHHH16sHH2s2xHHH2xHHIHHIHHIHHI")
_IPV4_MASK, _IPV6_MASK = b"\xff\xff\xff\xff", _U32.pack(128)
_CONFIG = struct.Struct("=HHIHHIHHI")


class ServiceRow(NamedTuple):
    """A virtual server as the kernel lists it."""

    protocol: int
    address: bytes
    port: int
    scheduler: str
    flags: int
    """Without HASHED."""
    timeout: int
    """Of persistence, in seconds."""


class DestRow(NamedTuple):
    """A real server as the kernel lists it."""

    address: bytes
    port: int
    weight: int
    forwarding: int
    active: int
    inactive: int
    persistent: int


def get_family() -> bytes:
    """Return the payload that asks for the family's number. Asking loads ip_vs."""
    return _GENERIC.pack(_GET_FAMILY, 1, 0) + attribute(_FAMILY_NAME, _NAME)


def family_of(payload: bytes) -> int:
    """Return the family's number, which is the message type of all that follows.

    Raises:
        ValueError: the answer names none.
    """
    for kind, value in attributes(payload[_GENERIC.size :]):
        if kind == _FAMILY_ID and len(value) >= _U16.size:
            return int(_U16.unpack_from(value)[0])
    raise ValueError("the kernel's answer names no family")


def command(number: int, *parts: bytes) -> bytes:
    """Return the payload of one command."""
    return _GENERIC.pack(number, 1, 0) + b"".join(parts)


def service_key(protocol: int, address: bytes, port: int) -> bytes:
    """Return the SERVICE attribute that only names a virtual server."""
    return attribute(_SERVICE | NESTED, _key(protocol, address, port))


def service(
    protocol: int,
    address: bytes,
    port: int,
    *,
    scheduler: str,
    flags: int = 0,
    timeout: int = 0,
) -> bytes:
    """Return the SERVICE attribute of a whole virtual server, as NEW and SET need it."""
    mask = _IPV4_MASK if len(address) == 4 else _IPV6_MASK
    settings = _SETTINGS.pack(12, 7, flags, 0xFFFFFFFF, 8, 8, timeout, 8, 9, mask)
    name = attribute(6, scheduler.encode() + b"\0")
    return attribute(_SERVICE | NESTED, _key(protocol, address, port) + name + settings)


def dest(address: bytes, port: int, weight: int = 1) -> bytes:
    """Return the DEST attribute of one real server, masqueraded, without thresholds."""
    return _DEST_WHOLE.pack(
        _DEST_WHOLE.size, _DEST | NESTED,
        20, 1, address,
        6, 2, _PORT.pack(port),
        6, 11, _family(address),
        8, 3, MASQUERADE,
        8, 4, weight,
        8, 5, 0,
        8, 6, 0,
    )  # fmt: skip


def timeouts(tcp: int, tcp_fin: int, udp: int) -> bytes:
    """Return the attributes of SET_CONFIG; seconds, 0 leaves one as it is."""
    return _CONFIG.pack(8, _TIMEOUT_TCP, tcp, 8, _TIMEOUT_TCP_FIN, tcp_fin, 8, _TIMEOUT_UDP, udp)


def read_service(payload: bytes) -> ServiceRow | None:
    """Return the virtual server of one message of a dump; None for one of a firewall mark."""
    found = _nested(payload, _SERVICE)
    if not {1, 2, 3, 4} <= found.keys():
        return None
    return ServiceRow(
        protocol=_number(_U16, found.get(2)),
        address=_address(found[3], _number(_U16, found.get(1))),
        port=_number(_PORT, found.get(4)),
        scheduler=found.get(6, b"").rstrip(b"\0").decode("ascii", "replace"),
        flags=_number(_U32, found.get(7)) & ~HASHED,
        timeout=_number(_U32, found.get(8)),
    )


def read_dest(payload: bytes, width: int) -> DestRow | None:
    """Return the real server of one message of a dump.

    Args:
        payload: behind the netlink header.
        width: octets of its virtual server's address; kernels before 3.18 do not say a family.
    """
    found = _nested(payload, _DEST)
    if not {1, 2} <= found.keys():
        return None
    family = _number(_U16, found.get(11))
    return DestRow(
        address=_address(found[1], family) if family else found[1][:width],
        port=_number(_PORT, found.get(2)),
        weight=_number(_U32, found.get(4)),
        forwarding=_number(_U32, found.get(3)),
        active=_number(_U32, found.get(7)),
        inactive=_number(_U32, found.get(8)),
        persistent=_number(_U32, found.get(9)),
    )


def _key(protocol: int, address: bytes, port: int) -> bytes:
    return _KEY.pack(
        6, 1, _family(address), 6, 2, protocol, 20, 3, address, 6, 4, _PORT.pack(port)
    )  # fmt: skip


def _family(address: bytes) -> int:
    return socket.AF_INET if len(address) == 4 else socket.AF_INET6


def _address(octets: bytes, family: int) -> bytes:
    return octets[: 4 if family == socket.AF_INET else 16]


def _nested(payload: bytes, wanted: int) -> dict[int, bytes]:
    for kind, value in attributes(payload[_GENERIC.size :]):
        if kind == wanted:
            return dict(attributes(value))
    return {}


def _number(form: struct.Struct, value: bytes | None) -> int:
    if value is None or len(value) < form.size:
        return 0
    return int(form.unpack_from(value)[0])
