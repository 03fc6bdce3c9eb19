"""When a real server that finishes has finished."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.backend import Idle
from svcdns.dataplane.drains import (
    ENDING_SECONDS,
    FIRST_LOOK_SECONDS,
    LOOK_SECONDS,
    Drains,
    believed,
    idle_at,
    idle_servers,
)
from svcdns.proxy.model import Desired, VirtualKey
from svcdns.proxy.operations import DeleteServer, DeleteVirtual, Operation, SetWeight
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from tests.support.reconciling import desired, key, server, virtual


def realized(weight: int, active: int = 0, inactive: int = 0) -> Realized:
    servers = {server(1): RealizedServer(), server(2): RealizedServer(weight, active, inactive)}
    return Realized({key(1): RealizedVirtual("rr", servers=servers)})


def idle(active: int = 0, inactive: int = 0) -> Idle:
    return idle_at([key(1)], realized(0, active, inactive).virtual_servers)


@pytest.fixture
def drains() -> Drains:
    """One that began to drain `server(2)` at 100."""
    made = Drains(60)
    made.note([SetWeight(key(1), server(2), 0)], 100)
    return made


@pytest.mark.parametrize(
    ("active", "inactive", "seconds", "is_over"),
    [
        (0, 0, 0, True),
        (1, 0, 59, False),
        (1, 0, 60, True),
        (0, 1, ENDING_SECONDS - 1, False),
        (0, 1, ENDING_SECONDS, True),
        (1, 1, ENDING_SECONDS, False),
    ],
)
def test_it_is_over_when_nobody_is_left_or_time_is_up(
    drains: Drains, active: int, inactive: int, seconds: float, *, is_over: bool
) -> None:
    over = drains.over(idle(active, inactive), 100 + seconds)

    assert over == ([DeleteServer(key(1), server(2))] if is_over else [])


def test_what_has_begun_to_drain_is_looked_at_again_and_again(drains: Drains) -> None:
    assert drains.keys == (key(1),)

    drains.over(idle(1), 101)

    assert drains.keys == (key(1),)
    assert drains.look_at == 101 + LOOK_SECONDS


def test_what_serves_again_is_forgotten_and_not_deleted(drains: Drains) -> None:
    assert drains.over({}, 1000) == []
    assert (len(drains), drains.keys, drains.look_at) == (0, (), None)


def test_a_node_is_believed_to_have_what_it_was_brought_to_and_what_drains(drains: Drains) -> None:
    done = desired(virtual(1, 1), virtual(2, 1))

    found = believed(done, drains, [key(1), key(3)])

    assert found.addresses == done.addresses
    (one,) = found.virtual_servers.values()
    assert {to: there.weight for to, there in one.servers.items()} == {server(1): 1, server(2): 0}
    assert all(there.active for there in one.servers.values())


def test_only_weight_0_at_the_places_asked_for_is_idle_there() -> None:
    there = realized(0, 2, 1).virtual_servers

    assert idle_at([key(1), key(2)], there) == {key(1): {server(2): RealizedServer(0, 2, 1)}}
    assert idle_at([key(1)], realized(1).virtual_servers) == {}
    assert idle_at([key(2)], there) == {}


SERVERS = st.dictionaries(
    st.integers(1, 4).map(server),
    st.builds(RealizedServer, st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
)
TABLES = st.dictionaries(
    st.integers(1, 3).map(key), SERVERS.map(lambda some: RealizedVirtual("rr", servers=some))
)


@given(
    drained=st.sets(st.tuples(st.integers(1, 3), st.integers(1, 4))),
    there=TABLES,
    seconds=st.sampled_from((0.0, ENDING_SECONDS, 60.0)),
)
def test_what_is_over_is_what_the_whole_table_would_say(
    drained: set[tuple[int, int]], there: dict[VirtualKey, RealizedVirtual], seconds: float
) -> None:
    made = Drains(60)
    made.note([SetWeight(key(at), server(to), 0) for at, to in drained], 100)

    over = made.over(idle_at(made.keys, there), 100 + seconds)

    ended = [
        DeleteServer(at, to)
        for at, virtual_server in there.items()
        for to, one in virtual_server.servers.items()
        if (at, to) in {(key(one), server(another)) for one, another in drained}
        and not one.weight
        and (
            seconds >= 60
            or not (one.active or one.inactive)
            or (not one.active and seconds >= ENDING_SECONDS)
        )
    ]
    assert sorted(over, key=str) == sorted(ended, key=str)


@pytest.mark.parametrize(
    "operation",
    [
        SetWeight(key(1), server(2), 1),
        DeleteServer(key(1), server(2)),
        DeleteVirtual(key(1)),
    ],
)
def test_it_is_forgotten_with_the_operation_that_ends_it(
    drains: Drains, operation: Operation
) -> None:
    assert drains.look_at == 100 + FIRST_LOOK_SECONDS

    drains.note([operation], 101)

    assert len(drains) == 0
    assert drains.look_at is None


def test_what_is_found_keeps_its_time(drains: Drains) -> None:
    drains.find([(key(1), server(2)), (key(1), server(3))], 150)

    assert drains.of(key(1)) == {server(2): 100, server(3): 150}


def test_only_weight_0_that_nobody_wants_is_idle() -> None:
    wanted = desired(virtual(1, 1))

    assert list(idle_servers(wanted, realized(0))) == [(key(1), server(2))]
    assert list(idle_servers(wanted, realized(1))) == []
    assert list(idle_servers(desired(virtual(1, 1, 2)), realized(0))) == []
    assert list(idle_servers(Desired(), realized(0))) == []
