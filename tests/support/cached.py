"""A cache in front of an upstream, in a time of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import ForeignAnswer, Outcome
from svcdns.answers.later import Later
from svcdns.plugins.cache import DIRECTIVE, build
from svcdns.route.stages import Steps
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.question import Query, Question
from svcdns.wire.rrset import RRset
from tests.support.directives import FixedScope, settings_of
from tests.support.foreign import Upstream, foreign, query_for
from tests.support.stubs import FixedClient, addresses, question

WWW = question("www.example.")


@dataclass
class Clock:
    """Monotonic time that passes when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def address(last: int = 4, ttl: int = 60, name: str = "www.example.") -> RRset:
    return addresses(name, bytes((192, 0, 2, last)), ttl=ttl)


@dataclass
class Cache:
    """A cache in front of an upstream, in a time of its own."""

    text: str = "cache ."
    says: Callable[[Query], Outcome | Later[Outcome]] = lambda query: foreign(
        query.question, address()
    )
    clock: Clock = field(default_factory=Clock)
    scope: FixedScope = field(default_factory=FixedScope)

    def __post_init__(self) -> None:
        self.steps: Steps = build(settings_of(DIRECTIVE, self.text), self.scope, clock=self.clock)
        self.upstream = Upstream(self._says_now)

    def _says_now(self, query: Query) -> Outcome | Later[Outcome]:
        return self.says(query)

    def later(self, query: Query | Question = WWW) -> Outcome | Later[Outcome]:
        asked = query_for(query) if isinstance(query, Question) else query
        assert self.steps.around is not None
        return self.steps.around(asked, FixedClient(), self.upstream)

    def ask(self, query: Query | Question = WWW) -> Outcome:
        """Ask what is answered at once."""
        outcome = self.later(query)
        assert isinstance(outcome, Answer | ForeignAnswer)
        return outcome

    def numbers(self) -> dict[str, float]:
        """Return the counters by name and `type`, as they are after a tick."""
        assert self.steps.tick is not None
        self.steps.tick(self.clock())
        return {
            " ".join((name.removeprefix("coredns_cache_"), *labels[1:-2])): number
            for name, series in self.scope.metrics.numbers.items()
            for labels, number in series.items()
            if name.startswith("coredns_cache_")
        }

    @property
    def asked(self) -> int:
        return len(self.upstream.queries)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let what runs beside the queries run."""
        assert self.steps.run is not None
        task = asyncio.ensure_future(self.steps.run())
        await asyncio.sleep(0)
        yield
        task.cancel()
        await asyncio.wait((task,))

    async def settle(self) -> None:
        """Let everything happen that can happen without the clock."""
        for _ in range(10):
            await asyncio.sleep(0)


def say(outcome: Outcome) -> Callable[[Query], Outcome]:
    return lambda _: outcome


def silent(code: int = InfoCode.NO_REACHABLE_AUTHORITY) -> Answer:
    return Answer(RCode.SERVFAIL, reason=Reason(code, lambda: "10.0.0.2:53 did not answer"))
