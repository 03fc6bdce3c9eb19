"""`svcdns check`: read a Corefile and say what is wrong with it, without starting anything.

The mistakes come from `corefile.parser` and, for what is inside the stanzas, from the plugins;
here they are put in order and printed.
"""

import json
import os
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

import typer

from svcdns.app.files import examine_corefile
from svcdns.cli.terminal import Tone, has_colour, toned
from svcdns.corefile.errors import Location, Mistake, in_order
from svcdns.corefile.parser import Corefile

EXAMPLES = """\b
Examples:
  svcdns check Corefile
  kubectl -n kube-system get configmap coredns -o jsonpath='{.data.Corefile}' | svcdns check -
  svcdns check Corefile -o json | jq -r '.mistakes[].problem'
"""

MAX_LINE = 500
"""Characters of a source line in JSON."""


class Verdict(NamedTuple):
    """What is to be said about one Corefile."""

    name: str
    corefile: Corefile
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]


def check(
    corefile: Annotated[
        str, typer.Argument(metavar="FILE", help="Corefile to read; `-` is standard input.")
    ] = "Corefile",
    *,
    port: Annotated[
        int,
        typer.Option(
            "--port", "-p", metavar="N", min=0, max=65535, help="Port of keys that name none."
        ),
    ] = 53,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show warnings too.")] = False,
    output: Annotated[
        Literal["table", "json"], typer.Option("--output", "-o", help="How to print it.")
    ] = "table",
) -> None:
    """Say what is wrong with a Corefile, without starting anything.

    Every mistake is named with its place, those of imported files too. Variables are taken
    from the environment of this command. NO_COLOR turns colours off.

    Exit codes: 0 the Corefile is good, 1 it is not, 2 the command line is wrong.
    """
    try:
        reading = examine_corefile(corefile, os.environ, port)
    except OSError as error:
        typer.echo(f"cannot read the Corefile '{corefile}': {error.strerror}", err=True)
        typer.echo("  next  name it: svcdns check FILE, or `-` for standard input", err=True)
        raise typer.Exit(2) from None
    from svcdns.app.advice import advise  # noqa: PLC0415 - help needs no plugin
    from svcdns.plugins import DIRECTIVES, UNSUPPORTED  # noqa: PLC0415 - help needs no plugin
    from svcdns.route.compile import examine  # noqa: PLC0415

    findings = examine(reading.corefile, DIRECTIVES, UNSUPPORTED)
    files = reading.corefile.files
    mistakes = in_order((*reading.mistakes, *findings.mistakes), files)
    if not (mistakes or reading.corefile.blocks):
        mistakes = (_nothing_served(files[0]),)
    warnings = findings.warnings
    if not mistakes:
        warnings = in_order((*warnings, *advise(findings.plans)), files)
    verdict = Verdict(files[0], reading.corefile, mistakes, warnings)
    if output == "json":
        typer.echo(as_json(verdict))
    else:
        typer.echo(table(verdict, verbose=verbose, colour=has_colour()))
    raise typer.Exit(1 if verdict.mistakes else 0)


def _nothing_served(file: str) -> Mistake:
    """Return what `svcdns serve` would say: a Corefile that is named has to serve something."""
    return Mistake(
        Location(file, 0, 0, ""),
        "there is no server block: nothing would be served",
        "write one, for example: .:53 { whoami }",
    )


def table(verdict: Verdict, *, verbose: bool, colour: bool) -> str:
    """Return the verdict for a person, without a final newline."""
    found = [(mistake, Tone.FAIL) for mistake in verdict.mistakes]
    if verbose:
        found += [
            (warning._replace(problem=f"warning: {warning.problem}"), Tone.WARN)
            for warning in verdict.warnings
        ]
    lines = [_painted(mistake, tone) if colour else str(mistake) for mistake, tone in found]
    last = f"{verdict.name}: {_summary(verdict, verbose=verbose, colour=colour)}"
    return "\n".join([*lines, last])


def _summary(verdict: Verdict, *, verbose: bool, colour: bool) -> str:
    parts = []
    if verdict.mistakes:
        parts.append(toned(_count(verdict.mistakes, "mistake"), Tone.FAIL, colour=colour))
    else:
        parts.append(_count(verdict.corefile.blocks, "server block"))
        parts.append(toned("no mistakes", Tone.OK, colour=colour))
    if verdict.warnings:
        how = "" if verbose else " (use -v to see it)"
        if len(verdict.warnings) > 1:
            how = how.replace("it)", "them)")
        count = toned(_count(verdict.warnings, "warning"), Tone.WARN, colour=colour)
        parts.append(f"{count}{toned(how, Tone.DIM, colour=colour)}")
    return ", ".join(parts)


def _count(things: tuple[Any, ...], name: str) -> str:
    return f"{len(things):,} {name}{'s' * (len(things) != 1)}"


def _painted(mistake: Mistake, tone: Tone) -> str:
    """Return the text of a mistake with its place in bold and its marks in colour."""
    place, *rest = str(mistake).split("\n")
    head, colon, problem = place.partition(": ")
    lines = [toned(head, Tone.STRONG, colour=True) + colon + problem]
    for line in rest:
        marks = line.lstrip(" |\t")
        if marks.strip("^"):
            lines.append(line)
        else:
            lines.append(line.removesuffix(marks) + toned(marks, tone, colour=True))
    return "\n".join(lines)


def as_json(verdict: Verdict) -> str:
    """Return the verdict for a program: one object, its fields always there."""
    fields = {
        "file": verdict.name,
        "good": not verdict.mistakes,
        "blocks": len(verdict.corefile.blocks),
        "files": list(verdict.corefile.files),
        "mistakes": _objects(verdict.mistakes),
        "warnings": _objects(verdict.warnings),
    }
    return json.dumps(fields, indent=2)


def _objects(mistakes: Iterable[Mistake]) -> list[dict[str, str | int]]:
    return [
        {
            "file": mistake.where.file,
            "line": mistake.where.line,
            "column": mistake.where.column,
            "width": mistake.width,
            "text": mistake.where.text[:MAX_LINE],
            "problem": mistake.problem,
            "hint": mistake.hint,
        }
        for mistake in mistakes
    ]
