"""An answer of an upstream that is kept for a while: how long, as what, how it is said again.

A kept answer stays in wire form. All its records share one TTL, from the first time on, as
CoreDNS has it: the smallest of them, within limits. When it is said again that TTL is less by
the whole seconds that have passed, so it never grows. Whatever clock is meant is the caller's.

Source: RFC 2308 sections 5 and 7; RFC 2181 section 8; RFC 8767 (what is stale).
"""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ON_TICK, WHILE_KEPT, ForeignAnswer, Outcome, Renewal
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.contents import Contents, contents_of, with_ttl
from svcdns.wire.edns import InfoCode
from svcdns.wire.question import Question
from svcdns.wire.response import Body

_UNSAID_TTL = 5
"""Seconds for what has no TTL of its own."""
_TRANSFERS = (RRType.AXFR, RRType.IXFR)
_ROTATIONS = 8
"""Copies there may be, each with another record first."""
_OVERHEAD = 2_600
"""Octets of the objects around the wire form, those of the table of one listener included."""
_COPY_OVERHEAD = 90
_WRITTEN_BY = "cache"
_UPSTREAM_FAILED = (InfoCode.NO_REACHABLE_AUTHORITY, InfoCode.NETWORK_ERROR)


class Kind(Enum):
    """What an answer is kept as."""

    SUCCESS = "success"
    DENIAL = "denial"
    FAILURE = "failure"


class Limits(NamedTuple):
    """Least and greatest TTL, in seconds; the greatest wins."""

    least: int
    most: int

    def within(self, ttl: int) -> int:
        """Return `ttl`, or the limit that is nearest."""
        ttl = max(ttl, self.least)
        return min(self.most, ttl)


class Lifetimes(NamedTuple):
    """How long answers are kept."""

    success: Limits = Limits(5, 3600)
    denial: Limits = Limits(5, 1800)
    failure: float = 5.0
    """0: not at all."""


class Judgement(NamedTuple):
    """What becomes of an answer."""

    kind: Kind | None
    """None: it is not kept."""
    lifetime: float
    """In seconds; also the TTL of its records."""
    answering: bool
    """It has what was asked for."""


def is_upstream_failure(outcome: Outcome) -> bool:
    """Whether `outcome` is ours and says that no upstream had an answer."""
    return (
        isinstance(outcome, Answer)
        and outcome.rcode == RCode.SERVFAIL
        and outcome.reason is not None
        and outcome.reason.code in _UPSTREAM_FAILED
    )


def judge(
    question: Question, answer: ForeignAnswer, contents: Contents, lifetimes: Lifetimes
) -> Judgement:
    """Return whether and for how long to keep `answer`.

    What was cut, a zone transfer, a denial without SOA, an alias that leads nowhere and every
    RCODE but NOERROR, NXDOMAIN, SERVFAIL and NOTIMP is not kept.
    """
    if (
        contents.answers
        and contents.ttl is not None
        and not (answer.rcode or answer.is_truncated or question.rrtype in _TRANSFERS)
    ):
        return Judgement(Kind.SUCCESS, lifetimes.success.within(contents.ttl), answering=True)
    return _judged(question, answer, contents, lifetimes)


def _judged(
    question: Question, answer: ForeignAnswer, contents: Contents, lifetimes: Lifetimes
) -> Judgement:
    rcode = answer.rcode
    answered = answer.body.counts[0] > 0
    denies = False
    kind: Kind | None = None
    ttl = _UNSAID_TTL
    if rcode == RCode.NOERROR:
        denies = contents.has_soa and not contents.answers
        refers = contents.refers and not answered and not denies
        if denies:
            kind = Kind.DENIAL
        elif contents.answers or not answered:
            kind = Kind.SUCCESS
        if contents.ttl is not None and not refers:
            ttl = contents.ttl
    elif rcode == RCode.NXDOMAIN and not answered:
        denies = True
        kind = Kind.DENIAL if contents.has_soa else None
        ttl = _UNSAID_TTL if contents.ttl is None else contents.ttl
    elif rcode in (RCode.SERVFAIL, RCode.NOTIMP):
        return Judgement(
            Kind.FAILURE if lifetimes.failure else None, lifetimes.failure, answering=False
        )
    if answer.is_truncated or question.rrtype in _TRANSFERS:
        kind = None
    if denies:
        if contents.denial_ttl is not None:
            ttl = min(ttl, contents.denial_ttl)
        return Judgement(kind, lifetimes.denial.within(ttl), answering=False)
    return Judgement(kind, lifetimes.success.within(ttl), rcode == 0 and contents.answers)


class Kept:
    """One answer that is kept, and how often it was asked for."""

    __slots__ = (
        "_often",
        "_said",
        "_said_ttl",
        "answer",
        "answering",
        "ask_at",
        "failure",
        "hits",
        "kind",
        "last_hit",
        "lifetime",
        "renewal",
        "since",
        "ttls_at",
    )

    def __init__(
        self, answer: Outcome, judgement: Judgement, contents: Contents | None, now: float
    ) -> None:
        """Keep `answer` from `now` on.

        Args:
            answer: as it came.
            judgement: what `judge` says of it; its kind is not None.
            contents: None for an answer that is not in wire form.
            now: seconds of a monotonic clock.
        """
        assert judgement.kind is not None, "what has no kind is not kept"  # noqa: S101
        self.answer = answer
        self.kind = judgement.kind
        self.lifetime = judgement.lifetime
        self.answering = judgement.answering
        self.since = now
        self.hits = 0
        self.last_hit = now
        self.ask_at = now
        """Not before that is a newer one asked for: one is under way, or could not be had."""
        self.failure = ""
        """Why there is no newer one."""
        self.ttls_at = contents.ttls_at if contents is not None else ()
        """Where in the octets of the answer its TTLs stand."""
        self.renewal: Renewal | None = None
        """Says it for listeners."""
        self._said: Outcome | None = None
        self._said_ttl = -1
        self._often: ForeignAnswer | None = None

    @property
    def size(self) -> int:
        """Octets of memory, about."""
        if isinstance(self.answer, ForeignAnswer):
            body = self.answer.body
            return size_of(body.counts[0], len(body.octets), len(self.ttls_at))
        return _OVERHEAD

    def remaining(self, now: float) -> int:
        """Return the whole seconds it is good for; zero or less: it is stale."""
        return int(self.lifetime) - int(now - self.since)

    def hits_with(self, hits: int, now: float, gap: float) -> int:
        """Return the hits there are with `hits` more, none of them before a pause over `gap`."""
        return hits if self.last_hit < now - gap else self.hits + hits

    def count(self, hits: int, now: float, gap: float) -> None:
        """Count `hits`; a pause longer than `gap` seconds begins the count anew."""
        self.hits = self.hits_with(hits, now, gap)
        self.last_hit = now

    def said(self, ttl: int) -> Outcome:
        """Return the answer with `ttl` in all its records."""
        if ttl != self._said_ttl or self._said is None:
            self._said_ttl = ttl
            said = patched(
                self.answer, self.ttls_at, ttl, written_by=_WRITTEN_BY, renewal=self.renewal
            )
            if self.kind is Kind.FAILURE and said.reason is not None:
                said = replace(said, reason=said.reason._replace(code=InfoCode.CACHED_ERROR))
            self._said = said
            self._often = None
        return self._said

    def said_often(self, ttl: int, on_hits: Callable[[int], None]) -> Outcome:
        """Return the answer with `ttl`; the second time anybody may keep it for this second.

        Args:
            ttl: for all records.
            on_hits: is told how often a copy was sent.
        """
        if ttl != self._said_ttl or not isinstance(self._said, ForeignAnswer):
            return self.said(ttl)
        if self._often is None:
            depends_on = (ON_TICK,) if self.renewal is None else (ON_TICK, WHILE_KEPT)
            self._often = replace(self._said, depends_on=depends_on, on_hits=on_hits)
        return self._often

    def says(self, body: Body) -> bool:
        """Whether `body` is that of the answer as it was said last."""
        said = self._said
        return isinstance(said, ForeignAnswer) and said.body is body

    def stale(self, ttl: int, now: float) -> Outcome:
        """Return the answer as one whose time is over."""
        denied = self.answer.rcode == RCode.NXDOMAIN
        code = InfoCode.STALE_NXDOMAIN_ANSWER if denied else InfoCode.STALE_ANSWER
        facts = (int(now - self.since), self.failure)
        reason = Reason(code, _stale, facts)
        said = self.said(ttl)
        if isinstance(said, ForeignAnswer):
            return replace(said, reason=reason, depends_on=None, renewal=None)
        return replace(said, reason=reason)


@lru_cache(maxsize=4096)
def size_of(answers: int, octets: int, ttls: int) -> int:
    """Return the octets of memory, about, of an answer that is kept.

    Args:
        answers: its records in the answer section.
        octets: of its body.
        ttls: TTLs in it.
    """
    copies = 3 + (min(_ROTATIONS, answers) if answers > 1 else 0)
    return _OVERHEAD + _COPY_OVERHEAD * copies + copies * octets + 36 * ttls


def patched(
    answer: Outcome,
    ttls_at: tuple[int, ...],
    ttl: int,
    *,
    written_by: str | None = None,
    renewal: Renewal | None = None,
) -> Outcome:
    """Return `answer` with `ttl` in all its records, to be computed or renewed each time.

    Args:
        answer: as it came.
        ttls_at: where its TTLs stand, see `wire.contents`.
        ttl: in seconds.
        written_by: the directive it is from now on; None: it stays who it was.
        renewal: what says it again; None: it is computed each time.
    """
    writer = answer.written_by if written_by is None else written_by
    if not isinstance(answer, ForeignAnswer):
        return replace(answer, depends_on=None, written_by=writer)
    body = answer.body
    # Field by field, as every answer that comes from an upstream passes here: `replace` takes
    # longer than all the rest.
    return ForeignAnswer(
        answer.owner,
        Body(body.counts, with_ttl(body.octets, ttls_at, ttl)),
        answer.rcode,
        answer.authoritative,
        answer.recursion_available,
        answer.authentic,
        answer.is_truncated,
        answer.raised,
        answer.lowered,
        answer.reason,
        None if renewal is None else (WHILE_KEPT,),
        writer,
        None,
        renewal,
    )


def _stale(age: int, failure: str) -> str:
    if failure:
        return f"{age} s old, as there is no newer answer: {failure}"
    return f"{age} s old; a newer answer is being asked for"


def examined(answer: ForeignAnswer, question: Question) -> Contents:
    """Return what `answer` to `question` holds.

    Raises:
        MalformedMessageError: its octets cannot be read.
    """
    return contents_of(question.owner, question.rrtype, answer.body)
