"""Equal strings and tuples become one object: ten thousand slices name the same few nodes.

Own tables, not the interpreter's: a string that `sys.intern` has seen may live for ever. Losing
a table loses sharing, nothing else, so one is simply emptied when it has grown too large.
"""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

H = TypeVar("H", bound=Hashable)

_LIMIT = 1 << 16


class Sharing(Generic[H]):
    """A table of immutable values of one type.

    One type only: a ServicePort and an EndpointPort with the same fields are equal.
    """

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: dict[H, H] = {}

    def __call__(self, value: H) -> H:
        """Return an object equal to `value`: the first one that was asked for."""
        first = self._first
        if len(first) >= _LIMIT:
            first.clear()
        return first.setdefault(value, value)

    def each(self, values: Iterable[H]) -> list[H]:
        """Return such an object for each of the values."""
        first = self._first
        if len(first) >= _LIMIT:
            first.clear()
        return [first.setdefault(value, value) for value in values]


shared_text = Sharing[str]()
"""Names that many objects hold: Namespaces, Services, Nodes, zones."""
