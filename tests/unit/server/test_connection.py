"""One connection on a real socket: what it keeps, how long it waits, what a bug costs."""

import asyncio
import socket
from collections.abc import Iterator
from io import StringIO
from time import monotonic

import pytest

from svcdns.route.responder import Reply, Said
from svcdns.route.stages import Client
from svcdns.route.traffic import LANES, Lane
from svcdns.server.connection import HIGH_WATER, Connection
from svcdns.server.limits import MAX_HELD_OCTETS
from svcdns.server.patience import Patience
from svcdns.server.waiting import MOST as MOST_WAITING
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
        def respond(self, packet: bytes, client: Client) -> Reply:
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


def reset(peer: Peer) -> None:
    linger_not = (1).to_bytes(4, "little") + bytes(4)
    connected = peer.writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
    peer.writer.transport.abort()


async def test_a_client_that_resets_leaves_nothing_behind() -> None:
    async with serving(EchoResponder()) as server:
        peer = await server.accepted()
        peer.send(frame(ASKED)[:9])
        await until(lambda: server.connections.held_octets == 9)
        reset(peer)
        await until(lambda: server.connections.open == 0)

    assert server.connections.held_octets == 0


class LaterResponder(EchoResponder):
    """Answers later: each query when its turn is called, by its id."""

    def __init__(self, padding: int = 0) -> None:
        super().__init__(padding)
        self.ready: dict[int, asyncio.Event] = {}
        self.cancelled = 0

    def respond(self, packet: bytes, client: Client) -> Reply:
        said = self.echo(packet, client)
        ready = self.ready[int.from_bytes(packet[:2])] = asyncio.Event()
        return self._when(ready, said)

    def let(self, *identities: int) -> None:
        for identity in identities:
            self.ready[identity].set()

    async def _when(self, ready: asyncio.Event, said: Said) -> Said:
        try:
            await ready.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return said


class TransferResponder(EchoResponder):
    """Answers each query with many long messages; knows how many have been made."""

    def __init__(self, messages: int) -> None:
        super().__init__()
        self.messages = messages
        self.made = 0

    def respond(self, packet: bytes, client: Client) -> Reply:
        super().respond(packet, client)
        return self._made(packet)

    def _made(self, packet: bytes) -> Iterator[bytes]:
        for _ in range(self.messages):
            self.made += 1
            yield packet[:2] + bytes(60_000)


async def some_turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_ready_first_is_sent_first() -> None:
    responder = LaterResponder()

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.send(b"".join(map(frame, numbered(3))))
        await until(lambda: len(responder.ready) == 3)
        order = []
        for identity in (2, 0, 1):
            responder.let(identity)
            order.append(int.from_bytes((await peer.receive())[:2]))

    assert order == [2, 0, 1]
    assert responder.observed >= 3


async def test_no_more_than_100_wait_and_then_the_next_ones_are_read() -> None:
    responder = LaterResponder()

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.send(b"".join(map(frame, numbered(150))))
        await until(lambda: len(responder.asked) >= MOST_WAITING)
        await some_turns()
        waiting = len(responder.asked)
        responder.let(*range(MOST_WAITING))
        await until(lambda: len(responder.asked) == 150)
        responder.let(*range(MOST_WAITING, 150))
        responses = [await peer.receive() for _ in range(150)]

    assert waiting == MOST_WAITING
    assert {response[:2] for response in responses} == {query[:2] for query in numbered(150)}


async def test_a_client_that_has_said_all_gets_what_comes_later() -> None:
    responder = LaterResponder()

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.send(b"".join(map(frame, numbered(120))))
        peer.writer.write_eof()
        await until(lambda: len(responder.asked) == MOST_WAITING)
        await some_turns()
        still_open = server.connections.open
        responder.let(*range(MOST_WAITING))
        await until(lambda: len(responder.asked) == 120)
        responder.let(*range(MOST_WAITING, 120))
        octets = await peer.rest()

    assert still_open == 1
    assert len(Frames().receive(octets)) == 120


async def test_a_connection_that_is_lost_waits_for_nobody() -> None:
    responder = LaterResponder()

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.send(b"".join(map(frame, numbered(3))))
        await until(lambda: len(responder.ready) == 3)
        await some_turns()
        reset(peer)
        await until(lambda: server.connections.open == 0)
        await some_turns()

    assert responder.cancelled == 3


@pytest.mark.parametrize("sent", [b"", frame(ASKED)[:9]], ids=["silence", "half a message"])
async def test_time_does_not_run_out_while_the_client_waits_for_us(sent: bytes) -> None:
    responder = LaterResponder()

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.send(frame(numbered(1)[0]) + sent)
        await until(lambda: len(responder.ready) == 1)
        await until(lambda: server.connections.held_octets == len(sent))
        server.listener.acceptor.sweep(monotonic() + 3600)
        patient = server.connections.open
        responder.let(0)
        await peer.receive()
        await some_turns()
        server.listener.acceptor.sweep(monotonic() + 11)
        await peer.rest()

    assert patient == 1
    assert server.connections.counts.expired == 1


async def test_a_transfer_is_made_no_faster_than_it_is_read() -> None:
    responder = TransferResponder(300)

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.stop_reading()
        peer.send(frame(ASKED))
        await until(lambda: server.connections.held_octets > HIGH_WATER)
        await some_turns()
        made, held = responder.made, server.connections.held_octets
        peer.go_on_reading()
        responses = [await peer.receive() for _ in range(300)]

    assert made < 300
    assert held < 4 * HIGH_WATER
    assert all(response[:2] == ASKED[:2] for response in responses)
    assert responder.made == 300


async def test_a_transfer_to_a_client_that_never_reads_is_cut_off() -> None:
    responder = TransferResponder(300)

    async with serving(responder) as server:
        peer = await server.accepted()
        peer.stop_reading()
        peer.send(frame(ASKED))
        await until(lambda: server.connections.held_octets > HIGH_WATER)
        server.listener.acceptor.sweep(monotonic() + 5)
        await until(lambda: server.connections.open == 0)
        await some_turns()

    assert responder.made < 300
    assert server.connections.held_octets == 0


@pytest.mark.parametrize("later", [False, True])
async def test_a_connection_ends_after_as_many_queries_as_are_allowed(*, later: bool) -> None:
    responder = LaterResponder() if later else EchoResponder()

    async with serving(responder) as server:
        server.listener.patience = Patience(queries=3)
        peer = await server.accepted()
        peer.send(b"".join(map(frame, numbered(5))))
        await until(lambda: len(responder.asked) == 3)
        if isinstance(responder, LaterResponder):
            responder.let(0, 1, 2)
        octets = await peer.rest()

    assert len(responder.asked) == 3
    assert len(Frames().receive(octets)) == 3
    assert server.connections.open == 0


async def test_open_connections_follow_another_patience() -> None:
    async with serving(EchoResponder()) as server:
        peer = await server.accepted()
        peer.send(frame(ASKED))
        await peer.receive()
        server.listener.patience = Patience(idle=60)
        server.listener.acceptor.sweep(monotonic() + 59)
        patient = server.connections.open
        server.listener.patience = Patience(idle=1)
        server.listener.acceptor.sweep(monotonic() + 1)
        await peer.rest()

    assert patient == 1
    assert server.connections.counts.expired == 1


async def test_a_query_that_gets_no_response_holds_nothing_up() -> None:
    class Silent(EchoResponder):
        def respond(self, packet: bytes, client: Client) -> Reply:
            said = super().respond(packet, client)
            return self._nothing() if packet[:2] == b"\0\0" else said

        async def _nothing(self) -> Said:
            return None

    async with serving(Silent()) as server:
        peer = await server.accepted()
        peer.send(b"".join(map(frame, numbered(2))))
        peer.writer.write_eof()
        octets = await peer.rest()

    assert [message[:2] for message in Frames().receive(octets)] == [b"\0\1"]
