"""Sockets at addresses that this machine has and has not."""

import pytest

from svcdns.dataplane.listening import Place, bound_at, bound_beside, place_of
from svcdns.proxy.model import TCP, UDP, VirtualKey
from svcdns.wire.name import pack_address
from tests.support.process import free_port


@pytest.mark.parametrize("protocol", [TCP, UDP])
@pytest.mark.parametrize("address", ["192.0.2.77", "2001:db8::77"])
def test_an_address_need_not_be_there(protocol: int, address: str) -> None:
    port = free_port()
    key = VirtualKey(protocol, pack_address(address), port)

    with bound_at(key) as sock:
        assert place_of(sock) == Place(address, port)
        assert not sock.getblocking()


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_beside_its_address_the_port_is_the_same_if_it_is_free(protocol: int) -> None:
    key = VirtualKey(protocol, pack_address("192.0.2.77"), free_port())

    with bound_beside("127.0.0.1", key) as first, bound_beside("127.0.0.1", key) as second:
        first.listen() if protocol == TCP else None
        assert place_of(first) == Place("127.0.0.1", key.port)
        assert place_of(second).port != key.port or protocol == TCP


def test_a_port_it_had_comes_first() -> None:
    before = free_port()
    key = VirtualKey(TCP, pack_address("192.0.2.77"), free_port())

    with bound_beside("127.0.0.1", key, before) as sock:
        assert place_of(sock).port == before


def test_two_udp_listeners_do_not_share_a_port() -> None:
    key = VirtualKey(UDP, pack_address("127.0.0.1"), free_port())

    with bound_at(key), pytest.raises(OSError, match="in use"):
        bound_at(key)


def test_a_place_is_written_as_urls_have_it() -> None:
    assert str(Place("127.0.0.1", 80)) == "127.0.0.1:80"
    assert str(Place("::1", 80)) == "[::1]:80"
