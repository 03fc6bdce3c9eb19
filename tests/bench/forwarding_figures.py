"""What a run with another DNS server behind us has found, the budget, and a page of it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import NamedTuple

from tests.bench.figures import Machine, Verdict, spread
from tests.bench.load import Sample
from tests.bench.pace import quantile

OURS = "svcdns"
ADDRESSES = "addresses"
KINDS = (ADDRESSES, "denial", "alias")
"""What the other server says of a name; the budget is for the first."""
_PEERS = (("coredns-kubeadm", "coredns", 0.6), ("dnsmasq", "dnsmasq", 1.0))
"""Beside whom a miss is measured, and what it may cost of theirs."""


class Silence(NamedTuple):
    """Seconds that answers for names of the cluster took, in one round."""

    alone: tuple[float, ...]
    beside: tuple[float, ...]
    """While questions wait for an upstream that says nothing."""


class Reloads(NamedTuple):
    """What many reloads under load came to."""

    reloads: int
    asked: int
    lost: int
    wrong: int
    seconds: tuple[float, ...]
    """Of all answers meanwhile."""
    megabytes_before: float
    megabytes_after: float
    files_before: int
    files_after: int


@dataclass(slots=True)
class ForwardFindings:
    """A whole run."""

    machine: Machine
    method: str
    misses: dict[str, dict[str, dict[int, Sample]]] = field(default_factory=dict)
    """By kind of answer, server and round: names that nobody has asked for yet."""
    hits: dict[str, dict[int, Sample]] = field(default_factory=dict)
    """Of svcdns alone, names that are there already: `cluster`, `forwarded`, and few of those."""
    silences: list[Silence] = field(default_factory=list)
    reloads: Reloads | None = None
    skipped: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def ratio(first: dict[int, Sample] | None, second: dict[int, Sample] | None) -> float | None:
    """Return one cost an answer as a multiple of the other, taken inside a round."""
    if not first or not second:
        return None
    ratios = [
        first[number].microseconds / second[number].microseconds
        for number in first.keys() & second.keys()
    ]
    return median(ratios) if ratios else None


def verdicts(findings: ForwardFindings) -> Iterator[Verdict]:
    """Yield the budget, line by line."""
    hits, reloads = findings.hits, findings.reloads
    cluster, most = hits.get("cluster"), "at most 1.60 x cluster hit"
    addresses = findings.misses.get(ADDRESSES, {})
    misses = [
        (
            "miss",
            f"at most {limit:.2f} x {said}",
            limit,
            ratio(addresses.get(OURS), addresses.get(peer)),
        )
        for peer, said, limit in _PEERS
    ]
    waits = [quantile(one.beside, 0.99) / quantile(one.alone, 0.99) for one in findings.silences]
    lines: tuple[tuple[str, str, float, float | None], ...] = (
        *misses,
        ("cache hit, popular", most, 1.6, ratio(hits.get("forwarded-popular"), cluster)),
        ("cache hit, rare", most, 1.6, ratio(hits.get("forwarded"), cluster)),
        ("silent upstream", "p99 at most 1.5 x alone", 1.5, median(waits) if waits else None),
        ("reloads, lost", "none", 0, reloads.lost if reloads else None),
        (
            "reloads, memory",
            "less than 10 MB more",
            10,
            reloads.megabytes_after - reloads.megabytes_before if reloads else None,
        ),
        (
            "reloads, files",
            "no more than before",
            0,
            reloads.files_after - reloads.files_before if reloads else None,
        ),
    )
    for subject, demand, limit, measured in lines:
        yield Verdict(subject, demand, limit, measured, bool(findings.complaints))


def as_document(findings: ForwardFindings | str) -> dict[str, object]:
    """Return everything that was found for JSON, or why there is nothing."""
    if isinstance(findings, str):
        return {"skipped": findings}
    budget = [{**line._asdict(), "verdict": line.word} for line in verdicts(findings)]
    return {**asdict(findings), "machine": findings.machine._asdict(), "budget": budget}


def page(findings: ForwardFindings | str) -> str:
    """Return the findings as text of about 100 columns, or why there are none."""
    if isinstance(findings, str):
        return f"Not measured: forwarding: {findings}\n"
    lines = ["Forwarding", f"  {findings.method}", ""]
    lines += [f"  {what:32}{said}" for what, said in _rows(findings)]
    lines += [f"  wrong: {one}" for one in findings.complaints]
    lines += [f"  not measured: {one}" for one in findings.skipped]
    lines += ["", "Budget of svcdns"]
    for line in verdicts(findings):
        measured = "not measured" if line.measured is None else f"{line.measured:.2f}"
        lines.append(f"  {line.word:8}  {line.subject:18}  {line.demand:26}  {measured}")
    return "\n".join(lines) + "\n"


def _rows(findings: ForwardFindings) -> Iterator[tuple[str, str]]:
    for kind, servers in findings.misses.items():
        for name, samples in servers.items():
            yield f"miss, {kind}, {name}", _cost(list(samples.values()))
    for name, samples in findings.hits.items():
        yield f"hit, {name}", _cost(list(samples.values()))
    for what, pick in (("cluster names alone", 0), ("beside a silent upstream", 1)):
        if seconds := [second for one in findings.silences for second in one[pick]]:
            yield what, _quantiles(seconds)
    if reloads := findings.reloads:
        yield (
            f"{reloads.reloads} reloads",
            f"{reloads.lost} of {reloads.asked:,} queries lost; {_quantiles(reloads.seconds)}",
        )
        memory = f"{reloads.megabytes_before:.1f} to {reloads.megabytes_after:.1f} MB"
        yield "  memory, files", f"{memory}, {reloads.files_before} to {reloads.files_after}"


def _cost(samples: list[Sample]) -> str:
    found = spread([sample.microseconds for sample in samples])
    best = max(sample.answers_a_second for sample in samples)
    lost = sum(sample.lost for sample in samples)
    return (
        f"{found.median:.2f} us ({found.least:.2f}-{found.most:.2f}), best {best:,.0f}/s, "
        f"{lost} lost"
    )


def _quantiles(seconds: list[float] | tuple[float, ...]) -> str:
    shares = (("p50", 0.5), ("p99", 0.99), ("most", 1.0))
    said = ", ".join(f"{name} {1e3 * quantile(seconds, share):.2f}" for name, share in shares)
    return f"{said} ms of {len(seconds):,}"
