"""What docs/operations.md, docs/sizing.md and docs/security.md owe to those who are on call.

Metrics, events and reasons by name are in `test_observability.py`, alerts in
`tests/chart/test_monitoring.py`.
"""

import re
from functools import cache

import pytest
from typer.testing import CliRunner

from svcdns.cli.main import COMMANDS, app
from tests.house.test_documents import TEST, files_by_test
from tests.support.tree import ROOT, source_files

OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
SIZING = (ROOT / "docs/sizing.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs/security.md").read_text(encoding="utf-8")
MEASURED = (ROOT / "docs/performance.md").read_text(encoding="utf-8")

FIGURE = re.compile(r"\b(\d[\d.,]*) (?:MB|KB|s|ms|µs|GB)\b")
PROXY_COMMANDS = ("proxy list", "proxy diff", "proxy cleanup")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


@cache
def source() -> str:
    """All of the product in one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in source_files())


@pytest.mark.parametrize("command", [*COMMANDS, *PROXY_COMMANDS])
def test_the_exit_codes_of_a_command_are_those_of_its_help(command: str) -> None:
    (row,) = [row for row in rows(OPERATIONS, "Exit codes") if row[0] == f"`svcdns {command}`"]
    told = CliRunner().invoke(app, [*command.split(), "--help"]).output.partition("Exit codes:")[2]
    codes = set(re.findall(r"\b([012]) ", told.partition("Options:")[0].partition("Args")[0]))

    assert row[1]
    if codes:
        assert ("1" in codes) == bool(row[2])


def test_every_command_with_exit_codes_exists() -> None:
    named = [row[0] for row in rows(OPERATIONS, "Exit codes")]

    assert sorted(named) == sorted(f"`svcdns {one}`" for one in (*COMMANDS, *PROXY_COMMANDS))


@pytest.mark.parametrize("row", rows(OPERATIONS, "Log"), ids=lambda row: row[0])
def test_an_event_is_logged_and_whoever_must_act_is_told_what_to_do(row: list[str]) -> None:
    names, level, meaning, remedy = row

    assert meaning
    assert bool(remedy) == level.startswith(("warning", "error"))
    for name in re.findall(r"`([^`]+)`", names):
        loop = f'"{name.removesuffix(".failed")}"'
        assert name in source() or loop in source() or "watch-" in name, name


@pytest.mark.parametrize("figure", sorted(set(FIGURE.findall(SIZING))))
def test_a_figure_of_sizing_was_measured(figure: str) -> None:
    assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d.,]*\d)", MEASURED)


@pytest.mark.parametrize("row", rows(SECURITY, "What an attacker may try"), ids=lambda row: row[0])
def test_a_threat_is_met_by_something_that_is_tested(row: list[str]) -> None:
    named = TEST.findall(row[-1])

    assert named
    for _, name in named:
        assert len(files_by_test().get(name, [])) == 1, name
