"""A Connection over HTTP/1.1 with nothing but streams, as strict as a client can be.

For tests that look at what a server really sends, and for writing to a real one. It is no model
of the product's client: no fail-over, no compression, one request a connection.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

from svcdns.source.apiserver.protocol import LostError, Query

_MOST_AT_ONCE = 1 << 17


class HttpConnection:
    """`protocol.Connection` to one address."""

    def __init__(
        self, host: str, port: int, *, token: str = "", tls: ssl.SSLContext | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._token = token
        self._tls = tls

    @property
    def server(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> "HttpReply":
        return await self.ask("GET", path, query, silence_seconds=silence_seconds)

    async def ask(
        self,
        method: str,
        path: str,
        query: Query = (),
        *,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept_encoding: str = "identity",
        silence_seconds: float = 30.0,
    ) -> "HttpReply":
        """Return the response to any request; see `protocol.Connection.get`."""
        target = f"{path}?{urlencode(query)}" if query else path
        octets = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            f"Accept-Encoding: {accept_encoding}",
            "Connection: close",
        ]
        if self._token:
            lines.append(f"Authorization: Bearer {self._token}")
        if body is not None:
            lines += [f"Content-Type: {content_type}", f"Content-Length: {len(octets)}"]
        try:
            async with asyncio.timeout(silence_seconds):
                streams = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        except ConnectionRefusedError as error:
            raise LostError(str(error), refused=True) from None
        except OSError as error:
            raise LostError(str(error)) from None
        reply = HttpReply(*streams, silence_seconds)
        streams[1].write("\r\n".join((*lines, "", "")).encode() + octets)
        try:
            await reply.begin()
        except BaseException:
            reply.close()
            raise
        return reply

    async def renew_credentials(self) -> None:
        """Do nothing: there is one token."""

    def next_server(self) -> None:
        """Do nothing: there is one address."""


class HttpReply:
    """`protocol.Reply`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence_seconds: float
    ) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._reader = reader
        self._writer = writer
        self._silence_seconds = silence_seconds
        self._parts: AsyncIterator[bytes] = self._body()

    async def begin(self) -> None:
        """Read the head."""
        head = await self._patiently(self._reader.readuntil(b"\r\n\r\n"))
        first, *rest = head.decode().split("\r\n")[:-2]
        version, status, _ = first.split(" ", 2)
        assert version == "HTTP/1.1"
        self.status = int(status)
        fields = (line.partition(": ") for line in rest)
        self.headers = {name.lower(): value for name, _, value in fields}

    async def read(self) -> bytes:
        return await anext(self._parts, b"")

    def close(self) -> None:
        self._writer.transport.abort()

    async def _body(self) -> AsyncIterator[bytes]:
        if self.headers.get("transfer-encoding") != "chunked":
            left = int(self.headers["content-length"])
            while left:
                part = await self._some(left)
                left -= len(part)
                yield part
            return
        while size := int(await self._patiently(self._reader.readuntil(b"\r\n")), 16):
            left = size
            while left:
                part = await self._some(left)
                left -= len(part)
                yield part
            assert await self._patiently(self._reader.readexactly(2)) == b"\r\n"
        assert await self._patiently(self._reader.readexactly(2)) == b"\r\n"

    async def _some(self, most: int) -> bytes:
        part = await self._patiently(self._reader.read(min(most, _MOST_AT_ONCE)))
        if not part:
            raise LostError("the connection ended in the middle of the body")
        return part

    async def _patiently(self, reading: Any) -> bytes:
        try:
            async with asyncio.timeout(self._silence_seconds):
                return bytes(await reading)
        except TimeoutError:
            raise LostError(f"nothing for {self._silence_seconds:g} s") from None
        except (asyncio.IncompleteReadError, OSError) as error:
            raise LostError(str(error)) from None
