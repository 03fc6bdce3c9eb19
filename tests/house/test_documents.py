"""What documents promise: commands that exist, links that lead somewhere, Corefiles that load."""

import re
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from svcdns.cli.main import COMMANDS, app
from tests.support.tree import ROOT, documents, relative

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE))

CODE = re.compile(r"```(?:sh|console|text)\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COREFILE = re.compile(r"^```corefile\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
CELLS = re.compile(r"(?<!\\)\|")
TEST = re.compile(r"`(?:(test_\w+\.py)::)?(test_\w+)`")

every_document = pytest.mark.parametrize("path", documents(), ids=relative)


def code_of(path: Path) -> str:
    """All that a document shows as something to type."""
    found = CODE.findall(path.read_text(encoding="utf-8"))
    return "\n".join(block or span for block, span in found)


@cache
def corefiles() -> dict[str, str]:
    """Every Corefile that is shown as one, by its place."""
    shown = {"Corefile.example": (ROOT / "Corefile.example").read_text(encoding="utf-8")}
    for path in documents():
        blocks = COREFILE.findall(path.read_text(encoding="utf-8"))
        shown |= {f"{relative(path)} {number}": block for number, block in enumerate(blocks, 1)}
    return shown


@every_document
def test_a_make_target_that_is_shown_exists(path: Path) -> None:
    shown = set(re.findall(r"(?:^|[\s$(])make ([a-z][a-z0-9-]*)", code_of(path), re.MULTILINE))

    assert shown <= TARGETS


@every_document
def test_a_command_that_is_shown_exists(path: Path) -> None:
    typed = r"(?:^(?:\$ )?|[/(]|(?:--|\||kubectl) )svcdns ([a-z]+)(?![\w/])"
    shown = set(re.findall(typed, code_of(path), re.MULTILINE))

    assert shown <= {*COMMANDS}


@cache
def help_of(command: str) -> str:
    """What a command says of itself; empty if there is none."""
    return CliRunner().invoke(app, [*command.split(), "--help"]).output


@every_document
def test_an_option_that_is_shown_exists(path: Path) -> None:
    line = r"svcdns ((?:proxy (?:list|diff|cleanup)\b|[a-z]+))((?: [^\n|;&)]*)?)"
    for command, rest in re.findall(line, code_of(path).replace("\\\n", " ")):
        if command.split()[0] in COMMANDS:
            for option in re.findall(r"(?<=[ \[])--[a-z][a-z-]+", rest.partition(" -- ")[0]):
                assert re.search(rf"[ /]{option}\b", help_of(command)), (command, option)


def test_the_readme_shows_how_to_run_and_how_to_test() -> None:
    shown = code_of(ROOT / "README.md")

    assert "make run" in shown
    assert "make test" in shown


@every_document
def test_a_link_leads_to_a_file(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target


def anchors_of(path: Path) -> set[str]:
    """What links to headings of a document end in, as GitHub makes it."""
    headings = HEADING.findall(FENCED.sub("", path.read_text(encoding="utf-8")))
    plain = [re.sub(r"[^\w -]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@every_document
def test_a_link_to_a_heading_leads_to_one(path: Path) -> None:
    for target, anchor in ANCHOR.findall(path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert anchor in anchors_of((path.parent / target) if target else path), anchor


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert pages <= set(LINK.findall(index))


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_make_target_is_in_the_help(target: str) -> None:
    assert re.search(rf"^{target}:.* ## \S", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("place", corefiles())
def test_a_corefile_that_is_shown_loads(place: str, tmp_path: Path) -> None:
    file = tmp_path / "Corefile"
    file.write_text(corefiles()[place], encoding="utf-8")

    checked = CliRunner().invoke(app, ["check", str(file)])

    assert checked.exit_code == 0, checked.output


def rows_of_differences() -> list[list[str]]:
    """The cells of each row of docs/compatibility.md, table heads and rulers left out."""
    text = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in CELLS.split(line)[1:-1]] for line in lines]
    return [row for row in cells if row[-1] != "test:" and set(row[0]) != {"-"}]


@cache
def files_by_test() -> dict[str, list[str]]:
    """Name of each test -> the files that have one of this name."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        names = re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
        for name in names:
            found.setdefault(name, []).append(path.name)
    return found


@pytest.mark.parametrize("row", rows_of_differences(), ids=lambda row: row[0])
def test_a_difference_from_coredns_has_a_reason_and_a_test_that_exists(row: list[str]) -> None:
    assert len(row) == 5
    assert all(row)
    named = TEST.findall(row[-1])
    assert named
    for file, name in named:
        meant = [path for path in files_by_test().get(name, []) if file in ("", path)]
        assert len(meant) == 1, f"{name}: in {meant or 'no file'}"
