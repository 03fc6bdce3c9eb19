"""What backends that write a whole desired state answer about single operations."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from svcdns.dataplane.backend import Failure
from svcdns.proxy.model import Desired, VirtualKey
from svcdns.proxy.operations import AddVirtual, Bind, Operation, SetVirtual, Unbind


class Outcome(NamedTuple):
    """How writing a desired state ended."""

    causes: Mapping[VirtualKey, str]
    """Why virtual servers are not as they should be."""
    other: str
    """Why addresses are not; empty when they are."""


class Once:
    """Writes a desired state once, in however many batches its operations come."""

    def __init__(self, write: Callable[[Desired], Outcome]) -> None:
        """Write nothing yet."""
        self._write = write
        self._ended: tuple[Desired, Outcome] | None = None
        """What was written with the first batch, until the last one."""

    def failures(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool
    ) -> tuple[Failure, ...]:
        """Return the operations of one batch that did not work.

        Args:
            operations: of this batch.
            desired: what all batches lead to.
            rest: another batch follows.

        Raises:
            DataplaneError: as writing does.
        """
        ended, self._ended = self._ended, None
        if ended is None or ended[0] is not desired:
            ended = desired, self._write(desired)
        if rest:
            self._ended = ended
        return failures_of(operations, *ended[1])


def failures_of(
    operations: Sequence[Operation], causes: Mapping[VirtualKey, str], other: str
) -> tuple[Failure, ...]:
    """Return the operations that did not work.

    Args:
        operations: all of them.
        causes: why virtual servers are not as they should be.
        other: why addresses are not; empty when they are.
    """
    failures = []
    for operation in operations:
        match operation:
            case Bind() | Unbind():
                cause = other
            case AddVirtual(virtual) | SetVirtual(virtual):
                cause = causes.get(virtual.key, "")
            case _:
                cause = causes.get(operation.key, "")
        if cause:
            failures.append(Failure(operation, cause))
    return tuple(failures)
