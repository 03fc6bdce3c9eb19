"""The fake behind a port of loopback: HTTP/1.1 with keep-alive, chunks, gzip, and TLS if wanted.

Only framing is decided here; what is said comes from `answering`.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import zlib
from email.parser import BytesParser
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.support.fakeapi.answering import Compression, Response
from tests.support.fakeapi.bodies import Ending, Piece
from tests.support.fakeapi.calls import Call, DroppedError, PortClosedError
from tests.support.fakeapi.requests import Request

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: the peer gets RST instead of FIN."""
_GZIP = 31
"""zlib's number for a gzip member with the largest window."""
_PROMISED = 4_096
"""Octets that a chunk is longer by than what comes of it, when it is torn."""


class Server(Protocol):
    """What this needs of the fake."""

    def begin(self, request: Request, server: str) -> Call:
        """Take note of a request that has come to one of the addresses."""
        ...

    async def respond(self, call: Call) -> Response:
        """Return the response as soon as its head is there."""
        ...

    def finish(self, call: Call) -> None:
        """Forget the request; a second time is no mistake."""
        ...


class HttpListener:
    """One address."""

    def __init__(self, api: Server, tls: ssl.SSLContext | None) -> None:
        self._api = api
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = ("127.0.0.1", 0)

    @property
    def server(self) -> str:
        """The address as a URL."""
        host, port = self.address
        return f"{'https' if self._tls else 'http'}://{host}:{port}"

    async def accept(self) -> None:
        """Listen, at the same port as before."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            host, port = self.address
            self._server = await loop.create_server(self._protocol, host, port, ssl=self._tls)
            self.address = self._server.sockets[0].getsockname()[:2]

    def refuse(self) -> None:
        """Stop listening; connections there are go on."""
        if self._server:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _protocol(self) -> "_Protocol":
        return _Protocol(asyncio.StreamReader(), self._converse)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        protocol = writer.transport.get_protocol()
        assert isinstance(protocol, _Protocol)
        protocol.conversation = task
        expected = (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError)
        try:
            with contextlib.suppress(*expected):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    request = _request(head, _certificate_name(writer))
                    content = await reader.readexactly(_length(head))
                    request = request._replace(content=content)
                    await self._answer(writer, request)
        except (DroppedError, PortClosedError):
            _set_reset(writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(self, writer: asyncio.StreamWriter, request: Request) -> None:
        call = self._api.begin(request, self.server)
        try:
            response = await self._api.respond(call)
            compression = response.compression if request.accepts_gzip else None
            writer.write(_head(response, compression))
            encoding = _Encoding(compression)
            ending = None
            while ending is None:
                await writer.drain()
                piece = await response.body.next()
                ending = piece.ending
                octets = encoding.encoded(piece)
                writer.write(octets if response.length is not None else _chunk(octets, ending))
            await writer.drain()
            if ending is not Ending.END:
                raise DroppedError
        finally:
            self._api.finish(call)


class _Protocol(asyncio.StreamReaderProtocol):
    """Ends the conversation as soon as the client has gone, even while nothing is being sent."""

    conversation: asyncio.Task[None] | None = None

    def eof_received(self) -> bool | None:
        if self.conversation:
            self.conversation.cancel()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.conversation:
            self.conversation.cancel()
        super().connection_lost(exc)


class _Encoding:
    """Compresses pieces for one response, or leaves them as they are."""

    def __init__(self, compression: Compression | None) -> None:
        self._compression = compression
        self._whole = zlib.compressobj(1, wbits=_GZIP)

    def encoded(self, piece: Piece) -> bytes:
        """Return what goes over the wire for a piece; nothing for one without octets."""
        compression = self._compression
        octets = piece.octets
        if compression and compression.per_flush:
            octets = zlib.compress(octets, 1, wbits=_GZIP) if octets else b""
        elif compression:
            octets = self._whole.compress(octets)
            if piece.ending and compression.is_truncated:
                rest = octets + self._whole.flush()
                octets = rest[: len(rest) // 2]
            elif piece.ending:
                octets += self._whole.flush()
        return octets


def _head(response: Response, compression: Compression | None) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name.title()}: {value}" for name, value in response.headers.items()]
    if compression:
        lines += ["Content-Encoding: gzip", "Vary: Accept-Encoding"]
    if response.length is None:
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append(f"Content-Length: {response.length}")
    return "\r\n".join((*lines, "", "")).encode()


def _chunk(octets: bytes, ending: Ending | None) -> bytes:
    """Return one chunk; none for no octets, since an empty one would be the end."""
    if ending is Ending.RESET_MID_CHUNK:
        return b"%x\r\n%b" % (len(octets) + _PROMISED, octets)
    chunk = b"%x\r\n%b\r\n" % (len(octets), octets) if octets else b""
    return chunk + b"0\r\n\r\n" if ending is Ending.END else chunk


def _request(head: bytes, certificate: str) -> Request:
    line, _, rest = head.partition(b"\r\n")
    method, target, _ = line.decode().split()
    headers = BytesParser().parsebytes(rest)
    url = urlsplit(target)
    return Request(
        url.path,
        dict(parse_qsl(url.query, keep_blank_values=True)),
        method,
        headers.get("Authorization", "").removeprefix("Bearer "),
        certificate,
        "gzip" in headers.get("Accept-Encoding", ""),
    )


def _length(head: bytes) -> int:
    """Return how many octets of a body follow a head."""
    headers = BytesParser().parsebytes(head.partition(b"\r\n")[2])
    return int(headers.get("Content-Length", "0"))


def _certificate_name(writer: asyncio.StreamWriter) -> str:
    """Return the common name in the client's certificate; empty without one."""
    certificate = writer.get_extra_info("peercert") or {}
    parts = (part for group in certificate.get("subject", ()) for part in group)
    return str(dict(parts).get("commonName", ""))


def _set_reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
