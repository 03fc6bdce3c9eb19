"""The project's files, for tests of how the house is built."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def relative(path: Path) -> str:
    """Return the path below the project's root, as tests name their cases."""
    return path.relative_to(ROOT).as_posix()


def source_files() -> list[Path]:
    """Return every Python file of the product."""
    return sorted((ROOT / "svcdns").rglob("*.py"))


def documents() -> list[Path]:
    """Return every Markdown file a reader may open."""
    folders = (ROOT / "docs", ROOT / "charts", ROOT / "deploy", ROOT / "examples")
    return sorted([*ROOT.glob("*.md"), *(page for one in folders for page in one.rglob("*.md"))])


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return what a commit of everything would hold; all files where there is no git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not _is_left_behind(path.relative_to(ROOT))]
    else:
        found = [ROOT / name for name in listed.decode().split("\0") if name]
    return tuple(sorted(path for path in found if path.is_file()))


def _is_left_behind(path: Path) -> bool:
    """Whether a path lies in a folder that tools make: caches, the virtual environment."""
    folders = path.parent.parts
    return any(name == "__pycache__" or (name[0] == "." and name != ".ci") for name in folders)


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=relative(path))


def imported_modules(path: Path) -> set[str]:
    """Return every module that a file names in an import, wherever in it: `a.b`, `a.b.name`."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{relative(path)}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names
