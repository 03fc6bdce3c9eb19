"""Questions over TCP and TLS, and all connections to one upstream, whatever is spoken on them.

A connection is opened when there is none with room, keeps being used while the upstream keeps
it, and is left when a question on it got no answer in time. Questions are sent at once and
their replies taken in any order.

Source: RFC 7766 section 6 (reuse, pipelining, order); RFC 7858 section 3 (TLS).
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from svcdns.upstream.asked import Asked
from svcdns.upstream.connection import MOST_QUESTIONS, Connection, Question, TcpConnection
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import UpstreamError
from svcdns.wire.frame import Frames, frame
from svcdns.wire.reply import Reply

MOST_CONNECTIONS = 64

Connect = Callable[[Endpoint, Callable[[Connection], None]], Connection]
"""Return a connection to an upstream, not open yet, that tells when it has no questions left."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long connections are kept."""

    expire: float = 10.0
    """Seconds without a question."""
    max_age: float = 0.0
    """Seconds since it was opened; 0: for ever."""
    max_idle: int = 0
    """Connections that may be idle; 0: any number."""


class FramedConnection(TcpConnection):
    """A connection on which each message has its length in front."""

    def __init__(
        self,
        endpoint: Endpoint,
        on_idle: Callable[[Connection], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(endpoint, on_idle, context)
        self._by_identity: dict[bytes, Question] = {}
        self._unsent: list[bytes] = []
        self._frames = Frames()

    def has_room(self, identity: bytes) -> bool:
        return len(self.questions) < MOST_QUESTIONS and identity not in self._by_identity

    def send(self, asked: Asked, sent: bytes) -> Question:
        question = self._by_identity[sent[:2]] = Question(self, asked, sent)
        self.questions[question] = None
        if self._transport is None:
            self._unsent.append(frame(sent))
        else:
            self._transport.write(frame(sent))
        return question

    def leave(self, question: Question) -> None:
        self._by_identity.pop(question.sent[:2], None)
        super().leave(question)

    def data_received(self, data: bytes) -> None:
        for message in self._frames.receive(data):
            question = self._by_identity.get(message[:2])
            if question is not None and not question.future.done():
                self._answer(question, message)

    def _begin(self, transport: asyncio.Transport) -> None:
        transport.write(b"".join(self._unsent))
        self._unsent.clear()


class Streams:
    """All connections to one upstream."""

    def __init__(
        self,
        endpoint: Endpoint,
        keeping: Keeping,
        deadlines: Deadlines,
        connect: Connect = FramedConnection,
        source: str = "",
    ) -> None:
        """Nothing is opened before the first question.

        Args:
            endpoint: the upstream.
            keeping: how long connections are kept.
            deadlines: what all upstreams share.
            connect: what is spoken with it.
            source: the address to connect from; empty: the system's choice.
        """
        self.hits = 0
        """Questions that found a connection."""
        self.misses = 0
        self._endpoint = endpoint
        self._keeping = keeping
        self._deadlines = deadlines
        self._connect = connect
        self._source = source
        self._connections: list[Connection] = []
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

    def _connection(self, identity: bytes, now: float) -> Connection:
        """Return a connection with room for one more question, a new one if need be."""
        self.sweep(now)
        for connection in self._connections:
            if (
                connection.is_usable
                and not self._is_over(connection, now)
                and connection.has_room(identity)
            ):
                self.hits += 1
                return connection
        if len(self._connections) >= MOST_CONNECTIONS:
            where = self._endpoint.text
            raise UpstreamError(f"dial {where}: all {MOST_CONNECTIONS} connections are busy")
        self.misses += 1
        connection = self._connect(self._endpoint, self._idle)
        self._connections.append(connection)
        dial = connection.dial(self._source)
        connection.dialing = asyncio.get_running_loop().create_task(dial)
        return connection

    def _is_over(self, connection: Connection, now: float) -> bool:
        keeping = self._keeping
        if not connection.questions and now - connection.idle_since > keeping.expire:
            return True
        return 0 < keeping.max_age < now - connection.opened

    def _idle(self, connection: Connection) -> None:
        """Decide what becomes of a connection without questions."""
        idle = sum(not other.questions for other in self._connections)
        if self._retired or not connection.is_usable or 0 < self._keeping.max_idle < idle:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        connection.close()
