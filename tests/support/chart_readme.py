"""The values in the chart's README.md, written from the comments of its values.yaml.

`# -- ` begins what is said of the key below, and goes on in the lines after it; `# @default -- `
is printed in place of a default that is long; `# == ` begins a part. Run as a program it writes
the file.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.tree import ROOT

CHART = ROOT / "charts/svcdns"
BEGIN, END = "<!-- values -->", "<!-- end of values -->"

_KEY = re.compile(r"^( *)([A-Za-z0-9_]+):(?: |$)")


class Row(NamedTuple):
    """What is said of one value."""

    part: str
    name: str
    """`image.tag`."""
    default: str
    text: str


def rows(text: str) -> Iterator[Row]:
    """Yield what a values.yaml says of its values, from top to bottom.

    Raises:
        ValueError: a comment belongs to no key.
    """
    values = yaml.safe_load(text)
    part, said, shown, path = "", "", "", list[tuple[int, str]]()
    for number, line in enumerate(text.splitlines(), 1):
        comment = line.strip()
        if comment.startswith("# == "):
            part = comment.removeprefix("# == ")
        elif comment.startswith("# -- "):
            said = comment.removeprefix("# -- ")
        elif comment.startswith("# @default -- "):
            shown = comment.removeprefix("# @default -- ")
        elif comment.startswith("#"):
            said = f"{said} {comment.removeprefix('#').strip()}" if said else ""
        elif found := _KEY.match(line):
            indent = len(found[1])
            path = [*((depth, key) for depth, key in path if depth < indent), (indent, found[2])]
            if said:
                keys = [key for _, key in path]
                yield Row(part, ".".join(keys), shown or _default(values, keys), said)
            said, shown = "", ""
        elif said:
            raise ValueError(f"values.yaml:{number}: no key below the comment '{said}'")


def table(text: str) -> str:
    """Return the tables of a values.yaml, one for each part."""
    lines: list[str] = []
    part = None
    for row in rows(text):
        if row.part != part:
            part = row.part
            lines += ["", f"### {part}", "", "| Value | Default | |", "| --- | --- | --- |"]
        cells = (f"`{row.name}`", row.default, row.text.replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def written(readme: str, text: str) -> str:
    """Return a README with the tables between its two marks.

    Raises:
        ValueError: it has not got them.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: no place for the values, {BEGIN} and {END}")
    return f"{before}{begin}\n{table(text)}\n{end}{after}"


def undocumented(text: str) -> list[str]:
    """Return the values that nothing is said of, neither of them nor of what they are in."""
    said = {row.name for row in rows(text)}
    return [name for name in _leaves(yaml.safe_load(text)) if not said & _within(name)]


def _leaves(values: Any, above: str = "") -> Iterator[str]:
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from _leaves(value, f"{above}.{key}".lstrip("."))
    else:
        yield above


def _within(name: str) -> set[str]:
    keys = name.split(".")
    return {".".join(keys[:count]) for count in range(1, len(keys) + 1)}


def _default(values: Any, keys: list[str]) -> str:
    for key in keys:
        values = values[key]
    if values is None:
        return "none"
    return f"`{json.dumps(values, ensure_ascii=False)}`"


def main(chart: Path = CHART) -> None:
    """Write README.md."""
    readme = chart / "README.md"
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    readme.write_text(written(readme.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
