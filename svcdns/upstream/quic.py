"""Questions over QUIC to one upstream: one connection, a stream for each question.

The only door of aioquic, which is not installed everywhere (`pip install 'svcdns[quic]'`). It
is told the time and hands out datagrams; here are the socket, the timer and what DNS adds.

Source: RFC 9250 sections 4 and 5; RFC 9000 section 10 (how a connection ends).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection as AioquicConnection
from aioquic.quic.connection import logger as aioquic_log
from aioquic.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    QuicEvent,
    StreamDataReceived,
    StreamReset,
)
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import AlertDescription

from svcdns.upstream.asked import Asked
from svcdns.upstream.connection import Connection, Question
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import UpstreamError, way_of, words_of
from svcdns.upstream.tls import TlsError, TlsFiles, context_of
from svcdns.wire.frame import frame

ALPN = "doq"
_IDLE_SECONDS = 30.0
_PREFIX = 2
_HEADER = 12
_OPT_SIZE_AT = 3
"""Octets of an OPT before what it says of sizes."""
_CERTIFICATE_ALERTS = range(QuicErrorCode.CRYPTO_ERROR + 42, QuicErrorCode.CRYPTO_ERROR + 49)
"""From bad_certificate to unknown_ca (RFC 8446 section 6)."""
_ANOTHER_NAME = " doesn't match "
_NO_ERROR = 0
_PROTOCOL_ERROR = 2
_REQUEST_CANCELLED = 3
_NAMES = {
    _NO_ERROR: "DOQ_NO_ERROR",
    1: "DOQ_INTERNAL_ERROR",
    _PROTOCOL_ERROR: "DOQ_PROTOCOL_ERROR",
    _REQUEST_CANCELLED: "DOQ_REQUEST_CANCELLED",
    4: "DOQ_EXCESSIVE_LOAD",
    5: "DOQ_UNSPECIFIED_ERROR",
}
"""Error codes of DNS over QUIC (RFC 9250 section 8.4)."""


aioquic_log.disabled = True  # what it says is in our reasons; its lines would be in nobody's format


def configuration_of(files: TlsFiles) -> QuicConfiguration:
    """Return how QUIC is spoken; server names are checked always, nothing is sent early.

    Raises:
        TlsError: a file is missing or holds something else.
    """
    context_of(files)  # finds the mistakes that can be found in files
    configuration = QuicConfiguration(
        alpn_protocols=[ALPN],
        is_client=True,
        verify_mode=ssl.CERT_REQUIRED,
        idle_timeout=_IDLE_SECONDS,
    )
    system = ssl.get_default_verify_paths()
    if files.authority:
        configuration.load_verify_locations(files.authority)
    elif system.cafile or system.capath:
        configuration.load_verify_locations(system.cafile, system.capath)
    if files.certificate:
        try:
            configuration.load_cert_chain(files.certificate, files.key)
        except (ValueError, TypeError, LookupError) as error:
            raise TlsError(f"could not load TLS cert: {error}") from None
    return configuration


def roomy(question: Question) -> bytes:
    """Return the octets of a question that says that a reply may have any size.

    CoreDNS cuts replies to the size in OPT on QUIC too, where nobody could ask again.
    """
    sent = question.sent
    at = _HEADER + len(question.asked.octets)
    if len(sent) == at:
        return sent
    return sent[: at + _OPT_SIZE_AT] + b"\xff\xff" + sent[at + _OPT_SIZE_AT + 2 :]


class _Quic(AioquicConnection):
    """As aioquic has it, known to end as soon as that is decided, and with streams of ours only."""

    def __init__(self, *, configuration: QuicConfiguration) -> None:
        super().__init__(configuration=configuration)
        # What a server opens is a mistake (RFC 9250 section 4.3.3), and would be kept for good.
        self._local_max_streams_bidi.value = self._local_max_streams_bidi.sent = 0
        self._local_max_streams_uni.value = self._local_max_streams_uni.sent = 0

    @property
    def end(self) -> ConnectionTerminated | None:
        """Why it ends; its own event comes only after it has waited for latecomers."""
        return self._close_event


class QuicConnection(Connection, asyncio.DatagramProtocol):
    """A connection on which each question has a stream."""

    network = "udp"

    def __init__(
        self,
        endpoint: Endpoint,
        on_idle: Callable[[Connection], None],
        configuration: QuicConfiguration,
    ) -> None:
        super().__init__(endpoint, on_idle)
        mine = replace(configuration, server_name=endpoint.certified_name)
        self._quic = _Quic(configuration=mine)
        self._address = (endpoint.host, endpoint.port)
        self._transport: asyncio.DatagramTransport | None = None
        self._is_open = False
        self._timer: asyncio.TimerHandle | None = None
        self._by_stream: dict[int, Question] = {}
        self._received: dict[int, bytearray] = {}
        self._waiting: dict[Question, None] = {}
        """Questions that have no stream yet."""
        self._error = _NO_ERROR
        """With which it is to be closed."""

    async def dial(self, source: str) -> None:
        name = self._server_name()
        if not name:
            return
        self._quic.configuration.server_name = name
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self,
                remote_addr=self._address,
                local_addr=(source, 0) if source else None,
            )
        except OSError as error:
            self._fail(f"connect: {words_of(error)}")

    def send(self, asked: Asked, sent: bytes) -> Question:
        question = Question(self, asked, sent)
        self.questions[question] = self._waiting[question] = None
        if self._is_open:
            self._send_waiting()
            self._transmit()
        return question

    def leave(self, question: Question) -> None:
        self._waiting.pop(question, None)
        stream = question.stream
        if stream is not None and self._by_stream.pop(stream, None) is not None:
            self._received.pop(stream, None)
            self._stop(stream)
            self._transmit()
        super().leave(question)

    def expire(self, question: Question) -> None:
        self._expire_stream(question)

    def close(self) -> None:
        self.is_usable = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        transport, self._transport = self._transport, None
        if transport is None:
            if self.dialing is not None:
                self.dialing.cancel()
            return
        self._quic.close(self._error)
        for datagram, _ in self._quic.datagrams_to_send(asyncio.get_running_loop().time()):
            transport.sendto(datagram)
        transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.is_usable and not self.questions:
            transport.close()
            return
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._quic.connect(self._address, asyncio.get_running_loop().time())
        self._transmit()

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr  # the socket is connected: nobody else's get here
        if self._transport is None:
            return
        self._quic.receive_datagram(data, self._address, asyncio.get_running_loop().time())
        self._go_on()

    def error_received(self, exc: Exception) -> None:
        why = words_of(exc) if isinstance(exc, OSError) else str(exc)
        self._end(f"read: {why}" if self._is_open else f"connect: {why}")

    def _go_on(self) -> None:
        """Do what follows from what came, or from the time."""
        while (event := self._quic.next_event()) is not None:
            self._judge(event)
        if (end := self._quic.end) is not None:
            self._end(self._why(end))
            return
        self._transmit()

    def _judge(self, event: QuicEvent) -> None:
        match event:
            case HandshakeCompleted():
                self._is_open = True
                assert self._transport is not None  # noqa: S101
                sock = cast("socket.socket", self._transport.get_extra_info("socket"))
                self._way = way_of(sock, self._endpoint.text)
                self._send_waiting()
            case StreamDataReceived(data=data, end_stream=is_last, stream_id=stream):
                self._receive(stream, data, is_last=is_last)
            case StreamReset(error_code=code, stream_id=stream):
                question = self._by_stream.pop(stream, None)
                self._received.pop(stream, None)
                if question is not None:
                    self._serve()
                    why = f"the stream was reset ({_NAMES.get(code, hex(code))})"
                    question.fail(UpstreamError(self.failing(why)))
            case _:
                pass

    def _receive(self, stream: int, octets: bytes, *, is_last: bool) -> None:
        """Take in a part of a reply; it is one message, and nothing else."""
        question = self._by_stream.get(stream)
        if question is None:
            return
        received = self._received.setdefault(stream, bytearray())
        received += octets
        size = int.from_bytes(received[:_PREFIX])
        is_too_long = len(received) > _PREFIX + size
        if not (is_last or is_too_long):
            return
        del self._by_stream[stream], self._received[stream]
        if len(received) != _PREFIX + size or not size:
            why = "a stream that does not hold one message and its length"
            self._error = _PROTOCOL_ERROR
            self.is_usable = False
            question.fail(UpstreamError(self.failing(why)))
            if not is_last:
                self._stop(stream)
        elif not question.future.done() and not self._answer(question, bytes(received[_PREFIX:])):
            self._error = _PROTOCOL_ERROR

    def _send_waiting(self) -> None:
        for question in self._waiting:
            question.stream = stream = self._quic.get_next_available_stream_id()
            self._by_stream[stream] = question
            self._quic.send_stream_data(stream, frame(roomy(question)), end_stream=True)
        self._waiting.clear()

    def _stop(self, stream: int) -> None:
        """Say that a reply is not wanted any more."""
        with suppress(ValueError):  # it was never sent
            self._quic.stop_stream(stream, _REQUEST_CANCELLED)

    def _transmit(self) -> None:
        """Send what is to be sent, and wake up when there will be more."""
        transport = self._transport
        if transport is None:
            return
        loop = asyncio.get_running_loop()
        for datagram, _ in self._quic.datagrams_to_send(loop.time()):
            transport.sendto(datagram)
        at = self._quic.get_timer()
        if self._timer is not None and self._timer.when() != at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and at is not None:
            self._timer = loop.call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._transport is None:
            return
        self._quic.handle_timer(asyncio.get_running_loop().time())
        self._go_on()

    def _end(self, why: str) -> None:
        """Fail all questions; nothing more can come."""
        self._fail(why)
        self.close()

    def _why(self, end: ConnectionTerminated) -> str:
        code, reason = end.error_code, end.reason_phrase
        if code in _CERTIFICATE_ALERTS and not self._is_open:
            if _ANOTHER_NAME in reason:  # what follows are objects, as Python prints them
                name = self._endpoint.certified_name
                reason = f"Hostname mismatch, certificate is not valid for {name!r}."
            return f"tls: failed to verify certificate: {reason}"
        if code >= QuicErrorCode.CRYPTO_ERROR:
            return f"tls: {reason or _alert_of(code - QuicErrorCode.CRYPTO_ERROR)}"
        is_of_dns = end.frame_type is None
        name = _NAMES.get(code, hex(code)) if is_of_dns else f"QUIC error {code:#x}"
        return f"the connection was closed ({name}{reason and ': '}{reason})"


def _alert_of(number: int) -> str:
    """Return the name of an alert of TLS, in the letters in which OpenSSL has it."""
    try:
        return f"alert {AlertDescription(number).name.upper()}"
    except ValueError:
        return f"alert {number}"
