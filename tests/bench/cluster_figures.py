"""What a run on a real API server has found, what the budget says about it, and a page of it.

A figure of several rounds is the median, with the least and the most; a ratio is taken inside a
round. Latencies are put together over all rounds first, as a quantile of few is worth nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import NamedTuple

from tests.bench.figures import Machine, Verdict, spread
from tests.bench.freshness import Fresh
from tests.bench.pace import quantile
from tests.bench.starting import Start

OURS, MARK = "svcdns", "coredns"


class Relist(NamedTuple):
    """Everything read again, because the API server had forgotten the history."""

    seconds: float
    """Until what had changed meanwhile was answered."""
    before_megabytes: float
    peak_megabytes: float
    latencies: tuple[float, ...]
    """Seconds, of the queries that were sent meanwhile."""


@dataclass(slots=True)
class Round:
    """One life of one server."""

    start: Start | None = None
    settled_megabytes: float = 0.0
    """Two seconds after the start."""
    fresh: list[Fresh] = field(default_factory=list)
    relist: Relist | None = None


class Stormy(NamedTuple):
    """What was found while everything changed."""

    fresh: tuple[float, ...]
    """Seconds from a change to its answer."""
    latencies: tuple[float, ...]
    """Seconds, of all queries."""


@dataclass(slots=True)
class Server:
    """What was found about one server."""

    name: str
    version: str
    rounds: dict[int, Round] = field(default_factory=dict)
    storms: list[Stormy] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def latencies(self) -> list[float]:
        """Return those of the queries during all relists."""
        return [one for done in self._relists() for one in done.latencies]

    def fresh(self) -> list[Fresh]:
        """Return the changes of all rounds."""
        return [one for done in self.rounds.values() for one in done.fresh]

    def starts(self) -> list[Start]:
        """Return the starts of all rounds."""
        return [done.start for done in self.rounds.values() if done.start]

    def growths(self) -> list[float]:
        """Return the peaks of the relists, as multiples of the memory after the start."""
        return [
            done.relist.peak_megabytes / done.settled_megabytes
            for done in self.rounds.values()
            if done.relist and done.settled_megabytes
        ]

    def _relists(self) -> Iterator[Relist]:
        return (done.relist for done in self.rounds.values() if done.relist)

    def peaks(self) -> list[float]:
        """Return the memory at the peaks of the relists."""
        return [one.peak_megabytes for one in self._relists()]

    def relist_seconds(self) -> list[float]:
        """Return how long the relists took."""
        return [one.seconds for one in self._relists()]


@dataclass(slots=True)
class ClusterFindings:
    """A whole run."""

    machine: Machine
    world: str
    method: str
    servers: list[Server] = field(default_factory=list)

    def server(self, name: str) -> Server | None:
        """Return what was found about a server, if it took part."""
        return next((server for server in self.servers if server.name == name), None)

    @property
    def has_complaints(self) -> bool:
        """Whether a figure stands beside answers that were not right."""
        return any(server.complaints for server in self.servers)


def ratio(findings: ClusterFindings, figure: Callable[[Start], float]) -> float | None:
    """Return our figure of a start as a multiple of CoreDNS's, None if one is missing."""
    ours, mark = findings.server(OURS), findings.server(MARK)
    if ours is None or mark is None:
        return None
    ratios = [
        figure(mine.start) / figure(theirs.start)
        for number, mine in ours.rounds.items()
        if mine.start and (theirs := mark.rounds.get(number)) and theirs.start
    ]
    return median(ratios) if ratios else None


def verdicts(findings: ClusterFindings) -> Iterator[Verdict]:
    """Yield the budget, line by line."""
    ours = findings.server(OURS) or Server(OURS, "")
    is_void = bool(ours.complaints)
    fresh = [one.since_accepted for one in ours.fresh()]
    stormy = [one for storm in ours.storms for one in storm.fresh]
    settled = [done.settled_megabytes for done in ours.rounds.values() if done.settled_megabytes]
    growths, latencies = ours.growths(), ours.latencies()
    lines: tuple[tuple[str, str, float, float | None], ...] = (
        ("change, idle", "p50 at most 1.5 ms", 1.5, _ms(fresh, 0.5)),
        ("change, idle", "p99 at most 5 ms", 5.0, _ms(fresh, 0.99)),
        ("change, storm", "p99 at most 50 ms", 50.0, _ms(stormy, 0.99)),
        ("start, wall", "at most 1.2 x coredns", 1.2, ratio(findings, lambda s: s.wall_seconds)),
        ("start, CPU", "at most 1.0 x coredns", 1.0, ratio(findings, lambda s: s.cpu_seconds)),
        ("memory", "at most 90 MB", 90.0, median(settled) if settled else None),
        ("memory, relist", "at most 1.3 x", 1.3, median(growths) if growths else None),
        ("query, relist", "p99 at most 20 ms", 20.0, _ms(latencies, 0.99)),
    )
    for subject, demand, limit, measured in lines:
        yield Verdict(subject, demand, limit, measured, is_void)


def _ms(seconds: list[float], share: float) -> float | None:
    return 1e3 * quantile(seconds, share) if seconds else None


def as_document(findings: ClusterFindings | str) -> dict[str, object]:
    """Return everything that was found for JSON, or why there is nothing."""
    if isinstance(findings, str):
        return {"skipped": findings}
    budget = [{**line._asdict(), "verdict": line.word} for line in verdicts(findings)]
    return {**asdict(findings), "machine": findings.machine._asdict(), "budget": budget}


def page(findings: ClusterFindings | str) -> str:
    """Return the findings as text of about 100 columns, or why there are none."""
    if isinstance(findings, str):
        return f"Not measured: following a real API server: {findings}\n"
    lines = ["Following a real API server", f"  {findings.world}", f"  {findings.method}", ""]
    for server in findings.servers:
        lines.append(f"{server.name} {server.version}")
        lines += [f"  {what:28}{said}" for what, said in _rows(server)]
        lines += [f"  wrong: {one}" for one in server.complaints]
        lines.append("")
    lines.append("Budget of svcdns")
    for line in verdicts(findings):
        measured = "not measured" if line.measured is None else f"{line.measured:.2f}"
        lines.append(f"  {line.word:8}  {line.subject:15}  {line.demand:22}  {measured}")
    return "\n".join(lines) + "\n"


def _rows(server: Server) -> Iterator[tuple[str, str]]:
    starts, fresh = server.starts(), server.fresh()
    if starts:
        yield "start, wall", _spread([start.wall_seconds for start in starts], "s", 2)
        yield "start, CPU", _spread([start.cpu_seconds for start in starts], "s", 2)
        settled = [done.settled_megabytes for done in server.rounds.values()]
        yield "memory after it", _spread(settled, "MB", 0)
    if fresh:
        yield "change, since accepted", _quantiles([one.since_accepted for one in fresh])
        yield "change, since asked for", _quantiles([one.since_sent for one in fresh])
    if server.peaks():
        yield "relist, until fresh", _spread(server.relist_seconds(), "s", 2)
        yield "relist, memory at its peak", _spread(server.peaks(), "MB", 0)
        yield "relist, queries", _quantiles(server.latencies())
    if server.storms:
        yield "storm, change", _quantiles([one for storm in server.storms for one in storm.fresh])
        latencies = [one for storm in server.storms for one in storm.latencies]
        yield "storm, queries", _quantiles(latencies)


def _spread(values: list[float], unit: str, digits: int) -> str:
    found = spread(values)
    return f"{found.median:.{digits}f} {unit} ({found.least:.{digits}f}-{found.most:.{digits}f})"


def _quantiles(seconds: list[float]) -> str:
    if not seconds:
        return "nothing was measured"
    shares = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("most", 1.0))
    said = ", ".join(f"{name} {1e3 * quantile(seconds, share):.2f}" for name, share in shares)
    return f"{said} ms of {len(seconds):,}"
