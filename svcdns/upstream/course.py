"""Whom to ask next for one question, and when it is enough.

Source: RFC 9520 section 3 (bounded tries); CoreDNS's rules, as observed.
"""

from collections.abc import Sequence
from random import Random

from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.server import Server

TRIES = 2
"""Failed tries for each upstream, unless the stanza says otherwise."""


class Course:
    """Who is asked next for one question."""

    def __init__(
        self,
        forwarding: Forwarding,
        ordered: Sequence[Server],
        chance: Random,
    ) -> None:
        self.all_down = 0
        """How often nobody was up."""
        self._forwarding = forwarding
        self._ordered = ordered
        self._chance = chance
        self._position = 0
        self._whys: dict[str, str] = {}
        self._answers = 0
        tries = forwarding.most_tries
        self._tries_left = TRIES * len(ordered) if tries is None else tries or None

    @property
    def whys(self) -> tuple[str, ...]:
        """Why each upstream that was asked did not answer; the last failure last."""
        return tuple(self._whys.values())

    @property
    def is_unlimited(self) -> bool:
        """Whether only time ends the tries."""
        return self._tries_left is None

    def begin(self) -> None:
        """Take note that the first in the order is being asked already."""
        self._position = 1

    def next(self) -> Server | None:
        """Return whom to ask next; None: there was enough of it."""
        if self._tries_left == 0:
            return None
        for _ in self._ordered:
            server = self._ordered[self._position % len(self._ordered)]
            self._position += 1
            if not server.health.is_down:
                return server
        self.all_down += 1
        # The checks may be what is broken, so somebody is asked all the same.
        return None if self._forwarding.failfast else self._chance.choice(self._ordered)

    def second(self, first: Server) -> Server | None:
        """Return whom to ask beside `first`."""
        for server in self._ordered:
            if server is not first and not server.health.is_down:
                return server
        return None

    def failed(self, server: Server, why: str) -> None:
        """Take note of a try without an answer."""
        if self._tries_left is not None:
            self._tries_left -= 1
        self._whys.pop(server.address, None)
        self._whys[server.address] = why

    def fails_over(self, rcode: int) -> bool:
        """Whether an answer is to be asked of the next upstream too."""
        if rcode not in self._forwarding.failover:
            return False
        self._answers += 1
        return self._answers < len(self._ordered)
