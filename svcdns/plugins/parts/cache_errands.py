"""What `cache` does for errands: it has nothing for the question, and keeps what comes as it is.

See `route.errand`; all other questions meet `cache_step`, which does the same to any answer.
"""

from collections.abc import Callable
from functools import partial

from svcdns.answers.foreign import Outcome
from svcdns.answers.kept import Limits
from svcdns.answers.later import Coming, Later, then
from svcdns.answers.raw import Raw
from svcdns.plugins.parts.cache_step import KEY_SUFFIXES, CacheStep
from svcdns.wire.name import OwnerName
from svcdns.wire.plain import PlainHead
from svcdns.wire.question import Query
from svcdns.wire.uniform import TTL_AT, TTL_SIZE, uniform_with_ttl

_TTL_END = TTL_AT + TTL_SIZE


class CacheErrands:
    """The errands of one `cache` for all names of its block; a `route.errand.Keeper`."""

    def __init__(
        self,
        step: CacheStep,
        limits: Limits,
        excepted: tuple[OwnerName, ...],
        clock: Callable[[], float],
    ) -> None:
        """Keep errands where `step` keeps all other answers.

        Args:
            step: of the same stanza.
            limits: of the TTLs of what has what was asked for.
            excepted: names at and below these are not kept.
            clock: monotonic time in seconds.
        """
        self.missed = step.missed
        self.excepted = excepted
        self._step = step
        self._has = step.store.has
        self._put = step.store.put_raw
        self._limits = limits
        self._clock = clock

    def has(self, question: bytes, *, dnssec_ok: bool) -> bool:
        """Whether there is something kept; see `Keeper`."""
        return self._has(question + KEY_SUFFIXES[dnssec_ok])

    def keep(self, question: bytes, head: PlainHead, octets: bytes, *, dnssec_ok: bool) -> bytes:
        """Keep addresses, all with one TTL, and return them as they are said; see `Keeper`."""
        ttl = int.from_bytes(octets[TTL_AT:_TTL_END])
        lifetime = self._limits.within(ttl)
        key = question + KEY_SUFFIXES[dnssec_ok]
        self._put(key, Raw(question, head, octets, lifetime, self._clock()))
        if lifetime == ttl:
            return octets
        return uniform_with_ttl(octets, head.answers, lifetime)

    def hand_over(self, query: Query, coming: Coming[Outcome]) -> Later[Outcome]:
        """Return what brings the answer after it has been kept; see `Keeper`."""
        do = query.edns is not None and query.edns.dnssec_ok
        key = query.question.key + KEY_SUFFIXES[do]
        return then(coming, partial(self._step.first, key, query))
