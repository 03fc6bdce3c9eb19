"""What did not work, object by object: when each is tried again, and what is told of it.

Pure: the time comes in.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from svcdns.dataplane.backend import Failure
from svcdns.proxy.model import VirtualKey
from svcdns.proxy.operations import AddVirtual, Bind, Operation, SetVirtual, Unbind
from svcdns.wire.name import address_text

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0

Subject = VirtualKey | bytes
"""What operations depend on each other for: a virtual server, or an address."""


class _Try(NamedTuple):
    number: int
    due: float
    told: str
    """The cause that was told last; empty: none was."""


class News(NamedTuple):
    """A failure that has not been told yet."""

    failure: Failure
    retry_seconds: float


class Retries:
    """Every virtual server and address of which an operation failed."""

    def __init__(self) -> None:
        self._tries: dict[Subject, _Try] = {}

    def __len__(self) -> int:
        return len(self._tries)

    @property
    def due(self) -> float | None:
        """When the next one is tried again; None: there is none."""
        return min((one.due for one in self._tries.values()), default=None)

    def allowed(self, operations: Sequence[Operation], now: float) -> Sequence[Operation]:
        """Return those that may be tried now."""
        if not self._tries:
            return operations
        return [
            operation
            for operation in operations
            if (one := self._tries.get(subject(operation))) is None or one.due <= now
        ]

    def __contains__(self, key: Subject) -> bool:
        return key in self._tries

    def __iter__(self) -> Iterator[Subject]:
        return iter(self._tries)

    def hasten(self, subjects: Iterable[Subject], now: float) -> None:
        """Try these at once: something else is asked of them now."""
        for key in subjects:
            one = self._tries.get(key)
            if one is not None:
                self._tries[key] = one._replace(due=now)

    def note(
        self, operations: Iterable[Operation], failures: Iterable[Failure], now: float
    ) -> list[News]:
        """Take note of how operations ended; return what has not been told yet."""
        first: dict[Subject, Failure] = {}
        for failure in failures:  # what comes after the first one of an object follows from it
            first.setdefault(subject(failure.operation), failure)
        for operation in operations if self._tries else ():
            if subject(operation) not in first:
                self._tries.pop(subject(operation), None)
        news = []
        for key, failure in first.items():
            before = self._tries.get(key)
            count = before.number + 1 if before is not None else 1
            is_new_surprise = failure.is_surprise and count == 1
            seconds = min(FIRST_SECONDS * 2 ** min(count - 1, 8), LONGEST_SECONDS)
            seconds = 0.0 if is_new_surprise else seconds
            told = before.told if before is not None else ""
            # What a second look mends by itself is not worth a word.
            if told != failure.cause and not is_new_surprise:
                told = failure.cause
                news.append(News(failure, seconds))
            self._tries[key] = _Try(count, now + seconds, told)
        return news

    def among(self, operations: Iterable[Operation]) -> set[Subject]:
        """Return those that operations are about."""
        return {key for key in map(subject, operations) if key in self} if self._tries else set()

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Forget what no operation is about any more: it is as it should be."""
        for key in tuple(subjects):
            self._tries.pop(key, None)


def subject(operation: Operation) -> Subject:
    """Return what an operation is about."""
    match operation:
        case AddVirtual(virtual) | SetVirtual(virtual):
            return virtual.key
        case Bind(address) | Unbind(address):
            return address
        case _:
            return operation.key


def subject_text(key: Subject) -> str:
    """Return what people call it."""
    return address_text(key) if isinstance(key, bytes) else str(key)
