"""Real connections through the backend, to servers on loopback addresses."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.listening import Place
from svcdns.dataplane.userspace import Userspace
from svcdns.proxy.diff import diff
from svcdns.proxy.model import (
    PERSISTENT,
    SCTP,
    TCP,
    UDP,
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.proxy.operations import AddServer, AddVirtual, DeleteServer, SetWeight
from svcdns.proxy.realized import Realized
from svcdns.wire.name import pack_address
from tests.support.echoes import datagram_echo, nobody, stream_echo

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
WEB = ServicePortName("shop", "web", "http")


def virtual(
    *servers: RealServer,
    protocol: int = TCP,
    port: int = 80,
    scheduler: str = "rr",
    seconds: int = 0,
    ranges: tuple[tuple[bytes, int], ...] = (),
) -> VirtualServer:
    return VirtualServer(
        VirtualKey(protocol, pack_address("10.96.0.1"), port),
        Kind.CLUSTER,
        WEB,
        scheduler,
        PERSISTENT if seconds else 0,
        seconds,
        pack_servers(servers),
        source_ranges=ranges,
    )


@pytest.fixture
async def backend() -> AsyncIterator[Userspace]:
    made = Userspace(listen="127.0.0.1")
    yield made
    made.close()
    await asyncio.sleep(0)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def serve(backend: Userspace, *virtual_servers: VirtualServer, drains: bool = True) -> None:
    wanted = Desired({one.key: one for one in virtual_servers})
    operations = diff(wanted, await backend.read(), drains=drains)
    assert await backend.apply(operations, wanted) == ()


def port_of(backend: Userspace) -> int:
    return place_of(backend).port


def place_of(backend: Userspace) -> Place:
    (one,) = backend.served()
    assert one.place is not None
    return one.place


async def three_echoes(stack: AsyncExitStack) -> list[RealServer]:
    return [await stack.enter_async_context(stream_echo(host)) for host in HOSTS]


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(backend: Userspace) -> Pair:
    return await asyncio.open_connection(*place_of(backend))


async def who(backend: Userspace) -> str:
    """The server that a connection of its own gets."""
    reader, writer = await connect(backend)
    name = await reader.readline()
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    return name.decode().strip()


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until something holds: the kernel's part of it takes its time."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  nobody says when
            await asyncio.sleep(0)


async def until_idle(backend: Userspace) -> None:
    """Wait until the backend has noticed that all connections are over."""
    await until(lambda: not backend.files)


async def test_connections_go_round(backend: Userspace, stack: AsyncExitStack) -> None:
    await serve(backend, virtual(*await three_echoes(stack)))

    counted = Counter([await who(backend) for _ in range(9)])

    assert counted == dict.fromkeys(HOSTS, 3)


async def test_the_least_busy_server_is_next(backend: Userspace, stack: AsyncExitStack) -> None:
    await serve(backend, virtual(*await three_echoes(stack), scheduler="lc"))
    held = [await connect(backend) for _ in range(3)]
    names = [(await reader.readline()).decode().strip() for reader, _ in held]
    assert sorted(names) == list(HOSTS)
    held[1][1].close()
    await held[1][1].wait_closed()
    await until(lambda: backend.files == 4)

    assert await who(backend) == names[1]

    for _, writer in held:
        writer.close()


async def test_a_client_stays_with_its_server(backend: Userspace, stack: AsyncExitStack) -> None:
    await serve(backend, virtual(*await three_echoes(stack), seconds=60))

    assert len({await who(backend) for _ in range(6)}) == 1


async def test_much_passes_both_ways_while_one_side_is_slow(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    await serve(backend, virtual(await stack.enter_async_context(stream_echo(HOSTS[0]))))
    reader, writer = await connect(backend)
    await reader.readline()
    octets = os.urandom(4 * 1024 * 1024)

    writer.write(octets)
    writer.write_eof()
    came = await reader.read()

    assert came == octets
    writer.close()


async def test_a_half_closed_connection_still_brings_the_answer(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    async def answer_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read()
        writer.write(said[::-1])
        writer.close()

    server = await asyncio.start_server(answer_at_the_end, HOSTS[0], 0)
    await stack.enter_async_context(server)
    place = server.sockets[0].getsockname()
    await serve(backend, virtual(RealServer(pack_address(place[0]), place[1])))
    reader, writer = await connect(backend)

    writer.write(b"abc")
    writer.write_eof()

    assert await reader.read() == b"cba"
    writer.close()
    await until_idle(backend)


async def test_a_server_that_breaks_breaks_its_client(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        writer.transport.abort()

    server = await asyncio.start_server(break_off, HOSTS[0], 0)
    await stack.enter_async_context(server)
    place = server.sockets[0].getsockname()
    await serve(backend, virtual(RealServer(pack_address(place[0]), place[1])))
    reader, writer = await connect(backend)
    writer.write(b"a")

    with pytest.raises(ConnectionResetError):
        await reader.read()

    writer.close()
    await until_idle(backend)


async def test_the_next_server_is_tried_when_one_does_not_answer(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    good = await stack.enter_async_context(stream_echo(HOSTS[0]))
    await serve(backend, virtual(good, nobody(HOSTS[1]), seconds=60))

    assert [await who(backend) for _ in range(4)] == [HOSTS[0]] * 4
    assert backend.figures.dial_failures <= 1


async def test_a_client_that_nobody_answers_is_reset(backend: Userspace) -> None:
    await serve(backend, virtual(nobody(HOSTS[0])))
    reader, writer = await connect(backend)

    with pytest.raises(ConnectionResetError):
        await reader.read()

    writer.close()
    assert backend.figures.unanswered == 1
    assert backend.figures.dial_failures == 4


async def test_a_service_without_endpoints_refuses(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    echo = await stack.enter_async_context(stream_echo(HOSTS[0]))
    await serve(backend, virtual(echo))
    port = port_of(backend)

    await serve(backend, virtual())

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await serve(backend, virtual(echo))
    assert port_of(backend) == port
    assert await who(backend) == HOSTS[0]


async def test_a_server_that_drains_keeps_its_connections(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    servers = await three_echoes(stack)
    await serve(backend, virtual(*servers))
    reader, writer = await connect(backend)
    had = (await reader.readline()).decode().strip()
    rest = [one for one in servers if one.address != pack_address(had)]

    await serve(backend, virtual(*rest))

    assert had not in {await who(backend) for _ in range(4)}
    writer.write(b"still here\n")
    assert await reader.readline() == b"still here\n"
    writer.close()


async def test_a_server_that_is_deleted_loses_its_connections(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    servers = await three_echoes(stack)
    await serve(backend, virtual(*servers))
    reader, writer = await connect(backend)
    had = (await reader.readline()).decode().strip()

    await serve(
        backend,
        virtual(*(one for one in servers if one.address != pack_address(had))),
        drains=False,
    )

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_virtual_server_that_is_deleted_ends(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    await serve(backend, virtual(*await three_echoes(stack)))
    port = port_of(backend)
    reader, writer = await connect(backend)
    await reader.readline()

    await serve(backend)

    with pytest.raises(ConnectionResetError):
        await reader.read()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    assert await backend.read() == Realized()


async def test_a_client_over_the_limit_is_reset(stack: AsyncExitStack) -> None:
    backend = Userspace(listen="127.0.0.1", allowance=Allowance(4))
    await serve(backend, virtual(await stack.enter_async_context(stream_echo(HOSTS[0]))))
    first = await connect(backend)
    await first[0].readline()

    with pytest.raises(ConnectionResetError):
        await who(backend)

    assert backend.figures.refused == 1
    first[1].close()
    await until_idle(backend)
    assert await who(backend) == HOSTS[0]
    backend.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize(("network", "is_let_in"), [("127.0.0.0", True), ("192.0.2.0", False)])
async def test_source_ranges_hold_at_the_virtual_address(
    stack: AsyncExitStack, network: str, *, is_let_in: bool
) -> None:
    backend = Userspace()
    echo = await stack.enter_async_context(stream_echo(HOSTS[0]))
    key = VirtualKey(TCP, pack_address("127.0.0.9"), nobody("127.0.0.9").port)
    one = VirtualServer(
        key,
        Kind.BALANCER,
        WEB,
        servers=pack_servers([echo]),
        source_ranges=((pack_address(network), 24),),
    )
    await serve(backend, one)

    if is_let_in:
        assert await who(backend) == HOSTS[0]
    else:
        with pytest.raises(ConnectionResetError):
            await who(backend)

    backend.close()
    await asyncio.sleep(0)


class Client(asyncio.DatagramProtocol):
    """A UDP client of one address."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        self.came.put_nowait(data)


async def datagrams(
    backend: Userspace, stack: AsyncExitStack
) -> tuple[asyncio.DatagramTransport, Client]:
    transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
        Client, remote_addr=("127.0.0.1", port_of(backend))
    )
    stack.callback(transport.close)
    return transport, client


async def test_a_client_over_udp_has_one_server(backend: Userspace, stack: AsyncExitStack) -> None:
    servers = [await stack.enter_async_context(datagram_echo(host)) for host in HOSTS]
    await serve(backend, virtual(*servers, protocol=UDP))
    named = Counter[bytes]()
    for _ in range(6):
        transport, client = await datagrams(backend, stack)
        transport.sendto(b"one")
        first = await client.came.get()
        transport.sendto(b"two" * 3000)
        assert (await client.came.get()).partition(b"\n")[2] == b"two" * 3000
        named[first.partition(b"\n")[0]] += 1

    assert named == dict.fromkeys(map(str.encode, HOSTS), 2)
    assert backend.files == 6


async def test_a_client_over_udp_moves_on_when_its_server_is_gone(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    servers = [await stack.enter_async_context(datagram_echo(host)) for host in HOSTS[:2]]
    await serve(backend, virtual(*servers, protocol=UDP))
    transport, client = await datagrams(backend, stack)
    transport.sendto(b"?")
    had = (await client.came.get()).decode().partition("\n")[0]
    rest = [one for one in servers if one.address != pack_address(had)]

    await serve(backend, virtual(*rest, protocol=UDP))
    transport.sendto(b"?")

    assert (await client.came.get()).decode().partition("\n")[0] != had


async def test_a_port_where_nobody_listens_ends_the_flow(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    gone = nobody(HOSTS[0], socket.SOCK_DGRAM)
    await serve(backend, virtual(gone, protocol=UDP))
    transport, _ = await datagrams(backend, stack)
    transport.sendto(b"?")

    await until(lambda: bool(backend.figures.dial_failures))

    assert backend.files == 0


async def test_a_port_that_is_taken_gives_another_one(
    backend: Userspace, stack: AsyncExitStack
) -> None:
    echo = await stack.enter_async_context(stream_echo(HOSTS[0]))
    taken = await stack.enter_async_context(stream_echo("127.0.0.1"))

    await serve(backend, virtual(echo, port=taken.port))

    assert port_of(backend) != taken.port
    assert await who(backend) == HOSTS[0]


async def test_a_free_port_is_the_services_own(backend: Userspace, stack: AsyncExitStack) -> None:
    echo = await stack.enter_async_context(stream_echo(HOSTS[0]))
    free = nobody("127.0.0.1").port

    await serve(backend, virtual(echo, port=free))

    assert port_of(backend) == free


async def test_at_its_own_address_a_taken_port_fails(stack: AsyncExitStack) -> None:
    backend = Userspace()
    taken = await stack.enter_async_context(stream_echo("127.0.0.9"))
    one = VirtualServer(
        VirtualKey(TCP, taken.address, taken.port), Kind.NODE, WEB, servers=pack_servers([taken])
    )
    wanted = Desired({one.key: one})

    failures = await backend.apply(diff(wanted, Realized()), wanted)

    assert [failure.operation for failure in failures] == [
        AddVirtual(one),
        AddServer(one.key, taken, WEB),
    ]
    assert "another program listens there" in failures[0].cause
    assert not failures[0].is_surprise


async def test_sctp_is_refused_with_the_way_out(backend: Userspace) -> None:
    one = virtual(protocol=SCTP)

    (failure,) = await backend.apply([AddVirtual(one)], Desired({one.key: one}))

    assert "SCTP" in failure.cause
    assert "--mode ipvs" in failure.cause


async def test_what_is_not_there_is_a_surprise(backend: Userspace) -> None:
    one, server = virtual(), RealServer(pack_address(HOSTS[0]), 80)
    await backend.apply([AddVirtual(one)], Desired({one.key: one}))

    failures = await backend.apply(
        [
            AddVirtual(one),
            SetWeight(one.key, server, 0),
            DeleteServer(one.key, server),
            AddServer(virtual(port=81).key, server, WEB),
        ],
        Desired({one.key: one}),
    )

    assert len(failures) == 4
    assert all(failure.is_surprise for failure in failures)
