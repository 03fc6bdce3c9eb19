"""What no file of the project may hold: traces of a machine, and unlocked requirements."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tree import ROOT, relative, tracked_files

MACHINE_PATH = re.compile(r"(?<![\w.\-*])/(?:work|root|farm)/|/home/[a-z]")
# Written in parts, or this file would be the first to break its own rule.
REGISTRY = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("proxy", "golang", "org"),
            ("crates", "io"),
            ("registry", "npmjs", "org"),
            ("deb", "debian", "org"),
            ("repo1", "maven", "org"),
        )
    )
)

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def texts() -> Iterator[tuple[str, str]]:
    """Yield name and content of every tracked file that is text."""
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield relative(path), content.decode("utf-8")


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry"])
def test_no_file_names_a_place_that_others_do_not_have(pattern: re.Pattern[str]) -> None:
    found = [(name, match[0]) for name, text in texts() for match in pattern.finditer(text)]

    assert found == []


def test_every_file_ends_with_one_line_end() -> None:
    endings = {name: text[-2:] for name, text in texts() if text}

    assert {n: e for n, e in endings.items() if not e.endswith("\n") or e == "\n\n"} == {}


@pytest.mark.parametrize("path", LOCKS, ids=relative)
def test_a_locked_requirement_has_one_version_and_hashes(path: Path) -> None:
    entries = re.split(r"(?<!\\)\n", path.read_text(encoding="utf-8").strip())

    for entry in (entry for entry in entries if not entry.startswith("#")):
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[\w.]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_what_runs_is_locked_to_the_same_versions_for_development() -> None:
    run, quic, dev = (
        set(re.findall(r"^\S+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("run.txt", "quic.txt", "dev.txt")
    )

    assert run < quic <= dev
