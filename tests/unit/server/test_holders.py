"""Sockets of this process, found through /proc."""

import os
import socket
import subprocess
import sys

import pytest

from svcdns.server.holders import holders


@pytest.mark.parametrize(
    ("family", "bound", "asked"),
    [
        pytest.param(socket.AF_INET, "127.0.0.1", "127.0.0.1", id="the same address"),
        pytest.param(socket.AF_INET, "0.0.0.0", "127.0.0.1", id="all held"),
        pytest.param(socket.AF_INET, "127.0.0.1", "0.0.0.0", id="all asked"),
        pytest.param(socket.AF_INET6, "::1", "::1", id="the same IPv6 address"),
        pytest.param(socket.AF_INET6, "::", "127.0.0.1", id="dual-stack"),
    ],
)
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_a_socket_in_the_way_is_found(
    protocol: str, family: socket.AddressFamily, bound: str, asked: str
) -> None:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(family, kind) as held:
        held.bind((bound, 0))
        if protocol == "tcp":
            held.listen()

        found = holders(protocol, asked, held.getsockname()[1])

    assert [holder.pid for holder in found] == [os.getpid()]
    assert found[0].command


def test_a_socket_on_another_address_is_not_in_the_way() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.2", 0))

        assert holders("udp", "127.0.0.1", held.getsockname()[1]) == ()


def test_a_connection_is_in_the_way_where_nobody_listens() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
    ):
        port = client.getsockname()[1]
        with socket.socket() as late, pytest.raises(OSError, match="in use"):
            late.bind(("127.0.0.1", port))

        found = holders("tcp", "127.0.0.1", port)

    assert [holder.pid for holder in found] == [os.getpid()]


def test_a_listener_is_named_rather_than_those_who_are_connected_to_it() -> None:
    program = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        port = int(server.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)):
            found = holders("tcp", "127.0.0.1", port)
        server.communicate()

    assert [holder.pid for holder in found] == [server.pid]
