"""The dummy device whose addresses make virtual servers local to this node.

The device stays down: an address on it is local nevertheless, and nobody is asked for it by ARP
of that device. Addresses of other devices are never touched.

It blocks: use it in `dataplane.worker`'s thread. Source: rtnetlink(7).
"""

import errno
import socket
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from svcdns.dataplane import netlink_wire as wire
from svcdns.dataplane import rtnetlink_messages as messages
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.kernel_error import explained
from svcdns.dataplane.netlink import NetlinkSocket, Request

_LONGEST_NAME = 15
_LINK_LOCAL = bytes((0xFE, 0x80))
"""The kernel gives such an IPv6 address to a device that comes up."""


class LocalAddresses(NamedTuple):
    """All addresses of this network namespace."""

    bound: frozenset[bytes]
    """On our device."""
    elsewhere: frozenset[bytes]
    """On every other one."""
    former: frozenset[bytes] = frozenset()
    """On our device, left by another way to bind them."""


class Device:
    """One dummy device of a given name."""

    def __init__(self, name: str) -> None:
        """Open the socket; nothing is made yet.

        Raises:
            DataplaneError: the name is too long for a device.
        """
        if not 0 < len(name.encode()) <= _LONGEST_NAME:
            raise DataplaneError(
                f"use device {name}", f"its name has more than {_LONGEST_NAME} octets", ""
            )
        self.name = name
        self.number = 0
        """As it was found last; 0: never."""
        self.is_up = False
        """As it was found last."""
        self._sock = NetlinkSocket(socket.NETLINK_ROUTE)

    @property
    def port(self) -> int:
        """Of the socket that all our changes go through."""
        return self._sock.port

    def close(self) -> None:
        """Give the socket back; the device stays."""
        self._sock.close()

    def find(self) -> int | None:
        """Return the device's number; None if there is none.

        Raises:
            DataplaneError: a device has this name and is none of ours.
        """
        try:
            answer = self._sock.ask(Request(messages.GET_LINK, messages.link_named(self.name)))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise self._refused("look for", error) from error
        link = messages.read_link(answer)
        if link is None:
            return None
        if link.kind != "dummy":
            raise DataplaneError(
                f"use device {self.name}", "there is one of that name that is no dummy device",
                "rename that device",
            )  # fmt: skip
        self.number, self.is_up = link.number, link.is_up
        return link.number

    def ensure(self) -> int:
        """Return the device's number; make it if there is none.

        Raises:
            DataplaneError: it cannot be made.
        """
        number = self.find()
        if number is not None:
            return number
        request = Request(
            messages.NEW_LINK, messages.dummy(self.name), wire.CREATE | wire.EXCLUSIVE
        )
        refused = self._sock.batch([request]).get(0)
        if refused is not None and refused.number == errno.EOPNOTSUPP:
            raise DataplaneError(
                f"make device {self.name}", "this kernel has no dummy devices", "modprobe dummy"
            )
        if refused is not None and refused.number != errno.EEXIST:
            raise explained(f"make device {self.name}", *refused)
        number = self.find()
        if number is None:
            raise explained(f"make device {self.name}", errno.ENODEV)
        return number

    def read(self) -> LocalAddresses:
        """Return all addresses, apart by device.

        Raises:
            DataplaneError: the kernel does not say.
        """
        try:
            own = self.find()
            dumped = self._sock.dump(Request(messages.GET_ADDRESS, messages.addresses()))
        except OSError as error:
            raise self._refused("read addresses of", error) from error
        found = [one for one in map(messages.read_address, dumped) if one is not None]
        return LocalAddresses(
            frozenset(
                one.packed for one in found if one.number == own and not _is_link_local(one.packed)
            ),
            frozenset(one.packed for one in found if one.number != own),
        )

    def bind(self, addresses: Iterable[bytes]) -> dict[int, wire.Verdict]:
        """Add addresses; return the refusals by place. What is there already is none."""
        return self._change(
            messages.NEW_ADDRESS, wire.CREATE | wire.EXCLUSIVE, addresses, errno.EEXIST
        )

    def unbind(self, addresses: Iterable[bytes]) -> dict[int, wire.Verdict]:
        """Take addresses away; return the refusals by place. What has gone is none."""
        return self._change(messages.DELETE_ADDRESS, 0, addresses, errno.EADDRNOTAVAIL)

    def prefer(self, addresses: Iterable[bytes]) -> None:
        """Do nothing: this machine's own packets come from the address they go to."""

    def tidy(self) -> None:
        """Take away what `dataplane.routes` left: every address is bound here by now."""
        number = self.find()
        if number is not None:
            self._change_routes(messages.DELETE_ROUTE, 0, number, self._routed(number))

    def delete(self) -> None:
        """Take the device away, with all addresses on it."""
        number = self.find()
        if number is None:
            return
        refused = self._sock.batch([Request(messages.DELETE_LINK, messages.link_numbered(number))])
        if refused:
            raise explained(f"delete device {self.name}", *refused[0])

    def _change(
        self, kind: int, flags: int, addresses: Iterable[bytes], harmless: int
    ) -> dict[int, wire.Verdict]:
        try:
            number = self.ensure()
            refused = self._sock.batch(
                Request(kind, messages.address(number, packed), flags) for packed in addresses
            )
        except OSError as error:
            raise self._refused("change addresses of", error) from error
        return {place: one for place, one in refused.items() if one.number != harmless}

    def _routed(self, number: int) -> frozenset[bytes]:
        """Return the addresses that routes of ours lead to."""
        try:
            dumped = [
                payload
                for family in (socket.AF_INET, socket.AF_INET6)
                for payload in self._sock.dump(Request(messages.GET_ROUTE, messages.routes(family)))
            ]
        except OSError as error:
            raise self._refused("read routes of", error) from error
        found = [one for one in map(messages.read_route, dumped) if one is not None]
        return frozenset(one.packed for one in found if one.number == number)

    def _change_routes(
        self,
        kind: int,
        flags: int,
        number: int,
        addresses: Iterable[bytes],
        sources: Mapping[int, bytes] = {},
    ) -> dict[int, wire.Verdict]:
        try:
            return self._sock.batch(
                Request(
                    kind,
                    messages.local_route(number, packed, sources.get(len(packed), b"")),
                    flags,
                )
                for packed in addresses
            )
        except OSError as error:
            raise self._refused("change routes of", error) from error

    def _refused(self, verb: str, error: OSError) -> DataplaneError:
        return explained(f"{verb} device {self.name}", error.errno or errno.EIO, str(error))


def _is_link_local(packed: bytes) -> bool:
    return len(packed) == 16 and packed.startswith(_LINK_LOCAL)
