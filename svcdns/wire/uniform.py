"""The answer that most answers are: addresses at the name of the question, and nothing else.

All its records are as wide, and differ in the address alone. Whoever looks at answers of
upstreams sees that at a glance and need not step from record to record.

Source: RFC 1035 section 4.1.3; RFC 2181 section 5.2 (records of one set have one TTL).
"""

from svcdns.wire.response import Body

TTL_AT = 6
"""Where in a record its TTL stands."""
TTL_SIZE = 4
TTL_END = TTL_AT + TTL_SIZE

FIXED = 12
"""Octets of a record before its address."""
_ADDRESS_WIDTH = 16
KINDS = {
    b"\0\1": (b"\xc0\x0c\0\1\0\1", b"\0\4", _ADDRESS_WIDTH),
    b"\0\x1c": (b"\xc0\x0c\0\x1c\0\1", b"\0\x10", 28),
}
"""TYPE -> owner, type and class; length of RDATA; octets of a record."""
_WIDTHS = {begin: width for begin, _, width in KINDS.values()}
_LENGTHS = {width: length for _, length, width in KINDS.values()}


def width_of(body: Body) -> int:
    """Return the octets of each record; 0: `body` is another kind of answer."""
    answers, authority, additional = body.counts
    octets = body.octets
    if authority or additional or uniform_end(octets, 0, answers) != len(octets):
        return 0
    return _WIDTHS.get(octets[:TTL_AT], 0)


def uniform_end(octets: bytes, start: int, answers: int) -> int:
    """Return where so many records of that kind end; 0: they are others, or none.

    Args:
        octets: of a body or of a whole message.
        start: where the first record begins.
        answers: how many there are; the octets behind them are not looked at.
    """
    width = _WIDTHS.get(octets[start : start + TTL_AT])
    if width is None:
        return 0
    end = start + answers * width
    fixed = octets[start : start + FIXED]
    if not start < end <= len(octets) or not fixed.endswith(_LENGTHS[width]):
        return 0
    if answers > 1:
        for at in range(start + width, end, width):
            if not octets.startswith(fixed, at):
                return 0
    return end


def uniform_with_ttl(octets: bytes, answers: int, ttl: int) -> bytes:
    """Return the octets of records of that kind, every TTL in them replaced by `ttl`.

    Args:
        octets: of so many records and nothing else.
        answers: how many.
        ttl: in seconds.
    """
    packed = ttl.to_bytes(TTL_SIZE)
    if answers == 1:
        return octets[:TTL_AT] + packed + octets[TTL_END:]
    width = len(octets) // answers
    if width == _ADDRESS_WIDTH:
        # Four octets of an address cannot be the beginning of another record's first twelve.
        fixed = octets[:FIXED]
        return octets.replace(fixed, fixed[:TTL_AT] + packed + fixed[TTL_END:])
    between = width - TTL_SIZE
    parts = [octets[at : at + between] for at in range(TTL_END, len(octets), width)]
    return packed.join((octets[:TTL_AT], *parts))
