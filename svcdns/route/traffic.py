"""What was asked and answered, as plain numbers: the raw material of the metrics.

A response from the table costs one increment in its entry (`Entry.hits`); everything else of
it (TYPE, RCODE, both sizes) follows from the entry and is added up here when somebody looks.

Label values and buckets: those of CoreDNS, so that dashboards go on working.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from svcdns.answers.table import Entry, Table
from svcdns.route.exemplars import Exemplars
from svcdns.wire.codes import RRType

SIZE_BUCKETS = (0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000)
TIME_BUCKETS = tuple(0.00025 * 2**power for power in range(16))
DROPPED = "dropped"
"""Zone label of queries that no server block takes."""

NAMED_TYPES = tuple(
    RRType[name]
    for name in (
        *("A", "AAAA", "CNAME", "DNSKEY", "DS", "MX", "NSEC", "NSEC3", "NS", "PTR", "RRSIG"),
        *("SOA", "SRV", "TXT", "HTTPS", "SVCB", "IXFR", "AXFR", "ANY"),
    )
)
"""TYPEs that are counted one by one, whatever is asked; all others together as `OTHER_TYPE`."""
OTHER_TYPE = 0

_COUNTED_AS = {int(rrtype): int(rrtype) for rrtype in NAMED_TYPES}
_BARE_OPT_SIZE = 11


class Lane(NamedTuple):
    """How a query came: what its entry cannot know."""

    proto: str
    family: str
    """`1` for IPv4, `2` for IPv6."""
    edns: int
    """0 without EDNS, 1 with, 2 with DO set."""


LANES = tuple(
    Lane(proto, family, edns) for proto in ("udp", "tcp") for family in "12" for edns in range(3)
)


def first_lane(*, stream: bool, ipv6: bool) -> int:
    """Return the index of the first of the three lanes of a socket."""
    return 6 * stream + 3 * ipv6


class TrafficKey(NamedTuple):
    """Labels of one series, sizes already in buckets (the last one is +Inf)."""

    zone: str
    lane: Lane
    rrtype: int
    """One of `NAMED_TYPES`, or `OTHER_TYPE`."""
    rcode: int
    written_by: str
    request_bucket: int
    response_bucket: int


class Traffic:
    """Exchanges of one listener."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.counts: dict[TrafficKey, list[int]] = {}
        """Queries, octets asked, octets answered."""
        self.durations: dict[str, list[int]] = {}
        """By zone: queries by bucket of `TIME_BUCKETS`, +Inf last."""
        self.seconds: dict[str, float] = {}
        self.exemplars: Exemplars | None = None
        """Questions that waited, by duration; None: nobody wants to know."""
        self.malformed = 0
        self.dropped = 0
        self._tables: list[Table] = []
        self._batches = [0] * (len(TIME_BUCKETS) + 1)
        self._batch_seconds = 0.0
        self._timed: dict[str, int] = {}

    def table(self, capacity: int) -> Table:
        """Return a new table whose hits are counted here."""
        table = Table(capacity, self._take)
        self._tables.append(table)
        return table

    def count(
        self,
        zone: str,
        lane: int,
        rrtype: int,
        label: tuple[int, str],
        sizes: tuple[int, int],
        *,
        times: int = 1,
    ) -> None:
        """Add `times` equal exchanges.

        Args:
            zone: the server block's.
            lane: index into `LANES`.
            rrtype: TYPE of the question.
            label: RCODE, and the directive that wrote the answer.
            sizes: octets of the query and of the response.
            times: how many.
        """
        asked, answered = sizes
        row = self.row(zone, lane, rrtype, label, sizes)
        row[0] += times
        row[1] += times * asked
        row[2] += times * answered

    def row(
        self, zone: str, lane: int, rrtype: int, label: tuple[int, str], sizes: tuple[int, int]
    ) -> list[int]:
        """Return the numbers of such exchanges, to be added to: see `count` and `counts`."""
        rcode, written_by = label
        asked, answered = sizes
        key = (
            zone,
            LANES[lane],
            _COUNTED_AS.get(rrtype, OTHER_TYPE),
            rcode,
            written_by,
            bisect_left(SIZE_BUCKETS, asked),
            bisect_left(SIZE_BUCKETS, answered),
        )
        row: list[int] | None = self.counts.get(key)  # type: ignore[call-overload]  # equal to a TrafficKey
        if row is None:
            row = self.counts[TrafficKey(*key)] = [0, 0, 0]
        return row

    def credit(self, seconds: float, queries: int) -> None:
        """Credit the time of a batch to each of its queries."""
        self._batches[bisect_left(TIME_BUCKETS, seconds)] += queries
        self._batch_seconds += seconds * queries

    def waited(self, zone: str, question: bytes, seconds: float) -> None:
        """Credit an exchange that waited for somebody else.

        Args:
            zone: the server block's.
            question: owner in lower case, TYPE and CLASS.
            seconds: it took.
        """
        self._batches[bisect_left(TIME_BUCKETS, seconds)] += 1
        self._batch_seconds += seconds
        if self.exemplars is not None:
            self.exemplars.take(zone, question, seconds)

    def fold(self) -> None:
        """Bring what the tables and batches know into `counts`, `durations` and `seconds`."""
        for _ in self.folding():
            pass

    def folding(self, at_once: int = 500) -> Iterator[None]:
        """Fold in slices of `at_once` entries: the caller lets others run at each one."""
        for table in self._tables:
            for number, (key, entry) in enumerate(list(table.entries.items()), 1):
                self._take(key, entry)
                if number % at_once == 0:
                    yield
        self._share_out()

    def _take(self, key: bytes, entry: Entry) -> None:
        """Count the hits of one entry and clear them."""
        label = entry.label
        if not any(entry.hits):
            return
        if label.on_hits is not None:
            label.on_hits(sum(entry.hits))
        for lane, hits in enumerate(entry.hits):
            if not hits:
                continue
            entry.hits[lane] = 0
            if not label.zone:
                continue
            edns = LANES[lane].edns
            sizes = (
                12 + len(key) + (_BARE_OPT_SIZE if edns else 0),
                entry.with_opt.size if edns else entry.plain.size,
            )
            rrtype = int.from_bytes(key[-4:-2])
            self.count(label.zone, lane, rrtype, (label.rcode, label.written_by), sizes, times=hits)

    def _share_out(self) -> None:
        """Give the batches since the last fold to the zones, by the queries each one had.

        A batch mixes the queries of all zones of its listener; which zone made a batch slow is
        unknown, so each gets its share of every bucket. No query is counted twice.
        """
        for zone, total in self._queries_by_zone().items():
            untimed = total - self._timed.get(zone, 0)
            credited = sum(self._batches)
            share = portion(self._batches, untimed)
            if not any(share):
                continue
            row = self.durations.setdefault(zone, [0] * len(share))
            for bucket, queries in enumerate(share):
                row[bucket] += queries
                self._batches[bucket] -= queries
            seconds = self._batch_seconds * sum(share) / credited
            self._batch_seconds -= seconds
            self.seconds[zone] = self.seconds.get(zone, 0.0) + seconds
            self._timed[zone] = self._timed.get(zone, 0) + sum(share)

    def _queries_by_zone(self) -> dict[str, int]:
        queries: dict[str, int] = {}
        for key, row in self.counts.items():
            queries[key.zone] = queries.get(key.zone, 0) + row[0]
        return queries


def portion(buckets: Sequence[int], count: int) -> list[int]:
    """Return `count` of all that lies in `buckets`, from each in proportion; all if fewer."""
    total = sum(buckets)
    if total <= count:
        return list(buckets)
    share = [held * count // total for held in buckets]
    missing = count - sum(share)
    for bucket, held in enumerate(buckets):
        extra = min(missing, held - share[bucket])
        share[bucket] += extra
        missing -= extra
    return share
