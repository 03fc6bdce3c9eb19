"""Where svcdns may differ from CoreDNS below the names: EDNS, sizes, malformed messages.

As in `differences`, each predicate belongs to a row of docs/compatibility.md. A message may
differ in several of these ways at once; then each of them has to be explained.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tests.peer.replies import Edns, Reply, differs

SERVER_SIZE = 1232
_LONGEST_RECORD = 140
"""About what the names of the clusters make of it: a cut response has no room for one more."""
_EXTENDED_ERROR = 15
_Z = 0x7FFF
_OPCODE, _NOTIFY = 0x7800, 4
_OPT = (41).to_bytes(2)
_CHECKED_OPTIONS = frozenset((8, 9, 10, 11, 19))
"""Options whose content CoreDNS's library reads: ECS, EXPIRE, COOKIE, KEEPALIVE, ZONEVERSION."""

OWN_SIZE = "EDNS: the size in the answer's OPT"
REASON = "any negative or failed answer to a query with EDNS"
FLAGS = "EDNS with flag bits nobody has defined"
CUT = "EDNS with a size over 1232, over UDP"
ERROR_BITS = "header of FORMERR and NOTIMP"


def explain_edns(theirs: Edns | None, ours: Edns | None) -> list[str] | None:
    """Return the rows that explain how two OPT records differ; None if they do not suffice."""
    if theirs is None or ours is None:
        return [] if theirs is ours else None
    if ours.version or ours.size != SERVER_SIZE:
        return None
    rows = [] if theirs.size == ours.size else [OWN_SIZE]
    if theirs.options != ours.options:
        if [code for code, _ in ours.options] != [_EXTENDED_ERROR] or theirs.options:
            return None
        rows.append(REASON)
    if theirs.flags != ours.flags:
        if theirs.flags & ~_Z != ours.flags:
            return None
        rows.append(FLAGS)
    return rows


def explain_cut(theirs: Reply | None, ours: Reply | None, asked_size: int) -> list[str] | None:
    """Return the row that explains how two responses are cut; None if it does not suffice.

    Args:
        theirs: of them one at least has TC.
        ours: the other.
        asked_size: what the client can take.
    """
    if theirs is None or ours is None or not ours.is_truncated:
        return None
    limit = min(asked_size, SERVER_SIZE)
    if not limit - _LONGEST_RECORD < ours.size <= limit:
        return None
    if asked_size > SERVER_SIZE:
        return [CUT]
    return [] if theirs.is_truncated else None


@dataclass(frozen=True)
class Exchange:
    """One message of any octets and what came of it."""

    octets: bytes
    theirs: Reply | None
    ours: Reply | None
    stream: bool

    @property
    def flags(self) -> int:
        """The second 16 bits."""
        return int.from_bytes(self.octets[2:4])

    @cached_property
    def question_end(self) -> int:
        """Where the name of the question ends; 0 if it has a pointer or does not end."""
        at = 12
        while at < len(self.octets) and (length := self.octets[at]):
            if length > 63:
                return 0
            at += length + 1
        return at + 1

    @property
    def has_pointer(self) -> bool:
        """Whether there is a pointer within the name of the question."""
        at = 12
        while at < len(self.octets) and 0 < self.octets[at] < 64:
            at += self.octets[at] + 1
        return at < len(self.octets) and self.octets[at] >= 0xC0

    @property
    def rrclass(self) -> int:
        """CLASS of the question."""
        return int.from_bytes(self.octets[self.question_end + 2 : self.question_end + 4])

    @property
    def records(self) -> bytes:
        """What follows the question."""
        return self.octets[self.question_end + 4 :]


class WireDifference(NamedTuple):
    """One way in which svcdns may differ, names apart."""

    row: str
    explains: Callable[[Exchange], bool]


def notify(exchange: Exchange) -> bool:
    is_notify = (exchange.flags & _OPCODE) >> 11 == _NOTIFY
    return is_notify and exchange.ours is not None and exchange.ours.rcode == "NOTIMP"


def header_alone(exchange: Exchange) -> bool:
    is_alone = len(exchange.octets) == 12 and exchange.octets[4:6] == b"\0\1"
    return is_alone and _rcodes(exchange) == ("SERVFAIL", "FORMERR")


def name_alone(exchange: Exchange) -> bool:
    lacking = exchange.question_end + 4 - len(exchange.octets)
    is_whole = exchange.question_end > 0 and lacking in (2, 4)
    return is_whole and _rcodes(exchange) == ("REFUSED", "FORMERR")


def pointer_in_the_question(exchange: Exchange) -> bool:
    return exchange.has_pointer and exchange.ours is not None and exchange.ours.rcode == "FORMERR"


def version_before_class(exchange: Exchange) -> bool:
    return exchange.rrclass != 1 and _rcodes(exchange) == ("REFUSED", "BADVERS")


def content_of_options(exchange: Exchange) -> bool:
    codes = {code for code, _ in _options(exchange.records)}
    is_looked_at = bool(codes & _CHECKED_OPTIONS)
    return is_looked_at and _rcodes(exchange)[0] == "FORMERR" and _is_answered(exchange)


def two_opt(exchange: Exchange) -> bool:
    several = exchange.octets[10:12] == b"\0\2" and exchange.records.count(_OPT) > 1
    return several and _rcodes(exchange)[1] == "FORMERR" and _rcodes(exchange)[0] != "FORMERR"


def opt_with_owner(exchange: Exchange) -> bool:
    has_owner = _OPT in exchange.records and exchange.records[:1] != b"\0"
    return has_owner and _rcodes(exchange)[1] == "FORMERR" and _rcodes(exchange)[0] != "FORMERR"


def error_with_opt(exchange: Exchange) -> bool:
    theirs, ours = exchange.theirs, exchange.ours
    if theirs is None or ours is None or _rcodes(exchange) != ("FORMERR", "FORMERR"):
        return False
    return theirs.edns is None and ours.edns is not None and theirs.question == ours.question


def malformed_record(exchange: Exchange) -> bool:
    """RDATA that cannot be read: of TSIG, of the SOA in an IXFR query."""
    has_records = any(exchange.octets[6:12])
    return has_records and _rcodes(exchange)[0] == "FORMERR" and _is_answered(exchange)


def long_datagram(exchange: Exchange) -> bool:
    is_long = len(exchange.octets) > 512 and not exchange.stream
    return is_long and _rcodes(exchange)[0] == "FORMERR" and _is_answered(exchange)


def bad_version(exchange: Exchange) -> bool:
    theirs, ours = exchange.theirs, exchange.ours
    if theirs is None or ours is None or _rcodes(exchange) != ("BADVERS", "BADVERS"):
        return False
    is_ours = ours.edns is not None and ours.edns.size == SERVER_SIZE
    return is_ours and theirs.question == ours.question


def _rcodes(exchange: Exchange) -> tuple[str, str]:
    theirs, ours = exchange.theirs, exchange.ours
    return (theirs.rcode if theirs else "", ours.rcode if ours else "")


def _is_answered(exchange: Exchange) -> bool:
    return _rcodes(exchange)[1] in ("NOERROR", "NXDOMAIN", "REFUSED", "BADVERS")


def _options(records: bytes) -> list[tuple[int, bytes]]:
    """Return the options of an OPT that stands first, as far as they can be read."""
    found: list[tuple[int, bytes]] = []
    if records[:3] == b"\0\0\x29":
        rest = records[11 : 11 + int.from_bytes(records[9:11])]
        while len(rest) >= 4:
            length = int.from_bytes(rest[2:4])
            found.append((int.from_bytes(rest[:2]), rest[4 : 4 + length]))
            rest = rest[4 + length :]
    return found


WIRE_DIFFERENCES = (
    WireDifference("NOTIFY", notify),
    WireDifference("a header that promises a question, and nothing behind it", header_alone),
    WireDifference("a question that ends behind its name", name_alone),
    WireDifference("a compression pointer in the question", pointer_in_the_question),
    WireDifference("EDNS of a later version, in a class other than IN", version_before_class),
    WireDifference("EDNS of a later version", bad_version),
    WireDifference("over 512 octets, over UDP", long_datagram),
    WireDifference("an option whose content is malformed", content_of_options),
    WireDifference("two OPT records", two_opt),
    WireDifference("an OPT whose owner is not the root", opt_with_owner),
    WireDifference("an option longer than its OPT", error_with_opt),
    WireDifference("a record whose RDATA is malformed", malformed_record),
)
ROWS = (OWN_SIZE, REASON, FLAGS, CUT, ERROR_BITS, *(one.row for one in WIRE_DIFFERENCES))


def explain_exchange(exchange: Exchange) -> list[str] | None:
    """Return the rows that explain how two responses differ; None if they do not suffice."""
    theirs, ours = exchange.theirs, exchange.ours
    if theirs is None or ours is None:
        return [] if theirs is ours else None
    rows: list[str] = []
    is_error = theirs.rcode == ours.rcode and ours.rcode in ("FORMERR", "NOTIMP")
    if is_error and theirs.flags != ours.flags:
        extra = set(theirs.flags.split()) - set(ours.flags.split())
        if not extra <= {"TC", "RA", "AD", "CD"}:
            return None
        rows.append(ERROR_BITS)
    elif differs(theirs, ours):
        return _first(exchange)
    edns = explain_edns(theirs.edns, ours.edns)
    if edns is None or theirs.question != ours.question:
        found = _first(exchange)
        return None if found is None else [*rows, *found]
    return [*rows, *edns]


def _first(exchange: Exchange) -> list[str] | None:
    return next(([one.row] for one in WIRE_DIFFERENCES if one.explains(exchange)), None)
