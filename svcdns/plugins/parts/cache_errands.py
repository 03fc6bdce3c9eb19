"""What `cache` does for errands: it has nothing for the question, and keeps what comes as it is.

See `route.errand`; all other questions meet `cache_step`, which does the same to any answer.
"""

from collections.abc import Callable
from functools import partial

from svcdns.answers.foreign import Outcome
from svcdns.answers.kept import Lifetimes
from svcdns.answers.later import Coming, Later, then
from svcdns.answers.raw import Raw
from svcdns.plugins.parts.cache_step import KEY_SUFFIXES, CacheStep
from svcdns.wire.contents import with_ttl
from svcdns.wire.name import OwnerName
from svcdns.wire.plain import PlainHead, Shape
from svcdns.wire.question import Query
from svcdns.wire.uniform import TTL_AT, TTL_END, uniform_with_ttl


class CacheErrands:
    """The errands of one `cache` for all names of its block; a `route.errand.Keeper`."""

    def __init__(
        self,
        step: CacheStep,
        lifetimes: Lifetimes,
        excepted: tuple[OwnerName, ...],
        clock: Callable[[], float],
    ) -> None:
        """Keep errands where `step` keeps all other answers.

        Args:
            step: of the same stanza.
            lifetimes: how long.
            excepted: names at and below these are not kept.
            clock: monotonic time in seconds.
        """
        self.missed = step.missed
        self.excepted = excepted
        self._store = step.store
        self._step = step
        self._success, self._denial = lifetimes.success, lifetimes.denial
        self._clock = clock

    def has(self, question: bytes, dnssec_ok: bool) -> bool:  # noqa: FBT001  see `Keeper`
        """Whether there is something kept; see `Keeper`."""
        return self._store.has(question + KEY_SUFFIXES[dnssec_ok])

    def keep(
        self,
        question: bytes,
        head: PlainHead,
        octets: bytes,
        shape: Shape | None,
        dnssec_ok: bool,  # noqa: FBT001  see `Keeper`
    ) -> bytes:
        """Keep an answer, and return it as it is said: all with one TTL; see `Keeper`."""
        key = question + KEY_SUFFIXES[dnssec_ok]
        if shape is None:
            ttl = int.from_bytes(octets[TTL_AT:TTL_END])
            least, most = limits = self._success
            lifetime = ttl if least <= ttl <= most else limits.within(ttl)
            raw = Raw(head, octets, lifetime, self._clock())
            self._store.put_success(key, raw)
            return octets if lifetime == ttl else uniform_with_ttl(octets, head.answers, lifetime)
        lifetime = (self._success if head.answers else self._denial).within(shape.ttl)
        self._store.put(key, Raw(head, octets, lifetime, self._clock()))
        return with_ttl(octets, shape.ttls_at, lifetime)

    def hand_over(self, query: Query, coming: Coming[Outcome]) -> Later[Outcome]:
        """Return what brings the answer after it has been kept; see `Keeper`."""
        do = query.edns is not None and query.edns.dnssec_ok
        key = query.question.key + KEY_SUFFIXES[do]
        return then(coming, partial(self._step.first, key, query))
