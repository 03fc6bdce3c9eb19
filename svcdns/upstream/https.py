"""Questions over HTTPS to one upstream: one connection, a stream for each question.

What HTTP/2 says is in `http2`. A question that gets no answer in time costs its stream; the
connection is left when no other one has got any since it was asked.

Source: RFC 8484 section 4 (id 0, POST or GET); RFC 9113 sections 3.2 (ALPN), 6.8 and 8.7.
"""

import asyncio
import ssl
from collections.abc import Callable

from svcdns.upstream.age import aged
from svcdns.upstream.asked import Asked
from svcdns.upstream.connection import Connection, Question, TcpConnection
from svcdns.upstream.endpoint import PATH, PORTS, Endpoint, Transport
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.http2 import Answered, BrokenError, Came, Failed, Method, Refused, Requests

ALPN = "h2"


class HttpsConnection(TcpConnection):
    """A connection on which each question is a request."""

    def __init__(
        self,
        endpoint: Endpoint,
        on_idle: Callable[[Connection], None],
        context: ssl.SSLContext,
        method: Method = Method.POST,
    ) -> None:
        super().__init__(endpoint, on_idle, context)
        self._requests = Requests(authority_of(endpoint), endpoint.path or PATH, method)
        self._waiting: dict[Question, None] = {}
        """Questions that have no stream yet."""
        self._by_stream: dict[int, Question] = {}
        self._refused: set[Question] = set()
        """Questions that were refused once."""

    def has_room(self, identity: bytes) -> bool:
        if not super().has_room(identity):
            return False
        return self._transport is None or len(self._waiting) < self._requests.room

    def send(self, asked: Asked, sent: bytes) -> Question:
        question = Question(self, asked, sent)
        self.questions[question] = self._waiting[question] = None
        self._go_on()
        return question

    def leave(self, question: Question) -> None:
        self._waiting.pop(question, None)
        self._refused.discard(question)
        if question.stream is not None and self._by_stream.pop(question.stream, None) is not None:
            self._requests.withdraw(question.stream)
            self._go_on()
        super().leave(question)

    def expire(self, question: Question) -> None:
        self._expire_stream(question)

    def data_received(self, data: bytes) -> None:
        try:
            for came in self._requests.receive(data):
                self._take(came)
        except BrokenError as error:
            self._fail(f"http2: {error}")
        self._go_on()
        if not self.is_usable and not self.questions:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._requests.is_open = False
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Read nothing that asks for an answer from who does not read."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def _begin(self, transport: asyncio.Transport) -> None:
        tls = transport.get_extra_info("ssl_object")
        if tls.selected_alpn_protocol() != ALPN:
            self._fail("tls: the server does not speak HTTP/2 (ALPN h2)")
            transport.close()
            return
        self._go_on()

    def _take(self, came: Came) -> None:
        question = self._by_stream.pop(came.stream, None)
        if question is None or question.future.done():
            return
        match came:
            case Answered(_, message, age):
                self._answer(question, aged(message, age) if age else message)
            case Failed(_, why):
                self._serve()
                question.fail(UpstreamError(self.failing(why)))
            case Refused(_, why):
                question.stream = None
                if not self._requests.is_open:
                    self._fail_one(question, why)
                elif question in self._refused:
                    question.fail(UpstreamError(self.failing(why)))
                else:
                    self._refused.add(question)
                    self._waiting[question] = None

    def _go_on(self) -> None:
        """Send what may be sent."""
        transport, requests = self._transport, self._requests
        if transport is None or transport.is_closing():
            return
        if not requests.is_open:
            self.is_usable = False
            for question in list(self._waiting):
                self._fail_one(question, "GOAWAY")
            self._waiting.clear()
        while self._waiting and requests.room:
            question = next(iter(self._waiting))
            del self._waiting[question]
            question.stream = stream = requests.ask(question.sent)
            self._by_stream[stream] = question
        if octets := requests.take():
            transport.write(octets)


def authority_of(endpoint: Endpoint) -> str:
    """Return whom requests are for (RFC 9113 section 8.3.1)."""
    host = endpoint.certified_name
    if ":" in host:
        host = f"[{host}]"
    port = endpoint.port
    return host if port == PORTS[Transport.HTTPS] else f"{host}:{port}"
