"""What the fake's etcd and watch cache hold: every object, one resource version, some history.

One counter numbers all writes in all collections. Each collection keeps its latest events; a
watch can start from any version that is still covered, a list can be of any version that is
still known. `journal` forgets nothing: it is for those who check what a client was shown.

Source: Kubernetes API concepts, "Resource versions".
"""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from svcdns.cluster.model import Object
from svcdns.cluster.object_error import ObjectError
from svcdns.cluster.parse import Skipped, parse
from tests.support.fakeapi.collections import COLLECTIONS, Collection, Document, Key
from tests.support.fakeapi.objects import dress
from tests.support.fakeapi.pulse import Pulse


def octets_of(document: Mapping[str, Any]) -> bytes:
    """Return JSON as the API server writes it, on one line."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, eq=False)
class Version:
    """One object as it was from one resource version on."""

    collection: Collection
    key: Key
    number: int
    """Its resourceVersion."""
    document: Document

    @cached_property
    def octets(self) -> bytes:
        """JSON, as a watch sends it."""
        return octets_of(self.document)

    @cached_property
    def item(self) -> bytes:
        """JSON, as a list sends it: without kind and version."""
        known = ("kind", "apiVersion")
        return octets_of({name: part for name, part in self.document.items() if name not in known})

    @cached_property
    def value(self) -> Object | None:
        """What svcdns makes of it; None: nothing, because it cannot be used or is not needed."""
        try:
            parsed = parse(self.octets, self.collection.kind)
        except ObjectError:
            return None
        return None if isinstance(parsed, Skipped) else parsed.value

    def at(self, number: int) -> "Version":
        """Return the same content with another resourceVersion, as a DELETED event has it."""
        metadata = {**self.document["metadata"], "resourceVersion": str(number)}
        return Version(self.collection, self.key, number, {**self.document, "metadata": metadata})


class Event(NamedTuple):
    """One write."""

    number: int
    key: Key
    before: Version | None
    after: Version | None
    """None: deleted."""


class Entry(NamedTuple):
    """One line of the journal: what an object was from then on."""

    era: int
    """Goes up when the store is restored from a backup: versions start again from there."""
    number: int
    version: Version | None


class Backup(NamedTuple):
    """The store as it once was."""

    number: int
    objects: Mapping[str, Mapping[Key, Version]]


class ForgottenError(Exception):
    """That version is no longer known."""


@dataclass
class History:
    """One collection."""

    objects: dict[Key, Version] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    floor: int = 0
    """A watch can start here or later."""
    forgotten: int = 0
    """Number of the last event that is no longer in `events`."""

    def since(self, number: int) -> list[Event]:
        """Return the events after that version."""
        return self.events[bisect_right(self.events, number, key=attrgetter("number")) :]

    def forget(self, number: int) -> None:
        """Drop events up to that version, and refuse watches from before it."""
        kept = self.since(number)
        if len(kept) < len(self.events):
            self.forgotten = self.events[-len(kept) - 1].number
        self.events = kept
        self.floor = max(self.floor, number)


class Store:
    """All collections."""

    def __init__(self, *, history: int = 10_000) -> None:
        self.number = 1_000
        """The resource version: of the last write."""
        self.era = 0
        self.compacted = 0
        """Versions before this one cannot be listed any more."""
        self.pulse = Pulse()
        self.histories = {kind: History() for kind in COLLECTIONS}
        self.journal: dict[tuple[str, Key], list[Entry]] = {}
        self._history = history

    def put(self, document: Mapping[str, Any]) -> Version:
        """Create an object or replace it; one that stays as it was is not written."""
        collection = COLLECTIONS[document["kind"]]
        key = collection.key(document)
        before = self.histories[collection.kind].objects.get(key)
        old = before.document if before else None
        if before and dress(dict(document), collection, old, before.number) == old:
            return before
        number = self.number + 1
        version = Version(collection, key, number, dress(dict(document), collection, old, number))
        self._write(collection.kind, Event(number, key, before, version))
        return version

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object that exists."""
        before = self.histories[kind].objects[namespace, name]
        self._write(kind, Event(self.number + 1, before.key, before, None))

    def tick(self, times: int = 1) -> None:
        """Let the version rise by writes to collections that nobody here watches."""
        self.number += times
        self.pulse.beat()

    def compact(self) -> None:
        """Forget all history: older watches get 410, older versions and pages too."""
        self.compacted = self.number
        for history in self.histories.values():
            history.forget(self.number)
        self.pulse.beat()

    def backup(self) -> Backup:
        """Return the present, for `restore`."""
        return Backup(self.number, {kind: dict(h.objects) for kind, h in self.histories.items()})

    def restore(self, backup: Backup, *, overtaking: bool = False) -> None:
        """Be again as at the backup, with its version: time goes backwards for clients.

        Args:
            backup: the state to go back to.
            overtaking: other collections are written to until the version is higher than it
                was before, so that nobody can tell by it.
        """
        highest = self.number
        self.era += 1
        self.number = self.compacted = backup.number
        for kind, history in self.histories.items():
            history.objects = dict(backup.objects[kind])
            history.events = []
            history.floor = history.forgotten = backup.number
        for (kind, key), entries in self.journal.items():
            version = self.histories[kind].objects.get(key)
            number = version.number if version else backup.number
            entries.append(Entry(self.era, number, version))
        if overtaking:
            self.number = max(self.number, highest) + 10
        self.pulse.beat()

    def forget_events(self) -> None:
        """Be as after a restart: older watches get 410, lists of older versions work."""
        for history in self.histories.values():
            history.floor = self.number
        self.pulse.beat()

    def at(self, kind: str, number: int) -> dict[Key, Version]:
        """Return a collection as it was at a version.

        Raises:
            ForgottenError: too long ago.
        """
        history = self.histories[kind]
        if number < max(self.compacted, history.forgotten):
            raise ForgottenError
        objects = dict(history.objects)
        for event in reversed(history.since(number)):
            if event.before:
                objects[event.key] = event.before
            else:
                del objects[event.key]
        return objects

    def _write(self, kind: str, event: Event) -> None:
        history = self.histories[kind]
        self.number = event.number
        if event.after:
            history.objects[event.key] = event.after
        else:
            del history.objects[event.key]
        history.events.append(event)
        if len(history.events) > self._history:
            history.forget(history.events[-self._history - 1].number)
        entries = self.journal.setdefault((kind, event.key), [])
        entries.append(Entry(self.era, event.number, event.after))
        self.pulse.beat()
