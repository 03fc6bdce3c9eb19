"""Events reach the sink in one call, rising; what ends a watch ends it behind what came before."""

from collections import Counter
from collections.abc import Sequence

import pytest

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.envelope import (
    ADDED,
    DELETED,
    MODIFIED,
    BookmarkEvent,
    Event,
    ObjectEvent,
    Status,
    UnknownEvent,
    UnusableEvent,
)
from svcdns.cluster.model import Object, Service
from svcdns.cluster.object_error import ObjectError
from svcdns.source.apiserver.audit import Audit
from svcdns.source.apiserver.course import Course
from svcdns.source.apiserver.failure import RefusedError, RewoundError
from svcdns.source.apiserver.intake import Intake
from svcdns.source.apiserver.protocol import Resource, WatchExpiredError
from svcdns.source.apiserver.resources import SERVICES
from svcdns.source.apiserver.stream import Oversized
from tests.support.followed import Notes

TROUBLE = ObjectError("Service", "shop", "web", "spec", "is odd")


class Calls:
    """A `Sink` that remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[object]]] = []

    def replace(self, resource: Resource, objects: Sequence[Object]) -> None:
        assert resource == SERVICES
        self.calls.append(("replace", [*objects]))

    def apply(self, resource: Resource, events: Sequence[WatchEvent]) -> None:
        assert resource == SERVICES
        self.calls.append(("apply", [one.value or one.key for one in events]))


class Way:
    """An intake and both its ends."""

    def __init__(self, version: int = 10) -> None:
        self.sink, self.notes, self.counts = Calls(), Notes(), Counter[str]()
        self.course = Course()
        self.course.listed(version)
        self.intake = Intake(SERVICES, self.sink, self.notes, self.course, self.counts)


def service(name: str = "web", kind: str = "ClusterIP") -> Service:
    return Service("shop", name, kind)


def event(version: int, value: Service, event_type: str = MODIFIED) -> ObjectEvent:
    gone = event_type == DELETED
    return ObjectEvent(event_type, version, value.key, None if gone else value)


def bookmark(version: int) -> BookmarkEvent:
    return BookmarkEvent(version, ends_list=False)


def test_what_came_together_is_given_together() -> None:
    way = Way()

    way.intake.take([event(11, service()), bookmark(12), event(13, service("api"))])

    assert way.sink.calls == [("apply", [service(), service("api")])]
    assert way.course.version == 13
    assert [told.how for told in way.notes.of("applied")] == [(2, ())]


def test_what_changes_nothing_is_not_given() -> None:
    way = Way()
    way.intake.take([event(11, service())])

    way.intake.take([event(12, service()), event(13, service("gone"), DELETED)])

    assert len(way.sink.calls) == 1
    assert way.counts["unchanged"] == 2
    assert way.course.version == 13


@pytest.mark.parametrize("version", [9, 10])
def test_an_event_that_is_not_newer_is_dropped(version: int) -> None:
    way = Way()

    way.intake.take([event(version, service())])

    assert way.sink.calls == []
    assert way.counts["repeated"] == 1
    assert way.course.version == 10


def test_an_older_bookmark_ends_the_watch_behind_what_came_before() -> None:
    way = Way()

    with pytest.raises(RewoundError):
        way.intake.take([event(12, service()), bookmark(11), event(13, service("api"))])

    assert way.sink.calls == [("apply", [service()])]


def test_a_bookmark_without_a_version_says_nothing() -> None:
    way = Way()

    way.intake.take([bookmark(0)])

    assert way.course.version == 10


@pytest.mark.parametrize(
    ("status", "error"), [(Status(410), WatchExpiredError), (Status(500), RefusedError)]
)
def test_an_error_ends_the_watch_behind_what_came_before(
    status: Status, error: type[Exception]
) -> None:
    way = Way()

    with pytest.raises(error):
        way.intake.take([event(12, service()), status])

    assert way.sink.calls == [("apply", [service()])]


def test_trigger_times_are_told_with_the_changes() -> None:
    way = Way()
    timed = event(11, service())._replace(trigger_time="2026-01-01T00:00:00Z")

    way.intake.take([timed, timed._replace(version=12)])

    assert way.notes.first("applied") == (1, ("2026-01-01T00:00:00Z",))


@pytest.mark.parametrize(
    ("odd", "version"),
    [
        pytest.param(UnknownEvent("SYNC", 11), 11, id="type"),
        pytest.param(UnknownEvent("SYNC", 3), 10, id="older type"),
        pytest.param(UnusableEvent(ADDED, 11, ("shop", "web"), TROUBLE), 11, id="object"),
        pytest.param(UnusableEvent(ADDED, 0, None, TROUBLE), 10, id="nameless object"),
        pytest.param(Oversized(40 << 20, b"{"), 10, id="oversized line"),
    ],
)
def test_what_cannot_be_used_is_told_and_the_watch_goes_on(
    odd: Event | Oversized, version: int
) -> None:
    way = Way()

    way.intake.take([odd, event(20, service("api"))])

    assert len(way.notes.of("rejected")) == 1
    assert way.sink.calls == [("apply", [service("api")])]
    way.intake.take([])
    assert way.course.version == 20
    assert version <= 20


def test_an_object_that_becomes_too_long_keeps_what_was_known_through_a_watch_and_a_list() -> None:
    way = Way()
    way.intake.take([event(11, service())])
    long = UnusableEvent(MODIFIED, 0, ("shop", "web"), TROUBLE)

    way.intake.take([long])
    listing = way.intake.begin_list(0.0)
    listing.take([long._replace(type=ADDED), BookmarkEvent(20, ends_list=True)])
    way.intake.replace(listing)

    assert way.sink.calls == [("apply", [service()]), ("replace", [service()])]
    assert len(way.notes.of("rejected")) == 1


def test_an_unknown_type_is_told_once() -> None:
    way = Way()

    way.intake.take([UnknownEvent("SYNC", 11), UnknownEvent("SYNC", 12)])

    assert len(way.notes.of("rejected")) == 1
    assert way.counts["unknown"] == 2


def test_an_audit_is_told_how_far_the_watch_has_come() -> None:
    way = Way()
    way.intake.audit = audit = Audit(10, 0)
    audit.answer(12, 1)

    way.intake.take([event(11, service(), ADDED), bookmark(12)])

    assert audit.surplus == 0


def test_a_list_is_seen_when_it_is_whole() -> None:
    way = Way()
    way.intake.take([event(11, service("old"))])
    listing = way.intake.begin_list(0.0)

    assert listing.take([event(3, service()), event(2, service("api"), ADDED)]) == []
    assert len(way.sink.calls) == 1
    rest = listing.take([BookmarkEvent(20, ends_list=True), event(21, service("new"))])
    way.intake.replace(listing)
    way.intake.take(rest)

    assert way.sink.calls[1:] == [
        ("replace", [service(), service("api")]),
        ("apply", [service("new")]),
    ]
    assert way.course.version == 21


def test_what_is_deleted_while_a_list_comes_in_is_not_in_it() -> None:
    way = Way()
    listing = way.intake.begin_list(0.0)

    listing.take([event(3, service(), ADDED), event(11, service(), DELETED)])
    listing.take([BookmarkEvent(20, ends_list=True)])
    way.intake.replace(listing)

    assert way.sink.calls == [("replace", [])]


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (Status(500), RefusedError),
        (Status(410), WatchExpiredError),
        (bookmark(12), RefusedError),
    ],
)
def test_a_list_that_does_not_become_whole_is_nothing(last: Event, error: type[Exception]) -> None:
    way = Way()
    listing = way.intake.begin_list(0.0)

    with pytest.raises(error):
        listing.take([event(3, service(), ADDED), last])

    assert way.sink.calls == []
    assert listing.version == 0


def test_what_is_odd_in_a_list_is_told_and_the_list_goes_on() -> None:
    way = Way()
    listing = way.intake.begin_list(0.0)

    listing.take([Oversized(40 << 20, b"{"), UnknownEvent("SYNC", 5)])
    listing.take([UnusableEvent(ADDED, 3, ("shop", "web"), TROUBLE), event(3, service("api"))])
    listing.take([BookmarkEvent(20, ends_list=True)])
    way.intake.replace(listing)

    assert len(way.notes.of("rejected")) == 2
    assert way.sink.calls == [("replace", [service("api")])]
    assert way.intake.collection.has_gaps
