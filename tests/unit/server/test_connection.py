"""One connection on a real socket: what it keeps, how long it waits, what a bug costs."""

import asyncio
import socket
from io import StringIO
from time import monotonic

import pytest

from svcdns.route.stages import Client
from svcdns.route.traffic import LANES, Lane
from svcdns.server.connection import HIGH_WATER, Connection
from svcdns.server.limits import MAX_HELD_OCTETS
from svcdns.wire.codes import RCode
from svcdns.wire.frame import Frames, frame
from tests.support.streams import EchoResponder, Peer, TcpServer, numbered, serving, until
from tests.support.stubs import packet, question

WEB = question("web.shop.svc.cluster.local.")
ASKED = packet(WEB)


async def test_more_than_65535_octets_are_never_produced(log: StringIO) -> None:
    async with serving(EchoResponder(padding=65_536)) as server:
        peer = await server.connect()
        peer.send(frame(ASKED))
        response = await peer.receive()

    assert response[3] & 0x0F == RCode.SERVFAIL
    assert server.connections.counts.failed == 1
    assert log.getvalue().startswith("[ERROR] server.failed")


@pytest.mark.parametrize(
    ("sent", "messages", "pending", "seconds"),
    [
        pytest.param(b"", 0, 0, 3, id="nothing at all"),
        pytest.param(frame(ASKED)[:9], 0, 9, 3, id="half of the first message"),
        pytest.param(frame(b""), 1, 0, 3, id="nothing that deserves an answer"),
        pytest.param(frame(ASKED), 1, 0, 10, id="silence after an answer"),
        pytest.param(frame(ASKED) + frame(ASKED)[:9], 1, 9, 3, id="half of a later message"),
    ],
)
async def test_time_runs_out(sent: bytes, messages: int, pending: int, seconds: float) -> None:
    responder = EchoResponder()

    async with serving(responder) as server:
        before = monotonic()
        peer = await server.accepted()
        peer.send(sent)
        await until(lambda: len(responder.asked) == messages)
        await until(lambda: server.connections.held_octets == pending)
        server.listener.acceptor.sweep(before + seconds - 0.01)
        patient = server.connections.open
        server.listener.acceptor.sweep(monotonic() + seconds)
        await peer.rest()

    assert patient == 1
    assert server.connections.open == 0
    assert server.connections.counts.expired == 1


async def test_a_drip_does_not_prolong_the_time_for_a_message() -> None:
    async with serving(EchoResponder()) as server:
        peer = await server.accepted()
        peer.send(frame(ASKED))
        await peer.receive()
        peer.send(b"\0")
        await until(lambda: server.connections.held_octets == 1)
        begun = monotonic()
        peer.send(b"\x40")
        await until(lambda: server.connections.held_octets == 2)
        server.listener.acceptor.sweep(begun + 3)
        rest = await peer.rest()

    assert rest == b""
    assert server.connections.counts.expired == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_the_responder_knows_who_asks(address: str) -> None:
    responder = EchoResponder()

    async with serving(responder, address=address) as server:
        peer = await server.connect()
        port = peer.writer.get_extra_info("sockname")[1]
        peer.send(frame(ASKED))
        await peer.receive()

    (client,) = responder.clients
    assert (client.address, client.port) == (address, port)
    assert (client.local_address, client.local_port) == (address, server.port)
    assert client.stream
    assert LANES[client.lane] == Lane("tcp", "2" if ":" in address else "1", 0)


async def test_a_client_that_does_not_read_is_not_read_from_and_loses_nothing() -> None:
    responder = EchoResponder(padding=60_000)

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.stop_reading()
        peer.send(b"".join(map(frame, numbered(300))))
        await until(lambda: server.connections.held_octets > HIGH_WATER)
        for _ in range(20):
            await asyncio.sleep(0)
        asked, held = len(responder.asked), server.connections.held_octets
        peer.go_on_reading()
        responses = [await peer.receive() for _ in range(300)]
        held_at_the_end = server.connections.held_octets

    assert asked < 300
    assert held < 4 * HIGH_WATER
    assert [response[:2] for response in responses] == [query[:2] for query in numbered(300)]
    assert held_at_the_end == 0


@pytest.mark.parametrize("half_closed", [False, True])
async def test_a_client_that_never_reads_is_cut_off_after_5_seconds(*, half_closed: bool) -> None:
    async with serving(EchoResponder(padding=60_000)) as server:
        peer = await server.accepted()
        peer.stop_reading()
        peer.send(b"".join(map(frame, numbered(300))))
        if half_closed:
            peer.writer.write_eof()
        await until(lambda: server.connections.held_octets > HIGH_WATER)
        stalled = monotonic()
        server.listener.acceptor.sweep(stalled + 4)
        patient = server.connections.open
        server.listener.acceptor.sweep(stalled + 5)
        await until(lambda: server.connections.open == 0)

    assert patient == 1
    assert server.connections.held_octets == 0


async def fill(server: TcpServer, responder: EchoResponder, peer: Peer, octets: int) -> None:
    """Ask one question after the other, reading nothing, until `octets` lie unsent."""
    (connection,) = server.listener.acceptor._open  # noqa: SLF001  the system's buffers hide it
    assert isinstance(connection, Connection)
    transport = connection._transport  # noqa: SLF001
    assert transport is not None
    peer.stop_reading()
    while transport.get_write_buffer_size() < octets:
        asked = len(responder.asked)
        peer.send(frame(ASKED))
        await until(lambda asked=asked: len(responder.asked) > asked)  # type: ignore[misc]


async def test_a_client_that_does_not_read_is_not_asked_for_more() -> None:
    responder = EchoResponder(padding=60_000)

    async with serving(responder) as server:
        peer = await server.accepted()
        await fill(server, responder, peer, HIGH_WATER + 1)
        asked = len(responder.asked)
        peer.send(frame(ASKED))
        for _ in range(20):
            await asyncio.sleep(0)

    assert len(responder.asked) == asked


async def test_a_client_that_says_goodbye_and_never_reads_is_cut_off_after_5_seconds() -> None:
    responder = EchoResponder(padding=60_000)

    async with serving(responder) as server:
        peer = await server.accepted()
        await fill(server, responder, peer, 1)
        peer.writer.write_eof()
        for _ in range(20):
            await asyncio.sleep(0)
        server.listener.acceptor.sweep(monotonic() + 4)
        patient = server.connections.open
        server.listener.acceptor.sweep(monotonic() + 5)
        await until(lambda: server.connections.open == 0)

    assert patient == 1


async def test_a_large_half_message_is_not_kept_when_all_hold_too_much() -> None:
    async with serving(EchoResponder()) as server:
        small, large = await server.accepted(), await server.accepted()
        server.connections.weigh(0, MAX_HELD_OCTETS - 20_000)
        small.send(b"\xff\xff" + bytes(1_000))
        await until(lambda: server.connections.held_octets > MAX_HELD_OCTETS - 20_000)
        large.send(b"\xff\xff" + bytes(60_000))
        rest = await large.rest()
        still_open = server.connections.open

    assert rest == b""
    assert still_open == 1
    assert server.connections.counts.overweight == 1


async def test_one_exception_is_one_servfail(log: StringIO) -> None:
    class Broken(EchoResponder):
        def respond(self, packet: bytes, client: Client) -> bytes | None:
            if packet[:2] == b"\0\1":
                raise LookupError("a bug")
            return super().respond(packet, client)

    async with serving(Broken()) as server:
        peer = await server.connect()
        peer.send(b"".join(map(frame, numbered(3))))
        responses = [await peer.receive() for _ in range(3)]

    assert [response[3] & 0x0F for response in responses] == [0, RCode.SERVFAIL, 0]
    assert responses[1][12:] == WEB.octets
    assert server.connections.counts.failed == 1
    assert "a bug" in log.getvalue()


async def test_an_observer_that_fails_costs_no_answer(log: StringIO) -> None:
    class Broken(EchoResponder):
        def observe(self) -> None:
            raise LookupError("a bug")

    async with serving(Broken()) as server:
        peer = await server.connect()
        peer.send(frame(ASKED))
        await peer.receive()
        peer.send(frame(ASKED))
        response = await peer.receive()

    assert response[:2] == ASKED[:2]
    assert "a bug" in log.getvalue()


async def test_a_bug_in_everything_closes_one_connection(
    log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: Frames, _received: bytes) -> list[bytes]:
        raise LookupError("a bug")

    async with serving(EchoResponder()) as server:
        peer, other = await server.connect(), await server.connect()
        with monkeypatch.context() as patched:
            patched.setattr(Frames, "receive", broken)
            peer.send(frame(ASKED))
            rest = await peer.rest()
        other.send(frame(ASKED))
        response = await other.receive()

    assert rest == b""
    assert response[:2] == ASKED[:2]
    assert "a bug" in log.getvalue()


async def test_a_client_that_resets_leaves_nothing_behind() -> None:
    async with serving(EchoResponder()) as server:
        peer = await server.accepted()
        peer.send(frame(ASKED)[:9])
        await until(lambda: server.connections.held_octets == 9)
        linger_not = (1).to_bytes(4, "little") + bytes(4)
        connected = peer.writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        peer.writer.transport.abort()
        await until(lambda: server.connections.open == 0)

    assert server.connections.held_octets == 0
