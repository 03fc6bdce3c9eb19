"""What every backend can do, and how it says that something did not work.

A backend is driven by `dataplane.reconcile` alone: one call at a time, in the order probe,
setup, then read and apply for ever. System calls that block run in `dataplane.worker`'s thread.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from svcdns.proxy.model import Desired, RealServer, VirtualKey
from svcdns.proxy.operations import Operation
from svcdns.proxy.realized import Realized, RealizedServer

Idle = Mapping[VirtualKey, Mapping[RealServer, RealizedServer]]
"""Real servers of weight 0, with their connections."""


class DataplaneError(Exception):
    """Something the kernel, a module or a right refuses to this whole backend.

    `operation` was tried, `cause` is what came of it, `remedy` is what to do.
    """

    def __init__(self, operation: str, cause: str, remedy: str = "") -> None:
        super().__init__(f"{operation}: {cause}" + (f"\n  next  {remedy}" if remedy else ""))
        self.operation = operation
        self.cause = cause
        self.remedy = remedy


class Capabilities(NamedTuple):
    """What a backend can do here."""

    schedulers: frozenset[str]
    """Those it can keep to; others are refused."""
    remarks: tuple[str, ...] = ()
    """What works and should still be mended."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One operation that did not work; the others of its batch did, or have their own."""

    operation: Operation
    cause: str
    """As the system says it: `EEXIST`, with a word on what that means here."""
    is_surprise: bool = False
    """The kernel is not as it was read last: read it again at once."""


class Backend(Protocol):
    """One way to make virtual servers real."""

    @property
    def name(self) -> str:
        """As `--mode` has it."""
        ...

    async def probe(self) -> Capabilities:
        """Return what it can do on this machine.

        Raises:
            DataplaneError: nothing; says what is missing and the command that helps.
        """
        ...

    async def setup(self) -> None:
        """Make what all virtual servers need: device, system settings, tables. Idempotent.

        Raises:
            DataplaneError: it cannot be made.
        """
        ...

    def look_closely(self) -> None:
        """Let the next reading compare all there is, also what no operation is about."""
        ...

    async def read(self) -> Realized:
        """Return what is there of ours.

        Raises:
            DataplaneError: it cannot be read.
        """
        ...

    async def read_idle(self, keys: Collection[VirtualKey]) -> Idle:
        """Return the real servers of weight 0 that are at `keys`, and look at nothing else.

        Raises:
            DataplaneError: it cannot be read.
        """
        ...

    async def apply(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool = False
    ) -> tuple[Failure, ...]:
        """Do all operations, in their order; return those that did not work.

        Args:
            operations: from `proxy.diff`; all there are, or one batch of them.
            desired: what all of them lead to; packet filters are written from it as a whole,
                after additions and before removals.
            rest: another batch follows.
        """
        ...

    async def forget_flows(self, serving: Mapping[VirtualKey, bytes]) -> None:
        """Let UDP flows end that these virtual servers sent elsewhere, where there are such.

        Args:
            serving: rows of the servers that may keep theirs, by virtual server.
        """
        ...

    async def cleanup(self) -> None:
        """Take everything of ours away, and nothing else."""
        ...
