"""One exchange: a packet and who sent it in, the octets of the response out.

Below every transport there is this one function. It takes what the fast lane leaves: other
letter cases, unusual EDNS, names that are computed first, blocks that somebody observes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, count
from typing import NamedTuple

from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.answers.foreign import Outcome, Renewal
from svcdns.answers.later import LATER, Coming, Later
from svcdns.answers.table import Entry, Label
from svcdns.route import refusals
from svcdns.route.fastlane import FastLane, fast_lane
from svcdns.route.inner import begin
from svcdns.route.lasting import lasting, renewal_of
from svcdns.route.observing import Observing, is_error
from svcdns.route.render import Manner, entry_of, repeat, say, transfer
from svcdns.route.responder import Reply, Said
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Client
from svcdns.route.traffic import DROPPED, Traffic
from svcdns.wire.codes import RCODE_MASK, RCode, RRClass
from svcdns.wire.question import MalformedQueryError, Query, Question, read_query


class Exchange:
    """All exchanges of one listener."""

    def __init__(
        self,
        server: str,
        router: Router,
        *,
        clock: Callable[[], float],
        on_bug: Callable[[Exception, Query], None],
        reasons: bool = True,
        capacity: int = 65_536,
    ) -> None:
        """Serve `router`.

        Args:
            server: the listener as metrics name it: `dns://:53`.
            router: the routes of this listener.
            clock: monotonic time in seconds, for those who observe.
            on_bug: is told of an exception in a step; the query gets SERVFAIL.
            reasons: whether Extended DNS Errors say why an answer is negative.
            capacity: entries a table may hold.
        """
        self.router = router
        self.traffic = Traffic(server)
        self._bare = self.traffic.table(capacity)
        self.entries = self._bare.entries
        self._observed = self.traffic.table(capacity)
        self.clock = clock
        self._on_bug = on_bug
        self._reasons = reasons
        self._remark = ""
        self.turns = count()
        self.drops = 0
        self._any_class = any(route.any_class for route in router.routes)
        self._observing = Observing(clock, on_bug)

    def __len__(self) -> int:
        """Entries kept."""
        return len(self._bare) + len(self._observed)

    def fast_lane(self, *, stream: bool, ipv6: bool) -> FastLane:
        """Return the fast lane for one kind of socket of this listener."""
        return fast_lane(self.entries, stream=stream, ipv6=ipv6)

    def drop(self, dependencies: Iterable[Dependency]) -> int:
        """Forget every answer that depends on one of `dependencies`; return how many."""
        touched = tuple(dependencies)
        self.drops += 1
        return self._bare.drop(touched) + self._observed.drop(touched)

    def clear(self) -> None:
        """Forget every answer."""
        self.drops += 1
        self._bare.clear()
        self._observed.clear()

    def remark(self, text: str) -> None:
        """Let every reason end with `text`, which is about all answers at the moment."""
        if text != self._remark:
            self._remark = text
            self.clear()

    def credit(self, seconds: float, queries: int) -> None:
        """Credit the time of a batch to its queries."""
        self.traffic.credit(seconds, queries)

    def respond(self, packet: bytes, client: Client) -> Reply:
        """Return what to send. Neither this nor what it returns ever raises.

        Only streams get transfers. `client` must stay as it is until a later response is there.
        """
        try:
            query = read_query(packet)
        except MalformedQueryError as error:
            self.traffic.malformed += 1
            return error.reply
        try:
            return self._respond(query, client)
        except Exception as error:  # noqa: BLE001  one query fails, never the listener
            return self.fail(error, query, client)

    def observe(self) -> None:
        """Let the observers see the exchanges whose responses have been sent."""
        self._observing.observe()

    def fail(self, error: Exception, query: Query, client: Client) -> bytes:
        """Return the response to a query that a bug has come between."""
        self._on_bug(error, query)
        return self._send(query, client, refusals.internal_error(), _Said(DROPPED))

    def _respond(self, query: Query, client: Client) -> Reply:
        question = query.question
        if question.rrclass != RRClass.IN and not self._any_class:
            refused = refusals.wrong_class(question.rrclass)
            return self._send(query, client, refused, _Said(DROPPED))
        route = self.router.find(question.owner, question.rrtype)
        if route is None:
            refused = refusals.not_our_zone(question.owner)
            return self._send(query, client, refused, _Said(DROPPED))
        if route.refuses:
            refused = refusals.empty_block(route.zone)
            return self._send(query, client, refused, _Said(route.zone))
        started = self.clock()
        table = self._bare if route.is_bare else self._observed
        entry = table.entries.get(question.key)
        if entry is not None and not (entry.plain_only and _is_special(query)):
            again = self._send_entry(query, client, entry, route)
            if again is not None:
                return self._observing.remember(query, client, route, entry.answer, again, started)
        begin(self.router, query, client)
        outcome = route.answer(query, client)
        if isinstance(outcome, LATER):
            return self.wait(query, client, route, outcome, (started, self.drops))
        return self._conclude(query, client, route, outcome, started)  # type: ignore[arg-type]

    def wait(
        self,
        query: Query,
        client: Client,
        route: Route,
        outcome: Later[Outcome],
        asked: tuple[float, int],
    ) -> Later[Said]:
        """Return what brings the response; `asked` is when the query came, and `drops` then."""
        if not isinstance(outcome, Coming):
            return self._later(query, client, route, outcome, asked)
        outcome.finish_with(partial(self._arrived, query, client, route, asked))
        return outcome  # type: ignore[return-value]  # it brings what `_arrived` makes of it

    async def _later(
        self,
        query: Query,
        client: Client,
        route: Route,
        outcome: Later[Outcome],
        asked: tuple[float, int],
    ) -> Said:
        try:
            found = await outcome
        except Exception as error:  # noqa: BLE001  one query fails, never the listener
            return self.fail(error, query, client)
        return self._arrived(query, client, route, asked, found)  # type: ignore[return-value]

    def _arrived(
        self,
        query: Query,
        client: Client,
        route: Route,
        asked: tuple[float, int],
        found: Outcome | Later[Outcome] | Exception,
    ) -> Reply:
        """Return what to send for what has been waited for."""
        if isinstance(found, LATER):
            return self._later(query, client, route, found, asked)
        if isinstance(found, Exception):
            return self.fail(found, query, client)
        outcome: Outcome = found  # type: ignore[assignment]  # it is here now
        started, drops = asked
        try:
            if drops != self.drops and outcome.depends_on is not None:
                outcome = replace(outcome, depends_on=None)  # may be of before the change
            said = self._conclude(query, client, route, outcome, started)
        except Exception as error:  # noqa: BLE001  one query fails, never the listener
            return self.fail(error, query, client)
        if isinstance(said, bytes):
            self.traffic.waited(route.measured_as, query.question.key, self.clock() - started)
        return said

    def _conclude(
        self, query: Query, client: Client, route: Route, outcome: Outcome, started: float
    ) -> Said:
        """Return what to send for `outcome`, and keep it if it may be said again."""
        outcome = self._remarked(outcome)
        if isinstance(outcome, Answer):
            if outcome.is_silent:
                return None
            if outcome.messages is not None:
                return self._transfer(query, client, route, outcome, started)
        question = query.question
        table = self._bare if route.is_bare else self._observed
        is_missing = outcome.rcode == RCode.NXDOMAIN
        renewal = renewal_of(outcome) if route.is_bare else None
        depends_on = lasting(outcome) if renewal is None else ()
        response = None
        if not (
            depends_on is None
            or outcome.rcode > RCODE_MASK
            or route.per_client
            or (route.error_steps and is_error(question, outcome))
            or (is_missing and not table.is_asked_again(question.key))
        ):
            entry = self._kept(question, outcome, route, renewal)
            if is_missing:
                table.put_missing(question.key, entry, depends_on)
            elif renewal is not None:
                table.put_renewed(question.key, entry)
            else:
                table.put(question.key, entry, depends_on)
            if renewal is None:
                response = self._send_entry(query, client, entry, route)
                if outcome.on_hits is not None:
                    outcome.on_hits(-1)  # who answered has counted this one
        if response is None:
            turn = next(self.turns) if route.rotate else 0
            said = _Said(route.measured_as, turn, route.manner(query, stream=client.stream))
            response = self._send(query, client, outcome, said)
        return self._observing.remember(query, client, route, outcome, response, started)

    def _transfer(
        self, query: Query, client: Client, route: Route, answer: Answer, started: float
    ) -> Said:
        """Return the messages of a zone transfer."""
        if not client.stream:
            refused = refusals.needs_stream()
            response = self._send(query, client, refused, _Said(route.measured_as))
            return self._observing.remember(query, client, route, refused, response, started)
        messages = transfer(query, answer)
        first = next(messages)
        self._observing.remember(query, client, route, answer, first, started)
        return self._unbroken(query, client, chain((first,), messages))

    def _unbroken(self, query: Query, client: Client, messages: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `messages`; where they break off, one that says so (RFC 5936 section 2.2)."""
        try:
            yield from messages
        except Exception as error:  # noqa: BLE001  one transfer fails, never the listener
            yield self.fail(error, query, client)

    def _remarked(self, outcome: Outcome) -> Outcome:
        if not self._remark or outcome.reason is None:
            return outcome
        why = Reason(outcome.reason.code, _and_that, (outcome.reason, self._remark))
        return replace(outcome, reason=why)

    def _send(self, query: Query, client: Client, outcome: Outcome, said: "_Said") -> bytes:
        """Return the response that says `outcome`."""
        reason = outcome.reason if self._reasons else None
        manner = said.manner or Manner(client.stream)
        response = say(query, outcome, reason, said.turn, manner)
        if said.zone:
            self.traffic.count(
                said.zone,
                _lane(query, client),
                query.question.rrtype,
                (outcome.rcode, outcome.written_by),
                (query.size, len(response)),
            )
        return response

    def _kept(
        self, question: Question, outcome: Outcome, route: Route, renewal: Renewal | None
    ) -> Entry:
        """Return `outcome` ready to be sent many times."""
        on_hits = outcome.on_hits if renewal is None else None  # it counts by itself
        return entry_of(
            question,
            outcome,
            Label(route.measured_as, outcome.written_by, outcome.rcode, on_hits),
            rotate=route.rotate,
            reasons=self._reasons,
            observed=not route.is_bare,
            renewal=renewal,
        )

    def _send_entry(self, query: Query, client: Client, entry: Entry, route: Route) -> bytes | None:
        """Return the response that says `entry` to a query the fast lane did not take."""
        lane = _lane(query, client)
        turn = entry.hits[lane]
        response = repeat(query, entry, turn, route.manner(query, stream=client.stream))
        if response is not None:
            entry.hits[lane] = turn + 1
        return response


class _Said(NamedTuple):
    """Under which zone a response is counted, and how it is said."""

    zone: str
    """Empty: not counted."""
    turn: int = 0
    manner: Manner | None = None


def _is_special(query: Query) -> bool:
    """Whether an upstream may answer this query otherwise than one without any flags."""
    edns = query.edns
    return query.checking_disabled or (edns is not None and edns.dnssec_ok)


def _lane(query: Query, client: Client) -> int:
    edns = query.edns
    return client.lane + (0 if edns is None else 2 if edns.dnssec_ok else 1)


def _and_that(reason: Reason, remark: str) -> str:
    return f"{reason.text()}; {remark}"
