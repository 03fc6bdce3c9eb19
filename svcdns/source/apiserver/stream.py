"""The octets of a watch -> events, a little at a time.

Octets come in pieces of any size: half a line, or thousands of lines that were waiting. Lines
are put together here (`Lines`, without I/O), decoded at once, and when that has taken a
millisecond the loop has a turn: someone is waiting for an answer. The time is counted over
pieces, because reading one that is already there lets nobody else run.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from svcdns.cluster.envelope import Event, read_head, read_line
from svcdns.cluster.object_error import MalformedError
from svcdns.source.apiserver.failure import UnreadableError, excerpt
from svcdns.source.apiserver.protocol import Reply

LONGEST_LINE = 32 << 20
SLICE_SECONDS = 0.001

_HEAD = 1024


class Oversized(NamedTuple):
    """A line that was too long to keep."""

    size: int
    head: bytes
    """Its first octets, which name the object."""

    @property
    def is_deletion(self) -> bool:
        """Whether it says that an object is gone; how that looked does not matter any more."""
        return self.head.startswith(b'{"type":"DELETED"')

    def __str__(self) -> str:
        return f"a line of {self.size >> 20} MiB was left out: {excerpt(self.head)}"


class Lines:
    """Pieces of a stream in, whole lines out. Takes time in proportion to what comes in."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def is_pending(self) -> bool:
        """Whether the last line has not ended."""
        return self._size > 0

    def receive(self, octets: bytes) -> list[bytes | Oversized]:
        """Return the lines that are whole now, without those that are empty."""
        first, *others = octets.split(b"\n")
        self._keep(first)
        if not others:
            return []
        lines = [self._finished(), *others[:-1]]
        self._keep(others[-1])
        return [line for line in lines if isinstance(line, Oversized) or line.strip()]

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._size += len(piece)
        self._pieces.append(piece)
        if self._size > self._longest:
            self._pieces = [b"".join(self._pieces)[:_HEAD]]

    def _finished(self) -> bytes | Oversized:
        line, size = b"".join(self._pieces), self._size
        self._pieces, self._size = [], 0
        return Oversized(size, line) if size > self._longest else line


class WorkSlices:
    """Work on the loop, a millisecond at a time."""

    def __init__(self) -> None:
        self._clock: Callable[[], float] = float
        self._spent = 0.0
        self._since = 0.0

    def begin(self) -> None:
        """Count from now on."""
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock() - self._spent

    def end(self) -> None:
        """Stop counting: somebody else may be at work."""
        self._spent = self._clock() - self._since

    async def rest(self) -> None:
        """Let others run if it is time."""
        if self._clock() - self._since >= SLICE_SECONDS:
            await asyncio.sleep(0)
            self._since = self._clock()


class EventStream:
    """The events of one watch."""

    def __init__(self, reply: Reply, kind: str, slices: WorkSlices) -> None:
        """Read from a reply.

        Args:
            reply: whose body is a watch; it is not closed here.
            kind: what is watched, in the API's spelling.
            slices: shared by all that the same task does.
        """
        self._reply = reply
        self._kind = kind
        self._slices = slices
        self._lines = Lines()
        self._broken: UnreadableError | None = None
        self.count = 0
        """Lines so far."""
        self.misses_deletion = False
        """Whether an object is gone and it cannot be told which."""

    @property
    def is_cut_off(self) -> bool:
        """Whether the last line has no end."""
        return self._lines.is_pending

    async def receive(self) -> list[Event | Oversized] | None:
        """Return what the next octets say, often nothing yet; None: the stream has ended.

        Raises:
            LostError: it broke off, or nothing came for too long.
            UnreadableError: a line is no event; what stood before it was returned.
        """
        if self._broken:
            raise self._broken
        octets = await self._reply.read()
        if not octets:
            return None
        slices = self._slices
        slices.begin()
        events: list[Event | Oversized] = []
        for line in self._lines.receive(octets):
            self.count += 1
            if isinstance(line, Oversized):
                why = f"the line of {line.size >> 20} MiB that it is in is too long"
                # Whose it is decides that what was known of it stays, as with any other object
                # that cannot be read.
                events.append(read_head(line.head, self._kind, why) or line)
                self.misses_deletion = self.misses_deletion or line.is_deletion
                continue
            try:
                events.append(read_line(line, self._kind))
            except MalformedError as error:
                why = f"a line of the watch is no event: {excerpt(line)}: {error}"
                self._broken = UnreadableError(why)
                break
            await slices.rest()
        slices.end()
        return events
