"""Who gets a place, who has to go. Times are passed in."""

import resource

import pytest

from svcdns.server.limits import (
    MAX_CONNECTIONS,
    MAX_HELD_OCTETS,
    MAX_PER_CLIENT,
    Connections,
    affordable,
    dns_connections,
)


class FixedConnection:
    """A connection that has been quiet since `quiet_since`."""

    def __init__(self, quiet_since: float) -> None:
        self.quiet_since = quiet_since
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


def test_the_connection_that_is_quiet_for_longest_makes_room() -> None:
    connections = Connections(3, 3)
    held = [FixedConnection(quiet_since) for quiet_since in (5, 2, 8)]
    for connection in held:
        connections.take(connection, "10.0.0.1", 8)

    admitted = connections.take(FixedConnection(10), "10.0.0.2", 10)

    assert admitted
    assert [connection.is_aborted for connection in held] == [False, True, False]
    assert connections.open == 3
    assert connections.counts.evicted == 1


def test_nobody_makes_room_who_was_heard_within_a_second() -> None:
    connections = Connections(1, 1)
    held = FixedConnection(9.5)
    connections.take(held, "10.0.0.1", 9.5)

    admitted = connections.take(FixedConnection(10), "10.0.0.2", 10)

    assert not admitted
    assert not held.is_aborted
    assert connections.counts.refused == 1


def test_a_client_at_its_own_limit_takes_no_place_of_others() -> None:
    connections = Connections(10, 2)
    other, own, recent = FixedConnection(0), FixedConnection(3), FixedConnection(4)
    connections.take(other, "10.0.0.2", 4)
    connections.take(own, "10.0.0.1", 4)
    connections.take(recent, "10.0.0.1", 4)

    admitted = connections.take(FixedConnection(10), "10.0.0.1", 10)

    assert admitted
    assert (other.is_aborted, own.is_aborted, recent.is_aborted) == (False, True, False)


def test_a_place_is_given_back_once() -> None:
    connections = Connections(2, 2)
    first, second = FixedConnection(0), FixedConnection(0)
    connections.take(first, "10.0.0.1", 0)
    connections.take(second, "10.0.0.1", 0)

    connections.give_back(first)
    connections.give_back(first)

    assert connections.open == 1


@pytest.mark.parametrize(("count", "crowded"), [(8, False), (9, True)])
def test_above_80_percent_is_a_crowd(count: int, *, crowded: bool) -> None:
    connections = Connections(10, 10)

    for _ in range(count):
        connections.take(FixedConnection(0), "10.0.0.1", 0)

    assert connections.is_crowded is crowded


def test_what_is_held_is_bounded_and_the_small_are_spared() -> None:
    connections = Connections(1000, 100)

    fits = connections.weigh(0, MAX_HELD_OCTETS)
    small = connections.weigh(0, 100)
    large = connections.weigh(0, 60_000)
    connections.weigh(MAX_HELD_OCTETS, 0)
    later = connections.weigh(60_000, 60_001)

    assert (fits, small, large, later) == (True, True, False, True)
    assert connections.held_octets == 60_101


@pytest.mark.parametrize(
    ("descriptors", "connections"),
    [
        pytest.param(resource.RLIM_INFINITY, MAX_CONNECTIONS, id="no limit"),
        pytest.param(1_048_576, MAX_CONNECTIONS, id="containerd's usual"),
        pytest.param(1024, 384, id="40 % of what is not reserved"),
        pytest.param(64, 1, id="nothing to spare: still one"),
    ],
)
def test_connections_take_40_percent_of_the_descriptors(descriptors: int, connections: int) -> None:
    assert affordable(descriptors) == connections


def test_one_client_gets_a_tenth_of_a_roomy_process() -> None:
    connections = dns_connections()

    assert connections.per_client == min(MAX_PER_CLIENT, connections.total)


def test_there_is_room_for_a_thousand_connections_and_a_hundred_of_one_client() -> None:
    assert affordable(1_048_576) == 1000
    assert MAX_PER_CLIENT == 100
