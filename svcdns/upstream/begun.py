"""A question that is asked with a datagram at once, without a task.

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

    __slots__ = (
        "_asker",
        "_is_over",
        "_key",
        "_loop",
        "_started",
        "_task",
        "_waiting",
        "asked",
        "ordered",
        "stream",
    )

    def __init__(
        self,
        asker: Asker,
        ordered: Sequence[Server],
        asked: Asked,
        loop: asyncio.AbstractEventLoop,
        *,
        stream: bool,
    ) -> None:
        """Ask nobody yet; see `begin` and `take_over`.

        Args:
            asker: goes on where the first datagram is not enough.
            ordered: whom to ask, in that order.
            asked: the question.
            loop: the running one.
            stream: whether the client used one.
        """
        super().__init__(loop.create_future)
        self._asker = asker
        self._loop = loop
        self._is_over = False
        self._task: asyncio.Task[Outcome] | None = None
        self._waiting: Waiting | None = None
        self._started = 0.0
        self._key: Hashable = None
        self.ordered = ordered
        self.asked = asked
        """The question."""
        self.stream = stream
        """Whether the client used one."""

    def begin(self, key: Hashable) -> None:
        """Ask the first; the question lands with the asker under `key`."""
        self._key = key
        self._started = now = self._loop.time()
        until = now + BUDGET
        try:
            self._waiting = self.ordered[0].begin(self.asked, now=now, until=until, tell=self.came)
        except UpstreamError as error:
            self._go_on(error)

    def take_over(self, key: Hashable, waiting: Waiting, started: float) -> None:
        """Have asked the first at `started` already; what comes is to be told to `came`."""
        self._key = key
        self._started = started
        self._waiting = waiting

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

    def came(self, came: Came) -> None:
        """Go on with what came for the first datagram."""
        first, asker = self.ordered[0], self._asker
        if (
            type(came) is not Reply
            or self._waiting is None
            or came.rcode in asker.forwarding.failover
            or not first.is_enough(self._waiting, came, self._loop.time() - self._started)
        ):
            self._go_on(came)
            return
        outcome = foreign(self.asked, first.address, came)
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
