import asyncio
import socket
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest

from svcdns.answers.answer import Answer, on_namespace
from svcdns.route.exchange import Exchange
from svcdns.route.stages import Observed
from svcdns.server.udp import UdpListener
from svcdns.wire.edns import OptionCode, opt, option
from tests.support.stubs import addresses, exchange_of, packet, question

WEB = "web.shop.svc.cluster.local."
ANSWERS = {
    question(WEB).key: Answer(
        answer=(addresses(WEB, bytes((10, 0, 0, 1))),), depends_on=(on_namespace("shop"),)
    )
}


def listener_of(exchange: Exchange, address: str = "127.0.0.1") -> tuple[UdpListener, int]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((address, 0))
    port = sock.getsockname()[1]
    listener = UdpListener(
        sock, exchange, destinations=False, clock=lambda: 0.0, on_error=lambda _: None
    )
    return listener, port


@pytest.fixture(params=["127.0.0.1", "::1"])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, int]]:
    listener, number = listener_of(exchange_of(ANSWERS), request.param)
    listener.start()
    yield request.param, number
    listener.stop()


async def test_a_query_is_answered(port: tuple[str, int]) -> None:
    asked = dns.message.make_query(WEB, "A")

    answered = await dns.asyncquery.udp(asked, port[0], timeout=5, port=port[1])

    assert [rdata.address for rdata in answered.answer[0]] == ["10.0.0.1"]


async def test_a_query_of_4096_octets_is_read_whole(port: tuple[str, int]) -> None:
    longest = 4096 - len(packet(question(WEB), opt=opt(False, option(OptionCode.PADDING, b""))))
    padded = opt(False, option(OptionCode.PADDING, bytes(longest)))
    family = socket.AF_INET6 if ":" in port[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(port)
        assert sock.send(packet(question(WEB), opt=padded)) == 4096

        reply = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)

    assert dns.message.from_wire(reply).rcode() == dns.rcode.NOERROR


async def test_a_hundred_queries_at_once_are_all_answered(port: tuple[str, int]) -> None:
    async def ask() -> dns.message.Message:
        asked = dns.message.make_query(WEB, "A")
        return await dns.asyncquery.udp(asked, port[0], timeout=5, port=port[1])

    answered = await asyncio.gather(*(ask() for _ in range(100)))

    assert all(message.rcode() == dns.rcode.NOERROR for message in answered)


async def test_garbage_gets_no_reply_and_harms_nobody(port: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in port[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(port)
        for octets in (b"", b"\0", b"\xff" * 11, packet(question(WEB), flags=0x8000)):
            sock.send(octets)
        sock.send(packet(question(WEB), identity=77))

        reply = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)

    assert dns.message.from_wire(reply).id == 77


async def test_observers_run_after_the_reply_has_been_sent() -> None:
    seen: list[tuple[str, int]] = []

    def note(observed: Observed) -> None:
        seen.append((observed.client.address, observed.client.port))

    listener, number = listener_of(exchange_of(ANSWERS, observe=(note,)))
    listener.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(("127.0.0.1", number))
        sock.send(packet(question(WEB)))
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), 5)
        me = sock.getsockname()
    listener.stop()

    assert seen == [me]


async def test_a_listener_answers_what_waits_before_it_closes() -> None:
    listener, number = listener_of(exchange_of(ANSWERS))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", number))
        sock.send(packet(question(WEB)))
        listener.start()

        listener.stop()

        assert sock.recv(4096)[:2] == b"\x12\x34"


async def test_every_reply_is_credited_with_the_time_of_its_batch() -> None:
    exchange = exchange_of(ANSWERS)
    listener, number = listener_of(exchange)
    listener.start()
    asked = dns.message.make_query(WEB, "A")
    await dns.asyncquery.udp(asked, "127.0.0.1", timeout=5, port=number)
    listener.stop()

    exchange.traffic.fold()

    assert sum(exchange.traffic.durations["cluster.local."]) == 1
