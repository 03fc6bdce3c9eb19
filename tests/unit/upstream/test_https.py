"""DNS over HTTPS: questions that share a connection, and every way in which that can fail."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from svcdns.answers.foreign import opened
from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.health import Checks
from svcdns.upstream.https import HttpsConnection, authority_of
from svcdns.upstream.policy import Policy
from svcdns.upstream.stream import Keeping
from svcdns.upstream.targets import Address
from svcdns.upstream.tls import TlsFiles
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from tests.support.authority import Authority
from tests.support.fakeapi.tls import server_context
from tests.support.http2_server import GOOD, FakeHttps, Peer, Request, honest, silent
from tests.support.numbered import ask, failure_of, of_number
from tests.support.streams import until
from tests.support.upstreams import (
    TRUE,
    FakeUpstream,
    addresses_in,
    closed_port,
    forwarding_to,
    query,
    record,
    reply_to,
    why,
)

SOON = 0.4
"""Seconds that are enough for one exchange on loopback."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def upstream(authority: Authority) -> FakeHttps:
    return FakeHttps(server_context(authority))


@pytest.fixture
def trust(authority: Authority) -> TlsFiles:
    return TlsFiles(authority=str(authority.certificate))


async def test_questions_share_a_connection_and_have_no_id(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)
        replies = await asyncio.gather(*(ask(gathering, number) for number in range(40)))

    assert addresses_in(outcome) == ["192.0.2.1"]
    assert {reply.body.counts for reply in replies} == {(1, 0, 0)}
    assert len(upstream.peers) == 1
    assert {request.question[:2] for request in upstream.requests} == {b"\0\0"}
    assert {request.headers[":path"] for request in upstream.requests} == {"/dns-query"}
    assert {request.headers[":method"] for request in upstream.requests} == {"POST"}
    assert {request.headers[":authority"] for request in upstream.requests} == {upstream.address}


async def test_name_path_and_method_are_those_of_the_stanza(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    async with (
        upstream,
        forwarding_to(
            upstream.target("localhost", "/mine"), tls=trust, doh_method="GET"
        ) as gathering,
    ):
        await ask(gathering)

    (request,) = upstream.requests
    assert request.headers[":authority"] == f"localhost:{upstream.port}"
    assert request.headers[":path"].startswith("/mine?dns=AAABAAAB")
    assert request.headers[":method"] == "GET"


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        (Endpoint("9.9.9.9", 443, Transport.HTTPS), "9.9.9.9"),
        (Endpoint("9.9.9.9", 8443, Transport.HTTPS), "9.9.9.9:8443"),
        (Endpoint("2001:db8::1", 443, Transport.HTTPS), "[2001:db8::1]"),
        (Endpoint("fe80::1%eth0", 8443, Transport.HTTPS), "[fe80::1]:8443"),
        (Endpoint("9.9.9.9", 443, Transport.HTTPS, "dns.example"), "dns.example"),
    ],
)
def test_requests_are_for_the_name_or_the_address(endpoint: Endpoint, authority: str) -> None:
    assert authority_of(endpoint) == authority


async def test_an_https_server_with_the_name_of_somebody_else_is_not_believed(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target("dns.example"), tls=trust) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert "tls: failed to verify certificate" in why(outcome)
    assert not upstream.requests


async def test_a_server_without_http2_is_named_as_such(
    authority: Authority, trust: TlsFiles
) -> None:
    upstream = FakeHttps(server_context(authority), alpn="http/1.1")
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        text = await failure_of(gathering)

    assert text.endswith("tls: the server does not speak HTTP/2 (ALPN h2)")


async def test_nobody_listens(trust: TlsFiles) -> None:
    target = Address(Endpoint("127.0.0.1", closed_port(), Transport.HTTPS), "Corefile:2")
    async with forwarding_to(target, tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith("connect: connection refused")
        assert not len(gathering.servers[0].streams)


async def test_a_status_that_is_no_answer_is_named_and_the_connection_goes_on(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    def busy(_: FakeHttps, peer: Peer, request: Request) -> None:
        peer.server.answer(request.stream, b"busy", {":status": "503"})

    upstream.say = busy
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        text = await failure_of(gathering)
        upstream.say = honest
        await ask(gathering, 2)

    assert text.startswith("read tcp 127.0.0.1:")
    assert text.endswith(f"->{upstream.address}: HTTP status 503")
    assert len(upstream.peers) == 1


async def test_the_next_upstream_is_asked_where_one_says_503(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.server.answer(
        request.stream, b"", {":status": "503"}
    )
    async with (
        upstream,
        FakeUpstream() as other,
        forwarding_to(
            upstream.target(),
            other,
            tls=trust,
            policy=Policy.SEQUENTIAL,
            checks=Checks(most_fails=0),
        ) as gathering,
    ):
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert addresses_in(outcome) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("message", "headers"),
    [
        (lambda sent: reply_to(sent, question=from_text("b.example.") + b"\0\1\0\1"), GOOD),
        (lambda sent: b"\7\7" + reply_to(sent, record(TRUE))[2:], GOOD),
        (lambda sent: sent, GOOD),
        (lambda _: b"", GOOD),
        (lambda _: b"rubbish" * 9, GOOD),
        (lambda sent: reply_to(sent, record(TRUE))[:-1], GOOD),
    ],
    ids=["another question", "another id", "a query", "nothing", "rubbish", "cut off"],
)
async def test_what_is_no_reply_to_the_question_ends_the_connection(
    upstream: FakeHttps, trust: TlsFiles, message: object, headers: dict[str, str]
) -> None:
    assert callable(message)
    upstream.say = lambda _, peer, request: peer.server.answer(
        request.stream, message(request.question), headers
    )
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        text = await failure_of(gathering)

        assert text.endswith("a reply to another question")
        assert not len(gathering.servers[0].streams)


async def test_silence_is_a_timeout_and_the_connection_is_left(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering)
        upstream.say = silent
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await ask(gathering, 2, seconds=SOON)

        assert not len(gathering.servers[0].streams)
    assert len(upstream.peers) == 1


async def test_who_is_there_and_does_not_answer_is_left(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering)
        upstream.say = lambda _, peer, request: peer.server.h2.ping(request.question[:8])
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await ask(gathering, 2, seconds=SOON)

        assert not len(gathering.servers[0].streams)


async def test_a_slow_answer_costs_its_stream_and_not_the_connection(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    slow = of_number(1).octets

    def one_is_slow(fake: FakeHttps, peer: Peer, request: Request) -> None:
        if slow not in request.question:
            honest(fake, peer, request)

    upstream.say = one_is_slow
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering, 0)
        asking = asyncio.ensure_future(ask(gathering, 1, seconds=SOON))
        await asyncio.sleep(0)
        await ask(gathering, 2)
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await asking
        await ask(gathering, 3)

    assert len(upstream.peers) == 1
    assert upstream.peers[0].server.resets == [3]


async def test_a_question_that_nobody_waits_for_is_withdrawn(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    upstream.say = silent
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        asking = asyncio.ensure_future(ask(gathering))
        await until(lambda: bool(upstream.requests))
        asking.cancel()
        upstream.say = honest
        await ask(gathering, 2)

    assert upstream.peers[0].server.resets == [1]


async def test_a_connection_that_is_closed_at_once_is_a_failure(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.transport.close()  # noqa: ARG005
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith(f"->{upstream.address}: EOF")


async def test_a_kept_connection_that_was_closed_is_replaced(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering)

        def closing(fake: FakeHttps, peer: Peer, request: Request) -> None:
            del request
            fake.say = honest
            peer.transport.close()

        upstream.say = closing
        await ask(gathering, 2)

    assert len(upstream.peers) == 2


def goaway(last: int) -> bytes:
    return b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4) + bytes(4)


async def test_who_goes_away_in_the_middle_answers_what_it_has_and_the_rest_goes_elsewhere(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    held: list[tuple[Peer, Request]] = []

    def leaving(fake: FakeHttps, peer: Peer, request: Request) -> None:
        held.append((peer, request))
        if len(held) < 3:
            return
        fake.say = honest
        peer.transport.write(goaway(held[1][1].stream))
        for one, other in held[:2]:
            honest(fake, one, other)

    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering, 0)
        upstream.say = leaving
        replies = await asyncio.gather(*(ask(gathering, number) for number in (1, 2, 3)))

    assert [reply.body.counts for reply in replies] == [(1, 0, 0)] * 3
    assert [len(held), len(upstream.peers), len(upstream.requests)] == [3, 2, 5]


async def test_who_always_goes_away_is_not_asked_for_ever(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.transport.write(goaway(0))  # noqa: ARG005
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith("GOAWAY (NO_ERROR)")

    assert len(upstream.peers) == 1


async def test_a_question_that_is_refused_is_asked_once_more(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    def refusing(fake: FakeHttps, peer: Peer, request: Request) -> None:
        fake.say = honest
        peer.server.h2.reset_stream(request.stream, ErrorCodes.REFUSED_STREAM)

    upstream.say = refusing
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        reply = await ask(gathering)

    assert reply.body.counts == (1, 0, 0)
    assert [len(upstream.requests), len(upstream.peers)] == [2, 1]


async def test_a_question_that_is_refused_again_and_again_fails(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.server.h2.reset_stream(
        request.stream, ErrorCodes.REFUSED_STREAM
    )
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith("the stream was reset (REFUSED_STREAM)")

    assert len(upstream.requests) == 2


async def test_there_are_no_more_streams_than_the_server_wants(
    authority: Authority, trust: TlsFiles
) -> None:
    upstream = FakeHttps(
        server_context(authority), settings={SettingCodes.MAX_CONCURRENT_STREAMS: 2}
    )
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering, 0)
        replies = await asyncio.gather(*(ask(gathering, number) for number in range(1, 6)))

    assert len(replies) == 5
    assert len(upstream.peers) == 2  # the second has all that the first has no room for


async def test_until_a_server_has_said_how_many_it_takes_it_gets_one(
    authority: Authority, trust: TlsFiles
) -> None:
    upstream = FakeHttps(
        server_context(authority), settings={SettingCodes.MAX_CONCURRENT_STREAMS: 1}
    )
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        replies = await asyncio.gather(*(ask(gathering, number) for number in range(3)))

    assert len(replies) == 3
    assert len(upstream.peers) == 1


async def test_octets_that_are_no_http2_are_named(upstream: FakeHttps, trust: TlsFiles) -> None:
    upstream.say = lambda _, peer, request: peer.transport.write(b"\0" * 90)  # noqa: ARG005
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert ": http2: " in await failure_of(gathering)
        assert not len(gathering.servers[0].streams)


async def test_ttls_are_less_the_time_in_a_cache_on_the_way(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.server.answer(
        request.stream, reply_to(request.question, record(TRUE)), {**GOOD, "age": "12"}
    )
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert [rrset.ttl for rrset in opened(outcome).answer] == [18]


async def test_an_idle_connection_is_closed_and_an_old_one_is_not_used(
    upstream: FakeHttps, trust: TlsFiles
) -> None:
    keeping = Keeping(expire=10, max_age=60)
    async with upstream, forwarding_to(upstream.target(), tls=trust, keeping=keeping) as gathering:
        streams = gathering.servers[0].streams
        await ask(gathering)
        now = asyncio.get_running_loop().time()
        streams.sweep(now + 9)
        assert len(streams) == 1
        streams.sweep(now + 11)
        assert not len(streams)


async def test_a_check_goes_the_same_way(upstream: FakeHttps, trust: TlsFiles) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        server = gathering.servers[0]
        assert await server.is_well(gathering.forwarder.forwarding.check, 1.0)
        upstream.say = lambda _, peer, request: peer.server.answer(
            request.stream, b"", {":status": "500"}
        )
        assert not await server.is_well(gathering.forwarder.forwarding.check, 1.0)
        assert await server.probe(Question.of(from_text("a.example."), RRType.A)) is None

    assert {len(request.question) for request in upstream.requests[:2]} == {17}


class Wire(asyncio.Transport):
    """A transport that goes nowhere, after a handshake that came to HTTP/2."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock, "ssl_object": self})
        self.is_paused = False
        self.written = b""

    def selected_alpn_protocol(self) -> str:
        return "h2"

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


async def test_a_server_that_does_not_read_is_not_read_from() -> None:
    endpoint = Endpoint("127.0.0.1", 443, Transport.HTTPS)
    connection = HttpsConnection(endpoint, lambda _: None, ssl.create_default_context())
    with socket.socket() as sock:
        wire = Wire(sock)
        connection.connection_made(wire)
        assert wire.written.startswith(b"PRI * HTTP/2.0")

        connection.pause_writing()
        assert wire.is_paused

        connection.resume_writing()
        assert not wire.is_paused


async def test_files_that_are_missing_later_are_the_reason(
    upstream: FakeHttps, tmp_path: Path
) -> None:
    files = TlsFiles(authority=str(tmp_path / "gone.pem"))
    async with upstream, forwarding_to(upstream.target(), tls=files) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert outcome.rcode == RCode.SERVFAIL
    assert "gone.pem: no such file or directory" in why(outcome)
