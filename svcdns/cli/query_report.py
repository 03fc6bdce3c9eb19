"""What `svcdns query` shows: the outcome of one question, as a table or as JSON.

Texts in it come from servers nobody vouches for: nothing in them may move a cursor.
"""

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

import typer

from svcdns.corefile.errors import printable

# The last part of a reason may be advice: it then begins with what to do.
_ADVICE = re.compile(
    r";\s+(?=(?:add|allow|ask|check|create|give|make|name|remove|set|start|try|turn|use|wait|write)\b)"
)

_COLOURS = {"NOERROR": typer.colors.GREEN, "NODATA": typer.colors.YELLOW}


class Record(NamedTuple):
    """One record in text form."""

    name: str
    ttl: int
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Report:
    """One question and what came of it."""

    status: str
    """NOERROR with records, NODATA without, NXDOMAIN …, or TIMEOUT when nothing came back."""
    name: str
    type: str
    server: str
    """Address and port, or where the answer was made without a server."""
    milliseconds: float | None = None
    transport: str = ""
    authoritative: bool = False
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    why: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    next: str = ""

    @property
    def is_answer(self) -> bool:
        """Whether the question got what it asked for."""
        return self.status == "NOERROR"


def split_advice(reason: str) -> tuple[str, str]:
    """Return a reason without the advice at its end, and the advice; it may be empty."""
    why, *advice = _ADVICE.split(reason, maxsplit=1)
    return why, "; ".join(advice)


def table(report: Report, *, colour: bool) -> str:
    """Return the report for a person, without a final newline."""
    status = report.status
    if colour:
        status = typer.style(status, fg=_COLOURS.get(status, typer.colors.RED), bold=True)
    head = f"{status}  {printable(report.name)} {printable(report.type)}"
    if report.milliseconds is not None:
        head += f"   {report.milliseconds:.1f} ms"
    head += f"  {printable(report.server)}"
    if report.transport == "tcp":
        head += " tcp"
    lines = [head, *_rows(report.answer)]
    if report.additional and report.status in ("NOERROR", "NODATA"):
        lines += ["  with it", *_rows(report.additional)]
    lines += [f"  why   {printable(why)}" for why in report.why]
    if report.near:
        lines.append(f"  near  {printable(', '.join(report.near))}")
    if report.next:
        lines.append(f"  next  {printable(report.next)}")
    return "\n".join(lines)


def as_json(report: Report) -> str:
    """Return the report for a program: one object, its fields always there."""
    fields = {
        "status": report.status,
        "name": report.name,
        "type": report.type,
        "server": report.server,
        "transport": report.transport,
        "milliseconds": None if report.milliseconds is None else round(report.milliseconds, 3),
        "authoritative": report.authoritative,
        "answer": [record._asdict() for record in report.answer],
        "authority": [record._asdict() for record in report.authority],
        "additional": [record._asdict() for record in report.additional],
        "why": list(report.why),
        "near": list(report.near),
        "next": report.next,
    }
    return json.dumps(fields, indent=2)


def _rows(records: tuple[Record, ...]) -> list[str]:
    cells = [(printable(r.name), str(r.ttl), r.type, printable(r.data)) for r in records]
    widths = [max(len(row[column]) for row in cells) for column in range(3)] if cells else []
    return [
        f"  {name:<{widths[0]}}  {ttl:>{widths[1]}}  {rrtype:<{widths[2]}}  {rdata}"
        for name, ttl, rrtype, rdata in cells
    ]
