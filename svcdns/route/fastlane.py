"""The fast lane: from the octets of a plain query to the octets of its response.

A query is plain when octets 2 to 11 say: opcode QUERY, one question, nothing else but at most
one additional record; and that record, if any, is a bare OPT of a usual size. Then its
question is all that lies between, and is looked up as it came, letter case and all. Whatever
is not found goes the long way through `route.exchange`, which knows every other form.

A query is taken apart by one call and its response written into the buffer it leaves from by
one more: no object is made but the few slices between, nothing is decoded, and nothing is
measured but one increment.
"""

from collections.abc import Callable
from functools import cache
from struct import Struct

from svcdns.answers.table import Cut, Entry
from svcdns.route.traffic import first_lane
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, SERVER_SIZE
from svcdns.wire.response import truncate

Octets = bytes | bytearray
Buffer = bytes | bytearray | memoryview
FastLane = Callable[[Buffer, int, int, memoryview, int], int]
"""Query buffer, offset and octets, response buffer and offset -> octets written; 0: not for us."""

LONGEST_QUERY = 12 + 255 + 4 + 11

SHORTEST_QUERY = 12 + 1 + 4
_ADDITIONALS_AT = 11
_OPT_SIZE = 11
PLAIN_SIZE = 512
_STREAM_SIZE = 65_535
_RD, _AD = 0x01, 0x20
_BARE = (BARE_OPT, BARE_OPT_DO)
_USUAL_SIZES = (
    *(512, 1024, 1200, 1220, 1232, 1280, 1400, 1410, 1432, 1440, 1452, 1472, 1480, 1500),
    *(2048, 4000, 4096, 8192, 16384, 32768, 65494, 65535),
)

Splitter = Callable[[Buffer, int], tuple[bytes, ...]]


@cache
def splitters() -> tuple[Splitter, ...]:
    """By octets of a query without additional record: id, rest of the header, question."""
    lengths = (max(0, size - 12) for size in range(LONGEST_QUERY + 1))
    return tuple(Struct(f"2s10s{length}s").unpack_from for length in lengths)


@cache
def splitters_with_opt() -> tuple[Splitter, ...]:
    """By octets of a query with a bare OPT: id, rest of the header, question, OPT."""
    lengths = (max(0, size - 12 - _OPT_SIZE) for size in range(LONGEST_QUERY + 1))
    return tuple(Struct(f"2s10s{length}s{_OPT_SIZE}s").unpack_from for length in lengths)


def _plain_headers(*, with_opt: bool) -> dict[bytes, int]:
    """Octets 2 to 11 of a plain query -> index into `Entry.headers`."""
    return {
        bytes((rd, ad, 0, 1, 0, 0, 0, 0, 0, with_opt)): 2 * with_opt + rd
        for rd in (0, _RD)
        for ad in (0, _AD)
    }


def bare_opts(*, stream: bool) -> dict[bytes, tuple[int, int]]:
    """Bare OPT record -> size limit of the response, and 0 or 1 for DO."""
    return {
        b"\0\0\x29" + size.to_bytes(2) + bytes((0, 0, 0x80 * do, 0, 0, 0)): (
            _STREAM_SIZE if stream else min(size, SERVER_SIZE),
            do,
        )
        for size in _USUAL_SIZES
        for do in (0, 1)
    }


def fast_lane(entries: dict[bytes, Entry], *, stream: bool, ipv6: bool) -> FastLane:
    """Return the function that answers plain queries of one kind of socket from `entries`."""
    find = entries.get
    split = splitters()
    header_kind = _plain_headers(with_opt=False).get
    lane = first_lane(stream=stream, ipv6=ipv6)
    plain_limit = _STREAM_SIZE if stream else PLAIN_SIZE
    answer_opt = _opt_lane(entries, stream=stream, lane=lane)

    def answer(source: Buffer, at: int, length: int, target: memoryview, to: int) -> int:
        if not SHORTEST_QUERY <= length <= LONGEST_QUERY:
            return 0
        if source[at + _ADDITIONALS_AT]:
            return answer_opt(source, at, length, target, to)
        identity, header, question = split[length](source, at)
        entry = find(question)
        kind = header_kind(header)
        if entry is None or kind is None:
            return 0
        hits, bodies = entry.hits, entry.bodies
        turn = hits[lane]
        body: Octets | None = bodies[turn % len(bodies)]
        if not body:
            body = entry.body(turn, len(question))
            if body is None:
                return 0
        hits[lane] = turn + 1
        write, size = entry.plain
        if size > plain_limit:
            cut = _cut(entry, turn, question, body, plain_limit, b"")
            return _put((identity, cut.headers[kind], question, body[: cut.end]), target, to)
        write(target, to, identity, entry.headers[kind], question, body)
        return size

    return answer


def _opt_lane(entries: dict[bytes, Entry], *, stream: bool, lane: int) -> FastLane:
    """Return the function that answers those with an OPT; `lane` is that of those without."""
    find = entries.get
    split = splitters_with_opt()
    header_kind = _plain_headers(with_opt=True).get
    bare_opt = bare_opts(stream=stream).get

    def answer(source: Buffer, at: int, length: int, target: memoryview, to: int) -> int:
        if length < SHORTEST_QUERY + _OPT_SIZE:
            return 0
        identity, header, question, opt = split[length](source, at)
        entry = find(question)
        kind = header_kind(header)
        asked = bare_opt(opt)
        if entry is None or kind is None or asked is None or (asked[1] and entry.plain_only):
            return 0
        limit, do = asked
        hits, bodies = entry.hits, entry.bodies
        turn = hits[lane + 1 + do]
        body: Octets | None = bodies[turn % len(bodies)]
        if not body:
            body = entry.body(turn, len(question))
            if body is None:
                return 0
        hits[lane + 1 + do] = turn + 1
        write, size = entry.with_opt
        if size > limit:
            bare = _BARE[do]
            cut = _cut(entry, turn, question, body, limit, bare)
            header = cut.headers[kind - 2]
            return _put((identity, header, question, body[: cut.end], bare), target, to)
        write(target, to, identity, entry.headers[kind], question, body, entry.options[do])
        return size

    return answer


def _cut(entry: Entry, turn: int, question: bytes, body: Octets, limit: int, opt: bytes) -> Cut:
    """Return how a response with `body` is cut to `limit`: a walk through it, the first time.

    There are as many of an entry as it has rotations, times the few sizes that are usual.
    """
    if entry.authority is not None:
        return _made(entry, question, body, limit, opt)
    cuts = entry.cuts
    if cuts is None:
        cuts = entry.cuts = {}
    key = (turn % len(entry.bodies), limit - len(opt))
    cut = cuts.get(key)
    if cut is None:
        cut = cuts[key] = _made(entry, question, body, limit, opt)
    return cut


def _made(entry: Entry, question: bytes, body: Octets, limit: int, opt: bytes) -> Cut:
    without, with_rd = (
        truncate(b"\0\0" + header + question + body, limit, opt) for header in entry.headers[:2]
    )
    return Cut((without[2:12], with_rd[2:12]), len(without) - 12 - len(question) - len(opt))


def _put(parts: tuple[Octets, ...], target: memoryview, to: int) -> int:
    response = b"".join(parts)
    target[to : to + len(response)] = response
    return len(response)
