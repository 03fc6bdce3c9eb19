"""What a socket says later, errands first of all; the rest is in `test_udp`."""

import asyncio
from collections.abc import Sequence
from typing import Any

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming
from svcdns.server.late import Late
from tests.support.stubs import exchange_of


class NotedDatagrams:
    """Notes what is sent, and loses none of it."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[Any, bytes]]] = []

    def send_later(self, late: Sequence[tuple[Any, bytes]]) -> int:
        self.batches.append(list(late))
        return 0


class Gone:
    """An errand that is on its way."""

    def __init__(self, back: str) -> None:
        self.identity = self.question = b""
        self.form: Any = None
        self.asked_at = (0.0, 0)
        self.back = back
        self.sent_back = False

    def depart(self) -> None:
        raise AssertionError("it has left long ago")

    def send_back(self) -> None:
        self.sent_back = True


def late_of() -> tuple[Late, NotedDatagrams]:
    datagrams = NotedDatagrams()
    return Late(datagrams), datagrams  # type: ignore[arg-type]  # as far as it is needed


async def test_errands_that_return_in_one_turn_leave_together() -> None:
    late, datagrams = late_of()
    exchange = exchange_of({})
    errands = [Gone("a"), Gone("b")]
    for errand in errands:
        late.errands.add(errand)
    assert len(late) == 2

    for errand in errands:
        late.returned(exchange, errand, errand.back.encode())
    await asyncio.sleep(0)

    assert datagrams.batches == [[("a", b"a"), ("b", b"b")]]
    assert not len(late)


async def test_what_an_errand_has_become_is_said_where_it_came_from() -> None:
    late, datagrams = late_of()
    errand = Gone("a")
    late.errands.add(errand)
    coming: Coming[Any] = Coming(asyncio.get_running_loop().create_future)

    late.become(exchange_of({}), errand, coming)
    assert len(late) == 1
    coming.bring(b"said")
    await asyncio.sleep(0)

    assert datagrams.batches == [[("a", b"said")]]
    assert not len(late)


async def test_the_end_waits_for_errands() -> None:
    late, datagrams = late_of()
    errand = Gone("a")
    late.errands.add(errand)

    ending = asyncio.ensure_future(late.end(5))
    await asyncio.sleep(0)
    late.returned(exchange_of({}), errand, b"said")
    await ending

    assert datagrams.batches == [[("a", b"said")]]
    assert not errand.sent_back


async def test_what_is_still_on_its_way_at_the_end_is_sent_back() -> None:
    late, datagrams = late_of()
    errand, coming = Gone("a"), Brought()
    late.errands.add(errand)
    late.expect(exchange_of({}), "b", coming)  # type: ignore[arg-type]  # nobody looks at it

    await late.end(0)

    assert errand.sent_back
    assert coming.sent_back
    assert not datagrams.batches
    assert not len(late)


class Brought(Coming[Outcome]):
    """Something that never comes."""

    sent_back = False

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop().create_future)

    def send_back(self) -> None:
        super().send_back()
        self.sent_back = True
