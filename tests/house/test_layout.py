"""Where things are: a page and a test for each plugin, a test for each file, names, lengths."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcdns.plugins import DIRECTIVES
from tests.support.tree import ROOT, parsed, relative, source_files

LONGEST_FILE = 330

# Words that say nothing about what is behind them.
FORBIDDEN = {
    "base",
    "common",
    "data",
    "handler",
    "helper",
    "info",
    "manager",
    "misc",
    "process",
    "util",
}

NAMED_SO = {  # class -> why it may have such a word in its name
    "InfoCode": "INFO-CODE is the field's name in RFC 8914",
    "Process": "the process of the operating system",
}

WITHOUT_TEST_FILE: dict[str, str] = {
    "svcdns/dataplane/ipvs.py": "tests/kernel/guest tries all of it in a kernel that has IPVS",
    "svcdns/dataplane/ipvs_kernel.py": "as the one before",
}
"""Source file -> why it needs no unit test file of its own."""

# The other files there are parts of one of these, see test_rooms.py.
PLUGINS = sorted(
    path.stem
    for path in (ROOT / "svcdns/plugins").glob("*.py")
    if "\nDIRECTIVE = " in path.read_text(encoding="utf-8")
)

every_source_file = pytest.mark.parametrize("path", source_files(), ids=relative)
every_plugin = pytest.mark.parametrize("plugin", PLUGINS)


@every_plugin
def test_a_plugin_has_a_page(plugin: str) -> None:
    page = ROOT / f"docs/plugins/{plugin}.md"

    assert page.is_file()
    assert page.read_text(encoding="utf-8").startswith(f"# {plugin}\n")


@every_plugin
def test_a_plugin_page_shows_a_corefile(plugin: str) -> None:
    page = ROOT / f"docs/plugins/{plugin}.md"

    assert "\n```corefile\n" in page.read_text(encoding="utf-8")


@every_plugin
def test_a_plugin_has_a_test(plugin: str) -> None:
    assert (ROOT / f"tests/unit/plugins/test_{plugin}.py").is_file()


def test_every_page_is_of_a_plugin() -> None:
    pages = {path.stem for path in (ROOT / "docs/plugins").glob("*.md")}

    assert pages == {*PLUGINS}


def test_every_plugin_file_is_in_the_list() -> None:
    assert sorted(directive.name for directive in DIRECTIVES) == PLUGINS


@every_source_file
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@every_source_file
def test_a_file_with_a_function_has_a_test_file(path: Path) -> None:
    name = relative(path)
    if name in WITHOUT_TEST_FILE or not any(functions(parsed(path))):
        return
    room = path.parent.relative_to(ROOT / "svcdns")

    assert (ROOT / "tests/unit" / room / f"test_{path.stem}.py").is_file()


def test_exceptions_from_the_rule_are_still_needed() -> None:
    for name in WITHOUT_TEST_FILE:
        path = ROOT / name
        assert any(functions(parsed(path))), f"{name} has no function any more"


@every_source_file
def test_names_say_what_is_behind_them(path: Path) -> None:
    classes = [node.name for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)]

    for name in {path.stem, *classes} - NAMED_SO.keys():
        assert not words(name) & FORBIDDEN, name


def words(name: str) -> set[str]:
    """The words of a name in either spelling, in the singular."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    return {part.lower() for part in parts} | {part.lower().removesuffix("s") for part in parts}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods that do something, but for those the language calls by itself."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith("__") and not is_declaration(node):
                yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def is_declaration(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the body is a docstring or `...` and nothing else, as in a Protocol."""
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in node.body
    )
