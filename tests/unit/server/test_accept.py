"""What happens when the system or the protocol fails while a connection is accepted."""

import asyncio
import os
import resource
import socket
from io import StringIO

from svcdns.server.accept import Accepted, Acceptor
from svcdns.server.limits import Connections
from svcdns.server.sockets import open_listener
from svcdns.wire.frame import frame
from tests.support.streams import EchoResponder, serving, until
from tests.support.stubs import packet, question

ASKED = frame(packet(question("web.shop.svc.cluster.local.")))


async def test_without_descriptors_accepting_waits_and_goes_on(log: StringIO) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async with serving(EchoResponder()) as server:
        with socket.socket() as client:
            client.setblocking(False)
            lowest_free = os.dup(0)
            os.close(lowest_free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
            try:
                await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
                await until(lambda: server.connections.counts.accept_failed > 0)
                for _ in range(50):
                    await asyncio.sleep(0)
                attempts = server.connections.counts.accept_failed
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await asyncio.get_running_loop().sock_sendall(client, ASKED)
            async with asyncio.timeout(5):
                response = await asyncio.get_running_loop().sock_recv(client, 512)

    assert attempts == 1
    assert response[2:4] == ASKED[2:4]
    assert "server.accept_failed" in log.getvalue()


async def test_a_protocol_that_cannot_be_made_costs_one_connection(log: StringIO) -> None:
    def broken(_accepted: socket.socket, _peer: tuple[str, int]) -> Accepted:
        raise LookupError("a bug")

    opened = open_listener("127.0.0.1", 0)
    connections = Connections(10, 10)
    acceptor = Acceptor((opened.pairs[0].tcp,), connections, broken)
    acceptor.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)

    rest = await reader.read()

    writer.close()
    await writer.wait_closed()
    await acceptor.close(0)
    opened.close()
    assert rest == b""
    assert connections.counts.failed == 1
    assert "a bug" in log.getvalue()


async def test_closing_while_a_connection_is_being_opened_leaves_nothing_behind() -> None:
    async with serving(EchoResponder()) as server:
        await server.connect()
        server.listener.acceptor._accept(server.stream)  # noqa: SLF001  before the loop gets to it

        await server.listener.close(0)

    assert server.connections.open == 0
    assert server.connections.counts.accepted == 1
