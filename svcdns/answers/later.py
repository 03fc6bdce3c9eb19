"""What is there at once, or later: one way to go on with either.

Most answers are there at once and are never waited for: a plain call, no task, no await. Only
what another server has to be asked for comes later, as a coroutine.
"""

from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")

Later = Coroutine[Any, Any, T]


@overload
def then(value: Later[T], go_on: Callable[[T], Later[U]]) -> Later[U]: ...
@overload
def then(value: Later[T], go_on: Callable[[T], U | Later[U]]) -> Later[U]: ...
@overload
def then(value: T, go_on: Callable[[T], Later[U]]) -> Later[U]: ...
@overload
def then(value: T, go_on: Callable[[T], U | Later[U]]) -> U | Later[U]: ...
def then(value: Any, go_on: Callable[[Any], Any]) -> Any:
    """Return what `go_on` makes of `value`: at once if it is there, else later."""
    if isinstance(value, CoroutineType):
        return _later(value, go_on)
    return go_on(value)


async def _later(value: Later[T], go_on: Callable[[T], U | Later[U]]) -> U:
    result = go_on(await value)
    if isinstance(result, CoroutineType):
        return await result  # type: ignore[no-any-return]  # of a coroutine we know no more
    return result  # type: ignore[return-value]


def discard(later: Later[Any]) -> None:
    """End `later`, which nobody waits for; what it was given to wait for ends with it.

    Python complains of a coroutine that is thrown away before it has begun.
    """
    frame = later.cr_frame  # type: ignore[attr-defined]  # of every coroutine
    given = tuple(frame.f_locals.values()) if frame is not None else ()
    later.close()
    for one in given:
        if isinstance(one, CoroutineType):
            discard(one)
