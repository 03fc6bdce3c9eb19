"""A connection to one upstream as the pool sees it: who waits on it, and is it any good.

What is spoken on it is in `stream`, `https` and `quic`; how many there are and who gets which is
`streams`.

Source: RFC 7766 section 6.2 (reuse, and what to do when it ends).
"""

import asyncio
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import cast

from svcdns.upstream.asked import Asked
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import (
    TIMEOUT,
    ReusedConnectionError,
    UpstreamError,
    way_of,
    words_of,
)
from svcdns.wire.reply import Reply

HANDSHAKE_SECONDS = 5.0
MOST_QUESTIONS = 64
"""Questions without a reply on one connection; then another one is opened."""
ANOTHER_QUESTION = "a reply to another question"


class Question:
    """One question on a connection."""

    __slots__ = ("_connection", "asked", "future", "sent", "sent_at", "stream")

    def __init__(self, connection: "Connection", asked: Asked, sent: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._connection = connection
        self.asked = asked
        self.sent = sent
        """Its octets."""
        self.sent_at = loop.time()
        self.stream: int | None = None
        """The stream that it has, where the protocol has streams and it has one yet."""
        self.future: asyncio.Future[Reply] = loop.create_future()

    def fail(self, error: UpstreamError) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def expire(self) -> None:
        self._connection.expire(self)


class Connection(ABC):
    """One connection; it may be used before it is open."""

    network = "tcp"
    """What it runs over, as Go names it."""

    def __init__(self, endpoint: Endpoint, on_idle: Callable[["Connection"], None]) -> None:
        """Open nothing.

        Args:
            endpoint: the upstream.
            on_idle: is told when there are no questions left.
        """
        loop = asyncio.get_running_loop()
        self.questions: dict[Question, None] = {}
        self.is_usable = True
        self.opened = self.idle_since = loop.time()
        self.dialing: asyncio.Task[None] | None = None
        self._endpoint = endpoint
        self._on_idle = on_idle
        self._way = ""
        """Both its ends, once it is open."""
        self._served = 0
        self._answered_at = self.opened

    @abstractmethod
    async def dial(self, source: str) -> None:
        """Open the connection from an address; should that fail, so does every question on it."""

    @abstractmethod
    def send(self, asked: Asked, sent: bytes) -> Question:
        """Send a question, as soon as the connection is open."""

    @abstractmethod
    def close(self) -> None:
        """End it; nothing is waited for."""

    def has_room(self, identity: bytes) -> bool:  # noqa: ARG002  where ids tell questions apart
        """Whether one more question may be on it, with that id."""
        return len(self.questions) < MOST_QUESTIONS

    def leave(self, question: Question) -> None:
        """Forget a question; its reply may never come."""
        self.questions.pop(question, None)
        if self.questions:
            return
        self.idle_since = asyncio.get_running_loop().time()
        if not self.is_usable:
            self.close()
        self._on_idle(self)

    def expire(self, question: Question) -> None:
        """Let a question wait no longer, and give nobody this connection any more."""
        self.is_usable = False
        question.fail(UpstreamError(self.failing(TIMEOUT)))

    def _expire_stream(self, question: Question) -> None:
        """Let a question wait no longer; leave the connection if it has answered none since."""
        if self._answered_at > question.sent_at:
            question.fail(UpstreamError(self.failing(TIMEOUT)))
        else:
            Connection.expire(self, question)

    def failing(self, why: str) -> str:
        """Return the text that says what this connection failed at."""
        if not self._way:
            return f"dial {self.network} {self._endpoint.text}: {why}"
        return f"read {self.network} {self._way}: {why}"

    def _server_name(self) -> str:
        """Return whom its certificate has to be of, as it is sent; fail if that can be nobody."""
        name = self._endpoint.certified_name
        try:
            return name.encode("idna").decode("ascii")
        except UnicodeError:
            self._fail(f"tls: {name!r} is no server name")
            return ""

    def _answer(self, question: Question, message: bytes) -> bool:
        """Give a question its reply; return whether the message is one."""
        reply = question.asked.accept(message, question.sent)
        if reply is None:
            # Nobody can slip a message in here: the upstream itself is wrong.
            self.is_usable = False
            question.fail(UpstreamError(self.failing(ANOTHER_QUESTION)))
            return False
        self._serve()
        question.future.set_result(reply)
        return True

    def _serve(self) -> None:
        """Take note that the upstream has said something to a question."""
        self._served += 1
        self._answered_at = asyncio.get_running_loop().time()

    def _fail_one(self, question: Question, why: str) -> None:
        """Fail a question that the connection's end has left without a reply."""
        kind = ReusedConnectionError if self._served else UpstreamError
        question.fail(kind(self.failing(why)))

    def _fail(self, why: str) -> None:
        """Fail all that are on it."""
        self.is_usable = False
        for question in list(self.questions):
            self._fail_one(question, why)
        if not self.questions:
            self._on_idle(self)


class TcpConnection(Connection, asyncio.Protocol):
    """A connection over TCP, with or without TLS."""

    def __init__(
        self,
        endpoint: Endpoint,
        on_idle: Callable[[Connection], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(endpoint, on_idle)
        self._context = context
        self._transport: asyncio.Transport | None = None

    async def dial(self, source: str) -> None:
        endpoint, context = self._endpoint, self._context
        name = self._server_name() if context else None
        if name == "":
            return
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: self,
                endpoint.host,
                endpoint.port,
                ssl=context,
                server_hostname=name,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
                local_addr=(source, 0) if source else None,
            )
        except ssl.SSLCertVerificationError as error:
            self._fail(f"tls: failed to verify certificate: {error.verify_message}")
        except ssl.SSLError as error:
            self._fail(f"tls: {error.reason or error}")
        except OSError as error:
            self._fail(f"connect: {words_of(error)}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = cast("socket.socket", transport.get_extra_info("socket"))
        self._way = way_of(sock, self._endpoint.text)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._begin(self._transport)
        if not self.is_usable and not self.questions:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"read: {words_of(exc)}" if isinstance(exc, OSError) else "EOF")

    def close(self) -> None:
        self.is_usable = False
        if self._transport is not None:
            self._transport.close()
        elif self.dialing is not None:
            self.dialing.cancel()

    @abstractmethod
    def _begin(self, transport: asyncio.Transport) -> None:
        """Send what has waited for the connection to be open."""
