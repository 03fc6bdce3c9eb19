"""One resource of an API server, kept up to date through everything that goes wrong.

What to do next is decided in `course`, when in `pace`; requests are made in `reading`, and what
comes goes through `intake` to the sink. Here is what holds them together: one attempt after the
other for ever, every failure judged. Whatever happens, the sink keeps what it has.
"""

import asyncio
from collections import Counter
from random import Random

from svcdns.source.apiserver import requests
from svcdns.source.apiserver.auditor import Auditor
from svcdns.source.apiserver.course import ON, Course, Move, Verdict, Wait
from svcdns.source.apiserver.failure import RefusedError, RewoundError, UnreadableError
from svcdns.source.apiserver.intake import Intake
from svcdns.source.apiserver.observer import Observer, Reason
from svcdns.source.apiserver.pace import Pace
from svcdns.source.apiserver.parts import Parts
from svcdns.source.apiserver.protocol import (
    Connection,
    LostError,
    Resource,
    Sink,
    WatchExpiredError,
)
from svcdns.source.apiserver.reading import Reading, State
from svcdns.source.apiserver.standing import Standing

_LATE = 0.5
_EXPECTED = (LostError, WatchExpiredError, RefusedError, RewoundError, UnreadableError)


class Reflector:
    """Follows one resource."""

    def __init__(
        self,
        resource: Resource,
        connection: Connection,
        sink: Sink,
        observer: Observer,
        random: Random,
    ) -> None:
        """Begin with nothing.

        Args:
            resource: which objects.
            connection: the way to their API server; others may use it too.
            sink: gets the objects.
            observer: is told what happens.
            random: for pauses and the lengths of watches.
        """
        self.resource = resource
        self.counts: Counter[str] = Counter()
        """Requests by `Move`, events by type, and what was odd about them."""
        self._connection = connection
        self._course = course = Course()
        self._pace = Pace(random)
        self._standing = Standing(resource, observer)
        self._intake = Intake(resource, sink, observer, course, self.counts)
        parts = Parts(connection, resource, observer, course, self._intake, self._standing, random)
        self._auditor = Auditor(parts)
        self._reading = Reading(parts, self._auditor)
        self._server = connection.server
        self._interruption: asyncio.Timeout | None = None
        self._asked_at = 0.0

    @property
    def state(self) -> State:
        """What it is doing."""
        return self._reading.state

    @property
    def is_synced(self) -> bool:
        """Whether the sink has had a whole list."""
        return self._reading.is_synced

    @property
    def last_contact(self) -> float | None:
        """Loop time of the last octets of objects or bookmarks; None: there were none."""
        return self._reading.last_contact

    @property
    def resource_version(self) -> int:
        """Up to here everything has been taken in; 0: nothing has."""
        return self._course.version

    @property
    def is_forbidden(self) -> bool:
        """Whether a permission is missing."""
        return self._standing.is_forbidden

    @property
    def count(self) -> int:
        """How many objects the server has, those of no use to DNS among them."""
        return len(self._intake.collection)

    async def run(self) -> None:
        """Follow the resource for ever; only a bug or the end of the task ends it.

        It may be called again afterwards: it begins with a list.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow())
                group.create_task(self._auditor.run(self._pace, self._is_watching, self._interrupt))
        finally:
            self._reading.state = State.WAITING
            self._course.demand(Reason.BUG)

    async def _follow(self) -> None:
        while True:
            await self._obey(await self._attempt())

    async def _obey(self, verdict: Verdict) -> None:
        connection = self._connection
        self._reading.state = State.WAITING
        seconds = 0.0
        if verdict.wait is Wait.BACKOFF:
            seconds = self._pace.pause(verdict.at_least)
        elif verdict.wait is Wait.LONG:
            seconds = self._pace.long_pause()
        if verdict.forbidden:
            self._standing.forbid(verdict.forbidden, verdict.why)
        elif verdict.why:
            self._standing.lose(self._server, verdict.why, seconds)
        # Another reflector may have seen the same and moved on already.
        if verdict.goes_elsewhere and connection.server == self._server:
            connection.next_server()
        if verdict.renews:
            await connection.renew_credentials()
        if seconds:
            await asyncio.sleep(seconds)

    async def _attempt(self) -> Verdict:
        await self._pace.admit()
        move = self._course.move
        self.counts[move] += 1
        self._server = self._connection.server
        self._asked_at = asyncio.get_running_loop().time()
        interruption = asyncio.timeout(None)
        try:
            async with interruption:
                self._interruption = interruption
                return await self._reading.make(move)
        except TimeoutError:
            if interruption.expired():
                return ON  # by the auditor, who has changed the course
            return self._lose("nothing came for too long", is_silent=True)
        except _EXPECTED as error:
            return self._judge(error)
        finally:
            self._interruption = None

    def _judge(self, error: Exception) -> Verdict:
        course, now = self._course, asyncio.get_running_loop().time()
        match error:
            case LostError():
                is_silent = now - self._heard_at() >= self._silence_seconds() - _LATE
                return self._lose(str(error), is_silent=is_silent, is_refused=error.refused)
            case WatchExpiredError():
                return course.expired(str(error), now)
            case RefusedError():
                return course.refused(error.status, now, error.retry_seconds)
            case RewoundError():
                return course.rewound(now)
            case _:
                return course.unreadable(str(error))

    def _lose(self, why: str, *, is_silent: bool, is_refused: bool = False) -> Verdict:
        now = asyncio.get_running_loop().time()
        contact = self.last_contact
        return self._course.lost(
            why,
            now,
            is_silent=is_silent,
            is_refused=is_refused,
            has_answered=self._reading.has_answered,
            away_seconds=0.0 if contact is None else now - contact,
        )

    def _silence_seconds(self) -> float:
        if self._course.move is Move.WATCH:
            return requests.WATCH_SILENCE_SECONDS
        return requests.LIST_SILENCE_SECONDS

    def _heard_at(self) -> float:
        """Return when octets came, or when they could have come first."""
        return max(self._asked_at, self.last_contact or self._asked_at)

    def _is_watching(self) -> bool:
        return self.state is State.WATCHING

    def _interrupt(self) -> None:
        if self._interruption:
            self._interruption.reschedule(asyncio.get_running_loop().time())
