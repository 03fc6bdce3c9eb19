"""The current objects, every index over them, and what a batch of events changed.

Whoever answers reads here; only `apply` and `replace` write, in one go and without waiting, so
a reader sees the state before or after a batch and never between. Values are never altered:
an object that comes again unchanged is dropped and the old one kept, which makes a relist of
ten thousand objects that are the same cost no memory and cause no change.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Generic, TypeVar

from svcdns.cluster.change import Change, WatchEvent
from svcdns.cluster.index import FewByKey, SliceKeysByNetwork, has_address
from svcdns.cluster.model import EndpointSlice, Key, Namespace, Node, Object, Pod, Service
from svcdns.cluster.visible import is_visible

KINDS: tuple[type, ...] = (Namespace, Node, Service, EndpointSlice, Pod)
"""Every kind of object, in an order in which a first list makes sense."""

_RECENT = 512
"""Changes of Services and EndpointSlices that are remembered."""

T = TypeVar("T", Service, EndpointSlice, Pod, Namespace, Node)
A = TypeVar("A", Service, Pod)


class _ByName(Generic[T]):
    """Objects of one kind, by namespace and name; a namespace is there only with an object."""

    __slots__ = ("spaces",)

    def __init__(self) -> None:
        self.spaces: dict[str, dict[str, T]] = {}

    def get(self, namespace: str, name: str) -> T | None:
        space = self.spaces.get(namespace)
        return space.get(name) if space else None

    def set(self, key: Key, value: T | None) -> None:
        namespace, name = key
        if value is not None:
            self.spaces.setdefault(namespace, {})[name] = value
            return
        space = self.spaces[namespace]
        del space[name]
        if not space:
            del self.spaces[namespace]

    def difference(self, objects: Iterable[Object]) -> tuple[dict[Key, Object], list[Key]]:
        """Return what has to be set and what has to go, so that exactly `objects` are here.

        A list that comes again brings the very objects that are here, all but a few: those are
        told by their identity, in a third of the time that ten thousand keys would take.
        """
        arrived = list(objects)
        held_ids, arrived_ids = set(map(id, self)), set(map(id, arrived))
        latest = {value.key: value for value in arrived if id(value) not in held_ids}
        is_twice = len(held_ids & arrived_ids) + len(latest) < len(arrived)
        if is_twice or any(id(self.get(*key)) in arrived_ids for key in latest):
            latest = {value.key: value for value in arrived}  # the last of each counts
        gone = [value.key for value in self if id(value) not in arrived_ids]
        return latest, [key for key in gone if key not in latest]

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(map(dict.values, self.spaces.values()))

    def __len__(self) -> int:
        return sum(map(len, self.spaces.values()))


class State:
    """A cluster as far as it is known at this moment."""

    def __init__(self) -> None:
        self.synced = False
        """Whether the first list of every kind is in; whoever feeds the state sets it."""
        self.serial = 0
        """Unix seconds of the last change that answers can show; 0 before any, never less."""
        self._services = _ByName[Service]()
        self._slices = _ByName[EndpointSlice]()
        self._pods = _ByName[Pod]()
        self._namespaces = _ByName[Namespace]()
        self._nodes = _ByName[Node]()
        self._slices_by_service = FewByKey[Key, EndpointSlice](_name)
        self._services_by_address = FewByKey[bytes, Service](_key)
        self._services_from_outside = FewByKey[bytes, Service](_key)
        self._pods_by_address = FewByKey[bytes, Pod](_key)
        self._namespaces_by_service = FewByKey[str, str](str)
        self._slice_keys = SliceKeysByNetwork()
        self.changes = 0
        """Changes of Services and EndpointSlices so far; unlike the serial it misses none."""
        self._recent = deque[Change](maxlen=_RECENT)

    def apply(self, events: Iterable[WatchEvent], now: int) -> list[Change]:
        """Return what the events changed, in their order.

        Args:
            events: each says what one object is now; deleting an unknown object is nothing.
            now: Unix seconds, for the serial.
        """
        changes = []
        for kind, key, value in events:
            before = self._objects(kind).get(*key)
            if before is not value and before != value:
                self._set(kind, key, before, value)
                changes.append(Change(kind, key, before, value))
        if any(map(is_visible, changes)):
            self.serial = max(self.serial, now)
        noted = [change for change in changes if change.kind in (Service, EndpointSlice)]
        self.changes += len(noted)
        self._recent.extend(noted)
        return changes

    def replace(self, kind: type, objects: Iterable[Object], now: int) -> list[Change]:
        """Return what it changed that `objects` are now all objects of `kind`.

        An object that comes twice is as it came last. Those that are gone are deleted after
        the others were set, so that a Service is not without endpoints on the way.

        Args:
            kind: class in `cluster.model`.
            objects: the whole list.
            now: Unix seconds, for the serial.
        """
        latest, gone = self._objects(kind).difference(objects)
        events = [WatchEvent(kind, key, value) for key, value in latest.items()]
        return self.apply([*events, *(WatchEvent(kind, key, None) for key in gone)], now)

    def changes_since(self, count: int) -> list[Change] | None:
        """Return what has changed since `changes` was `count`; None if that is too long ago."""
        missed = self.changes - count
        if missed > len(self._recent):
            return None
        return [self._recent[-number] for number in range(missed, 0, -1)]

    @property
    def namespaces(self) -> Mapping[str, Namespace]:
        """The Namespaces by name, in no order."""
        return self._namespaces.spaces.get("", {})

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The Nodes by name, in no order."""
        return self._nodes.spaces.get("", {})

    @property
    def services(self) -> Iterable[Service]:
        """Every Service, in no order."""
        return self._services

    @property
    def endpoint_slices(self) -> Iterable[EndpointSlice]:
        """Every EndpointSlice, in no order."""
        return self._slices

    def objects(self, kind: type) -> Iterable[Object]:
        """Return every object of a kind, in no order."""
        return self._objects(kind)

    def service(self, namespace: str, name: str) -> Service | None:
        """Return the Service of that key."""
        return self._services.get(namespace, name)

    def services_in(self, namespace: str) -> Iterable[str]:
        """Return the names of the namespace's Services, in no order."""
        return self._services.spaces.get(namespace, {}).keys()

    def namespaces_of(self, service_name: str) -> tuple[str, ...]:
        """Return the namespaces that have a Service of that name, sorted."""
        return self._namespaces_by_service.get(service_name)

    def slices(self, namespace: str, service_name: str) -> tuple[EndpointSlice, ...]:
        """Return the slices that carry the Service's name, sorted by their own."""
        return self._slices_by_service.get((namespace, service_name))

    def services_at(self, address: bytes) -> tuple[Service, ...]:
        """Return the Services with that ClusterIP, sorted by key."""
        return self._services_by_address.get(address)

    def services_from_outside(self, address: bytes) -> tuple[Service, ...]:
        """Return the Services that are reached there from outside, sorted by key."""
        return self._services_from_outside.get(address)

    def slices_at(self, address: bytes) -> tuple[EndpointSlice, ...]:
        """Return the slices with an endpoint, ready or not, at that address, sorted by key."""
        spaces = self._slices.spaces
        found = [
            value
            for namespace, name in self._slice_keys.get(address)
            # Most have it nowhere, not even across two neighbours: that is a single search.
            if address in (value := spaces[namespace][name]).addresses
            and has_address(value, address)
        ]
        return tuple(sorted(found, key=_key) if len(found) > 1 else found)

    def pods_at(self, address: bytes) -> tuple[Pod, ...]:
        """Return the Pods with that address, sorted by key."""
        return self._pods_by_address.get(address)

    def pod(self, namespace: str, name: str) -> Pod | None:
        """Return the Pod of that key."""
        return self._pods.get(namespace, name)

    def count(self, kind: type) -> int:
        """Return how many objects of a kind there are."""
        return len(self._objects(kind))

    def _objects(
        self, kind: type
    ) -> (
        _ByName[Service]
        | _ByName[EndpointSlice]
        | _ByName[Pod]
        | _ByName[Namespace]
        | _ByName[Node]
    ):
        if kind is Service:
            return self._services
        if kind is EndpointSlice:
            return self._slices
        if kind is Pod:
            return self._pods
        if kind is Namespace:
            return self._namespaces
        if kind is Node:
            return self._nodes
        raise TypeError(f"{kind.__name__} is no kind of cluster object")

    def _set(self, kind: type, key: Key, before: Object | None, after: Object | None) -> None:
        if kind is Service:
            self._set_service(key, _only(Service, before), _only(Service, after))
        elif kind is EndpointSlice:
            self._set_slice(key, _only(EndpointSlice, before), _only(EndpointSlice, after))
        elif kind is Pod:
            self._set_pod(key, _only(Pod, before), _only(Pod, after))
        elif kind is Namespace:
            self._namespaces.set(key, _only(Namespace, after))
        else:
            self._nodes.set(key, _only(Node, after))

    def _set_service(self, key: Key, before: Service | None, after: Service | None) -> None:
        self._services.set(key, after)
        _follow_addresses(self._services_by_address, before, after)
        if before is not None:
            for address in before.outside:
                self._services_from_outside.discard(address, before)
        if after is not None:
            for address in after.outside:
                self._services_from_outside.add(address, after)
        namespace, name = key
        if before is None:
            self._namespaces_by_service.add(name, namespace)
        elif after is None:
            self._namespaces_by_service.discard(name, namespace)

    def _set_slice(
        self, key: Key, before: EndpointSlice | None, after: EndpointSlice | None
    ) -> None:
        self._slices.set(key, after)
        self._slice_keys.change(key, before, after)
        if before is not None:
            self._slices_by_service.discard((before.namespace, before.service), before)
        if after is not None:
            self._slices_by_service.add((after.namespace, after.service), after)

    def _set_pod(self, key: Key, before: Pod | None, after: Pod | None) -> None:
        self._pods.set(key, after)
        _follow_addresses(self._pods_by_address, before, after)


def _follow_addresses(index: FewByKey[bytes, A], before: A | None, after: A | None) -> None:
    if before is not None:
        for address in set(before.addresses):
            index.discard(address, before)
    if after is not None:
        for address in set(after.addresses):
            index.add(address, after)


def _only(kind: type[T], value: Object | None) -> T | None:
    return value if isinstance(value, kind) else None


def _key(value: Object) -> Key:
    return value.key


def _name(value: EndpointSlice) -> str:
    return value.name
