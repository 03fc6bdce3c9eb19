"""One `forward` stanza at work: whom to ask, in which order, how often, and what came of it.

Equal questions are one. Each question has five seconds, each try its own time; who failed is
checked until he is well and meanwhile asked last, or not at all. A reply goes on in its own
octets; what the answer cannot be is said with every upstream's reason.

Source: RFC 9520 section 3 (bounded tries); RFC 8499 (forwarder); CoreDNS's options, as observed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.upstream.asked import Asked
from svcdns.upstream.course import Course
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.flights import Flights
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.health import PROBE_TIMEOUT
from svcdns.upstream.hedge import first_of
from svcdns.upstream.policy import Order, order_of
from svcdns.upstream.server import Server
from svcdns.wire.codes import AA, AD, RA, TC, RCode, RRType, rcode_text
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT
from svcdns.wire.question import Query
from svcdns.wire.reply import Reply

BUDGET = 5.0
"""Seconds for one question, all tries together."""
PAUSE = 0.1
"""Seconds between tries where their number has no limit."""
UNKNOWN_P95 = 0.25
"""Seconds after which a second upstream is asked while it is not known what is usual."""
_TRANSFERS = frozenset((RRType.AXFR, RRType.IXFR))


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
        chance: Random,
    ) -> None:
        """Open nothing.

        Args:
            forwarding: what the stanza says.
            servers: returns the upstreams.
            why_nobody: says why there are none.
            chance: decides the order, where the policy leaves it to chance.
        """
        self.forwarding = forwarding
        self.takes = forwarding.takes
        self.counts = Counts()
        self.flights: Flights[Outcome] = Flights()
        self._servers = servers
        self._why_nobody = why_nobody
        self._chance = chance
        self._going = 0
        self._order: Order[Server] = order_of(forwarding.policy, chance)
        self.takes_all = forwarding.origin == ROOT and not forwarding.excepted
        """Every name is forwarded."""
        self.may_go_on = forwarding.may_go_on

    async def answer(self, query: Query, *, stream: bool) -> Outcome:
        """Return the answer to `query`; what goes wrong is an answer too."""
        if query.question.rrtype in _TRANSFERS:
            return _refused(_no_transfer)
        most = self.forwarding.most_concurrent
        if 0 < most <= self._going:
            self.counts.too_many += 1
            return _refused(_too_many, most)
        asked = Asked.by(query)
        flights, key = self.flights, (asked, stream)
        self._going += 1
        try:
            while (coming := flights.board(key)) is not None:
                shared = await coming
                if shared is not None:
                    return shared
            outcome: Outcome | None = None
            try:
                outcome = await self._ask(asked, stream=stream)
            finally:
                flights.land(key, outcome)
            return outcome
        finally:
            self._going -= 1

    def goes_on(self, outcome: Outcome) -> bool:
        """Whether the next stanza is to be asked instead of saying `outcome`."""
        forwarding = self.forwarding
        if not isinstance(outcome, ForeignAnswer):
            return False
        if outcome.rcode in forwarding.next_rcodes:
            return True
        is_nodata = outcome.rcode == RCode.NOERROR and not outcome.body.counts[0]
        return forwarding.next_on_nodata and is_nodata

    async def _ask(self, asked: Asked, *, stream: bool) -> Outcome:
        usable = [server for server in self._servers() if not server.disabled]
        if not usable:
            whys = (f"{server.address} {server.disabled}" for server in self._servers())
            why = "; ".join(whys) or self._why_nobody()
            return _failed((why,), InfoCode.NO_REACHABLE_AUTHORITY)
        course = Course(self.forwarding, usable, self._in_order(usable), self._chance)
        time = asyncio.get_running_loop().time
        until = time() + BUDGET
        answer: ForeignAnswer | None = None
        while (server := course.next()) is not None:
            try:
                if self.forwarding.hedge and (second := course.second(server)):
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
                continue
            answer = foreign(asked, server.address, reply)
            if not course.fails_over(reply.rcode):
                break
        self.counts.all_down += course.all_down
        return answer or _failed(course.whys or ("no healthy proxies",), InfoCode.NETWORK_ERROR)

    def _in_order(self, usable: Sequence[Server]) -> Sequence[Server]:
        """Return the upstreams in the order to ask; those that just failed come last."""
        ordered = self._order(usable)
        if len(usable) > 1 and any(server.health.is_doubtful for server in usable):
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


def foreign(asked: Asked, address: str, reply: Reply) -> ForeignAnswer:
    """Return what an upstream replied as an answer."""
    flags, rcode, explained = reply.flags, reply.rcode, reply.explained
    reason: Reason | None = None
    if explained is not None or rcode == RCode.SERVFAIL:
        code, text = explained or (InfoCode.OTHER, "")
        reason = Reason(code, said, (address, rcode, text))
    return ForeignAnswer(
        asked.owner,
        reply.body,
        rcode,
        authoritative=bool(flags & AA),
        recursion_available=bool(flags & RA),
        authentic=bool(flags & AD) and (asked.dnssec_ok or bool(asked.flags & AD)),
        is_truncated=bool(flags & TC),
        reason=reason,
    )


def said(address: str, rcode: int, text: str) -> str:
    """Say what an upstream answered, with its own words if it had some."""
    if rcode != RCode.SERVFAIL:
        return text or f"said by {address}"
    return f"{address} answered {rcode_text(rcode)}{text and ': '}{text}"


def _failed(whys: tuple[str, ...], code: InfoCode) -> Answer:
    reason = Reason(code, _joined, whys)
    return Answer(RCode.SERVFAIL, authoritative=False, reason=reason, written_by="")


def _refused(sentence: Callable[..., str], *facts: object) -> Answer:
    reason = Reason(InfoCode.OTHER, sentence, facts)
    return Answer(RCode.REFUSED, authoritative=False, reason=reason, written_by="")


def _too_many(most: int) -> str:
    return f"concurrent queries exceeded maximum {most}"


def _no_transfer() -> str:
    return "zones are not transferred through a forwarder: ask the zone's own server"


def _joined(*whys: str) -> str:
    return "; ".join(whys)
