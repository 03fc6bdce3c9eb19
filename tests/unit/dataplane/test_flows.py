"""Flows over UDP in time; what passes through them is tested in test_userspace.py."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.balancer import Balancer
from svcdns.dataplane.flows import IDLE_SECONDS, SWEEP_SECONDS, Flows
from svcdns.dataplane.streams import Figures
from svcdns.proxy.model import UDP
from tests.support.echoes import datagram_echo
from tests.support.reconciling import virtual


class Served:
    """Flows on a port of loopback."""

    def __init__(self, allowance: int = 100) -> None:
        self.now = 1000.0
        self.balancer = Balancer(virtual(1))
        self.allowance = Allowance(allowance)
        self.figures = Figures()
        self.flows = Flows(self.balancer, self.allowance, self.figures, clock=lambda: self.now)
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.settimeout(0)
        sock.bind(("127.0.0.1", 0))
        self.address = sock.getsockname()
        self.flows.open(sock)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    made = Served()
    yield made
    made.flows.close()
    assert made.allowance.taken == 0


async def ask(client: socket.socket, served: Served, octets: bytes = b"?") -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendto(client, octets, served.address)
    async with asyncio.timeout(10):
        return (await loop.sock_recvfrom(client, 65_536))[0]


def new_client() -> socket.socket:
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.settimeout(0)
    return sock


def test_a_flow_outlives_what_a_resolver_waits() -> None:
    assert IDLE_SECONDS == 30
    assert SWEEP_SECONDS < IDLE_SECONDS


async def test_a_flow_ends_when_nothing_comes(served: Served) -> None:
    async with datagram_echo("127.0.0.2") as server:
        served.balancer.add(server)
        with new_client() as client:
            await ask(client, served)
            served.now += IDLE_SECONDS - 1
            await ask(client, served)
            served.now += IDLE_SECONDS - 1
            served.flows.end_idle()
            assert served.allowance.taken == 1

            served.now += 1
            served.flows.end_idle()

            assert served.allowance.taken == 0
            assert await ask(client, served) == b"127.0.0.2\n?"


async def test_a_client_that_finds_no_room_is_not_served(served: Served) -> None:
    served.allowance.limit = 1
    async with datagram_echo("127.0.0.2") as server:
        served.balancer.add(server)
        with new_client() as first, new_client() as second:
            await ask(first, served)
            await asyncio.get_running_loop().sock_sendto(second, b"?", served.address)
            await ask(first, served)  # has come in behind the other one

    assert served.figures.refused == 1
    assert served.figures.accepted == 1


async def test_without_a_server_a_client_is_not_answered(served: Served) -> None:
    with new_client() as client:
        await asyncio.get_running_loop().sock_sendto(client, b"?", served.address)
        async with datagram_echo("127.0.0.2") as server:
            while not served.figures.unanswered:  # noqa: ASYNC110  nobody says when
                await asyncio.sleep(0)
            served.balancer.add(server)
            assert await ask(client, served) == b"127.0.0.2\n?"


def test_the_protocol_is_udp() -> None:
    assert UDP == socket.IPPROTO_UDP
