"""The addresses this machine can be reached at, for the name-server names of a zone.

Source: netdevice(7), SIOCGIFADDR; proc(5), /proc/net/if_inet6.
"""

import fcntl
import socket
import struct
from pathlib import Path

from svcdns.server.sockets import canonical
from svcdns.wire.name import pack_address

_SIOCGIFADDR = 0x8915
_GLOBAL_SCOPE = "00"
_LINK_LOCAL = bytes((169, 254))


def local_addresses(bind: str = "") -> tuple[bytes, ...]:
    """Return packed addresses, IPv4 first, without loopback and link-local ones.

    Args:
        bind: the only address that is listened on, which is then the only one here, whatever
            it is; a spelling of "every address" or a name stands for all.
    """
    if canonical(bind):
        try:
            return (pack_address(bind),)
        except ValueError:
            pass
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
            if address[0] not in {0, 127} and not address.startswith(_LINK_LOCAL):
                found.append(address)
    return found


def _ipv6() -> list[bytes]:
    try:
        text = Path("/proc/net/if_inet6").read_text(encoding="ascii")
    except OSError:  # no IPv6 here
        return []
    return global_ipv6(text)


def global_ipv6(if_inet6: str) -> list[bytes]:
    """Return the packed addresses of global scope in the text of `/proc/net/if_inet6`."""
    fields = [line.split() for line in if_inet6.splitlines()]
    return [bytes.fromhex(address) for address, _, _, scope, *_ in fields if scope == _GLOBAL_SCOPE]
