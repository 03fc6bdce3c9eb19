"""The objects of one resource as the API server has them, as compact values.

The state of the cluster has the same values; they are here once more, by reference, for three
things that only a reflector knows: a list that comes again keeps the objects that have not
changed, so that it costs no memory on the way; an object that cannot be read any more keeps
what was known of it, through a list too; and how many objects the server has, those of no use
to DNS among them, is what an audit compares. That costs some forty octets an object.
"""

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.envelope import DELETED, ObjectEvent, UnusableEvent
from svcdns.cluster.model import Key, Object
from svcdns.cluster.object_error import ObjectError
from svcdns.source.apiserver.observer import Observer
from svcdns.source.apiserver.protocol import Resource


class Collection:
    """What the server has after the events that were taken in."""

    def __init__(
        self, resource: Resource, observer: Observer, previous: "Collection | None" = None
    ) -> None:
        """Begin with nothing.

        Args:
            resource: of what.
            observer: is told of objects that cannot be used.
            previous: what was known before this list; equal values are taken from there.
        """
        self._resource = resource
        self._observer = observer
        self._previous = previous
        self._spaces: dict[str, dict[str, Object | None]] = {}
        """By namespace and name; None: it exists, and DNS has no use for it."""
        self._unusable: dict[Key, str] = {}
        """Objects that cannot be read, and what was said about each."""
        self._size = 0
        self.has_gaps = False
        """Whether something was left out that has no name, so that nothing can be counted."""

    def __len__(self) -> int:
        return self._size

    def values(self) -> list[Object]:
        """Return the objects that are of use."""
        spaces = self._spaces.values()
        return [value for space in spaces for value in space.values() if value is not None]

    def known(self, key: Key) -> Object | None:
        """Return what is known of an object, by this list or from before it."""
        if self._previous and not self._has(key):
            return self._previous.known(key)
        namespace, name = key
        return self._spaces.get(namespace, {}).get(name)

    def complaint(self, key: Key) -> str:
        """Return why an object cannot be used, by this list or from before it; empty: it can."""
        if self._previous and not self._has(key):
            return self._previous.complaint(key)
        return self._unusable.get(key, "")

    def forget_previous(self) -> None:
        """Let go of what was known before, now that the list is whole."""
        self._previous = None

    def leave_out(self, problem: ObjectError | str) -> None:
        """Tell of an object that has no name for us."""
        self.has_gaps = True
        self._observer.rejected(self._resource, problem)

    def take(self, event: ObjectEvent | UnusableEvent) -> WatchEvent | None:
        """Return what an event changes; None: nothing."""
        if isinstance(event, UnusableEvent):
            self._keep(event)
            return None
        key, value = event.key, event.value
        if event.type == DELETED:
            return self._remove(key)
        before = self.known(key)
        if value is not None and value == before:
            value = before
        else:
            self._report_flaws(event)
        self._set(key, value)
        self._unusable.pop(key, None)
        return None if value is before else WatchEvent(self._resource.kind, key, value)

    def _has(self, key: Key) -> bool:
        namespace, name = key
        return name in self._spaces.get(namespace, ())

    def _set(self, key: Key, value: Object | None) -> None:
        namespace, name = key
        if value is not None:
            # Strings of the value, which are shared; those of the key would be kept beside them.
            namespace, name = value.key
        space = self._spaces.setdefault(namespace, {})
        if name not in space:
            self._size += 1
        space[name] = value

    def _remove(self, key: Key) -> WatchEvent | None:
        namespace, name = key
        self._unusable.pop(key, None)
        space = self._spaces.get(namespace, {})
        if name not in space:
            return None
        value = space.pop(name)
        self._size -= 1
        if not space:
            del self._spaces[namespace]
        return None if value is None else WatchEvent(self._resource.kind, key, None)

    def _keep(self, event: UnusableEvent) -> None:
        key, text = event.key, str(event.error)
        if key is None:
            self.leave_out(event.error)
            return
        if self.complaint(key) != text:
            self._observer.rejected(self._resource, event.error)
        self._unusable[key] = text
        self._set(key, self.known(key))

    def _report_flaws(self, event: ObjectEvent) -> None:
        namespace, name = event.key
        for flaw in event.flaws:
            where = (self._resource.api_kind, namespace, name, flaw.field)
            self._observer.reduced(self._resource, ObjectError(*where, flaw.problem))
