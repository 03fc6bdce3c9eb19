"""DNS over QUIC at a port of loopback, as an upstream of a test's making."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import (
    ConnectionTerminated,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
)

from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.targets import Address
from svcdns.wire.frame import frame
from tests.support.authority import Authority
from tests.support.upstreams import TRUE, record, reply_to


class Request(NamedTuple):
    """One stream that came whole."""

    stream: int
    octets: bytes

    @property
    def question(self) -> bytes:
        return self.octets[2:]


Say = Callable[["FakeQuic", "Peer", Request], None]
"""Answer a request, or do not."""


def honest(upstream: "FakeQuic", peer: "Peer", request: Request) -> None:
    """Say the truth about every name."""
    assert isinstance(upstream, FakeQuic)
    peer.answer(request, reply_to(request.question, record(TRUE)))


def silent(upstream: "FakeQuic", peer: "Peer", request: Request) -> None:
    """Say nothing."""
    assert isinstance(upstream, FakeQuic)
    assert peer.quic
    assert request.question


class Peer(QuicConnectionProtocol):
    """One connection of a client."""

    def __init__(self, upstream: "FakeQuic", quic: Any) -> None:
        super().__init__(quic)
        self.quic = quic
        self.stopped: list[int] = []
        """Streams that the client wants nothing of any more."""
        self.ended: ConnectionTerminated | None = None
        self._upstream = upstream
        self._received: dict[int, bytes] = {}
        upstream.peers.append(self)

    def answer(self, request: Request, message: bytes) -> None:
        """Answer a request with one message."""
        self.send(request, frame(message))

    def send(self, request: Request, octets: bytes, *, is_last: bool = True) -> None:
        """Send octets on the stream of a request."""
        self.quic.send_stream_data(request.stream, octets, end_stream=is_last)

    def quic_event_received(self, event: QuicEvent) -> None:
        match event:
            case StreamDataReceived(data=data, end_stream=is_last, stream_id=stream):
                self._received[stream] = self._received.get(stream, b"") + data
                if is_last:
                    request = Request(stream, self._received.pop(stream))
                    self._upstream.requests.append(request)
                    self._upstream.say(self._upstream, self, request)
                    self.transmit()
            case StopSendingReceived(stream_id=stream):
                self.stopped.append(stream)
            case ConnectionTerminated():
                self.ended = event
            case _:
                pass


class FakeQuic:
    """The upstream."""

    def __init__(self, authority: Authority, say: Say = honest, alpn: str = "doq") -> None:
        self.say = say
        self.requests: list[Request] = []
        """All that was asked, health checks too."""
        self.peers: list[Peer] = []
        """A connection each."""
        self.port = 0
        self._configuration = QuicConfiguration(is_client=False, alpn_protocols=[alpn])
        certificate, key = authority.issue("IP:127.0.0.1", "DNS:localhost")
        self._configuration.load_cert_chain(certificate, key)
        self._server: QuicServer

    async def __aenter__(self) -> Self:
        transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: QuicServer(
                configuration=self._configuration,
                create_protocol=lambda quic, **_: Peer(self, quic),
            ),
            local_addr=("127.0.0.1", 0),
        )
        self._server = server
        self.port = transport.get_extra_info("socket").getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.sleep(0)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def endpoint(self, server_name: str = "") -> Endpoint:
        return Endpoint("127.0.0.1", self.port, Transport.QUIC, server_name)

    def target(self, server_name: str = "") -> Address:
        return Address(self.endpoint(server_name), "Corefile:2")
