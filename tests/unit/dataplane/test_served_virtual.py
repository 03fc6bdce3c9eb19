"""When a virtual server lets clients in; its clients are tested in test_userspace.py."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from svcdns.dataplane.allowance import Allowance
from svcdns.dataplane.served_virtual import ServedVirtual
from svcdns.dataplane.streams import Figures
from svcdns.proxy.model import Kind, VirtualKey
from svcdns.proxy.realized import RealizedServer, RealizedVirtual
from svcdns.wire.name import pack_address
from tests.support.process import free_port
from tests.support.reconciling import server, virtual

RANGES = ((bytes((192, 0, 2, 0)), 24),)


def made(listen: str = "127.0.0.1") -> ServedVirtual:
    one = replace(
        virtual(1),
        key=VirtualKey(6, pack_address("127.0.0.9"), free_port("127.0.0.9")),
        kind=Kind.BALANCER,
        source_ranges=RANGES,
    )
    return ServedVirtual(one, listen, Allowance(10), Figures())


@pytest.fixture
async def beside() -> AsyncIterator[ServedVirtual]:
    one = made()
    yield one
    one.close()


async def test_it_keeps_its_port_while_nobody_is_let_in(beside: ServedVirtual) -> None:
    beside.open()
    first = beside.place

    beside.close()
    assert beside.place is None
    beside.open()
    beside.open()

    assert beside.place == first


async def test_at_its_own_address_source_ranges_count(beside: ServedVirtual) -> None:
    assert made("").clients.ranges == RANGES
    assert beside.clients.ranges == ()


async def test_what_there_is_has_connections_and_weights(beside: ServedVirtual) -> None:
    beside.balancer.add(server(1))
    beside.balancer.servers[server(1)].connections = 3

    assert beside.realized() == RealizedVirtual("rr", 0, 0, {server(1): RealizedServer(1, 3)})


async def test_an_unknown_scheduler_changes_nothing(beside: ServedVirtual) -> None:
    before = beside.realized()

    with pytest.raises(KeyError):
        beside.take(replace(beside.virtual, scheduler="nosuch"))

    assert beside.realized() == before
