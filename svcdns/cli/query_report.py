"""What `svcdns query` shows: the outcome of one question, as a table or as JSON.

Texts in it come from servers nobody vouches for: nothing in them may move a cursor.
"""

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from svcdns.cli.columns import Cell, aligned
from svcdns.cli.terminal import Tone, toned
from svcdns.corefile.errors import printable

# The last part of a reason may be advice: it then begins with what to do.
_ADVICE = re.compile(
    r";\s+(?=(?:add|allow|ask|check|create|give|make|name|remove|set|start|try|turn|use|wait|write)\b)"
)

_TONES = {"NOERROR": Tone.OK, "NODATA": Tone.WARN}


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
    status = toned(report.status, _TONES.get(report.status, Tone.FAIL), colour=colour)
    where = f"  {printable(report.server)}"
    if report.milliseconds is not None:
        where = f"   {report.milliseconds:.1f} ms{where}"
    if report.transport == "tcp":
        where += " tcp"
    head = f"{status}  {printable(report.name)} {printable(report.type)}"
    lines = [head + toned(where, Tone.DIM, colour=colour), *_rows(report.answer, colour=colour)]
    if report.additional and report.status in ("NOERROR", "NODATA"):
        lines.append(toned("  with it", Tone.DIM, colour=colour))
        lines += _rows(report.additional, colour=colour)
    below = [("why", why) for why in report.why]
    if report.near:
        below.append(("near", ", ".join(report.near)))
    if report.next:
        below.append(("next", report.next))
    for label, text in below:
        lines.append(f"  {toned(f'{label:<4}', Tone.DIM, colour=colour)}  {printable(text)}")
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


def _rows(records: tuple[Record, ...], *, colour: bool) -> list[str]:
    cells = [
        (
            Cell(printable(r.name)),
            Cell(str(r.ttl), Tone.DIM),
            Cell(r.type, Tone.DIM),
            Cell(printable(r.data)),
        )
        for r in records
    ]
    return [f"  {line}" for line in aligned(cells, colour=colour, right=(1,))]
