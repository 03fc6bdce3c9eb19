"""How a client over TCP gets a real server; more in test_userspace.py."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.balancer import Balancer
from svcdns.dataplane.streams import DIAL_SECONDS, Figures, Streams
from svcdns.proxy.model import RealServer
from tests.support.echoes import nobody, stream_echo
from tests.support.reconciling import virtual

PATIENCE_SECONDS = 10


class Served:
    """Streams on a port of loopback."""

    def __init__(self, allowance: int = 100) -> None:
        self.balancer = Balancer(virtual(1))
        self.figures = Figures()
        self.allowance = Allowance(allowance)
        self.streams = Streams(self.balancer, self.allowance, self.figures)
        sock = socket.socket()
        sock.settimeout(0)
        sock.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = sock.getsockname()
        self.streams.open(sock)

    async def ask(self) -> bytes:
        """Who answers; empty or an exception: nobody."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            return await reader.readline()
        finally:
            writer.close()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    made = Served()
    yield made
    made.streams.close()
    made.streams.end()
    await asyncio.sleep(0)


def test_each_try_waits_longer() -> None:
    assert DIAL_SECONDS == (0.25, 0.5, 1.0, 2.0)


async def test_every_try_takes_another_server(served: Served) -> None:
    for host in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
        served.balancer.add(nobody(host))
    async with stream_echo("127.0.0.5") as good:
        served.balancer.add(good)

        assert await served.ask() == b"127.0.0.5\n"

    assert served.figures.dial_failures == 3


async def test_a_server_that_does_not_answer_has_no_connection(served: Served) -> None:
    served.balancer.add(nobody("127.0.0.2"))

    with pytest.raises(ConnectionResetError):
        await served.ask()

    assert [one.connections for one in served.balancer.servers.values()] == [0]


async def test_a_silent_server_costs_its_time_and_no_more(served: Served) -> None:
    # A listener whose queue is full answers nobody.
    with socket.create_server(("127.0.0.2", 0), backlog=0) as silent:
        address = silent.getsockname()
        with socket.create_connection(address):
            served.balancer.add(RealServer(bytes((127, 0, 0, 2)), address[1]))
            async with stream_echo("127.0.0.5") as good:
                served.balancer.add(good)
                began = asyncio.get_running_loop().time()
                assert await served.ask() == b"127.0.0.5\n"
                seconds = asyncio.get_running_loop().time() - began

    assert DIAL_SECONDS[0] <= seconds < PATIENCE_SECONDS


async def test_closed_streams_let_nobody_in_and_keep_who_is_there(served: Served) -> None:
    async with stream_echo("127.0.0.2") as good:
        served.balancer.add(good)
        reader, writer = await asyncio.open_connection(*served.address)
        await reader.readline()

        served.streams.close()

        with pytest.raises(ConnectionRefusedError):
            await served.ask()
        writer.write(b"still\n")
        assert await reader.readline() == b"still\n"
        writer.close()
