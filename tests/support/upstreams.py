"""An upstream on loopback that says what a test wants, and the forwarder that asks it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Self

from svcdns.answers.answer import Answer
from svcdns.answers.foreign import ForeignAnswer, Outcome, opened
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.gathering import Gathering
from svcdns.upstream.targets import Address, Target
from svcdns.wire.codes import RA, RD, RRType
from svcdns.wire.edns import Edns
from svcdns.wire.frame import Frames, frame
from svcdns.wire.name import address_text, from_text
from svcdns.wire.question import Query, Question

CHANCE = Random(1)  # noqa: S311  the same each time
TRUE = bytes((192, 0, 2, 1))
LIE = bytes((6, 6, 6, 6))

Say = Callable[["FakeUpstream", bytes], Iterable[bytes]]
"""Return what to send back for a query; see `FakeUpstream.transport` for how it came."""


def question_of(query: bytes) -> bytes:
    """Return the question section of a query with one question."""
    end = 12
    while query[end]:
        end += query[end] + 1
    return query[12 : end + 5]


def reply_to(
    query: bytes,
    *records: bytes,
    flags: int = 0,
    rcode: int = 0,
    counts: tuple[int, int, int] | None = None,
    question: bytes | None = None,
) -> bytes:
    """Return a reply to `query`; records are in the answer section unless `counts` says else."""
    bits = 0x8000 | RD | RA | flags | rcode
    numbers = b"".join(n.to_bytes(2) for n in (1, *(counts or (len(records), 0, 0))))
    asked = question_of(query) if question is None else question
    return query[:2] + bits.to_bytes(2) + numbers + asked + b"".join(records)


def record(
    rdata: bytes, rrtype: int = RRType.A, owner: bytes = b"\xc0\x0c", ttl: int = 30
) -> bytes:
    """Return one record in wire form; without an owner it is the question's."""
    head = owner + rrtype.to_bytes(2) + b"\0\1" + ttl.to_bytes(4)
    return head + len(rdata).to_bytes(2) + rdata


def honest(upstream: "FakeUpstream", query: bytes) -> Iterable[bytes]:
    """Say the truth about every name."""
    assert isinstance(upstream, FakeUpstream)
    return (reply_to(query, record(TRUE)),)


def silent(upstream: "FakeUpstream", query: bytes) -> Iterable[bytes]:
    """Say nothing."""
    assert isinstance(upstream, FakeUpstream)
    assert query
    return ()


class FakeUpstream(asyncio.DatagramProtocol):
    """Datagrams and streams at one port of loopback."""

    def __init__(self, say: Say = honest, *, tls: ssl.SSLContext | None = None) -> None:
        self.say = say
        self.queries: list[tuple[str, bytes]] = []
        """Transport and octets of everything that was asked."""
        self.ports: list[int] = []
        """Source ports of datagrams."""
        self.connections = 0
        self.transport = ""
        self.peer: tuple[str, int] = ("", 0)
        """Who asked last."""
        self.closes_after: int | None = None
        """Replies on a stream after which it is closed."""
        self._tls = tls
        self._udp: asyncio.DatagramTransport
        self._tcp: asyncio.Server
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        while not self.port:
            self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
            port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: self, local_addr=("127.0.0.1", port)
                )
            except OSError:  # free for one of the two only
                self._tcp.close()
            else:
                self.port = port
        return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def endpoint(self, server_name: str = "") -> Endpoint:
        transport = Transport.TLS if self._tls else Transport.DNS
        return Endpoint("127.0.0.1", self.port, transport, server_name)

    def target(self, server_name: str = "") -> Address:
        return Address(self.endpoint(server_name), "Corefile:2")

    def asked(self, transport: str) -> int:
        """How many questions came that way, health checks aside."""
        return sum(way == transport and question_of(query)[0] != 0 for way, query in self.queries)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.queries.append(("udp", data))
        self.ports.append(addr[1])
        self.transport, self.peer = "udp", addr
        for message in self.say(self, data):
            self._udp.sendto(message, addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        frames, said = Frames(), 0
        while received := await reader.read(65_536):
            for query in frames.receive(received):
                self.queries.append(("tcp", query))
                self.transport = "tcp"
                for message in self.say(self, query):
                    writer.write(frame(message) if message else b"")
                said += 1
                if said == self.closes_after:
                    writer.close()
                    return
        writer.close()


@asynccontextmanager
async def forwarding_to(
    *upstreams: FakeUpstream | Target, is_open: bool = True, **options: Any
) -> AsyncIterator[Gathering]:
    """Give the stanza that forwards to `upstreams`; the rest is as in `Forwarding`.

    Args:
        upstreams: whom.
        is_open: it runs already; else the first question opens what it needs.
        options: of the stanza.
    """
    targets = tuple(
        upstream.target() if isinstance(upstream, FakeUpstream) else upstream
        for upstream in upstreams
    )
    datagrams = Datagrams()
    if is_open:
        datagrams.open()
    gathering = Gathering(Forwarding(targets=targets, **options), datagrams, chance=CHANCE)
    try:
        yield gathering
    finally:
        gathering.retire()
        datagrams.retire()
        for _ in range(3):  # what was cancelled ends
            await asyncio.sleep(0)
        assert not len(datagrams)


def query(
    name: str = "a.example.",
    rrtype: int = RRType.A,
    *,
    flags: int = RD,
    edns: Edns | None = None,
    rrclass: int = 1,
) -> Query:
    """Return a client's query."""
    return Query(7, flags, Question.of(from_text(name), rrtype, rrclass), edns, 40)


def addresses_in(outcome: Outcome) -> list[str]:
    """Return every address in any section of an answer."""
    answer = opened(outcome)
    return [
        address_text(rdata)
        for rrset in (*answer.answer, *answer.authority_records, *answer.additional)
        if rrset.rrtype in (RRType.A, RRType.AAAA)
        for rdata in rrset.records
    ]


def why(outcome: Outcome) -> str:
    """Return the reason of an answer."""
    assert outcome.reason is not None
    return outcome.reason.text()


def foreign(outcome: Outcome) -> ForeignAnswer:
    assert isinstance(outcome, ForeignAnswer), why(outcome)
    return outcome


def own(outcome: Outcome) -> Answer:
    assert isinstance(outcome, Answer)
    return outcome


def closed_port() -> int:
    """Return a port of loopback where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
