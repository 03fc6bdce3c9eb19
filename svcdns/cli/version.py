"""`svcdns version`: which program this is, and what it runs on."""

import json
import os
import platform
from typing import Annotated, Literal

import typer

from svcdns import __version__

EXAMPLES = """\b
Examples:
  svcdns version
  svcdns version -o json
"""


def text() -> str:
    """Return two lines in the shape of CoreDNS's: name and version, then what it runs on."""
    return f"svcdns-{__version__}\n{_machine()}, python{platform.python_version()}"


def version(
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", "-o", help="How to print it.")
    ] = "text",
) -> None:
    """Print the version of svcdns and of what it runs on."""
    if output == "json":
        facts = {
            "version": __version__,
            "python": platform.python_version(),
            "platform": _machine(),
        }
        typer.echo(json.dumps(facts))
    else:
        typer.echo(text())


def _machine() -> str:
    system = os.uname()
    return f"{system.sysname.lower()}/{system.machine}"
