"""DNS over QUIC: questions that share a connection, and every way in which that can fail."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.endpoint import Endpoint, Transport
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.quic import QuicConnection, configuration_of, roomy
from svcdns.upstream.server import Habits
from svcdns.upstream.stream import Keeping
from svcdns.upstream.targets import Address
from svcdns.upstream.tls import TlsError, TlsFiles
from svcdns.wire.frame import frame
from svcdns.wire.name import from_text
from svcdns.wire.question import read_query
from tests.support.authority import Authority
from tests.support.numbered import ask, failure_of, of_number
from tests.support.quic_server import FakeQuic, Peer, Request, honest, silent
from tests.support.streams import until
from tests.support.upstreams import (
    TRUE,
    addresses_in,
    closed_port,
    forwarding_to,
    query,
    record,
    reply_to,
    why,
)

QUICK = Habits(read_timeout=0.15)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def upstream(authority: Authority) -> FakeQuic:
    return FakeQuic(authority)


@pytest.fixture
def trust(authority: Authority) -> TlsFiles:
    return TlsFiles(authority=str(authority.certificate))


async def test_questions_share_a_connection_and_have_no_id(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)
        replies = await asyncio.gather(*(ask(gathering, number) for number in range(40)))

    assert addresses_in(outcome) == ["192.0.2.1"]
    assert {reply.body.counts for reply in replies} == {(1, 0, 0)}
    assert len(upstream.peers) == 1
    assert {request.question[:2] for request in upstream.requests} == {b"\0\0"}
    assert {frame(request.question) for request in upstream.requests} == {
        request.octets for request in upstream.requests
    }
    assert [request.stream for request in upstream.requests] == list(range(0, 164, 4))


@pytest.mark.parametrize("with_opt", [True, False])
async def test_a_question_allows_replies_of_any_size(*, with_opt: bool) -> None:
    asked = of_number(1)._replace(dnssec_ok=True, options=b"\0\x0a\0\1x")
    connection = QuicConnection(
        Endpoint("127.0.0.1", 853, Transport.QUIC), lambda _: None, configuration_of(TlsFiles())
    )
    sent = asked.message(b"\0\0", with_opt=with_opt)

    octets = roomy(connection.send(asked, sent))

    read, before = read_query(octets), read_query(sent)
    assert read.question == before.question
    if read.edns is None or before.edns is None:
        assert octets == sent
    else:
        assert read.edns == before.edns._replace(size=0xFFFF)


async def test_a_certificate_may_be_of_a_name(upstream: FakeQuic, trust: TlsFiles) -> None:
    async with upstream, forwarding_to(upstream.target("localhost"), tls=trust) as gathering:
        assert (await ask(gathering)).body.counts == (1, 0, 0)


async def test_a_quic_server_with_the_name_of_somebody_else_is_not_believed(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target("dns.example"), tls=trust) as gathering:
        outcome = await gathering.forwarder.answer(query(), stream=False)

    assert why(outcome) == (
        f"dial udp {upstream.address}: tls: failed to verify certificate: "
        "Hostname mismatch, certificate is not valid for 'dns.example'."
    )
    assert not upstream.requests


async def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    upstream: FakeQuic,
) -> None:
    async with upstream, forwarding_to(upstream.target()) as gathering:
        assert "tls: failed to verify certificate: " in await failure_of(gathering)
        assert not len(gathering.servers[0].streams)


async def test_a_server_of_another_protocol_is_named_as_such(
    authority: Authority, trust: TlsFiles
) -> None:
    upstream = FakeQuic(authority, alpn="h3")
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        text = await failure_of(gathering)

    assert text.startswith(f"dial udp {upstream.address}: tls: ")
    assert "ALPN" in text


async def test_nobody_listens(trust: TlsFiles) -> None:
    target = Address(Endpoint("127.0.0.1", closed_port(), Transport.QUIC), "Corefile:2")
    async with forwarding_to(target, tls=trust) as gathering:
        text = await failure_of(gathering)
        assert text == f"dial udp {target.endpoint.text}: connect: connection refused"
        assert not len(gathering.servers[0].streams)


@pytest.mark.parametrize(
    "octets",
    [
        lambda _: b"",
        lambda _: b"\0",
        lambda _: b"\0\0",
        lambda sent: frame(reply_to(sent, record(TRUE)))[:-1],
        lambda sent: frame(reply_to(sent, record(TRUE))) + b"\0",
        lambda sent: 2 * frame(reply_to(sent, record(TRUE))),
    ],
    ids=["nothing", "half a length", "no octets", "cut off", "one octet more", "two messages"],
)
async def test_a_stream_holds_one_message(
    upstream: FakeQuic, trust: TlsFiles, octets: object
) -> None:
    assert callable(octets)
    upstream.say = lambda _, peer, request: peer.send(request, octets(request.question))
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        text = await failure_of(gathering)
        assert text.startswith("read udp 127.0.0.1:")
        assert text.endswith("a stream that does not hold one message and its length")
        assert not len(gathering.servers[0].streams)
        await until(lambda: upstream.peers[0].quic._close_event is not None)  # noqa: SLF001

    assert upstream.peers[0].quic._close_event.error_code == 2  # noqa: SLF001


async def test_what_is_too_long_is_not_waited_for_to_end(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.send(request, b"\0\5" + bytes(90), is_last=False)
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert "does not hold one message" in await failure_of(gathering)


@pytest.mark.parametrize(
    "message",
    [
        lambda sent: reply_to(sent, question=from_text("b.example.") + b"\0\1\0\1"),
        lambda sent: b"\7\7" + reply_to(sent, record(TRUE))[2:],
        lambda sent: sent,
        lambda _: b"rubbish" * 9,
        lambda sent: reply_to(sent, record(TRUE))[:-1],
    ],
    ids=["another question", "an id", "a query", "rubbish", "cut off"],
)
async def test_what_is_no_reply_to_the_question_ends_the_connection(
    upstream: FakeQuic, trust: TlsFiles, message: object
) -> None:
    assert callable(message)
    upstream.say = lambda _, peer, request: peer.answer(request, message(request.question))
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith("a reply to another question")
        assert not len(gathering.servers[0].streams)


async def test_a_message_may_come_in_parts(upstream: FakeQuic, trust: TlsFiles) -> None:
    def in_parts(_: FakeQuic, peer: Peer, request: Request) -> None:
        octets = frame(reply_to(request.question, *[record(TRUE)] * 300))
        for at in range(0, len(octets), 700):
            peer.send(request, octets[at : at + 700], is_last=False)
            peer.transmit()
        peer.send(request, b"")

    upstream.say = in_parts
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await ask(gathering)).body.counts == (300, 0, 0)


@pytest.mark.parametrize(("code", "name"), [(4, "DOQ_EXCESSIVE_LOAD"), (0xBEEF, "0xbeef")])
async def test_a_reset_stream_is_a_failure_and_the_connection_goes_on(
    upstream: FakeQuic, trust: TlsFiles, code: int, name: str
) -> None:
    upstream.say = lambda _, peer, request: peer.quic.reset_stream(request.stream, code)
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith(f"the stream was reset ({name})")
        upstream.say = honest
        await ask(gathering, 2)

    assert len(upstream.peers) == 1


async def test_silence_is_a_timeout_and_the_connection_is_left(trust: TlsFiles) -> None:
    loop = asyncio.get_running_loop()
    deaf, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    port = deaf.get_extra_info("socket").getsockname()[1]
    target = Address(Endpoint("127.0.0.1", port, Transport.QUIC), "Corefile:2")
    async with forwarding_to(target, tls=trust, habits=QUICK) as gathering:
        assert await failure_of(gathering) == f"dial udp 127.0.0.1:{port}: i/o timeout"
        assert not len(gathering.servers[0].streams)
    deaf.close()


async def test_a_slow_answer_costs_its_stream_and_not_the_connection(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    slow = of_number(1).octets

    def one_is_slow(fake: FakeQuic, peer: Peer, request: Request) -> None:
        if slow not in request.question:
            honest(fake, peer, request)

    upstream.say = one_is_slow
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering, 0)
        asking = asyncio.ensure_future(ask(gathering, 1, seconds=0.4))
        await asyncio.sleep(0)
        await ask(gathering, 2)
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await asking
        await ask(gathering, 3)
        await until(lambda: upstream.peers[0].stopped == [4])

    assert len(upstream.peers) == 1


async def test_who_acknowledges_and_does_not_answer_is_left(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering, 0)
        upstream.say = silent
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await ask(gathering, 1, seconds=0.4)
        assert not len(gathering.servers[0].streams)


async def test_a_server_may_open_no_stream(upstream: FakeQuic, trust: TlsFiles) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering)
        quic = upstream.peers[0].quic

    assert (quic._remote_max_streams_bidi, quic._remote_max_streams_uni) == (0, 0)  # noqa: SLF001


@pytest.mark.parametrize("name", ["a..b", ".b", "a" * 64 + ".b", "\xfc..b"])
async def test_what_can_be_no_server_name_is_said_at_once(
    upstream: FakeQuic, trust: TlsFiles, name: str
) -> None:
    async with upstream, forwarding_to(upstream.target(name), tls=trust) as gathering:
        text = await failure_of(gathering)

    assert text == f"dial udp {upstream.address}: tls: {name!r} is no server name"


async def test_a_name_in_letters_of_its_own_is_checked_as_it_is_sent(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target("m\xfcnchen"), tls=trust) as gathering:
        assert "certificate is not valid for" in await failure_of(gathering)


async def test_a_failure_is_said_in_the_reason_and_nowhere_else(
    upstream: FakeQuic, caplog: pytest.LogCaptureFixture
) -> None:
    async with upstream, forwarding_to(upstream.target()) as gathering:
        await failure_of(gathering)

    assert caplog.records == []


async def test_what_ends_while_it_is_being_opened_is_closed() -> None:
    connection = QuicConnection(
        Endpoint("127.0.0.1", 853, Transport.QUIC), lambda _: None, configuration_of(TlsFiles())
    )
    wire = Wire()
    connection.close()

    connection.connection_made(wire)

    assert wire.sent == [b"closed"]


@pytest.mark.parametrize(("code", "name"), [(116, "CERTIFICATE_REQUIRED"), (255, "255")])
async def test_an_alert_has_its_name(
    upstream: FakeQuic, trust: TlsFiles, code: int, name: str
) -> None:
    upstream.say = lambda _, peer, request: peer.quic.close(0x100 + code)  # noqa: ARG005
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith(f": tls: alert {name}")


async def test_a_question_that_nobody_waits_for_is_withdrawn(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    upstream.say = silent
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        asking = asyncio.ensure_future(ask(gathering))
        await until(lambda: bool(upstream.requests))
        asking.cancel()
        upstream.say = honest
        await ask(gathering, 2)
        await until(lambda: upstream.peers[0].stopped == [0])


async def test_a_connection_that_is_closed_at_once_is_a_failure_with_its_words(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    upstream.say = lambda _, peer, request: peer.quic.close(4, None, "too much")  # noqa: ARG005
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        assert (await failure_of(gathering)).endswith(
            f"->{upstream.address}: the connection was closed (DOQ_EXCESSIVE_LOAD: too much)"
        )


async def test_a_kept_connection_that_was_closed_is_replaced(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        await ask(gathering)

        def closing(fake: FakeQuic, peer: Peer, request: Request) -> None:
            del request
            fake.say = honest
            peer.quic.close(0)

        upstream.say = closing
        await ask(gathering, 2)

    assert len(upstream.peers) == 2


async def test_an_idle_connection_is_closed_and_the_server_is_told(
    upstream: FakeQuic, trust: TlsFiles
) -> None:
    keeping = Keeping(expire=10)
    async with upstream, forwarding_to(upstream.target(), tls=trust, keeping=keeping) as gathering:
        streams = gathering.servers[0].streams
        await ask(gathering)
        now = asyncio.get_running_loop().time()
        streams.sweep(now + 9)
        assert len(streams) == 1
        streams.sweep(now + 11)
        assert not len(streams)
        await until(lambda: upstream.peers[0].quic._close_event is not None)  # noqa: SLF001

    assert upstream.peers[0].quic._close_event.error_code == 0  # noqa: SLF001


async def test_a_check_goes_the_same_way(upstream: FakeQuic, trust: TlsFiles) -> None:
    async with upstream, forwarding_to(upstream.target(), tls=trust) as gathering:
        server, check = gathering.servers[0], gathering.forwarder.forwarding.check
        assert await server.is_well(check, 1.0)
        upstream.say = silent
        assert not await server.is_well(check, 0.1)

    assert len(upstream.requests[0].question) == 17


async def test_questions_come_from_the_source_address(upstream: FakeQuic, trust: TlsFiles) -> None:
    habits = Habits(source="127.0.0.7")
    async with upstream, forwarding_to(upstream.target(), tls=trust, habits=habits) as gathering:
        await ask(gathering)

    assert upstream.peers[0].quic.get_peer_address()[0] == "127.0.0.7"


def test_a_key_that_cannot_be_used_is_named(authority: Authority, tmp_path: Path) -> None:
    certificate, _ = authority.issue("DNS:client.example")
    (tmp_path / "rubbish").write_text("rubbish")

    with pytest.raises(TlsError, match="could not load TLS cert"):
        configuration_of(TlsFiles(str(certificate), str(tmp_path / "rubbish")))


def test_we_have_a_certificate_of_our_own_and_whom_we_trust(authority: Authority) -> None:
    certificate, key = authority.issue("DNS:client.example")

    configuration = configuration_of(
        TlsFiles(str(certificate), str(key), str(authority.certificate))
    )

    assert configuration.certificate is not None
    assert configuration.cafile == str(authority.certificate)
    assert configuration_of(TlsFiles()).cafile != configuration.cafile


class Wire(asyncio.DatagramTransport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def sendto(self, data: bytes | bytearray | memoryview, addr: object = None) -> None:
        assert addr is None
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.sent.append(b"closed")


@given(datagrams=st.lists(st.binary(max_size=1300), max_size=3))
async def test_any_datagrams_are_passed_over_or_end_the_connection(
    datagrams: list[bytes],
) -> None:
    connection = QuicConnection(
        Endpoint("127.0.0.1", 853, Transport.QUIC), lambda _: None, configuration_of(TlsFiles())
    )
    wire = Wire()

    connection.connection_made(wire)
    for datagram in datagrams:
        connection.datagram_received(datagram, None)
    connection.close()

    assert wire.sent[-1] == b"closed"
