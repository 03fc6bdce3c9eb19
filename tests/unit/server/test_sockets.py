"""Sockets on the loopback; other programs that hold ports are real processes."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from svcdns.server.listen_error import ListenError
from svcdns.server.sockets import Listener, canonical, host_port, open_listener, open_streams

HOLD = """
import random, socket, sys
kind = getattr(socket, sys.argv[1])
holder = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, kind)
holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
while True:
    # Not where the system puts outgoing connections: of another family, they would be in the way.
    try:
        holder.bind((sys.argv[2], random.randrange(10_000, 30_000)))
        break
    except OSError:
        continue
if kind == socket.SOCK_STREAM:
    holder.listen()
print(holder.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def held(kind: str, address: str) -> Iterator[tuple[int, int]]:
    """Yield the port that another program holds with SO_REUSEPORT, and the program's pid."""
    command = [sys.executable, "-c", HOLD, kind, address]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        yield int(holder.stdout.readline()), holder.pid
        holder.communicate()


@contextmanager
def opened(address: str, port: int = 0) -> Iterator[Listener]:
    listener = open_listener(address, port)
    try:
        yield listener
    finally:
        listener.close()


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  names alone are wanted


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_udp_and_tcp_share_the_port_that_the_kernel_chose(address: str) -> None:
    with opened(address) as listener:
        (pair,) = listener.pairs

        assert listener.port > 0
        assert pair.udp.getsockname()[:2] == pair.tcp.getsockname()[:2] == (address, listener.port)
        assert not pair.is_wildcard
        assert pair.is_ipv6 == (":" in address)
        assert not pair.udp.getblocking()
        assert not pair.tcp.getblocking()


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::"])
def test_every_address_is_a_pair_of_sockets_for_each_family(address: str) -> None:
    with opened(address) as listener:
        places = [(pair.address, pair.port, pair.is_wildcard) for pair in listener.pairs]

        assert places == [("0.0.0.0", listener.port, True), ("::", listener.port, True)]
        for server, client in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            with socket.socket(client, socket.SOCK_STREAM) as connected:
                connected.connect((server, listener.port))


def test_wildcard_datagrams_say_where_they_were_sent_to() -> None:
    with opened("") as listener:
        ipv4, ipv6 = listener.pairs

        assert ipv4.udp.getsockopt(socket.IPPROTO_IP, 8)
        assert ipv6.udp.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO)
        assert ipv6.udp.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def test_udp_buffers_are_as_large_as_the_system_allows() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as usual, opened("127.0.0.1") as listener:
        before = usual.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        after = listener.pairs[0].udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    assert after >= before


def test_a_machine_without_ipv6_is_served_over_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ipv4Machine(socket.socket):
        def __init__(self, family: int = -1, *rest: Any, **options: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            super().__init__(family, *rest, **options)

    monkeypatch.setattr(socket, "socket", Ipv4Machine)

    with opened("") as listener:
        assert [pair.address for pair in listener.pairs] == ["0.0.0.0"]


@pytest.mark.parametrize(
    ("kind", "holder", "asked"),
    [
        pytest.param("SOCK_DGRAM", "127.0.0.1", "127.0.0.1", id="UDP, same address"),
        pytest.param("SOCK_STREAM", "127.0.0.1", "127.0.0.1", id="TCP, same address"),
        pytest.param("SOCK_DGRAM", "127.0.0.1", "", id="every address asked, one held"),
        pytest.param("SOCK_STREAM", "0.0.0.0", "127.0.0.1", id="one asked, all held"),
        pytest.param("SOCK_DGRAM", "::1", "::1", id="IPv6"),
        pytest.param("SOCK_STREAM", "::", "127.0.0.1", id="held by a dual-stack socket"),
        pytest.param("SOCK_STREAM", "::1", "", id="only the last socket fails"),
    ],
)
def test_a_port_in_use_says_who_has_it_although_both_share_ports(
    kind: str, holder: str, asked: str
) -> None:
    with held(kind, holder) as (port, pid):
        before = open_descriptors()
        with pytest.raises(ListenError) as caught:
            open_listener(asked, port)
        after = open_descriptors()

    protocol = "udp" if kind == "SOCK_DGRAM" else "tcp"
    assert caught.value.problem.startswith(f"cannot listen on {protocol} ")
    assert f":{port}: the port is in use by python" in caught.value.problem
    assert f"(pid {pid})" in caught.value.problem
    assert "--port" in caught.value.hint
    assert after == before


def test_two_listeners_of_one_process_that_overlap_are_told_apart() -> None:
    with opened("127.0.0.1") as listener, pytest.raises(ListenError) as caught:
        open_listener("127.0.0.1", listener.port)

    assert "by this process itself" in caught.value.problem


def test_connections_that_linger_in_time_wait_hold_no_port() -> None:
    with opened("127.0.0.1") as listener:
        port = listener.port
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.pairs[0].tcp.accept()
            accepted.close()

    with opened("127.0.0.1", port) as again:
        assert again.port == port


@pytest.mark.parametrize("port", [0, 5353])
def test_an_address_of_another_machine_is_said_to_be_missing(port: int) -> None:
    with pytest.raises(ListenError, match=r"does not have the address 192\.0\.2\.1"):
        open_listener("192.0.2.1", port)


def test_text_that_is_no_address_is_quoted() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on 10\.0\.0\.300"):
        open_listener("10.0.0.300", 0)


def test_http_on_localhost_has_one_socket_and_on_every_address_one_a_family() -> None:
    local, everywhere = open_streams("localhost", 0), open_streams("", 0)
    families = [[stream.family for stream in streams] for streams in (local, everywhere)]
    ports = {stream.getsockname()[1] for stream in everywhere}
    for stream in (*local, *everywhere):
        stream.close()

    assert families == [[socket.AF_INET], [socket.AF_INET, socket.AF_INET6]]
    assert len(ports) == 1


def test_http_on_a_port_in_use_says_who_has_it() -> None:
    with held("SOCK_STREAM", "127.0.0.1") as (port, pid), pytest.raises(ListenError) as caught:
        open_streams("", port)

    assert f"(pid {pid})" in str(caught.value)
    assert "--port" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (":8080", ("", 8080)),
        ("0.0.0.0:9153", ("", 9153)),
        ("[::]:9153", ("", 9153)),
        ("localhost:9153", ("localhost", 9153)),
        ("[::1]:9153", ("::1", 9153)),
        ("169.254.20.10:8080", ("169.254.20.10", 8080)),
    ],
)
def test_host_and_port_are_read_as_go_reads_them(text: str, place: tuple[str, int]) -> None:
    assert host_port(text) == place


@pytest.mark.parametrize("text", ["8080", "host", "", "::1:80", ":", ":x", ":65536", ":-1", ":٣"])
def test_text_without_a_port_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="for example"):
        host_port(text)


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::"])
def test_every_spelling_of_every_address_is_the_same(address: str) -> None:
    assert canonical(address) == ""
