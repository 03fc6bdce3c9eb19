"""Which way of batching a socket gets; that both do the same is in `test_mmsg`."""

import socket

import pytest

from svcdns.server.mmsg import Datagrams
from svcdns.server.single import SingleDatagrams, open_datagrams


def test_linux_has_recvmmsg() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        assert isinstance(open_datagrams(server, destinations=False), Datagrams)


def test_a_system_without_it_takes_one_datagram_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcdns.server.mmsg.ctypes.PyDLL", lambda *_, **__: object())

    with socket.socket(type=socket.SOCK_DGRAM) as server:
        assert isinstance(open_datagrams(server, destinations=False), SingleDatagrams)
