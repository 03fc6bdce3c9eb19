"""One exchange: a packet and who sent it in, the octets of the response out.

Below every transport there is this one function. It takes what the fast lane leaves: other
letter cases, unusual EDNS, names that are computed first, blocks that somebody observes.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Protocol

from svcdns.answers.answer import Answer, Dependency, Reason
from svcdns.answers.table import Entry, Label, Table
from svcdns.route.fastlane import FastLane, fast_lane
from svcdns.route.render import entry_of, repeat, say
from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.route.stages import Client, Observed, ObserveStep
from svcdns.route.traffic import DROPPED, Traffic
from svcdns.wire.codes import RCode, RRClass
from svcdns.wire.edns import InfoCode
from svcdns.wire.frame import MAX_MESSAGE
from svcdns.wire.name import OwnerName, to_text
from svcdns.wire.question import MalformedQueryError, Query, Question, read_query

MAX_DEPTH = 8
"""Questions a question may lead to, one inside the other."""


class Responder(Protocol):
    """What a transport needs: answer, then report."""

    def respond(self, packet: bytes, client: Client) -> bytes | None:
        """Return the whole response, or None to say nothing. Never raises."""
        ...

    def observe(self) -> None:
        """Let the observers see the exchanges whose responses have been sent."""
        ...

    def credit(self, seconds: float, queries: int) -> None:
        """Credit the time of a batch to its queries."""
        ...


class Inner:
    """The way from a step back into the server: which exchange is going on."""

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self.query: Query | None = None
        self.client: Client | None = None
        self._depth = 0

    def ask(self, question: Question, depth: int) -> Answer | None:
        """Answer `question` for the client of the exchange that is going on; None: nobody can."""
        if self.exchange is None or self.query is None or self.client is None:
            return None
        if max(depth, self._depth) >= MAX_DEPTH:
            return None
        route = self.exchange.router.find(question.owner, question.rrtype)
        if route is None or route.refuses:
            return None
        self._depth += 1
        try:
            return route.answer(self.query._replace(question=question), self.client)
        finally:
            self._depth -= 1


class Exchange:
    """All exchanges of one listener."""

    def __init__(
        self,
        server: str,
        router: Router,
        inner: Inner,
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
            inner: where steps ask further questions.
            clock: monotonic time in seconds, for those who observe.
            on_bug: is told of an exception in a step; the query gets SERVFAIL.
            reasons: whether Extended DNS Errors say why an answer is negative.
            capacity: entries a table may hold.
        """
        self.router = router
        self.traffic = Traffic(server)
        self._bare = self.traffic.table(capacity)
        self._observed = self.traffic.table(capacity)
        self._inner = inner
        self._clock = clock
        self._on_bug = on_bug
        self._reasons = reasons
        self._remark = ""
        self._turns = count()
        self._unobserved: list[tuple[tuple[ObserveStep, ...], Observed]] = []

    def __len__(self) -> int:
        """Entries kept."""
        return len(self._bare) + len(self._observed)

    def fast_lane(self, *, stream: bool, ipv6: bool) -> FastLane:
        """Return the fast lane for one kind of socket of this listener."""
        return fast_lane(self._bare.entries, stream=stream, ipv6=ipv6)

    def drop(self, dependencies: Iterable[Dependency]) -> int:
        """Forget every answer that depends on one of `dependencies`; return how many."""
        touched = tuple(dependencies)
        return self._bare.drop(touched) + self._observed.drop(touched)

    def clear(self) -> None:
        """Forget every answer."""
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

    def respond(self, packet: bytes, client: Client) -> bytes | None:
        """Return the whole response, or None to say nothing. Never raises."""
        try:
            query = read_query(packet)
        except MalformedQueryError as error:
            self.traffic.malformed += 1
            return error.reply
        try:
            return self._respond(query, client)
        except Exception as error:  # noqa: BLE001  one query fails, never the listener
            self._on_bug(error, query)
            return self._send(query, client, _FAILED, DROPPED)

    def observe(self) -> None:
        """Let the observers see the exchanges whose responses have been sent."""
        unobserved, self._unobserved = self._unobserved, []
        for steps, observed in unobserved:
            for step in steps:
                try:
                    step(observed)
                except Exception as error:  # noqa: BLE001  the response has left; the others see it
                    self._on_bug(error, observed.query)

    def _respond(self, query: Query, client: Client) -> bytes:
        question = query.question
        if question.rrclass != RRClass.IN:
            return self._send(query, client, _refused(_wrong_class, question.rrclass), DROPPED)
        route = self.router.find(question.owner, question.rrtype)
        if route is None:
            return self._send(query, client, _refused(_not_our_zone, question.owner), DROPPED)
        if route.refuses:
            return self._send(query, client, _refused(_empty_block, route.zone), route.zone)
        started = self._clock()
        table = self._bare if route.is_bare else self._observed
        response, answer = self._answer(query, client, route, table)
        error = _failure(answer)
        steps = (*route.observe_steps, *route.failure_steps) if error else route.observe_steps
        if not steps:
            return response
        observed = Observed(
            query=query,
            client=client,
            answer=answer,
            rcode=response[3] & 0x0F,
            flags=int.from_bytes(response[2:4]),
            response_size=len(response),
            seconds=self._clock() - started,
            error=error,
            zone=route.zone,
            metadata=partial(route.metadata, query, client),
        )
        self._unobserved.append((steps, observed))
        return response

    def _answer(
        self, query: Query, client: Client, route: Route, table: Table
    ) -> tuple[bytes, Answer | None]:
        """Answer from `table`, or by the route's steps; return the response and what it says."""
        question = query.question
        entry = table.entries.get(question.key)
        if entry is None:
            inner = self._inner
            inner.exchange, inner.query, inner.client = self, query, client
            answer = self._remarked(route.answer(query, client))
            is_missing = answer.rcode == RCode.NXDOMAIN
            if answer.depends_on is None or (is_missing and not table.is_asked_again(question.key)):
                zone = route.zone if route.measured else ""
                turn = next(self._turns) if route.rotate else 0
                return self._send(query, client, answer, zone, turn), answer
            entry = self._kept(question, answer, route)
            put = table.put_missing if is_missing else table.put
            put(question.key, entry, answer.depends_on)
        return self._send_entry(query, client, entry), entry.answer

    def _remarked(self, answer: Answer) -> Answer:
        if not self._remark or answer.reason is None:
            return answer
        why = Reason(answer.reason.code, _and_that, (answer.reason, self._remark))
        return replace(answer, reason=why)

    def _send(
        self, query: Query, client: Client, answer: Answer, zone: str, turn: int = 0
    ) -> bytes:
        """Return the response that says `answer`, counted under `zone` unless that is empty."""
        reason = answer.reason if self._reasons else None
        response = say(query, answer, reason, turn, stream=client.stream)
        if zone:
            self.traffic.count(
                zone,
                _lane(query, client),
                query.question.rrtype,
                (answer.rcode, answer.written_by),
                (query.size, len(response)),
            )
        return response

    def _kept(self, question: Question, answer: Answer, route: Route) -> Entry:
        """Return `answer` ready to be sent many times."""
        return entry_of(
            question,
            answer,
            Label(route.zone if route.measured else "", answer.written_by, answer.rcode),
            rotate=route.rotate,
            reasons=self._reasons,
            observed=not route.is_bare,
        )

    def _send_entry(self, query: Query, client: Client, entry: Entry) -> bytes:
        """Return the response that says `entry` to a query the fast lane did not take."""
        lane = _lane(query, client)
        turn = entry.hits[lane]
        entry.hits[lane] = turn + 1
        return repeat(query, entry, turn, stream=client.stream)


class StreamResponder:
    """The exchange as a stream of messages asks it: fast lane first."""

    def __init__(self, exchange: Exchange, *, ipv6: bool) -> None:
        self._fast = exchange.fast_lane(stream=True, ipv6=ipv6)
        self._octets = memoryview(bytearray(MAX_MESSAGE))
        self._slow = exchange.respond
        self.observe = exchange.observe
        self.credit = exchange.credit

    def respond(self, packet: bytes, client: Client) -> bytes | None:
        """Return the whole response, or None to say nothing. Never raises."""
        size = self._fast(packet, 0, len(packet), self._octets, 0)
        return bytes(self._octets[:size]) if size else self._slow(packet, client)


def _lane(query: Query, client: Client) -> int:
    edns = query.edns
    return client.lane + (0 if edns is None else 2 if edns.dnssec_ok else 1)


def _and_that(reason: Reason, remark: str) -> str:
    return f"{reason.text()}; {remark}"


def _failure(answer: Answer | None) -> str:
    """Return what a failed answer has to say to the operator."""
    if answer is None or answer.rcode != RCode.SERVFAIL or answer.reason is None:
        return ""
    return answer.reason.text()


def _not_our_zone(owner: OwnerName) -> str:
    return f"no server block here serves {to_text(owner)}"


def _wrong_class(rrclass: int) -> str:
    return f"class {rrclass} is not served here, only IN"


def _empty_block(zone: str) -> str:
    return f"the server block '{zone}' is empty: it has no directive that answers"


def _broken() -> str:
    return "internal error; the log of the server has the details"


def _refused(sentence: Callable[..., str], fact: object) -> Answer:
    reason = Reason(InfoCode.NOT_AUTHORITATIVE, sentence, (fact,))
    return Answer(RCode.REFUSED, authoritative=False, reason=reason, written_by="")


_FAILED = Answer(
    RCode.SERVFAIL, authoritative=False, reason=Reason(InfoCode.OTHER, _broken), written_by=""
)
