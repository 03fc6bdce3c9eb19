"""How long the connections of one listener may take for what, and how much they may ask.

Source: RFC 7766 sections 6.2.3 and 8, RFC 9210 section 4.2; CoreDNS's directive timeouts.
"""

from typing import NamedTuple, Self

from svcdns.route.stages import ConnectionTimeouts


class Patience(NamedTuple):
    """Seconds, and a number of queries."""

    first: float = 3.0
    """From the connection to its first answered message."""
    message: float = 3.0
    """From the first octet of a message to its last."""
    idle: float = 10.0
    crowded_idle: float = 1.0
    """Instead of `idle` while over 80 % of the places are taken."""
    send: float = 5.0
    """For a client to read what lies unsent."""
    queries: int = 0
    """After which a connection ends; 0: never."""

    @classmethod
    def of(cls, asked: ConnectionTimeouts) -> Self:
        """Return what a Corefile asks for, and what is usual where it says nothing."""
        usual = cls()
        read = asked.read
        idle = usual.idle if asked.idle is None else asked.idle
        return cls(
            usual.first if read is None else read,
            usual.message if read is None else read,
            idle,
            min(usual.crowded_idle, idle),
            usual.send if asked.write is None else asked.write,
            asked.max_queries or 0,
        )
