"""What is there at once, or later: one way to go on with either.

Most answers are there at once and are never waited for: a plain call, no task, no await. What
another server has to be asked for comes later: as a coroutine, which somebody has to drive, or
as a `Coming`, which costs a fraction of that: somebody brings it, and what goes on with it is
called then and there.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import copy_context
from types import CoroutineType
from typing import Any, Generic, Protocol, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)


class Promise(Awaitable[Any], Protocol):
    """A future of the event loop, as far as a coroutine needs one to wait for a `Coming`."""

    def done(self) -> bool:
        """Whether it has a result, or nobody waits for it any more."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Let whoever waits go on with `result`."""
        ...


class Coming(Generic[T_co]):
    """What somebody will bring with one call.

    It goes through all that `go_on_with` was given, in that order, in the context in which it
    was asked for; last of all to who `receive`s it.
    """

    __slots__ = ("_context", "_finish", "_go_ons", "_promise", "_receive", "_unclaimed")

    def __init__(self, promise: Callable[[], Promise]) -> None:
        """Bring nothing yet; `promise` makes what a coroutine can wait for."""
        self._promise = promise
        self._context = copy_context()
        self._go_ons: list[Callable[[Any], Any]] = []
        self._finish: Callable[[Any], Any] | None = None
        self._receive: Callable[[Any], None] | None = None
        self._unclaimed: tuple[object, ...] = ()
        """What was brought before anybody was there to receive it."""

    def go_on_with(self, go_on: Callable[[Any], Any]) -> None:
        """Let it go through one more function, whose result may come later too."""
        self._go_ons.append(go_on)

    def finish_with(self, finish: Callable[[Any], Any]) -> None:
        """Let it go through `finish` behind all others.

        Args:
            finish: gets what came: the value, what brings it later, or the exception that was
                raised before.
        """
        self._finish = finish

    def receive(self, receive: Callable[[Any], None]) -> None:
        """Hand it to `receive`: the value, what brings it later, or an exception."""
        self._receive = receive
        for value in self._unclaimed:
            self.bring(value)

    def bring(self, value: object) -> None:
        """Hand `value` over; an exception goes past all but `finish_with`."""
        if self._receive is None:
            self._unclaimed = (value,)
        else:
            self._context.run(self._go, value)

    def send_back(self) -> None:
        """Want it no more; who brings it may add to this, and stop."""
        self._receive = None

    def _go(self, value: Any) -> None:
        if not isinstance(value, Exception):
            try:
                go_ons = iter(self._go_ons)
                for go_on in go_ons:
                    value = go_on(value)
                    if isinstance(value, LATER):
                        break
                for go_on in go_ons:
                    value = then(value, go_on)
            except Exception as error:  # noqa: BLE001  whoever receives it knows what to do
                value = error
        if self._finish is not None:
            value = self._finish(value)
        receive, self._receive = self._receive, None  # it may hold this: no cycle is left behind
        if receive is not None:
            receive(value)

    def __await__(self) -> Generator[Any, Any, T_co]:
        promise = self._promise()

        def receive(value: Any) -> None:
            if not promise.done():
                promise.set_result(value)

        self.receive(receive)
        try:
            value = yield from promise.__await__()
        except BaseException:  # whoever waited has been cancelled
            self.send_back()
            raise
        while isinstance(value, LATER):
            value = yield from value.__await__()
        if isinstance(value, Exception):
            raise value
        return value  # type: ignore[no-any-return]  # of the value we know no more


Later = Coroutine[Any, Any, T] | Coming[T]
LATER = (CoroutineType, Coming)
"""What `isinstance` is to be asked for."""


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
    if isinstance(value, Coming):
        value.go_on_with(go_on)
        return value
    if isinstance(value, CoroutineType):
        return _later(value, go_on)
    return go_on(value)


async def _later(value: Later[T], go_on: Callable[[T], U | Later[U]]) -> U:
    result = go_on(await value)
    if isinstance(result, LATER):
        return await result
    return result  # type: ignore[return-value]


def discard(later: Later[Any]) -> None:
    """End `later`, which nobody waits for; what it was given to wait for ends with it.

    Python complains of a coroutine that is thrown away before it has begun.
    """
    if isinstance(later, Coming):
        later.send_back()
        return
    frame = later.cr_frame  # type: ignore[attr-defined]  # of every coroutine
    given = tuple(frame.f_locals.values()) if frame is not None else ()
    later.close()
    for one in given:
        if isinstance(one, LATER):
            discard(one)
