"""The two shapes of index: one key for few values, and packed addresses by network.

Both hold what most keys need in the least room: nearly every ClusterIP is one Service's and
nearly every Service has one slice, so a single value stands alone, without a container.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from svcdns.cluster.model import EndpointSlice, Key

K = TypeVar("K")
V = TypeVar("V")

# The last octet of an address, as the last of its network.
_QUARTERS = tuple(bytes([octet & 0xC0]) for octet in range(256))


class _Comparable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


class FewByKey(Generic[K, V]):
    """Sorted values by key.

    A value may not be a tuple: a tuple is what several values are kept in.
    """

    __slots__ = ("_order", "_values")

    def __init__(self, order: Callable[[V], _Comparable]) -> None:
        self._values: dict[K, V | tuple[V, ...]] = {}
        self._order = order

    def get(self, key: K) -> tuple[V, ...]:
        """Return the values of `key` in order; empty when there are none."""
        found = self._values.get(key, ())
        return found if isinstance(found, tuple) else (found,)

    def add(self, key: K, value: V) -> None:
        """Put a value at its place among those of `key`."""
        values = list(self.get(key))
        insort(values, value, key=self._order)
        self._values[key] = tuple(values) if len(values) > 1 else value

    def discard(self, key: K, value: V) -> None:
        """Take a value away; nothing happens when it is not there."""
        rest = tuple([other for other in self.get(key) if other is not value and other != value])
        if len(rest) > 1:
            self._values[key] = rest
        elif rest:
            self._values[key] = rest[0]
        else:
            self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)


class SliceKeysByNetwork:
    """Which slices may hold an address: those with any address in its network.

    A network is a /26 or an IPv6 /122. The Pods of a node lie in a few of them, and one
    reference a slice and network is a tenth of what an entry an address would take. Who looks
    up reads the columns of the slices that are named: at 150,000 endpoints on 1,000 nodes those
    are about 40. A /24 would save a third of the octets and make it 150.
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        # A single key stands alone: a tuple, where several are a list.
        self._keys: dict[bytes, Key | list[Key]] = {}

    def get(self, address: bytes) -> Sequence[Key]:
        """Return the keys of the slices with an address in the network of `address`."""
        found = self._keys.get(address[:-1] + _QUARTERS[address[-1]], ()) if address else ()
        return (found,) if isinstance(found, tuple) and found else found

    def change(self, key: Key, before: EndpointSlice | None, after: EndpointSlice | None) -> None:
        """Follow one slice: its readiness may flip without touching anything here."""
        if before is not None and after is not None:
            same_width = before.width == after.width
            if same_width and before.addresses == after.addresses:
                return
        old = _networks(before) if before is not None else frozenset[bytes]()
        new = _networks(after) if after is not None else frozenset[bytes]()
        for network in old - new:
            self._discard(network, key)
        for network in new - old:
            self._add(network, key)

    def _add(self, network: bytes, key: Key) -> None:
        found = self._keys.get(network)
        if found is None:
            self._keys[network] = key
        elif isinstance(found, tuple):
            self._keys[network] = [found, key]
        else:
            found.append(key)

    def _discard(self, network: bytes, key: Key) -> None:
        found = self._keys[network]
        if isinstance(found, tuple):
            del self._keys[network]
        else:
            found.remove(key)
            if len(found) == 1:
                self._keys[network] = found[0]

    def __len__(self) -> int:
        return len(self._keys)


def has_address(candidate: EndpointSlice, address: bytes) -> bool:
    """Return whether one of the slice's addresses is `address`."""
    return next(candidate.indexes_of(address), None) is not None


def _networks(value: EndpointSlice) -> frozenset[bytes]:
    width, column = value.width, value.addresses
    if not width:
        return frozenset()
    ends = range(width - 1, len(column), width)
    return frozenset([column[end - width + 1 : end] + _QUARTERS[column[end]] for end in ends])
