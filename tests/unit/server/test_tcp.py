"""DNS over TCP on real sockets; T1 to T6 are the requirements of RFC 7766 and 1035."""

import asyncio
from itertools import pairwise
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.route.stream_responder import StreamResponder
from svcdns.server.accept import TICK_SECONDS
from svcdns.server.connection import HIGH_WATER
from svcdns.server.limits import Connections
from svcdns.wire.codes import RCode
from svcdns.wire.frame import Frames, frame
from tests.support.streams import EchoResponder, numbered, serving, until
from tests.support.stubs import addresses, exchange_of, packet, question

WEB = question("web.shop.svc.cluster.local.")
ASKED = packet(WEB)
ANSWERS = {
    WEB.key: Answer(
        answer=(addresses("web.shop.svc.cluster.local.", b"\x0a\x60\0\x07"),), depends_on=()
    )
}
LOOPBACKS = pytest.mark.parametrize("address", ["127.0.0.1", "::1"])


@LOOPBACKS
async def test_t1_any_query_is_answered_over_tcp_on_the_same_port(address: str) -> None:
    responder = StreamResponder(exchange_of(ANSWERS), ipv6=":" in address)

    async with serving(responder, address=address) as server:
        peer = await server.connect()
        peer.send(frame(ASKED))
        response = await peer.receive()

    assert response[:2] == ASKED[:2]
    assert response.endswith(b"\x0a\x60\0\x07")


async def test_t2_a_message_may_arrive_octet_by_octet() -> None:
    async with serving(EchoResponder()) as server:
        peer = await server.accepted()
        for index, octet in enumerate(frame(ASKED)[:-1], 1):
            peer.send(bytes((octet,)))
            await until(lambda index=index: server.connections.held_octets == index)  # type: ignore[misc]
        peer.send(ASKED[-1:])
        response = await peer.receive()

    assert response[:2] == ASKED[:2]
    assert server.connections.held_octets == 0


async def test_t2_a_message_and_a_half_in_one_segment_are_answered_one_by_one() -> None:
    first, second = numbered(2)

    async with serving(EchoResponder()) as server:
        peer = await server.connect()
        peer.send(frame(first) + frame(second)[:7])
        early = await peer.receive()
        peer.send(frame(second)[7:])
        late = await peer.receive()

    assert (early[:2], late[:2]) == (first[:2], second[:2])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20), st.lists(st.integers(0, 900), max_size=12))
def test_t2_any_segmentation_gives_the_same_messages(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(frame(message) for message in messages)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    frames = Frames()

    received = [
        message for start, end in pairwise(edges) for message in frames.receive(stream[start:end])
    ]

    assert received == messages
    assert frames.pending == 0


async def test_t3_a_thousand_queries_in_one_write_are_all_answered() -> None:
    queries = numbered(1000)

    async with serving(EchoResponder()) as server:
        peer = await server.connect()
        peer.send(b"".join(map(frame, queries)))
        responses = [await peer.receive() for _ in queries]

    assert {response[:2] for response in responses} == {query[:2] for query in queries}


async def test_t3_messages_that_arrive_together_are_one_batch() -> None:
    responder = EchoResponder()

    async with serving(responder) as server:
        peer = await server.connect()
        peer.send(b"".join(map(frame, numbered(100))))
        for _ in range(100):
            await peer.receive()

    assert responder.batches == [100]
    assert responder.observed == 1


async def test_t4_idle_connections_get_one_second_above_80_percent_of_the_limit() -> None:
    async with serving(EchoResponder(), connections=Connections(5, 5)) as server:
        peers = [await server.accepted() for _ in range(4)]
        for peer in peers:
            peer.send(frame(ASKED))
            await peer.receive()
        server.listener.acceptor.sweep(monotonic() + 2)
        relaxed = server.connections.counts.expired
        fifth = await server.accepted()
        fifth.send(frame(ASKED))
        await fifth.receive()
        server.listener.acceptor.sweep(monotonic() + 2)

    assert relaxed == 0
    assert server.connections.counts.expired > 0


async def test_t4_the_listener_sweeps_by_itself() -> None:
    async with serving(EchoResponder(), connections=Connections(1, 1)) as server:
        started = monotonic()
        peer = await server.accepted()
        await peer.rest()  # one of one is a crowd: 1 s

    assert 1 <= monotonic() - started < 1 + 4 * TICK_SECONDS


async def test_t4_a_connection_too_many_is_closed_at_once() -> None:
    async with serving(EchoResponder(), connections=Connections(2, 2)) as server:
        for _ in range(2):
            await server.accepted()
        third = await server.connect()
        rest = await third.rest()

    assert rest == b""
    assert server.connections.counts.refused == 1


async def test_t4_the_limit_per_client_leaves_room_for_others() -> None:
    async with serving(EchoResponder(), connections=Connections(10, 2)) as server:
        for _ in range(2):
            await server.accepted("127.0.0.1")
        third = await server.connect("127.0.0.1")
        rest = await third.rest()
        other = await server.accepted("127.0.0.2")
        other.send(frame(ASKED))
        response = await other.receive()

    assert rest == b""
    assert response[:2] == ASKED[:2]


async def test_t5_garbage_never_desynchronises_the_stream() -> None:
    responder = StreamResponder(exchange_of(ANSWERS), ipv6=False)
    garbage = [b"", b"\0", ASKED[:11], b"\xff" * 12, b"\xff" * 300, ASKED[:20]]

    async with serving(responder) as server:
        peer = await server.connect()
        for octets in garbage:
            peer.send(frame(octets))
        peer.send(frame(packet(WEB, identity=0xBEEF)))
        responses = [await peer.receive()]
        while responses[-1][:2] != b"\xbe\xef":
            responses.append(await peer.receive())

    assert responses[-1].endswith(b"\x0a\x60\0\x07")
    assert all(response[3] & 0x0F == RCode.FORMERR for response in responses[:-1])


async def test_t5_a_flood_of_empty_messages_is_read_to_its_end() -> None:
    async with serving(EchoResponder()) as server:
        peer = await server.connect()
        peer.send(frame(b"") * 30_000 + frame(ASKED))
        response = await peer.receive()

    assert response[:2] == ASKED[:2]


@LOOPBACKS
async def test_t6_a_client_that_has_said_all_still_gets_its_answers(address: str) -> None:
    async with serving(EchoResponder(), address=address) as server:
        peer = await server.connect()
        peer.send(b"".join(map(frame, numbered(500))))
        peer.writer.write_eof()
        octets = await peer.rest()

    assert len(Frames().receive(octets)) == 500
    assert server.connections.open == 0


async def test_open_connections_follow_a_new_responder() -> None:
    after = EchoResponder()

    async with serving(EchoResponder()) as server:
        peer = await server.connect()
        peer.send(frame(ASKED))
        await peer.receive()
        server.listener.responder = after
        peer.send(frame(ASKED))
        await peer.receive()

    assert len(after.asked) == 1


async def test_closing_sends_what_is_answered_and_refuses_newcomers() -> None:
    async with serving(EchoResponder(padding=60_000)) as server:
        peer = await server.accepted()
        peer.stop_reading()
        peer.send(b"".join(map(frame, numbered(100))))
        await until(lambda: server.connections.held_octets > HIGH_WATER)
        async with asyncio.TaskGroup() as closing:
            closing.create_task(server.listener.close(5))
            peer.go_on_reading()
            octets = await peer.rest()
        with pytest.raises(ConnectionRefusedError):
            await server.connect()

    assert octets
    assert len(Frames().receive(octets)) * (len(ASKED) + 60_002) == len(octets)


async def test_closing_does_not_wait_for_a_client_that_does_not_read() -> None:
    async with serving(EchoResponder(padding=60_000)) as server:
        peer = await server.accepted()
        peer.stop_reading()
        peer.send(b"".join(map(frame, numbered(300))))
        await until(lambda: server.connections.held_octets > HIGH_WATER)

        await server.listener.close(0)

    assert server.connections.open == 0
