"""Timeouts that nearly never run out: thousands of them for one timer of the loop.

They run out up to a sixteenth of a second late, which a query that waited for seconds does
not notice; entering and leaving cost a dictionary each. Where many run out together, whoever
else is on the loop gets a turn between a few of them.
"""

import asyncio
from itertools import islice
from typing import Protocol

PER_SECOND = 16
A_TURN = 4
"""Whoever's time is over asks somebody else or gives up, at about a tenth of a millisecond."""


class Waiting(Protocol):
    """Somebody whose time may run out."""

    def expire(self) -> None:
        """Wait no longer."""
        ...


Slot = dict[Waiting, None]


class Deadlines:
    """Tells who has entered when the time is over, unless he has left before."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: dict[int, Slot] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._slots.values()))

    def enter(self, waiting: Waiting, at: float, loop: asyncio.AbstractEventLoop) -> Slot:
        """Let `waiting` expire soon after `at` on the clock of `loop`.

        Returns:
            What to take `waiting` out of when it waits no longer.
        """
        number = int(at * PER_SECOND) + 1
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = {}
            loop.call_at(number / PER_SECOND, self._run_out, number, loop)
        slot[waiting] = None
        return slot

    def _run_out(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        slot = self._slots[number]
        for waiting in tuple(islice(slot, A_TURN)):
            del slot[waiting]
            waiting.expire()
        if slot:
            loop.call_soon(self._run_out, number, loop)
        else:
            del self._slots[number]
