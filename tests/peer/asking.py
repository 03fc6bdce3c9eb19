"""Send the same messages to several servers on loopback and collect what comes back.

Over UDP one socket asks all of them, so that they see the same client; a message without a
response is sent once more before it counts as unanswered. Over TCP all messages of a server go
down one connection.
"""

import contextlib
import socket
from collections.abc import Sequence
from typing import NamedTuple

from tests.peer.servers import ADDRESS

_WINDOW = 48
_QUIET_SECONDS = 0.12
"""Nothing came for so long: nothing will."""
_STREAM_SECONDS = 1.5


class Response(NamedTuple):
    """What came back for one message."""

    octets: bytes | None
    client_port: int
    """Where the message was sent from."""


def ask_datagrams(
    ports: Sequence[int], messages: Sequence[bytes], patience: float = 0.4
) -> list[list[Response]]:
    """Return, for each server, the response to each message, in order.

    Args:
        ports: of the servers.
        messages: whole messages; the first two octets are overwritten by an id.
        patience: seconds without any response that make a message unanswered, the second time
            it was sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        client.bind((ADDRESS, 0))
        own = client.getsockname()[1]
        found: dict[tuple[int, int], bytes] = {}
        numbered = [_numbered(message, index) for index, message in enumerate(messages)]
        indexes = [*range(len(messages))]
        for seconds in (_QUIET_SECONDS, patience):
            for start in range(0, len(indexes), _WINDOW):
                window = indexes[start : start + _WINDOW]
                awaited = {(port, index) for index in window for port in ports} - found.keys()
                found |= _exchange(client, numbered, awaited, seconds)
            indexes = [one for one in indexes if any((port, one) not in found for port in ports)]
    return [
        [Response(found.get((port, index)), own) for index in range(len(messages))]
        for port in ports
    ]


def _exchange(
    client: socket.socket, messages: Sequence[bytes], awaited: set[tuple[int, int]], patience: float
) -> dict[tuple[int, int], bytes]:
    """Send messages, by port and index; return the responses that came."""
    found: dict[tuple[int, int], bytes] = {}
    for port, index in sorted(awaited, key=lambda one: one[1]):
        client.sendto(messages[index], (ADDRESS, port))
    client.settimeout(patience)
    with contextlib.suppress(TimeoutError):
        while found.keys() != awaited:
            octets, (_, port) = client.recvfrom(65_535)
            answered = (port, int.from_bytes(octets[:2]))
            if answered in awaited:
                found.setdefault(answered, octets)  # CoreDNS answers twice now and then
    return found


def _numbered(message: bytes, index: int) -> bytes:
    """Return the message with its index for an id; one that has room for none stays."""
    return index.to_bytes(2) + message[2:] if len(message) >= 2 else message


def ask_stream(port: int, messages: Sequence[bytes]) -> list[Response]:
    """Return the response to each message over one TCP connection."""
    found: dict[int, bytes] = {}
    own_address = (ADDRESS, 0)
    with socket.create_connection((ADDRESS, port), _STREAM_SECONDS, own_address) as client:
        own = client.getsockname()[1]
        numbered = [_numbered(message, index) for index, message in enumerate(messages)]
        client.sendall(b"".join(len(one).to_bytes(2) + one for one in numbered))
        received = bytearray()
        with contextlib.suppress(TimeoutError, ConnectionError):
            while len(found) < len(messages) and (octets := client.recv(65_535)):
                received += octets
                while len(received) >= 2 and len(received) >= 2 + int.from_bytes(received[:2]):
                    end = 2 + int.from_bytes(received[:2])
                    found.setdefault(int.from_bytes(received[2:4]), bytes(received[2:end]))
                    del received[:end]
                if len(messages) - 1 in found:  # the others have come before, or never will
                    client.settimeout(_QUIET_SECONDS)
    return [Response(found.get(index), own) for index in range(len(messages))]
