"""`svcdns config`: print what a Corefile comes to, and where each line is from."""

import json
import os
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from svcdns.app.effective import Row, rows
from svcdns.app.files import examine_corefile
from svcdns.corefile.errors import CorefileError

EXAMPLES = """\b
Examples:
  svcdns config Corefile
  kubectl -n kube-system get configmap coredns -o jsonpath='{.data.Corefile}' | svcdns config -
  svcdns config Corefile -o json | jq -r '.lines[] | select(.origin == "default") | .text'
"""

_WIDEST = 60


def config(
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
    output: Annotated[
        Literal["corefile", "json"], typer.Option("--output", "-o", help="How to print it.")
    ] = "corefile",
) -> None:
    """Print what a Corefile comes to, defaults and origins with it.

    Imports and snippets are unfolded, variables put in, directives stand in the order in which
    they act, and defaults are added as comments: what is printed is a Corefile again.

    Exit codes: 0 printed, 1 the Corefile has mistakes, 2 it cannot be read or the command line
    is wrong.
    """
    from svcdns.app.build import plans_of  # noqa: PLC0415 - help needs no plugin
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        found = list(rows(plans_of(examine_corefile(corefile, os.environ, port))))
    except OSError as error:
        typer.echo(f"cannot read the Corefile '{corefile}': {error.strerror}", err=True)
        typer.echo("  next  name it: svcdns config FILE, or `-` for standard input", err=True)
        raise typer.Exit(2) from None
    except (CorefileError, StartError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(as_json(found) if output == "json" else as_corefile(found))


def as_corefile(lines: Sequence[Row]) -> str:
    """Return the lines with their origins as comments, in one column where they are short."""
    width = min(_WIDEST, max(len(line.text) for line in lines))
    return "\n".join(
        f"{line.text:{width}}  # {line.origin}" if line.origin else line.text for line in lines
    )


def as_json(lines: Sequence[Row]) -> str:
    """Return one object: `lines`, each with `text` and `origin`."""
    return json.dumps({"lines": [line._asdict() for line in lines]}, indent=2)
