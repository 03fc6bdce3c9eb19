"""NOTIFY: tell secondaries that a zone has a new serial.

Who is told, and when, is `transfer`'s business.

Source: RFC 1996 sections 3.6 (try again until there is a response) and 4.
"""

import asyncio
from random import SystemRandom
from typing import NamedTuple

from svcdns.wire.codes import AA, OPCODE_MASK, QR, Opcode, RRType
from svcdns.wire.name import OwnerName
from svcdns.wire.question import Question

TRIES = 3
SECONDS = 2.0
"""To wait for the response to each."""
_NOTIFY = Opcode.NOTIFY << 11
_random = SystemRandom()


class Secondary(NamedTuple):
    """Somebody who may have a zone, and is told when there is more to have."""

    address: str
    port: int = 53


def notification(zone: OwnerName, identity: int) -> bytes:
    """Return the message that says that `zone` has changed."""
    head = identity.to_bytes(2) + (_NOTIFY | AA).to_bytes(2) + b"\0\1" + bytes(6)
    return head + Question.of(zone, RRType.SOA).octets


def is_response(message: bytes, identity: int) -> bool:
    """Return whether `message` says that the notification of that id has arrived."""
    flags = int.from_bytes(message[2:4])
    return (
        len(message) >= 12
        and message[:2] == identity.to_bytes(2)
        and bool(flags & QR)
        and flags & OPCODE_MASK == _NOTIFY
    )


class _Responses(asyncio.DatagramProtocol):
    """Waits for the response to one notification."""

    def __init__(self, identity: int) -> None:
        self._identity = identity
        self.arrived: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: object) -> None:
        if not self.arrived.done() and is_response(data, self._identity):
            self.arrived.set_result(True)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there now; the next try may find somebody."""


async def notify(zone: OwnerName, whom: Secondary, source: str = "") -> str:
    """Tell one secondary; return why it could not be told, or nothing.

    Args:
        zone: the zone that has changed.
        whom: the secondary.
        source: address to send from; empty: what the system chooses.
    """
    identity = _random.randrange(0x10000)
    try:
        transport, responses = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Responses(identity),
            remote_addr=(whom.address, whom.port),
            local_addr=(source, 0) if source else None,
        )
    except OSError as error:
        return error.strerror or str(error)
    try:
        for _ in range(TRIES):
            transport.sendto(notification(zone, identity))
            done, _pending = await asyncio.wait((responses.arrived,), timeout=SECONDS)
            if done:
                return ""
    finally:
        transport.close()
    return f"no response to {TRIES} notifications"
