"""When what was refused is tried again."""

from itertools import pairwise

from svcdns.dataplane.backend import Failure
from svcdns.dataplane.retries import LONGEST_SECONDS, Retries, subject, subject_text
from svcdns.proxy.operations import AddServer, AddVirtual, Bind, DeleteServer
from tests.support.reconciling import key, server, virtual

ADD = AddVirtual(virtual(1))
SERVER = AddServer(key(1), server(1), virtual(1).service)
OTHER = AddVirtual(virtual(2))


def test_each_try_comes_later_than_the_one_before() -> None:
    retries, now, pauses = Retries(), 0.0, []
    for _ in range(10):
        retries.note([ADD], [Failure(ADD, "no")], now)
        assert retries.due is not None
        assert not retries.allowed([ADD], now)
        pauses.append(retries.due - now)
        now = retries.due
        assert retries.allowed([ADD], now)

    assert pauses[0] == 1
    assert all(one <= other for one, other in pairwise(pauses))
    assert pauses[-1] == LONGEST_SECONDS


def test_one_object_has_one_reason_and_is_told_once() -> None:
    retries = Retries()
    failures = [Failure(ADD, "no"), Failure(SERVER, "its virtual server is not there")]

    first = retries.note([ADD, SERVER], failures, 0)
    second = retries.note([ADD, SERVER], failures, 1)
    other = retries.note([ADD], [Failure(ADD, "another reason")], 2)

    assert [news.failure for news in first] == [failures[0]]
    assert second == []
    assert [news.failure.cause for news in other] == ["another reason"]


def test_objects_do_not_wait_for_each_other() -> None:
    retries = Retries()
    retries.note([ADD], [Failure(ADD, "no")], 0)

    assert retries.allowed([OTHER], 0)
    assert not retries.allowed([SERVER], 0)


def test_the_first_surprise_is_looked_at_at_once_and_not_told() -> None:
    retries = Retries()
    failure = Failure(SERVER, "not there", is_surprise=True)

    assert retries.note([SERVER], [failure], 5) == []
    assert retries.due == 5
    assert retries.note([SERVER], [failure], 5) != []
    assert retries.due == 7


def test_what_works_is_forgotten() -> None:
    retries = Retries()
    retries.note([ADD, OTHER], [Failure(ADD, "no"), Failure(OTHER, "no")], 0)

    retries.note([ADD], [], 1)
    assert key(1) not in retries
    assert set(retries) == {key(2)}
    retries.forget(retries)
    assert len(retries) == 0
    assert retries.due is None


def test_those_that_operations_are_about_are_told_from_the_others() -> None:
    retries = Retries()
    assert retries.among([ADD]) == set()
    retries.note([ADD, OTHER], [Failure(ADD, "no"), Failure(OTHER, "no")], 0)

    assert retries.among([SERVER, Bind(bytes((10, 96, 0, 1)))]) == {key(1)}


def test_what_is_asked_anew_is_tried_at_once() -> None:
    retries = Retries()
    retries.note([ADD], [Failure(ADD, "no")], 0)

    retries.hasten([key(1), key(2)], 0.5)

    assert retries.due == 0.5
    assert len(retries) == 1


def test_an_object_is_a_virtual_server_or_an_address() -> None:
    assert subject(DeleteServer(key(1), server(1))) == key(1)
    assert subject_text(subject(ADD)) == "10.96.0.1:80/TCP"
    assert subject_text(subject(Bind(bytes((10, 96, 0, 1))))) == "10.96.0.1"
