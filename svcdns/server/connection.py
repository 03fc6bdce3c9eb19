"""One connection of DNS over a stream: octets in, octets out, and what has to wait.

What a client can make this process keep is bounded on both sides: a client that does not read
its responses is not read from, and time runs out for half a message, for silence and for
responses that lie unread. Nothing here awaits or owns a timer.

Cutting the stream into messages is `wire.frame`'s, answering is `route.exchange`'s.

Source: RFC 1035 section 4.2.2, RFC 7766 sections 6.2 and 8.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Protocol

from svcdns.answers.later import LATER
from svcdns.route.responder import Reply, Responder
from svcdns.server.accept import Accepted, Acceptor
from svcdns.server.failure import servfail
from svcdns.server.limits import Connections
from svcdns.server.patience import Patience
from svcdns.server.waiting import MOST as MOST_WAITING
from svcdns.server.waiting import Waiting
from svcdns.wire.frame import Frames, frame

HIGH_WATER = 64 * 1024
"""Octets unsent from which a client is no longer read from."""
LOW_WATER = 16 * 1024
SLICE = 128
"""Messages answered in one turn of the loop; hits take about half a millisecond."""


@dataclass(slots=True)
class StreamClient:
    """Who is at the other end of a connection (`route.stages.Client`)."""

    address: str
    port: int
    local_address: str
    local_port: int
    lane: int
    stream: bool = True


class Owner(Protocol):
    """The listener a connection belongs to."""

    responder: Responder
    """May be replaced at any time: open connections follow."""

    patience: Patience
    """May be replaced at any time too."""

    @property
    def connections(self) -> Connections:
        """The limits it counts against."""
        ...

    @property
    def octets(self) -> memoryview:
        """Where connections receive, one after the other: nothing stays in it."""
        ...

    @property
    def acceptor(self) -> Acceptor:
        """Who keeps its connections."""
        ...


class Connection(asyncio.BufferedProtocol, Accepted):
    """One connection: octets in, octets out, and what has to wait.

    Nothing here awaits. `_settle` is the one place that decides what comes next.
    """

    __slots__ = (
        "_asked",
        "_backlog",
        "_client",
        "_frames",
        "_is_aborted",
        "_is_continuing",
        "_is_ending",
        "_listener",
        "_partial_since",
        "_stalled_since",
        "_transport",
        "_waiting",
        "_was_served",
        "_weight",
        "quiet_since",
    )

    def __init__(self, listener: Owner, client: StreamClient, now: float) -> None:
        self.quiet_since = now
        self._listener = listener
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._backlog: deque[bytes] = deque()
        self._waiting = Waiting(self._send)
        self._partial_since = inf
        self._stalled_since = inf
        self._was_served = False
        self._is_ending = False
        self._is_continuing = False
        self._is_aborted = False
        self._weight = 0
        self._asked = 0

    def has_expired(self, now: float) -> bool:
        """Whether the client has had its time for what it is about."""
        patience = self._listener.patience
        if self._stalled_since < inf:
            return now - self._stalled_since >= patience.send
        if self._waiting:
            return False  # those it waits for have deadlines of their own
        if self._was_served and self._partial_since < inf:
            return now - self._partial_since >= patience.message
        crowded = self._listener.connections.is_crowded
        seconds = patience.crowded_idle if crowded else patience.idle
        if not self._was_served:
            seconds = min(seconds, patience.first)
        return now - self.quiet_since >= seconds

    def finish(self) -> None:
        """Read no more; close when everything received has been answered and sent."""
        self._is_ending = True
        self._settle()

    def abort(self) -> None:
        """Close at once and give the place back."""
        self._is_aborted = True
        if self._transport is not None:
            self._transport.abort()
        else:
            self._listener.acceptor.forget(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start: asyncio calls this once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  for the type checker
        self._transport = transport
        transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        if self._is_aborted or self._is_ending:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """End, for whatever reason."""
        self._transport = None
        self._backlog.clear()
        self._waiting.cancel()
        self._listener.connections.weigh(self._weight, 0)
        self._weight = 0
        self._listener.acceptor.forget(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  asyncio's signature
        """Return where to receive."""
        return self._listener.octets

    def buffer_updated(self, nbytes: int) -> None:
        """Answer what is complete now."""
        try:
            self._receive(bytes(self._listener.octets[:nbytes]))
        except Exception as error:  # noqa: BLE001  one connection fails, never the listener
            self._fail(error)

    def eof_received(self) -> bool:
        """Go on until everything asked so far is answered (RFC 7766 section 6.2.4)."""
        self.finish()
        return True

    def pause_writing(self) -> None:
        """The client does not read: `_settle` will not read from it either."""
        self._stalled_since = monotonic()
        self._waiting.hold()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._stalled_since = inf
        self._waiting.go_on()
        if self._partial_since < inf:
            self._partial_since = monotonic()
        self._settle()

    def _receive(self, octets: bytes) -> None:
        messages = self._frames.receive(octets)
        if not self._frames.pending:
            self._partial_since = inf
        elif messages or self._partial_since == inf:
            self._partial_since = monotonic()
        if messages:
            self._backlog += messages
            self._answer()
        self._settle()

    def _continue(self) -> None:
        self._is_continuing = False
        if self._transport is None:
            return
        try:
            self._answer()
            self._settle()
        except Exception as error:  # noqa: BLE001  one connection fails, never the listener
            self._fail(error)

    def _answer(self) -> None:
        """Answer a slice of the backlog with one write."""
        responder, backlog, client = self._listener.responder, self._backlog, self._client
        started = monotonic()
        framed: list[bytes] = []
        most, asked, size = self._turn(), 0, 0
        while backlog and asked < most and size < HIGH_WATER:
            packet = backlog.popleft()
            asked += 1
            try:
                reply = responder.respond(packet, client)
                if isinstance(reply, bytes):
                    framed.append(frame(reply))
                    size += len(reply)
                else:
                    self._wait_for(reply)
                    most = min(most, asked + MOST_WAITING - len(self._waiting))
            except Exception as error:  # noqa: BLE001  one query fails, never the connection
                self._listener.acceptor.report(error)
                apology = servfail(packet, stream=True)
                if apology is not None:
                    framed.append(frame(apology))
        self._asked += asked
        if framed and self._transport is not None:
            # Only an answer counts as life: silence filled with rubbish is silence.
            self.quiet_since = started
            self._was_served = True
            self._transport.write(b"".join(framed))
        try:
            responder.credit(monotonic() - started, len(framed))
            responder.observe()
        except Exception as error:  # noqa: BLE001  the client has its answer
            self._listener.acceptor.report(error)

    def _turn(self) -> int:
        """Return how many queries may be answered now: fewer once some have to be waited for."""
        room = SLICE if len(self._waiting) < MOST_WAITING else 0
        queries = self._listener.patience.queries
        return min(room, queries - self._asked) if queries > 0 else room

    def _wait_for(self, reply: Reply) -> None:
        """Send later what is not there yet."""
        if isinstance(reply, LATER):
            self._waiting.respond(reply)
        elif reply is not None:
            self._waiting.transfer(reply)  # type: ignore[arg-type]  # what is left

    def _send(self, framed: bytes) -> None:
        """Send a response that was waited for; nothing to send is a query that gets none."""
        if self._transport is None:
            return
        if framed:
            self.quiet_since = monotonic()
            self._was_served = True
            self._transport.write(framed)
            self._listener.responder.observe()
        self._settle()

    def _settle(self) -> None:
        """Decide what comes next: the rest of the backlog, the end, or more octets."""
        transport = self._transport
        if transport is None:
            return
        if 0 < self._listener.patience.queries <= self._asked:
            self._is_ending = True
            self._backlog.clear()
        if self._is_ending and not self._backlog and not self._waiting:
            transport.close()
            if transport.get_write_buffer_size():
                self._stalled_since = min(self._stalled_since, monotonic())
        elif self._stalled_since < inf:
            transport.pause_reading()
        elif self._backlog:
            transport.pause_reading()
            if self._turn() > 0 and not self._is_continuing:
                self._is_continuing = True
                asyncio.get_running_loop().call_soon(self._continue)
        elif self._is_ending:
            transport.pause_reading()
        else:
            transport.resume_reading()
        self._weigh(transport)

    def _weigh(self, transport: asyncio.Transport) -> None:
        unsent = transport.get_write_buffer_size() if self._stalled_since < inf else 0
        weight = self._frames.pending + unsent
        if weight != self._weight:
            before, self._weight = self._weight, weight
            if not self._listener.connections.weigh(before, weight):
                self._listener.connections.counts.overweight += 1
                self.abort()

    def _fail(self, error: Exception) -> None:
        self._listener.acceptor.report(error)
        self.abort()
