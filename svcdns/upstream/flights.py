"""Equal questions that are asked at the same time are one: who comes later waits for the first.

Besides saving work it takes away the birthday attack: many questions for one name, each with
an id of its own, are many chances to guess one.

Source: RFC 5452 section 5.
"""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """What is being asked at the moment, by question."""

    def __init__(self) -> None:
        self.going: dict[Hashable, Sequence[asyncio.Future[T | None]]] = {}
        """By question, who waits beside the first."""
        self.joined = 0
        """How many waited for somebody else's answer."""

    def __len__(self) -> int:
        """Questions that are being asked."""
        return len(self.going)

    def board(self, key: Hashable) -> asyncio.Future[T | None] | None:
        """Return what brings the answer; None: nobody asks, so the caller has to, and to `land`.

        Should who asks give up, the future brings None, and one has to board again.
        """
        waiting = self.going.get(key)
        if waiting is None:
            self.going[key] = ()
            return None
        future: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        if isinstance(waiting, list):
            waiting.append(future)
        else:
            self.going[key] = [future]  # as nearly nobody has company
        self.joined += 1
        return future

    def depart(self, key: Hashable) -> bool:
        """Return whether nobody asks, so that the caller may, who has to `land` then."""
        if key in self.going:
            return False
        self.going[key] = ()
        return True

    def land(self, key: Hashable, answer: T | None) -> None:
        """Give the answer to all who wait for it; None: there is none."""
        for future in self.going.pop(key):
            if not future.done():
                future.set_result(answer)
