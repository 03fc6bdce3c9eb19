"""The addresses this machine can be reached at, for the name-server names of a zone.

Source: netdevice(7), SIOCGIFADDR; proc(5), /proc/net/if_inet6.
"""

import fcntl
import socket
import struct
from pathlib import Path

_SIOCGIFADDR = 0x8915
_GLOBAL_SCOPE = "00"


def local_addresses() -> tuple[bytes, ...]:
    """Return packed addresses, IPv4 first, without loopback and link-local ones."""
    return (*_ipv4(), *_ipv6())


def _ipv4() -> list[bytes]:
    found: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                reply = fcntl.ioctl(sock.fileno(), _SIOCGIFADDR, request)
            except OSError:  # the interface has no IPv4 address
                continue
            address = reply[20:24]
            if address[0] not in {0, 127}:
                found.append(address)
    return found


def _ipv6() -> list[bytes]:
    try:
        lines = Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines()
    except OSError:  # no IPv6 here
        return []
    fields = [line.split() for line in lines]
    return [bytes.fromhex(address) for address, _, _, scope, *_ in fields if scope == _GLOBAL_SCOPE]
