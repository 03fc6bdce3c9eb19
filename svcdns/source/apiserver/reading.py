"""The four requests of a reflector being made, and what comes being taken in.

Until a list is whole nothing of it can be seen, then it replaces everything in one call;
afterwards each piece of a watch is one call. What fails is raised, and judged by `reflector`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum

from svcdns.cluster.envelope import Event, read_item
from svcdns.source.apiserver import requests
from svcdns.source.apiserver.auditor import Auditor
from svcdns.source.apiserver.course import ON, Move, Verdict
from svcdns.source.apiserver.failure import UnreadableError
from svcdns.source.apiserver.intake import Listing
from svcdns.source.apiserver.observer import Reason
from svcdns.source.apiserver.parts import Parts
from svcdns.source.apiserver.protocol import Query
from svcdns.source.apiserver.stream import EventStream, Oversized, WorkSlices

_EARLY_SECONDS = 5.0


class State(StrEnum):
    """What a reflector is doing; the values are good as labels of a metric."""

    LISTING = "listing"
    WATCHING = "watching"
    WAITING = "waiting"
    """For the time of the next attempt, or for a response."""


class Reading:
    """Reads what the server has of one resource."""

    def __init__(self, parts: Parts, auditor: Auditor) -> None:
        """Take what the reflector of the resource has."""
        self._parts = parts
        self._resource = parts.resource
        self._course = parts.course
        self._auditor = auditor
        self._slices = WorkSlices()
        self.state = State.WAITING
        self.is_synced = False
        """Whether the sink has had a whole list."""
        self.last_contact: float | None = None
        """Loop time of the last octets; None: never."""
        self.has_answered = False
        """Whether a response to the last request had begun."""

    async def make(self, move: Move) -> Verdict:
        """Make a request and read the response to its end.

        Raises:
            LostError, RefusedError, WatchExpiredError, UnreadableError, RewoundError: it failed.
            TimeoutError: a list was begun as a stream and does not go on.
        """
        course = self._course
        self.has_answered = False
        match move:
            case Move.STREAM:
                random = self._parts.random
                query = requests.streaming_list(self._resource, course.list_version, random)
                with self._listing() as listing:
                    return await self._watch(query, listing)
            case Move.LIST:
                with self._listing() as listing:
                    return await self._list(listing)
            case Move.PROBE:
                page = await self._auditor.ask()
                self._hear()
                self._regain("list")
                return course.probed(page.version, _now())
            case Move.WATCH:
                query = requests.watch(self._resource, course.version, self._parts.random)
                return await self._watch(query)

    @contextmanager
    def _listing(self) -> Iterator[Listing]:
        self.state = State.LISTING
        listing = self._parts.intake.begin_list(_now())
        self._parts.observer.list_begun(self._resource)
        try:
            yield listing
        finally:
            if not listing.version:
                self._parts.observer.list_over(self._resource)

    async def _list(self, listing: Listing) -> Verdict:
        version, token = await self._take_page(listing, "")
        while token:
            _, following = await self._take_page(listing, token)
            if following == token:
                raise UnreadableError("the same page of the list comes again and again")
            token = following
        listing.version = version
        self._replace(listing)
        return ON

    async def _take_page(self, listing: Listing, token: str) -> tuple[int, str]:
        """Take in one page; return its version and the token of the next."""
        resource, slices = self._resource, self._slices
        query = requests.page(resource, token=token)
        page = await requests.ask_page(self._parts.connection, resource, query)
        self._hear()
        self._regain("list")
        slices.begin()
        for item in page.items:
            listing.collection.take(read_item(item, resource.api_kind))
            await slices.rest()
        slices.end()
        return page.version, page.next

    async def _watch(self, query: Query, listing: Listing | None = None) -> Verdict:
        """Read a watch to its end; first a list, if it begins with one."""
        begun_at = _now()
        async with _unless_stuck(listing):
            reply = await requests.ask(
                self._parts.connection, self._resource, query, requests.WATCH_SILENCE_SECONDS
            )
        with closing(reply):
            self.has_answered = True
            self.last_contact = _now()  # and yet it may be mute
            if listing is None:
                self.state = State.WATCHING
            stream = EventStream(reply, self._resource.api_kind, self._slices)
            while True:
                async with _unless_stuck(listing):
                    events = await stream.receive()
                if events is None:
                    break
                self._hear()
                if events:
                    self._regain("watch")
                    listing = self._take(events, listing)
                if listing is None and stream.misses_deletion:
                    self._course.demand(Reason.GAP, is_trusted=True)
                if listing is None and self._course.relist:
                    return ON  # the auditor has found something, or something was left out
        seconds = _now() - begun_at
        is_early = stream.is_cut_off or seconds < requests.seconds_of(query) - _EARLY_SECONDS
        return self._course.ended(seconds, is_empty=not stream.count, is_early=is_early)

    def _take(self, events: list[Event | Oversized], listing: Listing | None) -> Listing | None:
        """Take in events; return the list if it is not whole yet."""
        self._slices.begin()
        if listing:
            events = listing.take(events)
            if listing.version:
                self._replace(listing)
                listing = None
        if listing is None:
            self._parts.intake.take(events)
            self._auditor.look()
        self._slices.end()
        return listing

    def _replace(self, listing: Listing) -> None:
        reason = self._course.relist or Reason.FIRST
        try:
            self._parts.intake.replace(listing)
        finally:
            self._parts.observer.list_over(self._resource)
        self._auditor.listed()
        count = len(self._parts.intake.collection)
        self._parts.observer.listed(self._resource, count, _now() - listing.begun_at)
        if self.is_synced:
            self._parts.observer.relisted(self._resource, reason)
        self.is_synced = True
        self.state = State.WATCHING

    def _regain(self, verb: str) -> None:
        self._parts.standing.regain(verb)
        self._course.permitted(verb)

    def _hear(self) -> None:
        self.last_contact = _now()
        self._course.heard()


def _unless_stuck(listing: Listing | None) -> asyncio.Timeout:
    """Return a limit for the next octets; a watch without a list has that of its connection."""
    return asyncio.timeout(None if listing is None else requests.LIST_SILENCE_SECONDS)


def _now() -> float:
    return asyncio.get_running_loop().time()
