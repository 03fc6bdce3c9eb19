"""Answering a watch: which events, bookmarks and errors, and when; not yet their octets on a wire.

A watch that cannot keep up is ended; it never skips. One from the future is mute.

Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks" and
"Streaming lists"; behaviour recorded from kube-apiserver 1.37.2.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.fakeapi import refusals
from tests.support.fakeapi.calls import Call
from tests.support.fakeapi.collections import Document
from tests.support.fakeapi.faults import Fault, Site
from tests.support.fakeapi.lists import until_known
from tests.support.fakeapi.requests import Options
from tests.support.fakeapi.store import Event, Store, Version, octets_of

_BEFORE_DEADLINE_SECONDS = 2.0
"""A last bookmark comes so long before the watch ends by itself."""
_END_OF_INITIAL_EVENTS = {"k8s.io/initial-events-end": "true"}
_MOST_LATE_SECONDS = 5.0


@dataclass(frozen=True)
class Features:
    """What a server can do and how it does it; a test may choose."""

    watch_list: bool = True
    """Feature gate WatchList; off: 422."""
    old_etcd: bool = False
    """etcd cannot do what a WatchList needs: 200, then ERROR 500."""
    null_times: bool = False
    """Before 1.34 an empty object, such as a bookmark, says `creationTimestamp: null`."""
    allows_anonymous: bool = False
    """Whoever has a token that nobody knows is system:anonymous; else: 401."""
    bookmark_seconds: float = 60.0
    backlog: int = 1_000
    """Events that may wait for a slow client; one more ends its watch."""
    renews_leases: bool = True
    """As in every real cluster, the version rises all the time. Off: an idle cluster, without
    bookmarks, because one that says no more than where the watch began is not sent."""


class Line(NamedTuple):
    """One event as it will be sent."""

    type: str
    number: int
    """resourceVersion; 0 for an ERROR."""
    octets: bytes
    """JSON and the line feed."""
    is_initial: bool = False
    """Part of the state at the start, or the bookmark that ends it."""


class Watch:
    """One watch, its events in batches."""

    def __init__(self, store: Store, options: Options, call: Call, features: Features) -> None:
        self._clock = asyncio.get_running_loop().time
        self._store = store
        self._options = options
        self._call = call
        self._features = features
        self._history = store.histories[options.selection.collection.kind]
        without = () if options.initial_events else (Fault.IGNORED_WATCH_LIST,)
        self._fault = call.strike(Site.STREAM, without=without)
        seconds = options.timeout_seconds or call.random.uniform(1_800, 3_600)
        self._deadline = self._clock() + seconds
        self._next_bookmark = self._bookmark_time()
        self._late_until: float | None = None
        self._began = 0
        """The version that it showed at once; bookmarks say more, or are not sent."""
        self._at = 0
        """Events up to this version are dealt with."""
        self._shown = 0
        """The highest version that was sent."""
        self._ready: list[Line] = []
        """What is to be sent first."""
        self._is_over = False

    async def begin(self) -> None:
        """Take up a place in the history; the head of the response is sent after that.

        Raises:
            DroppedError: the connection was cut.
        """
        try:
            self._ready = await self._start()
        except refusals.Refused as refusal:
            self._ready = [error_line(refusal.document)]
            self._is_over = True

    async def lines(self) -> list[Line]:
        """Return the next lines that leave together; none: the watch has ended.

        Raises:
            DroppedError: the connection was cut.
        """
        lines, self._ready = self._ready, []
        while not (lines or self._is_over):
            lines = self._due()
            if not (lines or self._is_over):
                await self._call.wait(self._next_time())
        self._shown = max([self._shown, *(line.number for line in lines)])
        return lines

    async def _start(self) -> list[Line]:
        """Begin somewhere; return ADDED for everything there is, if that is wanted."""
        options = self._options
        wants_initial = options.initial_events
        if wants_initial and self._fault is Fault.IGNORED_WATCH_LIST:
            wants_initial = None
        if wants_initial:
            if self._features.old_etcd:
                raise refusals.no_progress_requests()
            await until_known(self._store, options.number, self._call)
        if wants_initial or (wants_initial is None and not options.number):
            self._begin(self._store.number)
            return [*self._state()]
        number = options.number or self._store.number
        if number < self._history.floor:
            raise refusals.expired_watch(number, self._history.floor)
        self._begin(number)
        self._began = max([number, *(event.number for event in self._history.since(number))])
        return []

    def _begin(self, number: int) -> None:
        self._began = self._at = self._shown = number

    def _state(self) -> Iterator[Line]:
        selection = self._options.selection
        found = [
            version
            for version in self._history.objects.values()
            if selection.takes(version.document)
        ]
        self._call.random.shuffle(found)
        for version in found:
            yield _line("ADDED", version, is_initial=True)
        is_marked = self._options.bookmarks and self._features.watch_list
        if is_marked and self._fault is not Fault.IGNORED_WATCH_LIST:
            yield self._bookmark(self._at, is_initial=True)

    def _due(self) -> list[Line]:
        """Return what can be sent now; find out whether the watch is over."""
        now = self._clock()
        events = self._history.since(self._at)
        is_behind = self._at < self._history.forgotten or len(events) > self._features.backlog
        if is_behind or now >= self._deadline or self._call.is_ended:
            self._is_over = True
            return []
        if self._fault is Fault.BOOKMARKS_ONLY:
            return self._bookmarks(now)
        if events and self._is_late(now):
            return []
        self._at = max(self._at, self._store.number)
        lines = [line for event in events if (line := self._event_line(event))]
        return lines or self._bookmarks(now)

    def _is_late(self, now: float) -> bool:
        """Return whether events have to wait, so that other resources overtake this one."""
        if self._fault is not Fault.LATE_STREAM:
            return False
        if self._late_until is None:
            self._late_until = now + self._call.random.uniform(0, _MOST_LATE_SECONDS)
        if now < self._late_until:
            return True
        self._late_until = None
        return False

    def _event_line(self, event: Event) -> Line | None:
        """Return an event as this watch sees it: what leaves the selection is deleted."""
        takes = self._options.selection.takes
        before = event.before if event.before and takes(event.before.document) else None
        after = event.after if event.after and takes(event.after.document) else None
        if after:
            return _line("MODIFIED" if before else "ADDED", after)
        return _line("DELETED", before.at(event.number)) if before else None

    def _bookmarks(self, now: float) -> list[Line]:
        if now < self._next_bookmark:
            return []
        self._next_bookmark = self._bookmark_time()
        if not self._options.bookmarks or self._fault is Fault.NO_BOOKMARKS:
            return []
        if self._features.renews_leases:
            self._store.tick()
        number = self._store.number
        if self._fault is Fault.BOOKMARKS_ONLY:
            number = self._shown
        elif number <= self._began:
            return []
        else:
            self._at = number
        if self._call.strike(Site.BOOKMARK) is Fault.LOWER_BOOKMARK:
            number = max(1, number - self._call.random.randint(1, 50))
        return [self._bookmark(number)]

    def _bookmark(self, number: int, *, is_initial: bool = False) -> Line:
        """Return a bookmark: an empty object of that version."""
        collection = self._options.selection.collection
        metadata: Document = {"resourceVersion": str(number)}
        if self._features.null_times:
            metadata["creationTimestamp"] = None
        if is_initial:
            metadata["annotations"] = _END_OF_INITIAL_EVENTS
        document = {
            "kind": collection.kind,
            "apiVersion": collection.api_version,
            "metadata": metadata,
            **collection.blank,
        }
        octets = line_octets("BOOKMARK", octets_of(document))
        return Line("BOOKMARK", number, octets, is_initial)

    def _bookmark_time(self) -> float:
        now = self._clock()
        last = self._deadline - _BEFORE_DEADLINE_SECONDS
        at = min(now + self._features.bookmark_seconds, last)
        return at if at > now else self._deadline

    def _next_time(self) -> float:
        # While events are late, bookmarks wait too: they would promise what was not sent.
        return min(self._deadline, self._late_until or self._next_bookmark)


def error_line(document: Document) -> Line:
    """Return an ERROR event; the watch ends behind it."""
    return Line("ERROR", 0, line_octets("ERROR", octets_of(document)))


def line_octets(kind: str, octets: bytes) -> bytes:
    """Return one line of a watch."""
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), octets)


def _line(kind: str, version: Version, *, is_initial: bool = False) -> Line:
    return Line(kind, version.number, line_octets(kind, version.octets), is_initial)
