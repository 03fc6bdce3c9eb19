"""One upstream: ask it, whatever that takes, and know how it does.

A question goes out as a datagram or on a stream, as the stanza says. A truncated answer and
signs of somebody guessing lead to a stream; FORMERR from a server that knows no EDNS leads to
the same question without OPT. Each try has its own time, all of them have one end.

Source: RFC 7766 section 5 (TC); RFC 6891 section 7; RFC 5452 section 9.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from svcdns.upstream.asked import Asked, knows_no_edns
from svcdns.upstream.datagram import Came, Datagrams, Waiting
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.failure import ReusedConnectionError, SpoofedError, UpstreamError
from svcdns.upstream.figures import Figures
from svcdns.upstream.health import Health
from svcdns.upstream.identities import identities
from svcdns.upstream.stream import Streams
from svcdns.wire.codes import TC
from svcdns.wire.question import Question
from svcdns.wire.reply import Reply

_WITHOUT_EDNS = 900.0
"""Seconds for which a server that did not know EDNS is asked without."""
_PROBE_SECONDS = 2.0
_CASE_OCTETS = 32
_ADDITIONALS_AT = 11
_NO_IDENTITY = b"\0\0"
"""Where a stream tells questions apart (RFC 8484 section 4.1, RFC 9250 section 4.2.1)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How all upstreams of a stanza are spoken to."""

    read_timeout: float = 2.0
    """Seconds for each try."""
    force_tcp: bool = False
    prefer_udp: bool = False
    """Begin with a datagram though the client used a stream."""
    source: str = ""
    random_case: bool = False
    """Send names in random letter case, which a reply has to repeat."""


class Server:
    """One upstream; a `route.offers.Upstream`."""

    def __init__(
        self,
        endpoint: Endpoint,
        named_at: str,
        habits: Habits,
        datagrams: Datagrams,
        streams: Streams,
        health: Health,
    ) -> None:
        """Nothing is opened before the first question.

        Args:
            endpoint: where it is.
            named_at: where it was named.
            habits: how it is spoken to.
            datagrams: what all upstreams share.
            streams: connections to this one.
            health: what is known about whether it works.
        """
        self.endpoint = endpoint
        self.address = endpoint.text
        """`HOST:PORT`, as logs and metrics name it."""
        self.named_at = named_at
        self.figures = Figures()
        self.health = health
        self.streams = streams
        self.disabled = ""
        """Why it must never be asked again; empty: it may be."""
        self._habits = habits
        self._datagrams = datagrams
        self.identities: Iterator[bytes] = identities()
        """Ids for questions to it."""
        self.without_edns_until = 0.0
        """Until then it is asked without OPT, on the clock of the loop."""
        self._streams_only = habits.force_tcp or endpoint.transport is not Transport.DNS
        has_own_stream = endpoint.transport in (Transport.HTTPS, Transport.QUIC)
        self._on_streams = repeat(_NO_IDENTITY) if has_own_stream else self.identities

    def disable(self, why: str) -> None:
        """Never ask it again."""
        self.disabled = why

    def enable(self) -> None:
        """Ask it again: why it was disabled is over."""
        self.disabled = ""

    def retire(self) -> None:
        """End checks and connections; questions on their way still get their replies."""
        self.health.stop()
        self.streams.retire()

    def begins_with_datagram(self, *, stream: bool) -> bool:
        """Whether the first try is one, where the client did or did not use a stream."""
        return not self._streams_only and (not stream or self._habits.prefer_udp)

    def begin(
        self, asked: Asked, *, now: float, until: float, tell: Callable[[Came], None]
    ) -> Waiting:
        """Begin to `ask` with a datagram, from where no task is; `go_on` is what is left of it.

        Args:
            asked: the question.
            now: the time, on the clock of the loop.
            until: when it has to be over, on the same.
            tell: is told what came, unless `give_up` is called before; never from in here.

        Raises:
            UpstreamError: it cannot be sent.
        """
        figures, habits = self.figures, self._habits
        figures.asked += 1
        figures.datagrams += 1
        if habits.random_case:
            asked = asked.in_random_case(os.urandom(_CASE_OCTETS))
        with_opt = now >= self.without_edns_until
        sent = asked.message(next(self.identities), with_opt=with_opt)
        end = now + habits.read_timeout
        try:
            return self._datagrams.begin(
                self.endpoint, asked, sent, min(end, until), tell, habits.source
            )
        except UpstreamError:
            figures.failed += 1
            raise

    def is_enough(self, waiting: Waiting, reply: Reply, seconds: float) -> bool:
        """Return whether nothing is left to be done about a question; take note if so."""
        if reply.flags & TC or (reply.rcode and _had_opt(waiting) and knows_no_edns(reply)):
            return False
        self.figures.untaken[reply.rcode].append(seconds)
        return True

    def give_up(self, waiting: Waiting) -> None:
        """Wait no more for what has begun."""
        self._datagrams.end(waiting)

    async def go_on(self, waiting: Waiting, came: Came, *, started: float, until: float) -> Reply:
        """Return its reply to what has begun, after `came` came.

        Raises:
            UpstreamError: there is none in time.
        """
        with_opt = _had_opt(waiting)
        rest = self._after(came, waiting.asked, with_opt=with_opt, until=until)
        return await self._asked(
            rest, waiting.asked, with_opt=with_opt, stream=False, started=started, until=until
        )

    async def ask(self, asked: Asked, *, stream: bool, until: float) -> Reply:
        """Return its reply.

        Args:
            asked: the question.
            stream: whether the client used one.
            until: when it has to be over, on the clock of the loop.

        Raises:
            UpstreamError: there is none in time.
        """
        started = asyncio.get_running_loop().time()
        self.figures.asked += 1
        if self._habits.random_case:
            asked = asked.in_random_case(os.urandom(_CASE_OCTETS))
        with_opt = started >= self.without_edns_until
        stream = not self.begins_with_datagram(stream=stream)
        first = self._try(asked, with_opt=with_opt, stream=stream, until=until)
        return await self._asked(
            first, asked, with_opt=with_opt, stream=stream, started=started, until=until
        )

    async def _asked(
        self,
        first: Coroutine[Any, Any, Reply],
        asked: Asked,
        *,
        with_opt: bool,
        stream: bool,
        started: float,
        until: float,
    ) -> Reply:
        """Return what the first try brings, or one without OPT where that is why it failed."""
        figures = self.figures
        try:
            reply = await first
            if with_opt and reply.rcode and knows_no_edns(reply):
                plain = await self._try(asked, with_opt=False, stream=stream, until=until)
                if not knows_no_edns(plain):
                    self.without_edns_until = started + _WITHOUT_EDNS
                    reply = plain
        except UpstreamError:
            figures.failed += 1
            raise
        figures.untaken[reply.rcode].append(asyncio.get_running_loop().time() - started)
        return reply

    async def probe(self, question: Question) -> int | None:
        """Ask one question; return the RCODE, None if there is no reply in time."""
        until = asyncio.get_running_loop().time() + _PROBE_SECONDS
        try:
            reply = await self._try(
                Asked.of(question), with_opt=True, stream=self._streams_only, until=until
            )
        except UpstreamError:
            return None
        return reply.rcode

    async def is_well(self, asked: Asked, patience: float) -> bool:
        """Whether it replies to `asked` in time, whatever it says."""
        until = asyncio.get_running_loop().time() + patience
        try:
            await self._try(asked, with_opt=False, stream=self._streams_only, until=until)
        except UpstreamError:
            return False
        return True

    async def _try(self, asked: Asked, *, with_opt: bool, stream: bool, until: float) -> Reply:
        if stream:
            return await self._over_stream(asked, with_opt=with_opt, until=until)
        self.figures.datagrams += 1
        sent = asked.message(next(self.identities), with_opt=with_opt)
        end, source = self._until(until), self._habits.source
        came: Came
        try:
            came = await self._datagrams.ask(self.endpoint, asked, sent, end, source)
        except UpstreamError as error:
            came = error
        return await self._after(came, asked, with_opt=with_opt, until=until)

    async def _after(self, came: Came, asked: Asked, *, with_opt: bool, until: float) -> Reply:
        """Return the reply to a question, after a datagram has brought `came`."""
        if isinstance(came, UpstreamError):
            if not isinstance(came, SpoofedError):
                raise came
        elif not came.flags & TC:
            return came
        try:
            return await self._over_stream(asked, with_opt=with_opt, until=until)
        except UpstreamError:
            if isinstance(came, UpstreamError):
                raise
            return came  # truncated as it is, and it says so

    async def _over_stream(self, asked: Asked, *, with_opt: bool, until: float) -> Reply:
        while True:
            sent = asked.message(next(self._on_streams), with_opt=with_opt)
            with suppress(ReusedConnectionError):
                return await self.streams.ask(asked, sent, self._until(until))

    def _until(self, until: float) -> float:
        """Return when a try that begins now has to be over."""
        return min(asyncio.get_running_loop().time() + self._habits.read_timeout, until)


def _had_opt(waiting: Waiting) -> bool:
    return bool(waiting.sent[_ADDITIONALS_AT])
