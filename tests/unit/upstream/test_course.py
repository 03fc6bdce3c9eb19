"""Who is asked next, and when it is enough."""

from random import Random

import pytest

from svcdns.upstream.course import Course
from svcdns.upstream.datagram import Datagrams
from svcdns.upstream.deadlines import Deadlines
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.health import Checks, Health
from svcdns.upstream.server import Habits, Server
from svcdns.upstream.stream import Keeping, Streams

CHANCE = Random(1)  # noqa: S311  the same each time


def servers(count: int, down: tuple[int, ...] = ()) -> list[Server]:
    made = []
    for number in range(count):
        endpoint = Endpoint(f"192.0.2.{number}")
        health = Health(Checks())
        health.fails = 3 if number in down else 0
        streams = Streams(endpoint, Keeping(), Deadlines())
        made.append(Server(endpoint, "Corefile:1", Habits(), Datagrams(), streams, health))
    return made


def asked_in_turn(course: Course, failures: int = 99) -> list[str]:
    """Return the last octet of everybody who is asked when nobody answers."""
    asked: list[str] = []
    while (server := course.next()) is not None and len(asked) < failures:
        asked.append(server.address[8:9])
        course.failed(server, f"{server.address} failed")
    return asked


def test_everybody_is_asked_in_turn_twice() -> None:
    three = servers(3)

    assert asked_in_turn(Course(Forwarding(), three, CHANCE)) == list("012012")


def test_who_is_down_is_passed_over() -> None:
    three = servers(3, down=(1,))

    assert asked_in_turn(Course(Forwarding(), three, CHANCE)) == list("020202")


def test_the_stanza_may_limit_failed_tries() -> None:
    two = servers(2)

    assert asked_in_turn(Course(Forwarding(most_tries=3), two, CHANCE)) == list("010")


def test_zero_is_no_limit() -> None:
    course = Course(Forwarding(most_tries=0), servers(1), CHANCE)

    assert len(asked_in_turn(course)) == 99
    assert course.is_unlimited


@pytest.mark.parametrize(("failfast", "asked"), [(True, 0), (False, 4)])
def test_when_all_are_down_the_stanza_decides(*, failfast: bool, asked: int) -> None:
    two = servers(2, down=(0, 1))
    course = Course(Forwarding(failfast=failfast), two, CHANCE)

    assert len(asked_in_turn(course)) == asked
    assert course.all_down


def test_the_last_failure_of_each_comes_last() -> None:
    two = servers(2)
    course = Course(Forwarding(), two, CHANCE)

    for server, why in ((two[0], "a"), (two[1], "b"), (two[0], "c")):
        course.failed(server, why)

    assert course.whys == ("b", "c")


def test_an_answer_fails_over_until_everybody_has_given_one() -> None:
    course = Course(Forwarding(failover=frozenset((2,))), servers(2), CHANCE)

    assert [course.fails_over(rcode) for rcode in (0, 2, 2)] == [False, True, False]


def test_a_second_upstream_is_another_one_that_is_up() -> None:
    three = servers(3, down=(1,))
    course = Course(Forwarding(), three, CHANCE)

    assert course.second(three[0]) is three[2]
    assert Course(Forwarding(), three[:1], CHANCE).second(three[0]) is None


def test_whoever_is_asked_already_is_not_asked_next() -> None:
    course = Course(Forwarding(), servers(3), CHANCE)
    course.begin()

    assert asked_in_turn(course, failures=3) == list("120")
