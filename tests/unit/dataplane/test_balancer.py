"""Schedulers by what they promise, for any history of connections."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.balancer import MOST_CLIENTS, SCHEDULERS, Balancer
from svcdns.proxy.model import (
    SCHED_2,
    TCP,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)

CLIENT = bytes((192, 0, 2, 1))
KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)


def server(number: int) -> RealServer:
    return RealServer(bytes((10, 1, number // 256, number % 256)), 8080)


def client(number: int) -> bytes:
    return number.to_bytes(4)


def virtual(scheduler: str = "rr", *, seconds: int = 0, flags: int = 0) -> VirtualServer:
    service = ServicePortName("shop", "web", "")
    return VirtualServer(KEY, Kind.CLUSTER, service, scheduler, flags, seconds)


def balancer(
    scheduler: str = "rr", servers: int = 3, *, seconds: int = 0, flags: int = 0
) -> Balancer:
    made = Balancer(virtual(scheduler, seconds=seconds, flags=flags))
    for number in range(servers):
        made.add(server(number))
    return made


def chosen(of: Balancer, address: bytes = CLIENT, port: int = 1024, now: float = 0) -> RealServer:
    found = of.choose(address, port, now)
    assert found is not None
    return found.server


def held(of: Balancer, connections: int) -> Counter[RealServer]:
    """Servers of so many connections that are all kept open."""
    counted = Counter[RealServer]()
    for number in range(connections):
        found = of.choose(client(number), 1024, 0)
        assert found is not None
        found.connections += 1
        counted[found.server] += 1
    return counted


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "lc", "wlc", "sed", "nq"])
def test_short_connections_are_spread_evenly(scheduler: str) -> None:
    of = balancer(scheduler)

    counted = Counter(chosen(of) for _ in range(60))

    assert set(counted.values()) == {20}


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "lc", "wlc", "sed", "nq"])
def test_connections_that_stay_are_spread_evenly(scheduler: str) -> None:
    assert set(held(balancer(scheduler), 60).values()) == {20}


@pytest.mark.parametrize(
    ("scheduler", "shares"),
    [
        ("rr", [20, 20, 20]),
        ("wrr", [30, 20, 10]),
        ("lc", [20, 20, 20]),
        ("wlc", [30, 20, 10]),
        ("sed", [30, 20, 10]),
        ("nq", [30, 20, 10]),
    ],
)
def test_weights_share_what_stays_open(scheduler: str, shares: list[int]) -> None:
    of = balancer(scheduler)
    for number, weight in enumerate((3, 2, 1)):
        of.servers[server(number)].weight = weight

    counted = held(of, 60)

    assert [counted[server(number)] for number in range(3)] == shares


def test_dh_sends_an_address_to_one_server() -> None:
    of = balancer("dh")

    assert len({chosen(of, client(number)) for number in range(60)}) == 1


@pytest.mark.parametrize("scheduler", ["sh", "mh"])
def test_a_client_stays_with_its_hash(scheduler: str) -> None:
    of = balancer(scheduler)

    assert len({chosen(of, CLIENT, port) for port in range(60)}) == 1
    assert len({chosen(of, client(number)) for number in range(60)}) == 3


def test_a_flag_hashes_the_port_too() -> None:
    of = balancer("sh", flags=SCHED_2)

    assert len({chosen(of, CLIENT, port) for port in range(60)}) == 3


@given(clients=st.sets(st.integers(0, 1 << 32 - 1), min_size=1, max_size=50))
def test_a_server_that_goes_moves_its_own_clients_only(clients: set[int]) -> None:
    of = balancer("sh", servers=4)
    before = {number: chosen(of, client(number)) for number in clients}

    of.remove(server(2))

    for number, had in before.items():
        assert had == server(2) or chosen(of, client(number)) == had


@given(
    scheduler=st.sampled_from(sorted(SCHEDULERS)),
    weights=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    clients=st.lists(st.integers(0, 20), max_size=30),
    seconds=st.sampled_from((0, 60)),
)
def test_nobody_gets_a_server_of_weight_0(
    scheduler: str, weights: list[int], clients: list[int], seconds: int
) -> None:
    of = balancer(scheduler, len(weights), seconds=seconds)
    for number, weight in enumerate(weights):
        of.servers[server(number)].weight = weight

    for number in clients:
        found = of.choose(client(number), 1024, 0)

        assert (found is not None) == of.is_open == any(weights)
        assert found is None or found.weight
    assert len(of.servers) == len(weights)


@given(
    scheduler=st.sampled_from(("lc", "sed", "wlc", "nq")),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=60),
)
def test_with_equal_weights_the_least_busy_one_is_chosen(
    scheduler: str, steps: list[tuple[bool, int]]
) -> None:
    of = balancer(scheduler, 5)
    for opens, number in steps:
        if opens:
            fewest = min(one.connections for one in of.servers.values())
            found = of.choose(CLIENT, 1024, 0)
            assert found is not None
            assert found.connections == fewest
            found.connections += 1
        elif of.servers[server(number)].connections:
            of.servers[server(number)].connections -= 1


@given(
    scheduler=st.sampled_from(sorted(SCHEDULERS)),
    tried=st.sets(st.integers(0, 4)),
)
def test_a_server_that_was_tried_is_not_chosen_again(scheduler: str, tried: set[int]) -> None:
    of = balancer(scheduler, 5, seconds=60)
    of.choose(CLIENT, 1024, 0)

    found = of.choose(CLIENT, 1024, 0, {server(number) for number in tried})

    assert (found is None) == (len(tried) == 5)
    assert found is None or found.server not in {server(number) for number in tried}


def test_a_client_keeps_its_server_until_the_time_is_over() -> None:
    of = balancer(seconds=60)
    first = chosen(of)

    assert chosen(of, now=59) == first
    assert chosen(of, now=118) == first  # each connection counts anew
    assert chosen(of, now=178) != first


def test_a_client_leaves_a_server_that_drains() -> None:
    of = balancer(seconds=60)
    first = chosen(of)
    of.servers[first].weight = 0

    assert chosen(of, now=1) != first


def test_a_client_leaves_a_server_that_is_gone() -> None:
    of = balancer(seconds=60)
    first = of.remove(chosen(of)).server

    assert chosen(of, now=1) != first


def test_a_client_leaves_a_server_that_did_not_answer() -> None:
    of = balancer(seconds=60)
    first = chosen(of)

    of.forget(CLIENT)

    assert chosen(of, now=1) != first


def test_without_affinity_any_more_clients_are_forgotten() -> None:
    of = balancer(seconds=60)
    first = chosen(of)

    of.take(virtual())

    assert chosen(of) != first


def test_the_client_seen_longest_ago_makes_room() -> None:
    of = balancer(seconds=60, servers=2)
    first = chosen(of)

    for number in range(MOST_CLIENTS):
        chosen(of, client(number), now=1)

    assert chosen(of, now=1) != first


def test_an_unknown_scheduler_is_an_error() -> None:
    with pytest.raises(KeyError):
        Balancer(virtual("nosuch"))
