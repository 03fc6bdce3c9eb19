"""When a real server that finishes has finished."""

import pytest

from svcdns.dataplane.drains import ENDING_SECONDS, FIRST_LOOK_SECONDS, Drains, idle_servers
from svcdns.proxy.model import Desired
from svcdns.proxy.operations import DeleteServer, DeleteVirtual, Operation, SetWeight
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from tests.support.reconciling import desired, key, server, virtual


def realized(weight: int, active: int = 0, inactive: int = 0) -> Realized:
    servers = {server(1): RealizedServer(), server(2): RealizedServer(weight, active, inactive)}
    return Realized({key(1): RealizedVirtual("rr", servers=servers)})


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
    over = drains.over(realized(0, active, inactive), 100 + seconds)

    assert over == ([DeleteServer(key(1), server(2))] if is_over else [])


def test_what_serves_again_is_not_deleted(drains: Drains) -> None:
    assert drains.over(realized(1), 1000) == []


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
