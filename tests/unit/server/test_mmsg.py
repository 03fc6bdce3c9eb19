"""Both ways of batching have to do the same on the same socket."""

import socket
from collections.abc import Iterator

import pytest

from svcdns.server.mmsg import SLOT_SIZE, SLOTS, Datagrams
from svcdns.server.single import SingleDatagrams

BATCHES = [Datagrams, SingleDatagrams]
IPV6_RECVPKTINFO = 49
IP_PKTINFO = 8
Batches = type[Datagrams] | type[SingleDatagrams]


def bound(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    if address == "0.0.0.0":
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    if address == "::":
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    sock.bind((address, 0))
    return sock


@pytest.fixture(params=["127.0.0.1", "::1", "0.0.0.0", "::"])
def server(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with bound(request.param) as sock:
        yield sock


@pytest.fixture
def client(server: socket.socket) -> Iterator[socket.socket]:
    target = "::1" if server.family == socket.AF_INET6 else "127.0.0.1"
    with socket.socket(server.family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((target, server.getsockname()[1]))
        yield sock


def batches(kind: Batches, server: socket.socket) -> Datagrams | SingleDatagrams:
    wildcard = server.getsockname()[0] in {"0.0.0.0", "::"}
    return kind(server, destinations=wildcard)


def packet(datagrams: Datagrams | SingleDatagrams, slot: int) -> bytes:
    at = datagrams.offsets[slot]
    return bytes(datagrams.received[at : at + datagrams.lengths[datagrams.length_at[slot]]])


def reply(datagrams: Datagrams | SingleDatagrams, slot: int, octets: bytes) -> None:
    at = datagrams.offsets[slot]
    datagrams.replies[at : at + len(octets)] = octets
    datagrams.reply_lengths[datagrams.reply_length_at[slot]] = len(octets)


@pytest.mark.parametrize("kind", BATCHES)
def test_nothing_waits_at_first(kind: Batches, server: socket.socket) -> None:
    assert batches(kind, server).receive() == 0


@pytest.mark.parametrize("kind", BATCHES)
def test_datagrams_come_in_order_and_replies_go_back(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    for number in range(3):
        client.send(b"query %d" % number)

    assert datagrams.receive() == 3
    assert [packet(datagrams, slot) for slot in range(3)] == [b"query 0", b"query 1", b"query 2"]
    for slot in range(3):
        reply(datagrams, slot, b"reply %d" % slot)
    lost = datagrams.send(3, silent=[1])

    assert lost == 0
    assert [client.recv(100), client.recv(100)] == [b"reply 0", b"reply 2"]


@pytest.mark.parametrize("kind", BATCHES)
def test_a_batch_has_so_many_slots_and_the_rest_waits(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    for number in range(SLOTS + 1):
        client.send(b"%d" % number)

    assert datagrams.receive() == SLOTS
    assert datagrams.receive() == 1
    assert packet(datagrams, 0) == b"%d" % SLOTS


@pytest.mark.parametrize("kind", BATCHES)
def test_source_and_destination_are_known(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    client.send(b"query")

    datagrams.receive()

    assert datagrams.source(0) == client.getsockname()[:2]
    assert datagrams.destination(0) == client.getpeername()[0]


@pytest.mark.parametrize("kind", BATCHES)
def test_a_reply_leaves_from_the_address_that_was_asked(kind: Batches) -> None:
    with bound("0.0.0.0") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        datagrams = kind(server, destinations=True)
        client.sendto(b"query", ("127.0.0.9", server.getsockname()[1]))
        datagrams.receive()
        reply(datagrams, 0, b"reply")

        assert datagrams.send(1) == 0

        assert client.recvfrom(100) == (b"reply", ("127.0.0.9", server.getsockname()[1]))


@pytest.mark.parametrize("kind", BATCHES)
def test_a_reply_the_kernel_refuses_is_lost_and_the_next_one_goes(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    client.send(b"first")
    client.send(b"second")
    datagrams.receive()
    reply(datagrams, 0, b"reply")
    reply(datagrams, 1, b"reply")
    # As if the first one had come from port 0, which nobody can be answered at.
    if isinstance(datagrams, Datagrams):
        datagrams._names[2:4] = bytes(2)  # noqa: SLF001
    else:
        datagrams._sources[0] = (datagrams._sources[0][0], 0)  # noqa: SLF001

    lost = datagrams.send(2)

    assert lost == 1
    assert client.recv(100) == b"reply"


@pytest.mark.parametrize("kind", BATCHES)
def test_a_datagram_longer_than_a_slot_is_cut_not_lost(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    client.send(bytes(SLOT_SIZE + 100))

    assert datagrams.receive() == 1
    assert len(packet(datagrams, 0)) == SLOT_SIZE


@pytest.mark.parametrize("kind", BATCHES)
def test_a_reply_finds_its_way_back_when_the_slot_is_taken_again(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    client.send(b"first")
    datagrams.receive()
    back = datagrams.way_back(0)
    name, control = back
    known = datagrams.source(0), datagrams.destination(0)
    with socket.socket(server.family, socket.SOCK_DGRAM) as other:
        other.connect(client.getpeername())
        other.send(b"second")
        datagrams.receive()
        assert datagrams.source_in(name) == known[0] != datagrams.source(0)
        assert datagrams.destination_in(control) == known[1]

        # `client` is connected: it hears only the address and port it has asked.
        assert datagrams.send_later([(back, b"reply")]) == 0

    assert client.recv(100) == b"reply"


@pytest.mark.parametrize("kind", BATCHES)
def test_later_replies_leave_from_the_addresses_that_were_asked(kind: Batches) -> None:
    with bound("0.0.0.0") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        datagrams = kind(server, destinations=True)
        port = server.getsockname()[1]
        backs = []
        for last in (9, 8):
            client.sendto(b"query", (f"127.0.0.{last}", port))
            datagrams.receive()
            backs.append(datagrams.way_back(0))

        assert datagrams.send_later([(back, b"reply") for back in backs]) == 0

        senders = [client.recvfrom(100)[1] for _ in backs]
        assert senders == [("127.0.0.9", port), ("127.0.0.8", port)]


@pytest.mark.parametrize("kind", BATCHES)
def test_a_later_reply_that_the_kernel_refuses_is_lost(
    kind: Batches, server: socket.socket, client: socket.socket
) -> None:
    datagrams = batches(kind, server)
    client.send(b"query")
    datagrams.receive()
    back = datagrams.way_back(0)

    assert datagrams.send_later([(back, bytes(70_000)), (back, b"reply")]) == 1
    assert client.recv(100) == b"reply"
    server.close()
    assert datagrams.send_later([(back, b"reply")]) == 1
