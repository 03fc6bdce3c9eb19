"""Equal questions at the same time."""

import asyncio

from svcdns.upstream.flights import Flights


async def test_the_first_has_to_ask_and_the_others_wait_for_it() -> None:
    flights: Flights[str] = Flights()

    assert flights.board("a") is None
    others = [flights.board("a") for _ in range(3)]
    assert flights.board("b") is None
    flights.land("a", "answer")

    assert [await other for other in others if other is not None] == ["answer"] * 3
    assert len(flights) == 1
    assert flights.joined == 3


async def test_who_gives_up_leaves_the_question_to_the_next() -> None:
    flights: Flights[str] = Flights()
    flights.board("a")
    other = flights.board("a")
    flights.land("a", None)

    assert other is not None
    assert await other is None
    assert flights.board("a") is None


async def test_who_waits_no_longer_is_passed_over() -> None:
    flights: Flights[str] = Flights()
    flights.board("a")
    gone, waiting = flights.board("a"), flights.board("a")
    assert gone is not None
    assert waiting is not None
    gone.cancel()
    flights.land("a", "answer")

    assert await asyncio.wait_for(waiting, 1) == "answer"


async def test_who_departs_is_joined_by_others_and_nobody_departs_twice() -> None:
    flights: Flights[str] = Flights()

    assert flights.depart("a")
    assert not flights.depart("a")
    joined = flights.board("a")
    flights.land("a", "answer")

    assert joined is not None
    assert await joined == "answer"
    assert flights.depart("a")
