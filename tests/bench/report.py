"""The findings as a page to read or as JSON to keep."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from textwrap import fill

from tests.bench.figures import Findings, Server, Spread, Traffic, ratio, spread, verdicts

Row = Sequence[str]

_WIDTH = 100
_ANCHORS = ("nsd", "coredns-kubeadm")


def page(findings: Findings) -> str:
    """Return the findings as text of at most 100 columns."""
    blocks = [_heading(findings)]
    blocks += [_traffic(findings, traffic) for traffic in findings.traffic]
    blocks += [_starts(findings), _budget(findings)]
    for title, lines in (
        ("Complaints: the figures of these servers mean nothing", _complaints(findings)),
        ("Not measured", findings.skipped),
        ("Notes", findings.notes),
    ):
        if listed := list(lines):
            blocks.append("\n".join([title, *map(_item, listed)]))
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_json(findings: Findings) -> str:
    """Return everything that was found, every round of it, with the budget."""
    document = {
        "machine": findings.machine._asdict(),
        "world": findings.world,
        "workload": findings.workload,
        "method": findings.method,
        "traffic": [traffic._asdict() for traffic in findings.traffic],
        "servers": [_server(server) for server in findings.servers],
        "check_seconds": findings.check_seconds,
        "budget": [{**line._asdict(), "verdict": line.word} for line in verdicts(findings)],
        "skipped": findings.skipped,
        "notes": findings.notes,
    }
    return json.dumps(document, indent=2) + "\n"


def _server(server: Server) -> dict[str, object]:
    return {
        **asdict(server),
        "starts": [start._asdict() for start in server.starts],
        "samples": {
            load: [{"round": number, **sample._asdict()} for number, sample in by_round.items()]
            for load, by_round in server.samples.items()
        },
    }


def _heading(findings: Findings) -> str:
    machine = findings.machine
    cores = f"{machine.cores} core{'' if machine.cores == 1 else 's'}"
    software = f"{machine.kernel}, {machine.python}"
    return "\n".join(
        (
            f"machine   {machine.processor}, {cores}, {software}, load {machine.load_average:.1f}",
            f"world     {findings.world}",
            fill(f"asked     {findings.workload}", width=_WIDTH, subsequent_indent=" " * 10),
            f"measured  {findings.method}",
        )
    )


def _traffic(findings: Findings, traffic: Traffic) -> str:
    head = ("us/answer", "(least-most)", *(f"x {anchor}" for anchor in _ANCHORS), "best/s", "lost")
    rows = [
        (f"{server.name} {server.version}", *_traffic_row(findings, server, traffic.name))
        for server in findings.servers
        if server.of(traffic.name)
    ]
    if not rows:
        return ""
    return _table((f"{traffic.title}, {traffic.generator}", *head), rows)


def _traffic_row(findings: Findings, server: Server, load: str) -> Iterator[str]:
    samples = server.of(load)
    cost = spread([sample.microseconds for sample in samples])
    yield f"{cost.median:.2f}"
    yield _extremes(cost, 2)
    for anchor in _ANCHORS:
        times = ratio(findings, load, server.name, anchor)
        yield "-" if times is None else f"{times:.2f}"
    yield f"{max(sample.answers_a_second for sample in samples):,.0f}"
    yield f"{sum(sample.lost for sample in samples):,}"


def _starts(findings: Findings) -> str:
    head = ("CPU s", "(least-most)", "wall s", "MB", "MB after")
    rows: list[Row] = []
    for server in findings.servers:
        if not server.starts:
            continue
        cpu = spread([start.cpu_seconds for start in server.starts])
        rows.append(
            (
                server.name,
                f"{cpu.median:.2f}",
                _extremes(cpu, 2),
                f"{median(start.wall_seconds for start in server.starts):.2f}",
                f"{median(start.megabytes for start in server.starts):.0f}",
                f"{server.megabytes_after:.0f}" if server.megabytes_after else "-",
            )
        )
    if findings.check_seconds:
        cpu = spread(findings.check_seconds)
        rows.append(("svcdns check", f"{cpu.median:.2f}", _extremes(cpu, 2), "", "", ""))
    return _table(("Start, to the first right answers", *head), rows) if rows else ""


def _budget(findings: Findings) -> str:
    rows = [
        (
            f"  {line.word}",
            line.subject,
            line.demand,
            "not measured" if line.measured is None else f"{line.measured:.2f}",
        )
        for line in verdicts(findings)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ("  ".join((*map(str.ljust, row[:3], widths), row[3])) for row in rows)
    return "\n".join(("Budget of svcdns", *lines))


def _complaints(findings: Findings) -> Iterator[str]:
    for server in findings.servers:
        for complaint in server.complaints:
            yield f"{server.name}: {complaint}"


def _item(text: str) -> str:
    return fill(text, width=_WIDTH, initial_indent="  ", subsequent_indent="    ")


def _table(head: Row, rows: Iterable[Row]) -> str:
    """Return lines whose first column is flush left and whose others are flush right."""
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _extremes(values: Spread, digits: int) -> str:
    return f"({values.least:.{digits}f}-{values.most:.{digits}f})"
