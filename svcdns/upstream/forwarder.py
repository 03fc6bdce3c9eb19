"""One `forward` stanza at work: whom to ask, in which order, how often, and what came of it.

Equal questions are one. Each question has five seconds, each try its own time; who failed is
checked until he is well and meanwhile asked last, or not at all. A reply goes on in its own
octets; what the answer cannot be is said with every upstream's reason.

Source: RFC 9520 section 3 (bounded tries); RFC 8499 (forwarder); CoreDNS's options, as observed.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import Later
from svcdns.upstream.asked import Asked
from svcdns.upstream.begun import BUDGET, Begun
from svcdns.upstream.course import Course
from svcdns.upstream.datagram import Came, Datagrams
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.flights import Flights
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.health import PROBE_TIMEOUT
from svcdns.upstream.hedge import first_of
from svcdns.upstream.outcome import failed, foreign, no_transfer, refused, too_many
from svcdns.upstream.policy import Order, order_of
from svcdns.upstream.server import Server
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT
from svcdns.wire.question import Query
from svcdns.wire.reply import Reply

PAUSE = 0.1
"""Seconds between tries where their number has no limit."""
UNKNOWN_P95 = 0.25
"""Seconds after which a second upstream is asked while it is not known what is usual."""
TRANSFERS = frozenset((RRType.AXFR, RRType.IXFR))


@dataclass(slots=True)
class Counts:
    """What is counted of a stanza, to be taken away now and then."""

    all_down: int = 0
    """Questions for which no upstream was up."""
    too_many: int = 0
    """Questions over the limit."""


class Forwarder:
    """Asks the upstreams of one stanza."""

    def __init__(
        self,
        forwarding: Forwarding,
        servers: Callable[[], tuple[Server, ...]],
        why_nobody: Callable[[], str],
        datagrams: Datagrams,
        chance: Random,
    ) -> None:
        """Open nothing.

        Args:
            forwarding: what the stanza says.
            servers: returns the upstreams.
            why_nobody: says why there are none.
            datagrams: what the upstreams are asked with.
            chance: decides the order, where the policy leaves it to chance.
        """
        self.forwarding = forwarding
        self.takes = forwarding.takes
        self.counts = Counts()
        self.flights: Flights[Outcome] = Flights()
        self._servers = servers
        self._why_nobody = why_nobody
        self._datagrams = datagrams
        self._chance = chance
        self.going = 0
        """Questions that are being asked, or wait for an equal one."""
        self._order: Order[Server] = order_of(forwarding.policy, chance)
        self.takes_all = forwarding.origin == ROOT and not forwarding.excepted
        """Every name is forwarded."""
        self.may_go_on = forwarding.may_go_on

    def answer(self, query: Query, *, stream: bool) -> Later[Outcome]:
        """Return what brings the answer to `query`; what goes wrong is an answer too."""
        most = self.forwarding.most_concurrent
        loop = self._datagrams.loop
        if (
            loop is None
            or self.forwarding.hedge
            or query.question.rrtype in TRANSFERS
            or 0 < most <= self.going
        ):
            return self._answer(query, stream=stream)
        ordered = self.in_order()
        if not ordered:
            return self._answer(query, stream=stream)
        first = ordered[0]
        if first.health.is_down or not first.begins_with_datagram(stream=stream):
            return self._answer(query, stream=stream, ordered=ordered)
        asked = Asked.by(query)
        key = asked.key(stream=stream)
        if not self.flights.depart(key):
            return self._answer(query, stream=stream, ordered=ordered)
        self.going += 1
        begun = Begun(self, ordered, asked, loop, stream=stream)
        begun.begin(key)
        return begun

    def land(self, key: Hashable, outcome: Outcome | None) -> None:
        """Be done with a question; None: who waits for it too has to ask again."""
        self.going -= 1
        self.flights.land(key, outcome)

    async def _answer(
        self, query: Query, *, stream: bool, ordered: Sequence[Server] = ()
    ) -> Outcome:
        if query.question.rrtype in TRANSFERS:
            return refused(no_transfer)
        most = self.forwarding.most_concurrent
        if 0 < most <= self.going:
            self.counts.too_many += 1
            return refused(too_many, most)
        asked = Asked.by(query)
        flights, key = self.flights, asked.key(stream=stream)
        self.going += 1
        try:
            while (coming := flights.board(key)) is not None:
                shared = await coming
                if shared is not None:
                    return shared
            outcome: Outcome | None = None
            try:
                outcome = await self._ask(asked, ordered or self.in_order(), stream=stream)
            finally:
                flights.land(key, outcome)
            return outcome
        finally:
            self.going -= 1

    def goes_on(self, outcome: Outcome) -> bool:
        """Whether the next stanza is to be asked instead of saying `outcome`."""
        forwarding = self.forwarding
        if not isinstance(outcome, ForeignAnswer):
            return False
        if outcome.rcode in forwarding.next_rcodes:
            return True
        is_nodata = outcome.rcode == RCode.NOERROR and not outcome.body.counts[0]
        return forwarding.next_on_nodata and is_nodata

    async def _ask(self, asked: Asked, ordered: Sequence[Server], *, stream: bool) -> Outcome:
        if not ordered:
            whys = (f"{server.address} {server.disabled}" for server in self._servers())
            why = "; ".join(whys) or self._why_nobody()
            return failed((why,), InfoCode.NO_REACHABLE_AUTHORITY)
        course = Course(self.forwarding, ordered, self._chance)
        until = asyncio.get_running_loop().time() + BUDGET
        return await self._follow(course, asked, stream=stream, until=until)

    async def go_on(self, begun: Begun, came: Came) -> Outcome:
        """Return the answer to a question whose first datagram has brought `came`."""
        course = Course(self.forwarding, begun.ordered, self._chance)
        course.begin()
        tried = begun.ordered[0], begun.go_on(came)
        stream, until = begun.stream, begun.until
        return await self._follow(course, begun.asked, tried, stream=stream, until=until)

    async def _follow(
        self,
        course: Course,
        asked: Asked,
        tried: tuple[Server, Coroutine[Any, Any, Reply]] | None = None,
        *,
        stream: bool,
        until: float,
    ) -> Outcome:
        """Return what those on a course answer, `tried` before all others."""
        time = asyncio.get_running_loop().time
        answer: ForeignAnswer | None = None
        server = course.next() if tried is None else tried[0]
        while server is not None:
            try:
                if tried is not None:
                    reply = await tried[1]
                elif self.forwarding.hedge and (second := course.second(server)):
                    server, reply = await _hedged(server, second, asked, stream=stream, until=until)
                else:
                    reply = await server.ask(asked, stream=stream, until=until)
            except UpstreamError as error:
                course.failed(server, str(error))
                self._doubt(server)
                if time() >= until:
                    break
                if course.is_unlimited:
                    await asyncio.sleep(PAUSE)  # who refuses at once would be asked for ever
            else:
                answer = foreign(asked, server.address, reply)
                if not course.fails_over(reply.rcode):
                    break
            tried, server = None, course.next()
        self.counts.all_down += course.all_down
        return answer or failed(course.whys or ("no healthy proxies",), InfoCode.NETWORK_ERROR)

    def usable(self) -> Sequence[Server]:
        """Return whom to ask, in the order of the Corefile."""
        servers = self._servers()
        for server in servers:
            if server.disabled:
                return [server for server in servers if not server.disabled]
        return servers

    def in_order(self) -> Sequence[Server]:
        """Return whom to ask, in that order; those that just failed come last."""
        usable = self.usable()
        if len(usable) <= 1:
            return usable
        ordered = self._order(usable)
        for server in ordered:
            if server.health.is_doubtful:
                return sorted(ordered, key=lambda server: server.health.is_doubtful)
        return ordered

    def _doubt(self, server: Server) -> None:
        def count() -> None:
            server.figures.probes_failed += 1

        server.health.doubt(partial(server.is_well, self.forwarding.check, PROBE_TIMEOUT), count)


async def _hedged(
    first: Server, second: Server, asked: Asked, *, stream: bool, until: float
) -> tuple[Server, Reply]:
    """Return who answered and what."""

    async def ask(server: Server) -> tuple[Server, Reply]:
        return server, await server.ask(asked, stream=stream, until=until)

    patience = first.figures.p95 or UNKNOWN_P95
    return await first_of(partial(ask, first), partial(ask, second), patience)
