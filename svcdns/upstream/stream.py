"""Questions over TCP and TLS to one upstream: few connections, many questions on each.

A connection is opened when there is none with room, keeps being used while the upstream keeps
it, and is left when a question on it got no answer in time. Questions are sent at once and
their replies taken in any order.

Source: RFC 7766 section 6 (reuse, pipelining, order); RFC 7858 section 3 (TLS).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from svcdns.upstream.asked import Asked
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import (
    TIMEOUT,
    ReusedConnectionError,
    UpstreamError,
    way_of,
    words_of,
)
from svcdns.wire.frame import Frames, frame
from svcdns.wire.reply import Reply

MOST_QUESTIONS = 64
"""Questions without a reply on one connection; then another one is opened."""
MOST_CONNECTIONS = 64
_HANDSHAKE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long connections are kept."""

    expire: float = 10.0
    """Seconds without a question."""
    max_age: float = 0.0
    """Seconds since it was opened; 0: for ever."""
    max_idle: int = 0
    """Connections that may be idle; 0: any number."""


class _Question:
    """One question on a connection."""

    __slots__ = ("_connection", "asked", "future", "sent")

    def __init__(self, connection: "_Connection", asked: Asked, sent: bytes) -> None:
        self._connection = connection
        self.asked = asked
        self.sent = sent
        self.future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def fail(self, error: UpstreamError) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def expire(self) -> None:
        self._connection.is_usable = False
        self.fail(UpstreamError(self._connection.failing(TIMEOUT)))


class _Connection(asyncio.Protocol):
    """One connection; it may be used before it is open."""

    def __init__(self, endpoint: Endpoint, on_idle: Callable[["_Connection"], None]) -> None:
        loop = asyncio.get_running_loop()
        self.questions: dict[bytes, _Question] = {}
        self.is_usable = True
        self.opened = self.idle_since = loop.time()
        self.dialing: asyncio.Task[None] | None = None
        self._endpoint = endpoint
        self._on_idle = on_idle
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._frames = Frames()
        self._served = 0

    def send(self, asked: Asked, sent: bytes) -> _Question:
        """Send a question, as soon as the connection is open."""
        question = self.questions[sent[:2]] = _Question(self, asked, sent)
        if self._transport is None:
            self._unsent.append(frame(sent))
        else:
            self._transport.write(frame(sent))
        return question

    def leave(self, question: _Question) -> None:
        """Forget a question; its reply may never come."""
        self.questions.pop(question.sent[:2], None)
        if self.questions:
            return
        self.idle_since = asyncio.get_running_loop().time()
        if not self.is_usable:
            self.close()
        self._on_idle(self)

    def close(self) -> None:
        self.is_usable = False
        if self._transport is not None:
            self._transport.close()
        elif self.dialing is not None:
            self.dialing.cancel()

    def failing(self, why: str) -> str:
        """Return the text that says what this connection failed at."""
        if self._transport is None:
            return f"dial tcp {self._endpoint.text}: {why}"
        sock = self._transport.get_extra_info("socket")
        return f"read tcp {way_of(sock, self._endpoint.text)}: {why}"

    async def dial(self, context: ssl.SSLContext | None, source: str) -> None:
        """Open the connection; should that fail, so does every question on it."""
        endpoint = self._endpoint
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: self,
                endpoint.host,
                endpoint.port,
                ssl=context,
                server_hostname=(endpoint.server_name or endpoint.host) if context else None,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if context else None,
                local_addr=(source, 0) if source else None,
            )
        except ssl.SSLCertVerificationError as error:
            self._fail(self.failing(f"tls: failed to verify certificate: {error.verify_message}"))
        except ssl.SSLError as error:
            self._fail(self.failing(f"tls: {error.reason or error}"))
        except OSError as error:
            self._fail(self.failing(f"connect: {words_of(error)}"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = cast("socket.socket", transport.get_extra_info("socket"))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()
        if not self.is_usable and not self.questions:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        for message in self._frames.receive(data):
            question = self.questions.get(message[:2])
            if question is None or question.future.done():
                continue
            reply = question.asked.accept(message, question.sent)
            if reply is None:
                # On a stream nobody can slip a message in: the upstream itself is wrong.
                self.is_usable = False
                question.fail(UpstreamError(self.failing("a reply to another question")))
            else:
                self._served += 1
                question.future.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        why = "EOF"
        if isinstance(exc, OSError):
            why = f"read: {words_of(exc)}"
        self._fail(self.failing(why))

    def _fail(self, text: str) -> None:
        self.is_usable = False
        kind = ReusedConnectionError if self._served else UpstreamError
        for question in list(self.questions.values()):
            question.fail(kind(text))
        if not self.questions:
            self._on_idle(self)


class Streams:
    """All connections to one upstream."""

    def __init__(
        self,
        endpoint: Endpoint,
        keeping: Keeping,
        deadlines: Deadlines,
        context: ssl.SSLContext | None = None,
        source: str = "",
    ) -> None:
        """Nothing is opened before the first question.

        Args:
            endpoint: the upstream.
            keeping: how long connections are kept.
            deadlines: what all upstreams share.
            context: how TLS is spoken; None: it is not.
            source: the address to connect from; empty: the system's choice.
        """
        self.hits = 0
        """Questions that found a connection."""
        self.misses = 0
        self._endpoint = endpoint
        self._keeping = keeping
        self._deadlines = deadlines
        self._context = context
        self._source = source
        self._connections: list[_Connection] = []
        self._retired = False

    def __len__(self) -> int:
        """Connections that are open, or being opened."""
        return len(self._connections)

    async def ask(self, asked: Asked, sent: bytes, until: float) -> Reply:
        """Return the reply to a question.

        Args:
            asked: the question.
            sent: its octets.
            until: how long to wait, opening a connection included, on the clock of the loop.

        Raises:
            ReusedConnectionError: the connection that was tried had just been closed.
            UpstreamError: there is no reply in time.
        """
        loop = asyncio.get_running_loop()
        connection = self._connection(sent[:2], loop.time())
        question = connection.send(asked, sent)
        slot = self._deadlines.enter(question, until, loop)
        try:
            return await question.future
        finally:
            slot.pop(question, None)
            connection.leave(question)

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long."""
        for connection in list(self._connections):
            if not connection.questions and self._is_over(connection, now):
                self._drop(connection)

    def retire(self) -> None:
        """Close all of them, those with questions after the last reply."""
        self._retired = True
        for connection in list(self._connections):
            if not connection.questions:
                self._drop(connection)

    def _connection(self, identity: bytes, now: float) -> _Connection:
        """Return a connection with room for one more question, a new one if need be."""
        self.sweep(now)
        for connection in self._connections:
            if (
                connection.is_usable
                and not self._is_over(connection, now)
                and len(connection.questions) < MOST_QUESTIONS
                and identity not in connection.questions
            ):
                self.hits += 1
                return connection
        if len(self._connections) >= MOST_CONNECTIONS:
            where = self._endpoint.text
            raise UpstreamError(f"dial tcp {where}: all {MOST_CONNECTIONS} connections are busy")
        self.misses += 1
        connection = _Connection(self._endpoint, self._idle)
        self._connections.append(connection)
        dial = connection.dial(self._context, self._source)
        connection.dialing = asyncio.get_running_loop().create_task(dial)
        return connection

    def _is_over(self, connection: _Connection, now: float) -> bool:
        keeping = self._keeping
        if not connection.questions and now - connection.idle_since > keeping.expire:
            return True
        return 0 < keeping.max_age < now - connection.opened

    def _idle(self, connection: _Connection) -> None:
        """Decide what becomes of a connection without questions."""
        idle = sum(not other.questions for other in self._connections)
        if self._retired or not connection.is_usable or 0 < self._keeping.max_idle < idle:
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        connection.close()
