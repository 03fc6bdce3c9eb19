"""Bodies of responses as they leave the server: piece by piece, and how they end.

A piece is what the server flushes at once: one chunk over HTTP, one `read` in memory.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from tests.support.fakeapi.calls import Call
from tests.support.fakeapi.faults import Fault

_DRIP_SECONDS = 0.01
_DRIPS = 40
"""So many pieces at least, when octets come slowly."""
_BLOCK = 1 << 18
"""Octets of the largest piece."""


class Ending(Enum):
    """What comes after a piece that is the last one."""

    END = auto()
    """The end of a complete body."""
    RESET = auto()
    RESET_MID_CHUNK = auto()
    """As RESET, but the chunk said that it would be longer."""
    HANG = auto()
    """Nothing."""


class Piece(NamedTuple):
    """Some octets; the pause is before them, the ending behind."""

    octets: bytes = b""
    ending: Ending | None = None
    pause_seconds: float = 0.0


class Body:
    """Pieces that are known from the start; others come from a subclass."""

    def __init__(self, call: Call, pieces: Iterable[Piece] = ()) -> None:
        self._call = call
        self._pieces = deque(pieces)

    async def next(self) -> Piece:
        """Return the next piece, at the time for it; not called again after one that ends.

        Raises:
            DroppedError: the connection was cut.
        """
        while not self._pieces:
            self._pieces.extend(await self._further())
        piece = self._pieces.popleft()
        await self._call.thaw()
        if piece.pause_seconds:
            await self._call.sleep(piece.pause_seconds)
        if piece.ending is Ending.HANG:
            if not piece.octets:
                await self._call.hang()
            self._pieces.append(Piece(ending=Ending.HANG))
            return Piece(piece.octets)
        return piece

    async def _further(self) -> Iterable[Piece]:
        raise AssertionError("read on after the end")


def blocks(octets: bytes, ending: Ending | None = None) -> Iterator[Piece]:
    """Yield octets in pieces of a size that a server would flush, then the ending."""
    last = max(0, (len(octets) - 1) // _BLOCK) * _BLOCK
    for start in range(0, last, _BLOCK):
        yield Piece(octets[start : start + _BLOCK])
    yield Piece(octets[last:], ending)


def dripping(octets: bytes) -> Iterator[Piece]:
    """Yield octets slowly: a few at a time when they are few, in blocks when they are many."""
    size = max(1, min(_BLOCK, len(octets) // _DRIPS))
    for start in range(0, len(octets), size):
        yield Piece(octets[start : start + size], pause_seconds=_DRIP_SECONDS)


def list_pieces(call: Call, octets: bytes, fault: Fault | None) -> Iterable[Piece]:
    """Return the pieces of a list's body, spoilt by a fault of its own."""
    middle = call.random.randrange(1, len(octets))
    match fault:
        case Fault.RESET_MID_LIST:
            return blocks(octets[:middle], Ending.RESET_MID_CHUNK)
        case Fault.END_MID_LIST | Fault.TRUNCATED_GZIP:
            return blocks(octets[:middle], Ending.END)
        case Fault.SLOW_LIST:
            return [*dripping(octets), Piece(ending=Ending.END)]
        case _:
            return blocks(octets, Ending.END)
