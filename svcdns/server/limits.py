"""How many connections may be open, for whom, and which one makes room for the next.

A connection that says nothing costs a file descriptor and some memory; a thousand of them must
not keep a client with a question out. So a newcomer at the limit takes the place of whoever
has been quiet for longest, and is refused only when all the others have just been heard.

Source: RFC 7766 section 6.2.3, RFC 9210 section 4.2 (limits, and closing idle connections).
"""

import resource
from dataclasses import dataclass
from typing import Protocol

MAX_CONNECTIONS = 1000
MAX_PER_CLIENT = 100
RESERVED_DESCRIPTORS = 64
"""File descriptors that connections leave to everything else."""
MAX_HELD_OCTETS = 32 * 1024 * 1024
"""What all connections together may keep in memory: half-sent queries and unread responses."""

_SHARE_OF_DESCRIPTORS = 0.4
_CROWDED = 0.8
_MIN_QUIET_SECONDS = 1.0


class Held(Protocol):
    """One open connection, as its limits see it."""

    @property
    def quiet_since(self) -> float:
        """When it was last served or, before that, opened; seconds of the monotonic clock."""
        ...

    def abort(self) -> None:
        """Close at once, whatever is unsent, and give the place back."""
        ...


@dataclass(slots=True)
class ConnectionCounts:
    """What happened to connections since the start."""

    accepted: int = 0
    refused: int = 0
    """At a limit, with nobody quiet enough to make room."""
    evicted: int = 0
    """Closed while quiet, to make room."""
    expired: int = 0
    """Closed after a timeout: nothing asked, half a message, nothing read."""
    overweight: int = 0
    """Closed because all together hold too much and this one more than its share."""
    failed: int = 0
    """Exceptions of ours: the query got SERVFAIL, or the connection was closed."""
    accept_failed: int = 0
    """Times the system had no descriptor or memory for a connection."""


class Connections:
    """The open connections of all listeners that share one set of limits."""

    def __init__(self, total: int, per_client: int) -> None:
        self.total = total
        self.per_client = per_client
        self.counts = ConnectionCounts()
        self._held_octets = 0
        self._open: dict[Held, str] = {}
        self._by_client: dict[str, dict[Held, None]] = {}

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    @property
    def is_crowded(self) -> bool:
        """Whether over 80 % of all places are taken: idle connections get less time."""
        return len(self._open) > _CROWDED * self.total

    @property
    def held_octets(self) -> int:
        """Octets of half-sent queries and unread responses of all connections."""
        return self._held_octets

    def take(self, connection: Held, client: str, now: float) -> bool:
        """Give `connection` a place, or return False: it has to be closed.

        Args:
            connection: newly accepted.
            client: the address it came from; ports do not matter.
            now: seconds of the monotonic clock.
        """
        siblings = self._by_client.get(client, {})
        if len(siblings) >= self.per_client:
            has_place = self._make_room(siblings, now)
        elif len(self._open) >= self.total:
            has_place = self._make_room(self._open, now)
        else:
            has_place = True
        if not has_place:
            self.counts.refused += 1
            return False
        self.counts.accepted += 1
        self._open[connection] = client
        self._by_client.setdefault(client, {})[connection] = None
        return True

    def give_back(self, connection: Held) -> None:
        """Free the place of `connection`; a second time is no mistake."""
        client = self._open.pop(connection, None)
        if client is None:
            return
        siblings = self._by_client[client]
        del siblings[connection]
        if not siblings:
            del self._by_client[client]

    def weigh(self, before: int, after: int) -> bool:
        """Note that a connection holds `after` octets instead of `before`.

        Returns:
            False: all together hold too much and this one more than its share. Close it.
        """
        self._held_octets += after - before
        return self._held_octets <= MAX_HELD_OCTETS or after <= MAX_HELD_OCTETS // self.total

    def _make_room(self, candidates: dict[Held, str] | dict[Held, None], now: float) -> bool:
        quietest = min(candidates, key=_quiet_since)
        if now - quietest.quiet_since < _MIN_QUIET_SECONDS:
            return False
        self.counts.evicted += 1
        quietest.abort()
        self.give_back(quietest)
        return True


def dns_connections() -> Connections:
    """Return the limits for DNS over streams, as far as this process may open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    total = affordable(soft)
    return Connections(total, min(MAX_PER_CLIENT, total))


def affordable(descriptors: int) -> int:
    """Return how many connections a process may hold that may open `descriptors` files.

    Args:
        descriptors: the soft limit; `RLIM_INFINITY` is no limit.
    """
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    share = int((descriptors - RESERVED_DESCRIPTORS) * _SHARE_OF_DESCRIPTORS)
    return max(1, min(MAX_CONNECTIONS, share))


def _quiet_since(connection: Held) -> float:
    return connection.quiet_since
