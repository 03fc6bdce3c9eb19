"""Mappings and sets that never change, and of which a slightly different one costs little.

They are kept in parts. Another one shares every part in which nothing differs: making it takes
the time of the parts that do, and so does finding out what differs.

Which part something is in follows from its last octets, so that the order is the same in each
run. Addresses and ports are given out one after the other, which spreads them evenly.
"""

from collections.abc import Iterable, Iterator, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Self, TypeVar

from svcdns.proxy.model import VirtualKey

_PARTS = 256

K = TypeVar("K", VirtualKey, bytes)
V = TypeVar("V")


def _part_of(key: VirtualKey | bytes) -> int:
    if isinstance(key, bytes):
        return key[-1]
    return (key.address[-1] + key.port) % _PARTS


class Parted(Mapping[K, V]):
    """A mapping in parts."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        """Begin with nothing; `but` leads to others."""
        self._parts: tuple[dict[K, V], ...] = ({},) * _PARTS

    def but(self, changes: Mapping[K, V | None]) -> Self:
        """Return the same but for these: a value is set, None takes the key out."""
        parts = list(self._parts)
        by_part: dict[int, list[K]] = {}
        for key in changes:
            by_part.setdefault(_part_of(key), []).append(key)
        for at, keys in by_part.items():
            part = dict(parts[at])
            for key in keys:
                value = changes[key]
                if value is None:
                    part.pop(key, None)
                else:
                    part[key] = value
            parts[at] = part
        made = self.__class__()
        made._parts = tuple(parts)  # noqa: SLF001 - our own class
        return made

    def apart_from(self, other: Self) -> Iterator[tuple[Mapping[K, V], Mapping[K, V]]]:
        """Yield the parts of this one and of the other that may differ."""
        for mine, others in zip(self._parts, other._parts, strict=True):
            if mine is not others:
                yield mine, others

    def values(self) -> ValuesView[V]:
        """Return all values, in the order of their keys."""
        return _Values(self)

    def __getitem__(self, key: K) -> V:
        return self._parts[_part_of(key)][key]

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Parted):
            return self._parts == other._parts
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as for every mapping


class _Values(ValuesView[V]):
    """Goes through the parts, which takes half of the time that each key would."""

    __slots__ = ()
    _mapping: Parted[VirtualKey, V]

    def __iter__(self) -> Iterator[V]:
        return chain.from_iterable(map(dict.values, self._mapping._parts))  # noqa: SLF001


class PartedSet(AbstractSet[K]):
    """A set in parts."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        """Begin with nothing; `but` leads to others."""
        self._parts: tuple[frozenset[K], ...] = (frozenset(),) * _PARTS

    def but(self, changes: Mapping[K, bool]) -> Self:
        """Return the same but for these: True, it is in it; False, it is not."""
        parts = list(self._parts)
        by_part: dict[int, list[K]] = {}
        for key in changes:
            by_part.setdefault(_part_of(key), []).append(key)
        for at, keys in by_part.items():
            gone = [key for key in keys if not changes[key]]
            parts[at] = parts[at].difference(gone).union(key for key in keys if changes[key])
        made = self.__class__()
        made._parts = tuple(parts)  # noqa: SLF001 - our own class
        return made

    def __sub__(self, other: AbstractSet[object]) -> AbstractSet[K]:
        """Return what is not in the other, as a set of the usual kind."""
        if not isinstance(other, PartedSet):
            return frozenset(self).difference(other)
        found: set[K] = set()
        for mine, others in zip(self._parts, other._parts, strict=True):
            if mine is not others:
                found |= mine - others
        return frozenset(found)

    def __and__(self, other: AbstractSet[object]) -> AbstractSet[K]:
        """Return what is in both; of two in parts, in parts."""
        if not isinstance(other, PartedSet):
            return frozenset(self).intersection(other)
        made = self.__class__()
        made._parts = tuple(
            mine if mine is others else mine & others
            for mine, others in zip(self._parts, other._parts, strict=True)
        )
        return made

    @classmethod
    def _from_iterable(cls, it: Iterable[K]) -> frozenset[K]:  # type: ignore[override]
        return frozenset(it)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, VirtualKey | bytes) and key in self._parts[_part_of(key)]

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PartedSet):
            return self._parts == other._parts
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as for every set that is no frozenset
