"""Datagrams in batches: recvmmsg and sendmmsg through ctypes.

`server.single` fills the same buffers with one system call for each datagram, so the loop in
`server.udp` does not know which one it has.
A slot holds one datagram: where it came from, where it was sent to, what it says, and after
the loop what is said in return. The reply goes back through the structures the datagram
arrived in, so no address is ever turned into a Python object.

Source: recvmmsg(2), sendmmsg(2), ip(7) and ipv6(7) on IP_PKTINFO; RFC 3542 section 6.1.
"""

import ctypes
import errno
import socket
from collections.abc import Sequence
from typing import Any

SLOTS = 64
SLOT_SIZE = 4096

_CONTROL_HEADER = 16
_WOULD_BLOCK = (errno.EAGAIN, errno.EINTR)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("message", _Message), ("length", ctypes.c_uint32))


class Family:
    """Sizes and places that differ between IPv4 and IPv6."""

    def __init__(self, family: int) -> None:
        ipv6 = family == socket.AF_INET6
        self.ipv6 = ipv6
        self.name_size = 28 if ipv6 else 16
        self.address = slice(8, 24) if ipv6 else slice(4, 8)
        # CMSG_SPACE of in6_pktinfo (20 octets) and in_pktinfo (12 octets).
        self.control_size = 40 if ipv6 else 32
        self.interface_at = _CONTROL_HEADER + (16 if ipv6 else 0)
        self.destination = slice(16, 32) if ipv6 else slice(24, 28)


WayBack = tuple[Any, Any]
"""Where one reply goes and where it comes from, when it is not sent with its batch.

What is in it is for the batches that returned it.
"""


class Datagrams:
    """Batches of datagrams of one socket through recvmmsg and sendmmsg."""

    def __init__(self, sock: socket.socket, *, destinations: bool) -> None:
        """Use `sock`.

        Args:
            sock: a bound, non-blocking UDP socket.
            destinations: the socket reports where each datagram was sent to (IP_PKTINFO), and
                the reply leaves from there.
        """
        self.family = Family(sock.family)
        self.received = memoryview(bytearray(SLOTS * SLOT_SIZE))
        self.replies = memoryview(bytearray(SLOTS * SLOT_SIZE))
        self.offsets = tuple(slot * SLOT_SIZE for slot in range(SLOTS))
        self._sock = sock
        self._descriptor = sock.fileno()
        self._destinations = destinations
        # PyDLL keeps the interpreter lock: the calls never block, and taking it costs more.
        library = ctypes.PyDLL(None, use_errno=True)
        self._recvmmsg = library.recvmmsg
        self._sendmmsg = library.sendmmsg
        self._lay_out()

    def _lay_out(self) -> None:
        name_size, control_size = self.family.name_size, self.family.control_size
        self._names = bytearray(SLOTS * name_size)
        self._controls = bytearray(SLOTS * control_size)
        names, controls = _address(self._names), _address(self._controls)
        self._in = (_Slot * SLOTS)()
        self._out = (_Slot * SLOTS)()
        self._in_vectors = (_Vector * SLOTS)()
        self._out_vectors = (_Vector * SLOTS)()
        for slot in range(SLOTS):
            for slots, vectors, buffer in (
                (self._in, self._in_vectors, self.received),
                (self._out, self._out_vectors, self.replies),
            ):
                vectors[slot].base = _address(buffer.obj) + slot * SLOT_SIZE
                vectors[slot].length = SLOT_SIZE
                message = slots[slot].message
                message.name = names + slot * name_size
                message.name_length = name_size
                message.vectors = ctypes.addressof(vectors[slot])
                message.vector_count = 1
                if self._destinations:
                    message.control = controls + slot * control_size
                    message.control_length = control_size
        slot_size = ctypes.sizeof(_Slot)
        self.lengths = memoryview(self._in).cast("B").cast("I")
        """Octets received, at `length_at[slot]`."""
        self.length_at = tuple(
            (slot * slot_size + _Slot.length.offset) // 4 for slot in range(SLOTS)
        )
        self.reply_lengths = memoryview(self._out_vectors).cast("B").cast("Q")
        """Octets to send, at `reply_length_at[slot]`."""
        self.reply_length_at = tuple(2 * slot + 1 for slot in range(SLOTS))
        self._interfaces = memoryview(self._controls).cast("I")
        self._no_interfaces = memoryview(bytearray(4 * SLOTS)).cast("I")
        self._first_in = ctypes.byref(self._in)
        self._out_at = tuple(ctypes.byref(self._out, slot * slot_size) for slot in range(SLOTS))

    def receive(self) -> int:
        """Fill slots from the first on; return how many, 0 when nothing waits.

        Raises:
            OSError: the socket is broken.
        """
        count: int = self._recvmmsg(
            self._descriptor, self._first_in, SLOTS, socket.MSG_DONTWAIT, None
        )
        if count < 0:
            code = ctypes.get_errno()
            if code in _WOULD_BLOCK or code == errno.ECONNREFUSED:
                return 0
            raise OSError(code, "recvmmsg")
        if self._destinations:
            # The reply shall leave from the address that was asked, by whatever interface the
            # routing table says.
            first, step = self.family.interface_at // 4, self.family.control_size // 4
            self._interfaces[first : first + step * count : step] = self._no_interfaces[:count]
        return count

    def send(self, count: int, silent: Sequence[int] = ()) -> int:
        """Send the replies in the first `count` slots but `silent`; return how many were lost.

        A reply is lost when the kernel refuses it: no buffer, no route, a source port of 0.
        """
        lost = 0
        start = 0
        for end in (*silent, count):
            while start < end:
                sent: int = self._sendmmsg(
                    self._descriptor, self._out_at[start], end - start, socket.MSG_DONTWAIT
                )
                if sent > 0:
                    start += sent
                elif ctypes.get_errno() != errno.EINTR:
                    lost += 1
                    start += 1
            start = end + 1
        return lost

    def send_later(self, late: Sequence[tuple[WayBack, bytes]]) -> int:
        """Send at most `SLOTS` replies, each with its `way_back`; return how many were lost.

        The slots of a batch are free once its own replies have left.
        """
        replies, lengths = self.replies, self.reply_lengths
        too_long: list[int] = []
        for (_, reply), at, length_at in zip(
            late, self.offsets, self.reply_length_at, strict=False
        ):
            size = len(reply)
            if size > SLOT_SIZE:
                too_long.append(at // SLOT_SIZE)
                continue
            replies[at : at + size] = reply
            lengths[length_at] = size
        count = len(late)
        names = b"".join([back[0] for back, _ in late])
        self._names[: len(names)] = names
        if self._destinations:
            controls = b"".join([back[1] for back, _ in late])
            self._controls[: len(controls)] = controls
        return len(too_long) + self.send(count, too_long)

    def way_back(self, slot: int) -> WayBack:
        """Return how a reply to the datagram in `slot` gets there after the slot is taken again."""
        return self._name(slot), self._control(slot)

    def source(self, slot: int) -> tuple[str, int]:
        """Return the address and port the datagram in `slot` came from."""
        return self.source_in(self._name(slot))

    def destination(self, slot: int) -> str:
        """Return the address the datagram in `slot` was sent to."""
        return self.destination_in(self._control(slot))

    def source_in(self, name: bytearray) -> tuple[str, int]:
        """Return the address and port in a sockaddr."""
        return text_of(name[self.family.address]), int.from_bytes(name[2:4])

    def destination_in(self, control: bytearray | bytes) -> str:
        """Return the address that a control message tells of; without one, the socket's."""
        if not control:
            return str(self._sock.getsockname()[0])
        return text_of(control[self.family.destination])

    def _name(self, slot: int) -> bytearray:
        size = self.family.name_size
        return self._names[slot * size : (slot + 1) * size]

    def _control(self, slot: int) -> bytearray | bytes:
        if not self._destinations:
            return b""
        size = self.family.control_size
        return self._controls[slot * size : (slot + 1) * size]


def _address(buffer: object) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))  # type: ignore[arg-type]


def text_of(packed: bytes | bytearray) -> str:
    """Return an address of 4 or 16 octets as text."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, bytes(packed))
