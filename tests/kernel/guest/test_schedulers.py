"""Who gets the next connection: each scheduler of IPVS, with real connections."""

from collections import Counter
from dataclasses import replace

import pytest

from svcdns.proxy.model import RealServer
from svcdns.proxy.operations import AddVirtual, SetWeight
from svcdns.wire.name import pack_address
from tests.support.driven import Driven
from tests.support.ipvs_world import CLIENTS, PORT, flow, reached
from tests.support.proxied import READY, endpoints, service

VIP = "10.96.0.1"
ROWS = tuple((f"10.1.{n}.2", READY, "here") for n in (1, 2, 3))


def programmed(proxy: Driven, scheduler: str, weights: tuple[int, ...] = ()) -> None:
    """Three pods behind one address, with weights if there are any."""
    proxy.have(service("web", VIP, scheduler=scheduler), endpoints("web", *ROWS))
    key = next(key for key in proxy.desired.virtual_servers if key.address == pack_address(VIP))
    changes = [
        SetWeight(key, RealServer(pack_address(f"10.1.{n}.2"), PORT), weight)
        for n, weight in enumerate(weights, 1)
    ]
    assert not proxy.apply(*changes)


def evenly(count: int) -> Counter[str]:
    return Counter(b1=count, b2=count, b3=count)


@pytest.mark.parametrize("scheduler", ["rr", "lc", "wrr", "wlc"])
@pytest.mark.parametrize("hold", [False, True])
def test_connections_take_turns(proxy: Driven, scheduler: str, *, hold: bool) -> None:
    programmed(proxy, scheduler)

    assert reached(VIP, hold=hold) == evenly(4)


@pytest.mark.parametrize("scheduler", ["wrr", "wlc"])
def test_weights_are_kept_to(proxy: Driven, scheduler: str) -> None:
    programmed(proxy, scheduler, (3, 2, 1))

    assert reached(VIP, count=24, hold=True) == Counter(b1=12, b2=8, b3=4)


@pytest.mark.parametrize("scheduler", ["sed", "nq"])
def test_the_shortest_expected_delay_follows_weights_and_open_connections(
    proxy: Driven, scheduler: str
) -> None:
    programmed(proxy, scheduler, (3, 2, 1))

    assert reached(VIP, count=24, hold=True) == Counter(b1=12, b2=8, b3=4)


@pytest.mark.parametrize("scheduler", ["lc", "wlc", "sed", "nq"])
def test_a_busy_server_gets_no_connection_while_others_are_idle(
    proxy: Driven, scheduler: str
) -> None:
    proxy.have(service("web", VIP, scheduler=scheduler), endpoints("web", ROWS[0]))
    busy = [flow("c1", VIP) for _ in range(3)]
    proxy.have(endpoints("web", *ROWS))

    found = reached(VIP, count=4, hold=True)

    assert found == Counter(b2=2, b3=2)
    for one in busy:
        one.close()


def test_sh_keeps_a_client_on_one_server_and_spreads_clients(proxy: Driven) -> None:
    programmed(proxy, "sh")

    each = [reached(VIP, count=3, sources=(source,)) for source in CLIENTS]

    assert all(len(found) == 1 for found in each)
    assert sum(each, Counter()).keys() == {"b1", "b2", "b3"}


def test_dh_sends_one_address_to_one_server(proxy: Driven) -> None:
    programmed(proxy, "dh")

    assert len(reached(VIP, count=16, sources=CLIENTS)) == 1


def test_mh_serves_all_clients(proxy: Driven) -> None:
    programmed(proxy, "mh")

    found = reached(VIP, count=16, sources=CLIENTS)

    assert found.total() == 16
    assert found.keys() <= {"b1", "b2", "b3"}


def test_every_scheduler_is_there(proxy: Driven) -> None:
    assert proxy.capabilities.schedulers >= {
        *("rr", "wrr", "lc", "wlc", "dh", "sh", "sed", "nq", "mh")
    }


def test_another_scheduler_takes_over_without_losing_a_connection(proxy: Driven) -> None:
    programmed(proxy, "rr")
    before = reached(VIP, count=3)
    proxy.have(service("web", VIP, scheduler="lc"))

    assert before == evenly(1)
    assert reached(VIP, hold=True) == evenly(4)


def test_a_scheduler_that_the_kernel_lacks_is_named_and_the_rest_goes_on(proxy: Driven) -> None:
    operations = proxy.operations(
        service("web", VIP),
        endpoints("web", *ROWS),
        service("other", "10.96.0.2"),
        endpoints("other", *ROWS),
    )
    web = next(
        one
        for one in operations
        if isinstance(one, AddVirtual) and one.virtual.key.address == pack_address(VIP)
    )
    odd = AddVirtual(replace(web.virtual, scheduler="nosuch"))

    failures = proxy.apply(*(odd if one is web else one for one in operations))

    assert "modprobe ip_vs_nosuch" in failures[0].cause
    assert reached("10.96.0.2", count=3) == evenly(1)
