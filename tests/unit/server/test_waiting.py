"""What a connection still owes: responses in whatever order they are ready, transfers in pieces."""

import asyncio
import inspect
from collections.abc import Iterator

import pytest

from svcdns.route.responder import Said
from svcdns.server.waiting import Waiting
from svcdns.wire.frame import frame
from tests.support.streams import until


class Sent(list[bytes]):
    """All that was sent; empty octets are a query that is done."""


async def turns(count: int = 6) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def when(ready: asyncio.Event, said: Said) -> Said:
    await ready.wait()
    return said


async def test_responses_are_sent_in_the_order_in_which_they_are_ready() -> None:
    sent = Sent()
    waiting = Waiting(sent.append)
    first, second = asyncio.Event(), asyncio.Event()

    waiting.respond(when(first, b"first"))
    waiting.respond(when(second, b"second"))
    owed = len(waiting)
    second.set()
    await turns()
    first.set()
    await turns()

    assert owed == 2
    assert sent == [frame(b"second"), b"", frame(b"first"), b""]
    assert len(waiting) == 0


async def test_a_query_that_gets_no_response_is_done_all_the_same() -> None:
    sent = Sent()
    waiting = Waiting(sent.append)
    ready = asyncio.Event()
    ready.set()

    waiting.respond(when(ready, None))
    await turns()

    assert sent == [b""]
    assert not waiting


@pytest.mark.parametrize("later", [False, True])
async def test_a_transfer_waits_while_the_client_does_not_read(*, later: bool) -> None:
    made: list[int] = []

    def messages() -> Iterator[bytes]:
        for number in range(4):
            made.append(number)
            yield b"%d" % number

    sent = Sent()
    waiting = Waiting(sent.append)
    ready = asyncio.Event()
    ready.set()

    if later:
        waiting.respond(when(ready, messages()))
    else:
        waiting.transfer(messages())
    await until(lambda: bool(made))
    waiting.hold()
    await turns()
    before = len(made)
    waiting.go_on()
    await turns(12)

    assert before <= 2, "one is sent, one is ready"
    assert sent == [*(frame(b"%d" % number) for number in range(4)), b""]


async def test_nothing_is_sent_any_more_when_all_is_cancelled() -> None:
    sent = Sent()
    waiting = Waiting(sent.append)
    begun, not_begun = when(asyncio.Event(), b"a"), when(asyncio.Event(), b"b")

    waiting.respond(begun)
    await turns()
    waiting.respond(not_begun)
    waiting.transfer(iter([b"c"]))
    waiting.cancel()
    await turns()

    assert sent == []
    assert len(waiting) == 0
    assert {inspect.getcoroutinestate(one) for one in (begun, not_begun)} == {inspect.CORO_CLOSED}
