"""One upstream: ask it, whatever that takes, and know how it does.

A question goes out as a datagram or on a stream, as the stanza says. A truncated answer and
signs of somebody guessing lead to a stream; FORMERR from a server that knows no EDNS leads to
the same question without OPT. Each try has its own time, all of them have one end.

Source: RFC 7766 section 5 (TC); RFC 6891 section 7; RFC 5452 section 9.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from svcdns.upstream.asked import Asked, knows_no_edns
from svcdns.upstream.datagram import Datagrams
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
        self.named_at = named_at
        self.figures = Figures()
        self.health = health
        self.streams = streams
        self.disabled = ""
        """Why it must never be asked again; empty: it may be."""
        self._habits = habits
        self._datagrams = datagrams
        self._identities: Iterator[bytes] = identities()
        self._without_edns_until = 0.0
        self._streams_only = habits.force_tcp or endpoint.transport is Transport.TLS

    @property
    def address(self) -> str:
        """`HOST:PORT`, as logs and metrics name it."""
        return self.endpoint.text

    def disable(self, why: str) -> None:
        """Never ask it again."""
        self.disabled = why

    def retire(self) -> None:
        """End checks and connections; questions on their way still get their replies."""
        self.health.stop()
        self.streams.retire()

    async def ask(self, asked: Asked, *, stream: bool, until: float) -> Reply:
        """Return its reply.

        Args:
            asked: the question.
            stream: whether the client used one.
            until: when it has to be over, on the clock of the loop.

        Raises:
            UpstreamError: there is none in time.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        habits, figures = self._habits, self.figures
        figures.asked += 1
        if habits.random_case:
            asked = asked.in_random_case(os.urandom(_CASE_OCTETS))
        with_opt = started >= self._without_edns_until
        stream = self._streams_only or (stream and not habits.prefer_udp)
        try:
            reply = await self._try(asked, with_opt=with_opt, stream=stream, until=until)
            if with_opt and reply.rcode and knows_no_edns(reply):
                plain = await self._try(asked, with_opt=False, stream=stream, until=until)
                if not knows_no_edns(plain):
                    self._without_edns_until = started + _WITHOUT_EDNS
                    reply = plain
        except UpstreamError:
            figures.failed += 1
            raise
        figures.untaken.append((reply.rcode, loop.time() - started))
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
        sent = asked.message(next(self._identities), with_opt=with_opt)
        datagrams, habits = self._datagrams, self._habits
        waiting = datagrams.begin(self.endpoint, asked, sent, self._until(until), habits.source)
        reply: Reply | None = None
        try:
            reply = await waiting.future
        except SpoofedError:
            pass
        finally:
            datagrams.end(waiting)
        if reply is not None and not reply.flags & TC:
            return reply
        try:
            return await self._over_stream(asked, with_opt=with_opt, until=until)
        except UpstreamError:
            if reply is None:
                raise
            return reply  # truncated as it is, and it says so

    async def _over_stream(self, asked: Asked, *, with_opt: bool, until: float) -> Reply:
        while True:
            sent = asked.message(next(self._identities), with_opt=with_opt)
            with suppress(ReusedConnectionError):
                return await self.streams.ask(asked, sent, self._until(until))

    def _until(self, until: float) -> float:
        """Return when a try that begins now has to be over."""
        return min(asyncio.get_running_loop().time() + self._habits.read_timeout, until)
