"""The batches of `server.mmsg` with one system call a datagram, for systems without recvmmsg.

Source: ip(7) and ipv6(7) on IP_PKTINFO; RFC 3542 section 6.1.
"""

import socket
from collections.abc import Sequence
from typing import Any

from svcdns.server.mmsg import SLOT_SIZE, SLOTS, Datagrams, Family, WayBack, text_of

_IP_PKTINFO = 8


class SingleDatagrams:
    """The same batches with one system call a datagram, for systems without recvmmsg."""

    def __init__(self, sock: socket.socket, *, destinations: bool) -> None:
        """Use `sock`; see `Datagrams`."""
        self.family = Family(sock.family)
        self.received = memoryview(bytearray(SLOTS * SLOT_SIZE))
        self.replies = memoryview(bytearray(SLOTS * SLOT_SIZE))
        self.offsets = tuple(slot * SLOT_SIZE for slot in range(SLOTS))
        self.lengths = memoryview(bytearray(4 * SLOTS)).cast("I")
        self.length_at = tuple(range(SLOTS))
        self.reply_lengths = memoryview(bytearray(8 * SLOTS)).cast("Q")
        self.reply_length_at = tuple(range(SLOTS))
        self._sock = sock
        self._destinations = destinations
        self._sources: list[tuple[Any, ...]] = []
        self._controls: list[bytes] = []

    def receive(self) -> int:
        """Fill slots from the first on; return how many, 0 when nothing waits.

        Raises:
            OSError: the socket is broken.
        """
        self._sources.clear()
        self._controls.clear()
        space = socket.CMSG_SPACE(20) if self._destinations else 0
        for slot, at in enumerate(self.offsets):
            buffer = self.received[at : at + SLOT_SIZE]
            try:
                size, control, _, source = self._sock.recvmsg_into([buffer], space)
            except (BlockingIOError, InterruptedError, ConnectionRefusedError):
                return slot
            self.lengths[slot] = size
            self._sources.append(source)
            self._controls.append(control[0][2] if control else b"")
        return SLOTS

    def send(self, count: int, silent: Sequence[int] = ()) -> int:
        """Send the replies in the first `count` slots but `silent`; return how many were lost."""
        lost = 0
        for slot in range(count):
            if slot in silent:
                continue
            at = self.offsets[slot]
            reply = self.replies[at : at + self.reply_lengths[slot]]
            lost += not self._send(reply, self._sources[slot], self._controls[slot])
        return lost

    def send_later(self, late: Sequence[tuple[WayBack, bytes]]) -> int:
        """Send replies, each with its `way_back`; return how many were lost."""
        return sum(not self._send(reply, *back) for back, reply in late)

    def _send(self, reply: bytes | memoryview, target: tuple[Any, ...], control: bytes) -> bool:
        """Send a reply to where a datagram came from; return whether the kernel took it."""
        try:
            self._sock.sendmsg([reply], _source(self.family, control), 0, target)
        except OSError:
            return False
        return True

    def way_back(self, slot: int) -> WayBack:
        """Return how a reply to the datagram in `slot` gets there after the slot is taken again."""
        return self._sources[slot], self._controls[slot]

    def source(self, slot: int) -> tuple[str, int]:
        """Return the address and port the datagram in `slot` came from."""
        return self.source_in(self._sources[slot])

    def destination(self, slot: int) -> str:
        """Return the address the datagram in `slot` was sent to."""
        return self.destination_in(self._controls[slot])

    def source_in(self, target: tuple[Any, ...]) -> tuple[str, int]:
        """Return the address and port of a target."""
        return target[0], target[1]

    def destination_in(self, control: bytes) -> str:
        """Return the address that a control message tells of; without one, the socket's."""
        if not control:
            return str(self._sock.getsockname()[0])
        return text_of(control[:16] if self.family.ipv6 else control[8:12])


def open_datagrams(sock: socket.socket, *, destinations: bool) -> Datagrams | SingleDatagrams:
    """Return the batches of `sock`: by recvmmsg where the system has it."""
    try:
        return Datagrams(sock, destinations=destinations)
    except (AttributeError, OSError):
        return SingleDatagrams(sock, destinations=destinations)


def _source(family: Family, control: bytes) -> list[tuple[int, int, bytes]]:
    """Return the ancillary part that lets a reply leave from the address that was asked."""
    if not control:
        return []
    if family.ipv6:
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, control[:16] + bytes(4))]
    return [(socket.IPPROTO_IP, _IP_PKTINFO, bytes(4) + control[4:8] + bytes(4))]
