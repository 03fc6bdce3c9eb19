"""The other way to make virtual servers local to this node: routes instead of addresses.

Each virtual address has a route of the table `local` at the dummy device, which has to be up for
it. No device has the address itself, so nobody takes it for one of the node's, and this node's
own packets to it come from the node's address.

It blocks: use it in `dataplane.worker`'s thread. Source: ip-route(8) on type and table `local`.
"""

import errno
from collections.abc import Iterable

from svcdns.dataplane import netlink_wire as wire
from svcdns.dataplane import rtnetlink_messages as messages
from svcdns.dataplane.addresses import Device, LocalAddresses
from svcdns.dataplane.kernel_error import explained
from svcdns.dataplane.netlink import Request

_ANCHOR = bytes((192, 0, 0, 8))
"""With the last IPv4 address of a device its routes go. This one may be anybody's dummy address
(RFC 7600 section 4.8), so it stays when those that were bound there go."""


class RoutedDevice(Device):
    """One dummy device of a given name, with routes where `Device` has addresses."""

    def __init__(self, name: str) -> None:
        """Open the socket; nothing is made yet.

        Raises:
            DataplaneError: the name is too long for a device.
        """
        super().__init__(name)
        self._sources: dict[int, bytes] = {}
        self._here: frozenset[bytes] = frozenset()

    def ensure(self) -> int:
        """Return the device's number; make it and bring it up as far as that is needed.

        Raises:
            DataplaneError: it cannot be made, or stays down.
        """
        number = super().ensure()
        if not self.is_up:
            for refused in self._sock.batch(
                [Request(messages.NEW_LINK, messages.link_up(number))]
            ).values():
                raise explained(f"bring up device {self.name}", *refused)
        return number

    def read(self) -> LocalAddresses:
        """Return all addresses; bound are those that our routes lead to.

        Raises:
            DataplaneError: the kernel does not say.
        """
        found = super().read()
        number = self.find()
        self._here = found.elsewhere
        routed = self._routed(number) if number is not None else frozenset()
        return LocalAddresses(routed, found.elsewhere, found.bound - {_ANCHOR})

    def bind(self, addresses: Iterable[bytes]) -> dict[int, wire.Verdict]:
        """Add routes; return the refusals by place. One that is there is replaced."""
        flags = wire.CREATE | wire.REPLACE
        return self._change_routes(
            messages.NEW_ROUTE, flags, self.ensure(), addresses, self._sources
        )

    def unbind(self, addresses: Iterable[bytes]) -> dict[int, wire.Verdict]:
        """Take routes away; return the refusals by place. What has gone is none."""
        refused = self._change_routes(messages.DELETE_ROUTE, 0, self.ensure(), addresses)
        return {place: one for place, one in refused.items() if one.number != errno.ESRCH}

    def prefer(self, addresses: Iterable[bytes]) -> None:
        """Let this machine's own packets come from the first of these that it has, by family.

        Holds for addresses that are bound from now on.
        """
        self._sources.clear()
        for address in addresses:
            if address in self._here:
                self._sources.setdefault(len(address), address)

    def tidy(self) -> None:
        """Take away what `Device` left: every address has its route by now."""
        former = self.read().former
        if any(len(one) == len(_ANCHOR) for one in former):
            super().bind([_ANCHOR])
        if former:
            super().unbind(former)


def device_of(name: str, binding: str) -> Device:
    """Return the device of one name that binds on the `device` itself, or by a `route` each.

    Raises:
        DataplaneError: the name is too long for a device.
    """
    return RoutedDevice(name) if binding == "route" else Device(name)
