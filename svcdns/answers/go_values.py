"""What a template works on: the kinds of its values, and the frame in which it runs.

Kinds are known before any query comes, so a field that nothing has is found at load.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from svcdns.answers.go_error import TemplateError
from svcdns.answers.go_printf import Value, text_of

MAX_ROUNDS = 10_000
"""Of all loops of one rendering together."""


class Kind(Enum):
    """A value without parts, or one of which nothing is known before it is there."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth value"
    ANY = "value"


@dataclass(frozen=True, slots=True)
class Fields:
    """A value with these fields and no others."""

    shapes: Mapping[str, "Shape"]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    element: "Shape" = Kind.TEXT


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with texts for keys."""

    element: "Shape" = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Method:
    """A field that is called with one text and returns another."""


Shape = Kind | Fields | ListOf | MapOf | Method


class Struct:
    """A value whose `Fields` are filled."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values
        """By field; of a method, the function."""


@dataclass(slots=True)
class Frame:
    """One rendering while it goes on."""

    dot: Value
    slots: list[Value]
    """Variables; the first is `$`."""
    out: list[str] = field(default_factory=list)
    rounds: int = MAX_ROUNDS
    """That are left."""

    def begin_round(self) -> None:
        """Count one round of a loop.

        Raises:
            TemplateError: that was the last one.
        """
        self.rounds -= 1
        if self.rounds < 0:
            raise TemplateError(f"its loops have more than {MAX_ROUNDS:,} rounds")


Evaluate = Callable[[Frame], Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """A part of an action that has a value."""

    evaluate: Evaluate
    shape: Shape = Kind.ANY
    path: tuple[str, ...] | None = None
    """Fields from the whole down to this; None if it is no field."""
    is_constant: bool = False
    """Written out, so nothing can be handed to it."""


def field_of(value: Value, name: str) -> Value:
    """Return a field of a value; of a map, None for a key that is not there.

    Raises:
        TemplateError: it has no such field.
    """
    if isinstance(value, Struct) and name in value.values:
        return value.values[name]
    if isinstance(value, Mapping):
        return value.get(name)
    raise TemplateError(f"'{text_of(value)}' has no field .{name}")


def shape_of_field(shape: Shape, name: str) -> Shape | None:
    """Return the shape of a field; None if there is no such field."""
    match shape:
        case Fields():
            return shape.shapes.get(name)
        case MapOf():
            return shape.element
        case Kind.ANY:
            return Kind.ANY
        case _:
            return None


def element_of(shape: Shape) -> Shape:
    """Return the shape of what `range` and `index` find in a value."""
    return shape.element if isinstance(shape, (ListOf, MapOf)) else Kind.ANY


def elements_of(value: Value) -> Iterable[tuple[Value, Value]]:
    """Return what `range` goes through: index or key, and element.

    Raises:
        TemplateError: it cannot go through this value.
    """
    match value:
        case list() | tuple():
            return enumerate(value)
        case Mapping():
            return [(key, value[key]) for key in sorted(value)]
        case None:
            return ()
        case bool() | float() | str():
            raise TemplateError(f"range cannot go through {text_of(value)}")
        case int():
            return zip(range(value), range(value), strict=True)
        case _:
            raise TemplateError("range cannot go through something that has fields")


def printed(value: Value) -> str:
    """Return what an action writes.

    Raises:
        TemplateError: the value has no text.
    """
    return "<no value>" if value is None else text_of(value)
