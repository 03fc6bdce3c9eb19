"""What backends that write a whole desired state answer about single operations."""

from collections.abc import Mapping, Sequence

from svcdns.dataplane.backend import Failure
from svcdns.proxy.model import VirtualKey
from svcdns.proxy.operations import AddVirtual, Bind, Operation, SetVirtual, Unbind


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
