"""An HTTP/2 server for DNS: in memory, and on loopback as an upstream of a test's making."""

import asyncio
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes, Settings

from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.targets import Address
from tests.support.upstreams import TRUE, record, reply_to

GOOD = {":status": "200", "content-type": "application/dns-message"}


class Request(NamedTuple):
    """One request that came whole."""

    stream: int
    headers: dict[str, str]
    body: bytes

    @property
    def question(self) -> bytes:
        """The message that is asked, whichever way."""
        if self.body:
            return self.body
        text = self.headers[":path"].partition("?dns=")[2]
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Http2Server:
    """The server's end of one connection, in memory."""

    def __init__(self, settings: dict[SettingCodes, int] | None = None) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="ascii"))
        if settings:
            self.h2.local_settings = Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        self.resets: list[int] = []
        """Streams that the client wants nothing of any more."""
        self._headers: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytes] = {}

    def receive(self, octets: bytes) -> list[Request]:
        """Return the requests that are whole now."""
        requests = []
        for event in self.h2.receive_data(octets):
            match event:
                case RequestReceived():
                    stream = event.stream_id
                    self._bodies[stream] = b""
                    self._headers[stream] = {str(k): str(v) for k, v in event.headers}
                case DataReceived():
                    stream = event.stream_id
                    self._bodies[stream] += event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
                case StreamEnded():
                    stream = event.stream_id
                    requests.append(
                        Request(stream, self._headers.pop(stream), self._bodies.pop(stream))
                    )
                case StreamReset():
                    self.resets.append(event.stream_id)
        return requests

    def answer(self, stream: int, message: bytes, headers: Mapping[str, str] = GOOD) -> None:
        """Answer a request; what the client does not allow yet is left out."""
        self.h2.send_headers(stream, list(headers.items()))
        size = self.h2.max_outbound_frame_size
        while len(message) > size:
            self.h2.send_data(stream, message[:size])
            message = message[size:]
        self.h2.send_data(stream, message, end_stream=True)

    def take(self) -> bytes:
        return self.h2.data_to_send()


Say = Callable[["FakeHttps", "Peer", Request], None]
"""Answer a request, or do not."""


def honest(upstream: "FakeHttps", peer: "Peer", request: Request) -> None:
    """Say the truth about every name."""
    assert isinstance(upstream, FakeHttps)
    peer.server.answer(request.stream, reply_to(request.question, record(TRUE)))


def silent(upstream: "FakeHttps", peer: "Peer", request: Request) -> None:
    """Say nothing."""
    assert isinstance(upstream, FakeHttps)
    assert peer.server.h2
    assert request.question


class Peer(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, upstream: "FakeHttps") -> None:
        self.server = Http2Server(upstream.settings)
        self.transport: asyncio.Transport
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._upstream.peers.append(self)
        self.send()

    def data_received(self, data: bytes) -> None:
        for request in self.server.receive(data):
            self._upstream.requests.append(request)
            self._upstream.say(self._upstream, self, request)
        self.send()

    def send(self) -> None:
        """Send what the server has to say."""
        self.transport.write(self.server.take())


class FakeHttps:
    """DNS over HTTPS at a port of loopback."""

    def __init__(
        self,
        tls: ssl.SSLContext,
        say: Say = honest,
        settings: dict[SettingCodes, int] | None = None,
        alpn: str = "h2",
    ) -> None:
        tls.set_alpn_protocols([alpn])
        self.say = say
        self.settings = settings
        self.requests: list[Request] = []
        """All that was asked, health checks too."""
        self.peers: list[Peer] = []
        """A connection each."""
        self.port = 0
        self._tls = tls
        self._listening: asyncio.Server

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: Peer(self), "127.0.0.1", 0, ssl=self._tls
        )
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for peer in self.peers:
            peer.transport.abort()
        await asyncio.sleep(0)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def endpoint(self, server_name: str = "", path: str = "") -> Endpoint:
        return Endpoint("127.0.0.1", self.port, Transport.HTTPS, server_name, path)

    def target(self, server_name: str = "", path: str = "") -> Address:
        return Address(self.endpoint(server_name, path), "Corefile:2")
