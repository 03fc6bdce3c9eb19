"""What a client was shown, held against everything the server ever had.

    recorder = Recorder(api, sink)       # in the place of the sink
    ...
    recorder.check()                     # nothing was shown that may not be
    assert not recorder.differences(resource)

Looked for at every `apply` and `replace`: an object that goes back to an older version, one that
never was like this, a delete of an object that is not known or not deleted. A relist that loses
objects for a moment is such a delete. After `FakeApi.restore` versions of the new era follow
those of the old one, whatever their numbers.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.source.apiserver.protocol import Resource, Sink
from tests.support.fakeapi.api import FakeApi
from tests.support.fakeapi.collections import COLLECTIONS, Key
from tests.support.fakeapi.requests import Selection, selection_of
from tests.support.fakeapi.store import Entry

Moment = tuple[int, int]
"""Era and resourceVersion: what comes later is greater."""

_NEVER: Moment = (-1, -1)


class _Shown(NamedTuple):
    """What a client was shown last of one object."""

    value: Object | None
    at: Moment


class Recorder:
    """A `Sink` that remembers, complains and passes on."""

    def __init__(self, api: FakeApi, sink: Sink | None = None) -> None:
        self.violations: list[str] = []
        self.replaced = 0
        """Number of calls of `replace`."""
        self.applied = 0
        """Number of events."""
        self._api = api
        self._sink = sink
        self._shown: dict[Resource, dict[Key, _Shown]] = {}
        self._selections: dict[Resource, Selection] = {}

    def replace(self, resource: Resource, objects: Sequence[Object]) -> None:
        """Take all objects of a resource; see `protocol.Sink`."""
        self.replaced += 1
        self._shown.setdefault(resource, {})
        values = {value.key: value for value in objects}
        if len(values) < len(objects):
            self._complain(resource, "a list has an object twice")
        for key in self.objects(resource).keys() - values.keys():
            self._show(resource, key, None)
        for key, value in values.items():
            self._show(resource, key, value)
        if self._sink:
            self._sink.replace(resource, objects)

    def apply(self, resource: Resource, events: Sequence[WatchEvent]) -> None:
        """Take changes; see `protocol.Sink`."""
        self.applied += len(events)
        if resource not in self._shown:
            self._complain(resource, "changes before the first list")
        for event in events:
            if event.kind is not resource.kind:
                self._complain(resource, f"an event of a {event.kind.__name__}")
            if event.value is None and event.key not in self.objects(resource):
                self._delete_of_unknown(resource, event.key)
            self._show(resource, event.key, event.value)
        if self._sink:
            self._sink.apply(resource, events)

    def objects(self, resource: Resource) -> dict[Key, Object]:
        """Return what the client knows now."""
        shown = self._shown.get(resource, {})
        return {key: one.value for key, one in shown.items() if one.value is not None}

    def differences(self, resource: Resource) -> list[str]:
        """Return how the client differs from the server, a line for an object; none: equal."""
        wanted = self._api.values(
            resource.api_kind,
            label_selector=resource.label_selector,
            field_selector=resource.field_selector,
        )
        known = self.objects(resource)
        return [
            f"{_name(resource, key)}: {known.get(key)} instead of {wanted.get(key)}"
            for key in sorted(wanted.keys() | known.keys())
            if known.get(key) != wanted.get(key)
        ]

    def check(self) -> None:
        """Fail if anything was shown that may not be."""
        assert not self.violations, "\n".join(self.violations)

    def _show(self, resource: Resource, key: Key, value: Object | None) -> None:
        shown = self._shown.setdefault(resource, {})
        last = shown.get(key, _Shown(None, _NEVER))
        moments = self._moments(resource, key, value)
        place = bisect_left(moments, last.at)
        if place < len(moments):
            shown[key] = _Shown(value, moments[place])
            return
        shown[key] = _Shown(value, last.at)
        said = "deleted" if value is None else str(value)
        why = "goes back" if moments else "never was like this"
        self._complain(resource, f"{_name(resource, key)} {why}: {said} after {last.at}")

    def _moments(self, resource: Resource, key: Key, value: Object | None) -> list[Moment]:
        """Return when an object began to be like this, for a client with the selectors."""
        selection = self._selection(resource)
        entries = self._entries(resource, key)
        return [(entry.era, entry.number) for entry in entries if _value(entry, selection) == value]

    def _delete_of_unknown(self, resource: Resource, key: Key) -> None:
        # Of an object that cannot be used, a client need not know that it never had it.
        versions = (entry.version for entry in self._entries(resource, key))
        if all(version is None or version.value is not None for version in versions):
            self._complain(resource, f"{_name(resource, key)} is deleted and was not known")

    def _entries(self, resource: Resource, key: Key) -> list[Entry]:
        return self._api.store.journal.get((resource.api_kind, key), [])

    def _selection(self, resource: Resource) -> Selection:
        if resource not in self._selections:
            self._selections[resource] = selection_of(
                COLLECTIONS[resource.api_kind],
                "",
                resource.label_selector,
                resource.field_selector,
            )
        return self._selections[resource]

    def _complain(self, resource: Resource, what: str) -> None:
        self.violations.append(f"{resource.name} at version {self._api.version}: {what}")


def most_in_a_minute(times: Iterable[float]) -> int:
    """Return the largest number of moments that lie within 60 s of each other.

    For `[one.time for one in api.received if one.kind == "Service"]`.
    """
    ordered = sorted(times)
    return max(
        (
            place + 1 - bisect_right(ordered, time - 60, hi=place)
            for place, time in enumerate(ordered)
        ),
        default=0,
    )


def _value(entry: Entry, selection: Selection) -> Object | None:
    version = entry.version
    return version.value if version and selection.takes(version.document) else None


def _name(resource: Resource, key: Key) -> str:
    return f"{resource.api_kind} {'/'.join(key).lstrip('/')}"
