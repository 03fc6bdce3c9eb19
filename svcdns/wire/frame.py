"""The two-octet length prefix that separates messages on a stream, without the stream.

Source: RFC 1035 section 4.2.2; RFC 7766 section 8 (a length and its message may arrive in any
segmentation, and several messages in one segment).
"""

_PREFIX = 2
MAX_MESSAGE = 0xFFFF


class Frames:
    """Cuts what a stream delivers into messages.

    An empty message is delivered as any other: what it deserves is the reader's decision.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Octets received that do not make a whole message yet; 0 between two messages."""
        return len(self._buffer)

    def receive(self, received: bytes) -> list[bytes]:
        """Return the messages that are complete now, in the order of the stream."""
        buffer = self._buffer
        buffer += received
        messages: list[bytes] = []
        start, size = 0, len(buffer)
        while size - start >= _PREFIX:
            end = start + _PREFIX + (buffer[start] << 8 | buffer[start + 1])
            if end > size:
                break
            messages.append(bytes(buffer[start + _PREFIX : end]))
            start = end
        # One deletion for all messages: the octets behind them move once, not once for each.
        del buffer[:start]
        return messages


def frame(message: bytes) -> bytes:
    """Return `message` with its length in front.

    Raises:
        ValueError: over 65,535 octets.
    """
    if len(message) > MAX_MESSAGE:
        raise ValueError(f"a message has at most 65535 octets, this one {len(message)}")
    return len(message).to_bytes(_PREFIX) + message
