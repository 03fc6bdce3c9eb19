"""Notice that somebody else changed our device or its addresses, when it happens.

The kernel tells everybody who asks of each change, and whose request it was; our own are not
worth a look.

Source: rtnetlink(7); netlink(7) on nlmsg_pid and multicast groups.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from svcdns.dataplane import rtnetlink_messages as messages
from svcdns.dataplane.addresses import Device
from svcdns.dataplane.netlink_wire import Message
from svcdns.dataplane.netlink_wire import messages as read_messages
from svcdns.dataplane.sole_proxy import described
from svcdns.telemetry.log import get_log

_GROUPS = 0x1 | 0x10 | 0x100
"""RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR."""
_READ = 64 * 1024
PAUSE_SECONDS = 1.0
"""Between two calls: a second owner of the device shall not keep us busy."""
CONTESTED_SECONDS = 60.0
"""Whoever changes the device twice within this time takes it for its own."""

_log = get_log("dataplane")


async def watch(device: Device, on_change: Callable[[], None]) -> None:
    """Call `on_change` after somebody else changed the device, for ever.

    Raises:
        OSError: the kernel does not tell.
    """
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    rival = Rival(device.name)
    with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, _GROUPS))
        while True:
            try:
                octets = await loop.sock_recv(sock, _READ)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                is_other = True  # something was lost
            else:
                found = read_messages(octets)
                ports = [one.port for one in found if is_surprise(one, device.number, device.port)]
                is_other = bool(ports)
                if is_other:
                    rival.note(ports[-1], loop.time())
            if is_other:
                on_change()
                await asyncio.sleep(PAUSE_SECONDS)


class Rival:
    """Says that somebody else takes the device for its own, and who."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._changed_at = -CONTESTED_SECONDS
        self._told_at = -CONTESTED_SECONDS

    def note(self, port: int, now: float) -> None:
        """Take note of a change.

        Args:
            port: of the socket that asked for it; the kernel itself has 0, a program's first
                socket the number of its process.
            now: seconds.
        """
        before, self._changed_at = self._changed_at, now
        if port and now - before < CONTESTED_SECONDS <= now - self._told_at:
            self._told_at = now
            _log.error("proxy.contested", device=self._device, by=described(port))


def is_surprise(message: Message, number: int, port: int) -> bool:
    """Return whether a notification says that somebody else changed a device.

    Args:
        message: the notification.
        number: of the device.
        port: of the socket whose changes are our own.
    """
    if message.port == port:
        return False
    if message.kind == messages.DELETE_LINK:
        link = messages.read_link(message.payload)
        return link is not None and link.number == number
    if message.kind in {messages.NEW_ADDRESS, messages.DELETE_ADDRESS}:
        address = messages.read_address(message.payload)
        return address is not None and address.number == number
    return False
