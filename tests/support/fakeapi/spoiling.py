"""The octets of a watch, and what a fault does to the line that it strikes."""

import json
from collections.abc import Iterable, Iterator

from tests.support.fakeapi.bodies import Body, Ending, Piece, blocks, dripping
from tests.support.fakeapi.calls import Call
from tests.support.fakeapi.faults import Fault, Site
from tests.support.fakeapi.objects import bloated, ill_typed, with_unknown_fields
from tests.support.fakeapi.refusals import OVERLOADED, expired_watch
from tests.support.fakeapi.store import octets_of
from tests.support.fakeapi.watches import Line, Watch, error_line, line_octets

_MEGABYTE = 1_000_000
_BLOATED = {Fault.LINE_OF_5_MB: 5 * _MEGABYTE, Fault.LINE_OF_40_MB: 40 * _MEGABYTE}
_CUTS = {  # whether half of the line comes before it
    Fault.RESET_BEFORE_EVENT: (False, Ending.RESET),
    Fault.RESET_MID_LINE: (True, Ending.RESET),
    Fault.RESET_MID_CHUNK: (True, Ending.RESET_MID_CHUNK),
    Fault.END_BEFORE_EVENT: (False, Ending.END),
    Fault.END_MID_LINE: (True, Ending.END),
    Fault.HALF_OPEN: (False, Ending.HANG),
}
_LAST_WORDS = {
    Fault.ERROR_410: error_line(expired_watch(1, 2).document).octets,
    Fault.ERROR_429: error_line(OVERLOADED[429]).octets,
    Fault.ERROR_500: error_line(OVERLOADED[500]).octets,
    Fault.ERROR_504: error_line(OVERLOADED[504]).octets,
    Fault.HTML_LINE: b"<html><body><h1>502 Bad Gateway</h1></body></html>\n",
}
_MOST_PARTS = 6
_BETWEEN_PARTS_SECONDS = 0.02


class WatchBody(Body):
    """A watch as pieces: lines that are due together leave together, if no fault comes between."""

    def __init__(self, call: Call, watch: Watch) -> None:
        super().__init__(call)
        self._watch = watch
        self._number = 0
        """The highest version that was sent."""

    async def _further(self) -> Iterable[Piece]:
        lines = await self._watch.lines()
        if not lines:
            return [Piece(ending=Ending.END)]
        return [*self._pieces_of(lines)]

    def _pieces_of(self, lines: list[Line]) -> Iterator[Piece]:
        together = bytearray()
        for line in lines:
            fault = self._call.strike(Site.EVENT) if line.type != "ERROR" else None
            if fault is None:
                together += line.octets
            else:
                for piece in self._spoilt(line, fault):
                    yield from self._after(together, piece)
                    if piece.ending:
                        return
            self._number = max(self._number, line.number)
        if together:
            yield from blocks(bytes(together))

    def _after(self, together: bytearray, piece: Piece) -> Iterator[Piece]:
        """Yield a piece, with what was to leave before it; what can be one piece is one."""
        octets = bytes(together)
        together.clear()
        if piece.pause_seconds and octets:
            yield from blocks(octets)
            yield piece
        else:
            yield from blocks(octets + piece.octets, piece.ending)

    def _spoilt(self, line: Line, fault: Fault) -> Iterable[Piece]:
        octets = line.octets
        if fault in _CUTS:
            has_half, ending = _CUTS[fault]
            middle = self._call.random.randrange(1, len(octets) - 1) if has_half else 0
            return [Piece(octets[:middle], ending)]
        if fault in _LAST_WORDS:
            return [Piece(_LAST_WORDS[fault], Ending.END)]
        if fault is Fault.SLOW_EVENT:
            return dripping(octets)
        if fault is Fault.SPLIT_EVENT:
            return self._parts(octets)
        return [Piece(self._changed(line, fault))]

    def _changed(self, line: Line, fault: Fault) -> bytes:
        """Return other octets for one line, after which the watch goes on."""
        octets = line.octets
        match fault:
            case Fault.DUPLICATE:
                return octets * 2
            case Fault.CRLF:
                return octets[:-1] + b"\r\n"
            case Fault.EMPTY_LINE:
                return b"\n" + octets
            case Fault.UNKNOWN_TYPE | Fault.ILL_TYPED:
                return self._stranger(line, fault) + octets
            case _:
                return self._rewritten(line, _BLOATED.get(fault, 0))

    def _stranger(self, line: Line, fault: Fault) -> bytes:
        """Return a line that a client cannot use; its version is below that of the real one."""
        number = line.number if line.is_initial else max(self._number, line.number - 1)
        document = json.loads(line.octets)["object"]
        if fault is Fault.ILL_TYPED:
            document = ill_typed(document["kind"]) | {"apiVersion": document["apiVersion"]}
        document["metadata"]["resourceVersion"] = str(number)
        kind = "ADDED" if fault is Fault.ILL_TYPED else "SYNC"
        return line_octets(kind, octets_of(document))

    def _rewritten(self, line: Line, octets: int) -> bytes:
        document = with_unknown_fields(json.loads(line.octets)["object"])
        if octets and line.type != "BOOKMARK":
            document = bloated(document, octets)
        return line_octets(line.type, octets_of(document))

    def _parts(self, octets: bytes) -> Iterator[Piece]:
        cuts = {self._call.random.randrange(1, len(octets)) for _ in range(_MOST_PARTS - 1)}
        start = 0
        for cut in (*sorted(cuts), len(octets)):
            pause = self._call.random.uniform(0, _BETWEEN_PARTS_SECONDS)
            yield Piece(octets[start:cut], pause_seconds=pause)
            start = cut
