"""The fast lane: from the octets of a plain query to the octets of its response.

A query is plain when octets 2 to 11 say: opcode QUERY, one question, nothing else but at most
one additional record; and that record, if any, is a bare OPT of a usual size. Then its
question is all that lies between, and is looked up as it came, letter case and all. Whatever
is not found goes the long way through `route.exchange`, which knows every other form.

No object is made here but the response, nothing is decoded, and nothing is measured but one
increment.
"""

from collections.abc import Callable

from svcdns.answers.table import Entry
from svcdns.route.traffic import first_lane
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO, SERVER_SIZE
from svcdns.wire.response import truncate

FastLane = Callable[[bytes], bytes | None]
"""Packet to response; None: not for the fast lane."""

_PLAIN_SIZE = 512
_STREAM_SIZE = 65_535
_RD, _AD = 0x01, 0x20
_USUAL_SIZES = (
    *(512, 1024, 1200, 1220, 1232, 1280, 1400, 1410, 1432, 1440, 1452, 1472, 1480, 1500),
    *(2048, 4000, 4096, 8192, 16384, 32768, 65494, 65535),
)


def _plain_headers() -> dict[bytes, int]:
    """Octets 2 to 11 of a plain query -> index into `Entry.headers`."""
    return {
        bytes((rd, ad, 0, 1, 0, 0, 0, 0, 0, opt)): 2 * opt + rd
        for rd in (0, _RD)
        for ad in (0, _AD)
        for opt in (0, 1)
    }


def _bare_opts(*, stream: bool) -> dict[bytes, tuple[int, int]]:
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
    header_kind = _plain_headers().get
    bare_opt = _bare_opts(stream=stream).get
    lane = first_lane(stream=stream, ipv6=ipv6)
    plain_limit = _STREAM_SIZE if stream else _PLAIN_SIZE

    def respond(packet: bytes) -> bytes | None:  # noqa: PLR0911  a function call costs more
        kind = header_kind(packet[2:12])
        if kind is None:
            return None
        if kind < 2:
            question = packet[12:]
            entry = find(question)
            if entry is None:
                return None
            headers, bodies, hits, authority, _, _, _ = entry
            turn = hits[lane]
            hits[lane] = turn + 1
            body = bodies[turn % len(bodies)] if bodies else authority.authority_at(len(question))  # type: ignore[union-attr]
            response = packet[:2] + headers[kind] + question + body
            return response if len(response) <= plain_limit else truncate(response, plain_limit)
        opt = bare_opt(packet[-11:])
        if opt is None:
            return None
        question = packet[12:-11]
        entry = find(question)
        if entry is None:
            return None
        limit, do = opt
        headers, bodies, hits, authority, options, _, _ = entry
        at = lane + 1 + do
        turn = hits[at]
        hits[at] = turn + 1
        body = bodies[turn % len(bodies)] if bodies else authority.authority_at(len(question))  # type: ignore[union-attr]
        response = packet[:2] + headers[kind] + question + body + options[do]
        if len(response) <= limit:
            return response
        bare = packet[:2] + headers[kind - 2] + question + body
        return truncate(bare, limit, BARE_OPT_DO if do else BARE_OPT)

    return respond
