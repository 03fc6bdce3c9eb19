"""The step of `cache`: answer from the store, or ask behind it and keep what an upstream said.

Answers of this server's own zones pass through as they are: they come from memory already, and
nothing but a change of the cluster makes them stale. Whatever is kept is found by name, type,
class, DO and CD, so an answer is only ever said to the question it was given to.

Source: RFC 2308 (denials); RFC 9520 (failures); RFC 8767 (stale answers); RFC 6840 section 5.8
(the AD bit).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.kept import (
    Judgement,
    Kept,
    Kind,
    Lifetimes,
    examined,
    is_upstream_failure,
    judge,
    patched,
)
from svcdns.answers.later import Later, then
from svcdns.plugins.parts.cache_hits import Hits, Prefetch
from svcdns.plugins.parts.cache_refreshes import Asked, Refreshes
from svcdns.plugins.parts.cache_store import DEFAULT_CAPACITY, Store
from svcdns.route.stages import Client, Rest
from svcdns.wire.codes import AD, CD, RCode, rcode_text
from svcdns.wire.name import ROOT, OwnerName, is_within
from svcdns.wire.question import Query
from svcdns.wire.records import MalformedMessageError

Zones = tuple[OwnerName, ...]

KEY_SUFFIXES = (b"\0", b"\1", b"\2", b"\3")
"""Behind a question, by DO and CD: what an answer is kept under."""
_LONGEST = 10.0
"""Seconds after which a question that was asked again is taken for lost."""
_PAUSE = 1.0
"""Seconds after a failure before the background asks again, whatever the stanza says."""
_REFRESHED = (RCode.NOERROR, RCode.NXDOMAIN)


class Stale(NamedTuple):
    """Whether and how answers are served after their time."""

    seconds: float = 0.0
    """For how long; 0: not at all."""
    verify: bool = False
    """A newer answer is asked for first."""
    timeout: float = 0.0
    """How long a client waits for that; 0: as long as it takes."""
    ttl: int = 0
    recheck: float = 0.0
    """Seconds after a failure before a newer answer is asked for again."""
    prefer_positive: bool = False


class Settings(NamedTuple):
    """What a stanza says."""

    zones: Zones
    lifetimes: Lifetimes = Lifetimes()
    successes: int = DEFAULT_CAPACITY
    denials: int = DEFAULT_CAPACITY
    prefetch: Prefetch = Prefetch(0)
    stale: Stale = Stale()
    no_success: Zones = ()
    """Names at and below these are not kept as a success."""
    no_denial: Zones = ()
    keep_ttl: bool = False


class Counts:
    """What happened since the last time somebody looked."""

    __slots__ = ("denied", "drops", "misses", "prefetches", "requests", "stale", "succeeded")

    def __init__(self) -> None:
        self.requests = self.misses = self.drops = self.prefetches = self.stale = 0
        self.succeeded = self.denied = 0
        """Hits by what was kept."""


class CacheStep:
    """All that one `cache` does."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        """Begin with nothing kept.

        Args:
            settings: what the stanza says.
            clock: monotonic time in seconds.
        """
        self.store = Store(
            settings.successes, settings.denials, prefer_positive=settings.stale.prefer_positive
        )
        self.counts = Counts()
        self.repeated: dict[Kind, list[int]] = {kind: [0] for kind in Kind}
        """Hits that listeners answered, not in `counts` yet."""
        self.missed = [0]
        """Errands that found nothing, not in `counts` yet."""
        self.refreshes = Refreshes()
        self._clock = clock
        self._zones = () if ROOT in settings.zones else settings.zones
        self._lifetimes = settings.lifetimes
        self._prefetch = settings.prefetch
        self._stale = settings.stale
        self._excluded = {
            Kind.SUCCESS: settings.no_success,
            Kind.DENIAL: settings.no_denial,
            Kind.FAILURE: settings.no_denial,
        }
        self._keep_ttl = settings.keep_ttl

    def around(self, query: Query, client: Client, rest: Rest) -> Outcome | Later[Outcome]:
        """Return what is kept for the question, or what is behind the cache."""
        question = query.question
        if self._zones and not any(is_within(question.owner, zone) for zone in self._zones):
            return rest(query, client)
        edns = query.edns
        do = edns is not None and edns.dnssec_ok
        key = question.key + KEY_SUFFIXES[do + 2 * bool(query.flags & CD)]
        now = self._clock()
        self.counts.requests += 1
        kept = self.store.find(key, now, self._stale.seconds)
        if kept is None:
            self.counts.misses += 1
            asked = Asked(key, query, client, rest)
            return then(asked.again(), partial(self.first, key, query))
        self._count(kept.kind, 1)
        left = kept.remaining(now)
        if left <= 0:
            return self._past(Asked(key, query, client, rest), kept, now)
        if self._prefetch.amount and self._is_wanted_soon(kept, now):
            self._refresh(Asked(key, query, client, rest), kept)
        ttl = int(kept.lifetime) if self._keep_ttl else left
        if do or query.flags & CD or kept.answer.authentic:
            return _authentic_for(query, kept.said(ttl))
        # The listener's table knows names, no flags: only what is the same without any.
        if kept.renewal is None and isinstance(kept.answer, ForeignAnswer):
            kept.renewal = self._hits_of(kept, key)
        if left == 1:  # a second that begins at another moment may end too late
            return kept.said(ttl)
        return kept.said_often(ttl, partial(self._count_sent, kept))

    def _hits_of(self, kept: Kept, key: bytes) -> Hits:
        return Hits(
            kept,
            key,
            self.store,
            self._clock,
            self._prefetch,
            self.repeated[kept.kind],
            keep_ttl=self._keep_ttl,
        )

    def first(self, key: bytes, query: Query, outcome: Outcome) -> Outcome:
        """Return what to say of an answer that has just come, and keep it if it may be kept."""
        said, _ = self._taken(key, query, outcome, failures=True)
        return _authentic_for(query, said)

    def _taken(
        self, key: bytes, query: Query, outcome: Outcome, *, failures: bool
    ) -> tuple[Outcome, Judgement | None]:
        """Keep `outcome` if it may be kept; return it as it is said, and what was made of it."""
        question = query.question
        if not isinstance(outcome, ForeignAnswer):
            if failures and self._lifetimes.failure and is_upstream_failure(outcome):
                judgement = Judgement(Kind.FAILURE, self._lifetimes.failure, answering=False)
                self._keep(key, question.owner, Kept(outcome, judgement, None, self._clock()))
            return outcome, None
        if outcome.owner != question.owner:
            self.counts.drops += 1
            return outcome, None
        try:
            contents = examined(outcome, question)
        except MalformedMessageError:
            return outcome, None
        judgement = judge(question, outcome, contents, self._lifetimes)
        if judgement.kind is not None and (failures or judgement.kind is not Kind.FAILURE):
            self._keep(key, question.owner, Kept(outcome, judgement, contents, self._clock()))
        return patched(outcome, contents.ttls_at, int(judgement.lifetime)), judgement

    def _keep(self, key: bytes, owner: OwnerName, kept: Kept) -> None:
        excluded = self._excluded[kept.kind]
        if excluded and any(is_within(owner, zone) for zone in excluded):
            return
        self.store.put(key, kept)

    def _past(self, asked: Asked, kept: Kept, now: float) -> Outcome | Later[Outcome]:
        """Return the answer whose time is over, or a newer one where that comes first."""
        stale = self._stale
        may_ask = now >= kept.ask_at
        if not stale.verify:
            if may_ask:
                self._refresh(asked, kept)
        elif may_ask and stale.timeout:
            if (refresh := self._refresh(asked, kept)) is not None:
                return self._verified(asked, kept, refresh)
        elif may_ask or not stale.recheck:
            kept.ask_at = now + _LONGEST
            return then(asked.again(), partial(self._newer_or, asked, kept))
        return self._said_stale(asked.query, kept)

    def _said_stale(self, query: Query, kept: Kept) -> Outcome:
        self.counts.stale += 1
        ttl = self._stale.ttl or (int(kept.lifetime) if self._keep_ttl else 0)
        return _authentic_for(query, kept.stale(ttl, self._clock()))

    def _newer_or(self, asked: Asked, kept: Kept, outcome: Outcome) -> Outcome:
        """Return `outcome` if it is newer than the stale answer that is kept, else that."""
        said = self._refreshed(asked, kept, outcome)
        return self._said_stale(asked.query, kept) if said is None else said

    async def _verified(
        self, asked: Asked, kept: Kept, refresh: "asyncio.Future[Outcome | None]"
    ) -> Outcome:
        await asyncio.wait((refresh,), timeout=self._stale.timeout)
        said = refresh.result() if refresh.done() else None
        return self._said_stale(asked.query, kept) if said is None else said

    def _refresh(self, asked: Asked, kept: Kept) -> "asyncio.Future[Outcome | None] | None":
        """Have a newer answer asked for in the background; None: not now."""
        refresh = self.refreshes.start(asked, partial(self._refreshed, asked, kept))
        if refresh is not None:
            now = self._clock()
            kept.ask_at = now + _LONGEST
            if not self._stale.verify or kept.remaining(now) > 0:
                self.counts.prefetches += 1
        return refresh

    def _refreshed(self, asked: Asked, kept: Kept, outcome: Outcome | None) -> Outcome | None:
        """Take in what came for an answer that is kept; return it if it is any better.

        Args:
            asked: what was asked.
            kept: the answer to be replaced.
            outcome: what came; None: nothing, because of a bug.
        """
        now = self._clock()
        is_stale = kept.remaining(now) <= 0
        said, judgement = (
            (None, None)
            if outcome is None
            else self._taken(asked.key, asked.query, outcome, failures=not is_stale)
        )
        newer = self.store.find(asked.key, now, self._stale.seconds)
        if newer is not None and newer is not kept:
            newer.hits, newer.last_hit = kept.hits, kept.last_hit
        better = said is not None and _is_better(said, judgement, self._stale)
        kept.failure = "" if better or outcome is None else _failure(outcome)
        kept.ask_at = now + (self._stale.recheck or (0.0 if self._stale.verify else _PAUSE))
        return _authentic_for(asked.query, said) if better and said is not None else None

    def _is_wanted_soon(self, kept: Kept, now: float) -> bool:
        """Count a hit; return whether a newer answer is to be asked for already."""
        is_due = self._prefetch.is_due(kept, now)
        kept.count(1, now, self._prefetch.gap)
        return is_due

    def take_counts(self) -> Counts:
        """Return what happened since the last time."""
        missed, self.missed[0] = self.missed[0], 0
        self.counts.requests += missed
        self.counts.misses += missed
        for kind, repeated in self.repeated.items():
            hits, repeated[0] = repeated[0], 0
            self.counts.requests += hits
            self._count(kind, hits)
        counts, self.counts = self.counts, Counts()
        return counts

    def _count_sent(self, kept: Kept, hits: int) -> None:
        """Count the hits of a copy in the table of a listener."""
        self.counts.requests += hits
        self._count(kept.kind, hits)
        if self._prefetch.amount:
            kept.count(hits, self._clock(), self._prefetch.gap)

    def _count(self, kind: Kind, hits: int) -> None:
        if kind is Kind.SUCCESS:
            self.counts.succeeded += hits
        else:
            self.counts.denied += hits


def _is_better(said: Outcome, judgement: Judgement | None, stale: Stale) -> bool:
    """Whether an answer takes the place of a stale one, see RFC 8767 section 4."""
    if isinstance(said, ForeignAnswer) and said.is_truncated:
        return False
    if stale.prefer_positive and judgement is not None and not judgement.answering:
        return False
    return said.rcode in _REFRESHED


def _failure(outcome: Outcome) -> str:
    """Return why `outcome` is no better than what is kept."""
    if outcome.reason is not None:
        return outcome.reason.text()
    return f"the answer was {rcode_text(outcome.rcode)}"


def _authentic_for(query: Query, outcome: Outcome) -> Outcome:
    """Return `outcome`, with the AD bit only for those who asked for it."""
    if not outcome.authentic or query.flags & AD:
        return outcome
    if query.edns is not None and query.edns.dnssec_ok:
        return outcome
    return replace(outcome, authentic=False)
