"""What all connections have in common: who waits on one, and what is said when it fails."""

import asyncio

import pytest

from svcdns.upstream.asked import Asked
from svcdns.upstream.connection import MOST_QUESTIONS, Connection
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.failure import ReusedConnectionError, UpstreamError
from svcdns.upstream.stream import FramedConnection
from svcdns.wire.codes import RRType
from svcdns.wire.frame import frame
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from tests.support.upstreams import TRUE, record, reply_to

ASKED = Asked.of(Question.of(from_text("a.example."), RRType.A))


def connected() -> tuple[FramedConnection, list[Connection]]:
    """Return a connection that is not open, and what has been told that it is idle."""
    idle: list[Connection] = []
    return FramedConnection(Endpoint("10.0.0.2"), idle.append), idle


def message(number: int) -> bytes:
    return ASKED.message(number.to_bytes(2))


async def test_a_connection_has_room_for_so_many_questions() -> None:
    connection, _ = connected()

    for number in range(MOST_QUESTIONS):
        assert connection.has_room(number.to_bytes(2))
        connection.send(ASKED, message(number))

    assert not connection.has_room(b"\xff\xff")


async def test_the_last_to_leave_makes_it_idle() -> None:
    connection, idle = connected()
    first, second = (connection.send(ASKED, message(number)) for number in (1, 2))

    connection.leave(first)
    assert idle == []
    connection.leave(second)

    assert idle == [connection]
    assert connection.is_usable


async def test_what_never_opened_failed_at_being_dialled() -> None:
    connection, _ = connected()
    question = connection.send(ASKED, message(1))

    question.expire()

    with pytest.raises(UpstreamError, match=r"^dial tcp 10\.0\.0\.2:53: i/o timeout$"):
        await question.future
    assert not connection.is_usable


async def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    connection, _ = connected()
    question = connection.send(ASKED, message(1))
    question.expire()

    connection.data_received(frame(reply_to(message(1), record(TRUE))))
    connection.connection_lost(None)

    assert isinstance(question.future.exception(), UpstreamError)


@pytest.mark.parametrize(
    ("served", "kind"), [(False, UpstreamError), (True, ReusedConnectionError)]
)
async def test_only_who_served_before_may_just_have_been_closed(
    kind: type[UpstreamError], *, served: bool
) -> None:
    connection, _ = connected()
    first, second = (connection.send(ASKED, message(number)) for number in (1, 2))
    if served:
        connection.data_received(frame(reply_to(message(1), record(TRUE))))
        await first.future

    connection.connection_lost(ConnectionResetError(104, "reset"))

    assert type(second.future.exception()) is kind
    assert str(second.future.exception()).endswith("read: connection reset by peer")
    assert served or type(first.future.exception()) is kind


async def test_closing_what_is_being_opened_ends_that() -> None:
    connection, _ = connected()
    connection.dialing = asyncio.ensure_future(asyncio.get_running_loop().create_future())

    connection.close()
    await asyncio.sleep(0)

    assert connection.dialing.cancelled()
