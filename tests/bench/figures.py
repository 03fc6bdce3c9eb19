"""What a run of the benchmark has found, as plain values, and what the budget says about it.

Ratios are taken inside a round, where both servers met the same weather, and then the median.
"""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.load import Sample
from tests.bench.starting import Start


class Spread(NamedTuple):
    """A median and its extremes."""

    median: float
    least: float
    most: float


def spread(values: list[float]) -> Spread:
    """Return the spread of at least one value."""
    return Spread(median(values), min(values), max(values))


@dataclass(slots=True)
class Server:
    """What was found about one server."""

    name: str
    version: str
    starts: list[Start] = field(default_factory=list)
    samples: dict[str, dict[int, Sample]] = field(default_factory=dict)
    """By load and round; a round that failed is missing."""
    megabytes_after: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def of(self, load: str) -> list[Sample]:
        """Return the samples under one load, in the order of the rounds."""
        return list(self.samples.get(load, {}).values())


class Traffic(NamedTuple):
    """One kind of traffic and who made it."""

    name: str
    title: str
    generator: str


class Machine(NamedTuple):
    """What the figures hold for."""

    processor: str
    cores: int
    kernel: str
    python: str
    load_average: float
    """Of the minute before the run: who else was at work."""


@dataclass(slots=True)
class Findings:
    """A whole run."""

    machine: Machine
    world: str
    workload: str
    method: str
    traffic: list[Traffic] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    check_seconds: list[float] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def server(self, name: str) -> Server | None:
        """Return what was found about a server, if it took part."""
        return next((server for server in self.servers if server.name == name), None)

    @property
    def has_complaints(self) -> bool:
        """Whether a figure stands beside answers that were not right."""
        return any(server.complaints for server in self.servers)


class Verdict(NamedTuple):
    """One line of the budget."""

    subject: str
    demand: str
    limit: float
    measured: float | None
    """None: what it needs was not measured."""
    is_void: bool = False
    """The answers were wrong, so their price means nothing."""

    @property
    def word(self) -> str:
        """Whether the budget is met, in words."""
        if self.measured is None:
            return "open"
        if self.is_void:
            return "void"
        return "met" if self.measured <= self.limit else "not met"


def this_machine() -> Machine:
    """Return what figures of this moment hold for."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return Machine(
        models[0] if models else platform.machine(),
        len(os.sched_getaffinity(0)),
        f"{platform.system()} {platform.release()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        os.getloadavg()[0],
    )


def ratio(findings: Findings, load: str, server: str, other: str) -> float | None:
    """Return a server's CPU an answer as a multiple of another's, or None if one is missing."""
    ours, theirs = findings.server(server), findings.server(other)
    if ours is None or theirs is None:
        return None
    mine, others = ours.samples.get(load, {}), theirs.samples.get(load, {})
    ratios = [
        mine[number].microseconds / others[number].microseconds
        for number in mine.keys() & others.keys()
    ]
    return median(ratios) if ratios else None


def verdicts(findings: Findings) -> Iterator[Verdict]:
    """Yield the budget, line by line."""
    demands = (
        ("udp", "nsd", 1.30),
        ("udp-edns", "nsd", 1.30),
        ("udp", "coredns-kubeadm", 0.25),
        ("udp-edns", "coredns-kubeadm", 0.25),
        ("tcp", "nsd", 1.00),
    )
    svcdns = findings.server("svcdns")
    is_void = svcdns is not None and bool(svcdns.complaints)
    for load, other, limit in demands:
        measured = ratio(findings, load, "svcdns", other)
        yield Verdict(load, f"at most {limit:.2f} x {other}", limit, measured, is_void)
    starts = [start.cpu_seconds for start in svcdns.starts] if svcdns else []
    checks = findings.check_seconds
    for subject, limit, seconds in (("start", 3.0, starts), ("check", 0.25, checks)):
        measured = median(seconds) if seconds else None
        yield Verdict(subject, f"at most {limit:.2f} s CPU", limit, measured)
