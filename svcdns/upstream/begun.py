"""A question that is asked with a datagram at once, without a task: the plain way of a miss.

Nearly always the reply to that datagram is the answer, and here is all that has to happen then.
Whatever else comes (an error, a cut reply, silence) is for the forwarder to go on with, in a task.
"""

import asyncio
from collections.abc import Coroutine, Hashable, Sequence
from typing import Any, Protocol

from svcdns.answers.foreign import Outcome
from svcdns.answers.later import Coming
from svcdns.upstream.asked import Asked
from svcdns.upstream.datagram import Came, Waiting
from svcdns.upstream.failure import UpstreamError
from svcdns.upstream.forwarding import Forwarding
from svcdns.upstream.outcome import foreign
from svcdns.upstream.server import Server
from svcdns.wire.reply import Reply

BUDGET = 5.0
"""Seconds for one question, all tries together."""


class Asker(Protocol):
    """The forwarder, as far as it is needed here."""

    forwarding: Forwarding

    def land(self, key: Hashable, outcome: Outcome | None) -> None:
        """Be done with a question; None: nobody wants the answer any more."""
        ...

    def go_on(self, begun: "Begun", came: Came) -> Coroutine[Any, Any, Outcome]:
        """Return what finds the answer after `came` came."""
        ...


class Begun(Coming[Outcome]):
    """A question that was asked with a datagram at once; mostly the reply to that ends it.

    Only where more has to be done is there a task.
    """

    __slots__ = ("_asker", "_is_over", "_key", "_loop", "_started", "_task", "_waiting", "ordered")

    def __init__(
        self,
        asker: Asker,
        ordered: Sequence[Server],
        key: tuple[Asked, bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Ask the first of `ordered`.

        Args:
            asker: goes on where that is not enough.
            ordered: whom to ask, in that order.
            key: the question, and whether the client used a stream; so it lands with `asker`.
            loop: the running one.
        """
        super().__init__(loop.create_future)
        self._asker = asker
        self._key = key
        self._loop = loop
        self._is_over = False
        self._task: asyncio.Task[Outcome] | None = None
        self._waiting: Waiting | None = None
        self.ordered = ordered
        self._started = now = loop.time()
        try:
            self._waiting = ordered[0].begin(key[0], now=now, until=now + BUDGET, tell=self._came)
        except UpstreamError as error:
            self._go_on(error)

    @property
    def asked(self) -> Asked:
        """The question."""
        return self._key[0]

    @property
    def stream(self) -> bool:
        """Whether the client used one."""
        return self._key[1]

    @property
    def until(self) -> float:
        """When it has to be over, on the clock of the loop."""
        return self._started + BUDGET

    def send_back(self) -> None:
        """Want it no more, and ask no more."""
        super().send_back()
        if self._is_over:
            return
        if self._task is not None:
            self._task.cancel()
            return
        if self._waiting is not None:
            self.ordered[0].give_up(self._waiting)
        self._end(None)

    async def go_on(self, came: Came) -> Reply:
        """Return the reply of who was asked first, after `came` came."""
        if self._waiting is None:  # it could not be sent
            assert isinstance(came, UpstreamError)  # noqa: S101
            raise came
        first = self.ordered[0]
        return await first.go_on(self._waiting, came, started=self._started, until=self.until)

    def _came(self, came: Came) -> None:
        first, asker = self.ordered[0], self._asker
        if (
            type(came) is not Reply
            or self._waiting is None
            or came.rcode in asker.forwarding.failover
            or not first.is_enough(self._waiting, came, self._loop.time() - self._started)
        ):
            self._go_on(came)
            return
        outcome = foreign(self._key[0], first.address, came)
        self._end(outcome)
        self.bring(outcome)

    def _go_on(self, came: Came) -> None:
        self._task = self._loop.create_task(self._asker.go_on(self, came))
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Outcome]) -> None:
        if task.cancelled():
            self._end(None)
            return
        error = task.exception()
        outcome = None if error is not None else task.result()
        self._end(outcome)
        self.bring(error or outcome)

    def _end(self, outcome: Outcome | None) -> None:
        self._is_over = True
        self._waiting = None  # which holds this, too: no cycle is left behind
        self._asker.land(self._key, outcome)
