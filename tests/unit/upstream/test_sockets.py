"""Sockets that are used again at another port."""

import socket
from collections.abc import Iterator

import pytest

from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.sockets import MOST_IDLE, Sockets, address_of
from tests.support.upstreams import closed_port


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def endpoint_of(peer: socket.socket) -> Endpoint:
    return Endpoint("127.0.0.1", peer.getsockname()[1])


def test_a_socket_is_used_again_and_each_time_at_another_port(
    sockets: Sockets, peer: socket.socket
) -> None:
    ports, numbers = set(), set()
    for _ in range(400):
        sock = sockets.take(endpoint_of(peer), "")
        ports.add(sock.getsockname()[1])
        numbers.add(sock.fileno())
        sockets.give_back(sock)

    assert len(numbers) == 1
    assert len(ports) >= 390


def test_a_socket_that_is_used_again_hears_only_the_new_upstream(
    sockets: Sockets, peer: socket.socket
) -> None:
    sockets.give_back(sockets.take(Endpoint("127.0.0.1", closed_port()), ""))
    sock = sockets.take(endpoint_of(peer), "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"stranger", sock.getsockname())
    sock.send(b"question")
    _, port = peer.recvfrom(100)
    peer.sendto(b"answer", port)

    assert [number for number, _ in sockets.poll.poll(5)] == [sock.fileno()]
    assert sock.recv(100) == b"answer"
    with pytest.raises(BlockingIOError):
        sock.recv(100)
    sock.close()


def test_an_idle_socket_has_no_port(sockets: Sockets, peer: socket.socket) -> None:
    sock = sockets.take(endpoint_of(peer), "")
    port = sock.getsockname()[1]
    sockets.give_back(sock)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))


def test_no_more_are_kept_than_are_worth_it(sockets: Sockets, peer: socket.socket) -> None:
    taken = [sockets.take(endpoint_of(peer), "") for _ in range(MOST_IDLE + 1)]
    for sock in taken:
        sockets.give_back(sock)

    assert [sock.fileno() for sock in taken].count(-1) == 1


def test_a_source_address_is_kept_to(sockets: Sockets, peer: socket.socket) -> None:
    sock = sockets.take(endpoint_of(peer), "127.0.0.7")

    assert sock.getsockname()[0] == "127.0.0.7"
    sock.close()


def test_ipv6_has_sockets_of_its_own(sockets: Sockets) -> None:
    sock = sockets.take(Endpoint("::1", closed_port()), "")

    assert sock.family == socket.AF_INET6
    sockets.give_back(sock)
    assert sockets.take(Endpoint("::1", closed_port()), "") is sock
    sock.close()


def test_no_way_there_is_an_upstream_error(sockets: Sockets) -> None:
    with pytest.raises(
        UpstreamError, match=r"^dial udp \[fe80::1%nosuch0\]:53: connect: no interface"
    ):
        sockets.take(Endpoint("fe80::1%nosuch0"), "")


def test_the_zone_of_a_link_local_address_becomes_a_number() -> None:
    assert address_of(Endpoint("fe80::1%3", 53)) == ("fe80::1", 53, 0, 3)
    assert address_of(Endpoint("::1", 53)) == ("::1", 53)
    with pytest.raises(OSError, match="no interface"):
        address_of(Endpoint("fe80::1%nosuch0", 53))
    with pytest.raises(OSError, match="no interface"):
        address_of(Endpoint("fe80::1%\N{SUPERSCRIPT TWO}", 53))
