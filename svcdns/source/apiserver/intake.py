"""What came from the API server, on its way into the sink.

Here is the guard that makes resource versions rise: an event that is not newer than what was
taken in already is a repetition after a reconnect and is dropped; a bookmark that is older says
that the server's history is another one.
"""

from collections import Counter
from collections.abc import Iterable

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.envelope import (
    BookmarkEvent,
    Event,
    ObjectEvent,
    Status,
    UnknownEvent,
    UnusableEvent,
)
from svcdns.source.apiserver.audit import Audit
from svcdns.source.apiserver.collection import Collection
from svcdns.source.apiserver.course import Course
from svcdns.source.apiserver.failure import RefusedError, RewoundError
from svcdns.source.apiserver.observer import Observer
from svcdns.source.apiserver.protocol import Resource, Sink
from svcdns.source.apiserver.requests import checked
from svcdns.source.apiserver.stream import Oversized


class Intake:
    """The way of one resource into its sink."""

    def __init__(
        self,
        resource: Resource,
        sink: Sink,
        observer: Observer,
        course: Course,
        counts: Counter[str],
    ) -> None:
        """Begin with nothing.

        Args:
            resource: of what.
            sink: where objects go.
            observer: is told of what cannot be used.
            course: whose version rises here.
            counts: of events by their type, and of those that changed nothing.
        """
        self._resource = resource
        self._sink = sink
        self._observer = observer
        self._course = course
        self._counts = counts
        self.collection = Collection(resource, observer)
        self.audit: Audit | None = None
        """Is told how far the watch has come."""

    def begin_list(self, now: float) -> "Listing":
        """Return a list that is to come in; nothing of it is seen before `replace`."""
        return Listing(Collection(self._resource, self._observer, self.collection), now)

    def replace(self, listing: "Listing") -> None:
        """Give a whole list to the sink, and go on from its version."""
        self.audit = None
        listing.collection.forget_previous()
        self.collection = listing.collection
        self._sink.replace(self._resource, self.collection.values())
        self._course.listed(listing.version)

    def take(self, events: Iterable[Event | Oversized]) -> None:
        """Give what the events change to the sink, in one call.

        Raises:
            RefusedError: the server ends the watch; what stood before that was given.
            WatchExpiredError: the same, because the history is gone.
            RewoundError: the same, because the version went backwards.
        """
        changes: list[WatchEvent] = []
        times: list[str] = []
        try:
            for event in events:
                if isinstance(event, ObjectEvent):
                    change = self._change(event)
                    if change:
                        changes.append(change)
                        if event.trigger_time:
                            times.append(event.trigger_time)
                else:
                    self._take_other(event)
        finally:
            if changes:
                self._sink.apply(self._resource, changes)
                self._observer.applied(self._resource, len(changes), tuple(times))

    def _change(self, event: ObjectEvent | UnusableEvent) -> WatchEvent | None:
        version = event.version
        self._counts[event.type] += 1
        if 0 < version <= self._course.version:
            self._counts["repeated"] += 1
            return None
        # Without a version it cannot be told from a repetition, but it was the server's turn.
        change = self.collection.take(event)
        if change is None:
            self._counts["unchanged"] += 1
        self._advance(max(version, self._course.version))
        return change

    def _take_other(self, event: Event | Oversized) -> None:
        match event:
            case UnusableEvent():
                self._counts["unusable"] += 1
                self._change(event)
            case BookmarkEvent(version):
                self._counts["BOOKMARK"] += 1
                if version:
                    self._bookmark(version)
            case UnknownEvent(event_type, version):
                if not self._counts["unknown"]:
                    self._observer.rejected(self._resource, f"event of unknown type {event_type!r}")
                self._counts["unknown"] += 1
                self._advance(max(version, self._course.version))
            case Oversized():
                self._counts["unusable"] += 1
                self.collection.leave_out(str(event))
            case Status():
                raise checked(event)

    def _bookmark(self, version: int) -> None:
        if version < self._course.version:
            raise RewoundError
        self._advance(version)

    def _advance(self, version: int) -> None:
        self._course.version = version
        self._course.understood()
        if self.audit:
            self.audit.note(version, len(self.collection))


class Listing:
    """A list that comes in, streamed or in pages."""

    def __init__(self, collection: Collection, begun_at: float) -> None:
        """Begin with a collection that has nothing yet.

        Args:
            collection: gets the objects.
            begun_at: loop time.
        """
        self.collection = collection
        self.begun_at = begun_at
        self.version = 0
        """Of the whole list; 0: it is not whole yet."""

    def take(self, events: list[Event | Oversized]) -> list[Event | Oversized]:
        """Take in events of a streaming list; return those behind its end.

        Raises:
            RefusedError: the server ends it, or does not mark where the list ends.
            WatchExpiredError: the version that was asked for is gone.
        """
        for place, event in enumerate(events, 1):
            match event:
                case ObjectEvent() | UnusableEvent():
                    self.collection.take(event)
                case BookmarkEvent(version, ends_list=True) if version:
                    self.version = version
                    return events[place:]
                case BookmarkEvent():
                    # It did not understand what was asked for, and the end would never come.
                    raise RefusedError(Status(400, "", "the end of the list is not marked"))
                case Oversized():
                    self.collection.leave_out(str(event))
                case Status():
                    raise checked(event)
        return []
