import io
import os
from pathlib import Path

import pytest

from svcdns.app import files
from svcdns.app.files import examine_corefile, examine_text, read_text
from svcdns.corefile.parser import Corefile, Reading
from tests.support.corefiles import outline, said


def good(reading: Reading) -> Corefile:
    """Return the Corefile; fail if there is a mistake in it."""
    assert not reading.mistakes, "\n".join(map(str, reading.mistakes))
    return reading.corefile


def problem(reading: Reading) -> str:
    """Return the only mistake."""
    (mistake,) = reading.mistakes
    return mistake.problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Corefile that imports what lies beside and below it."""
    (tmp_path / "custom").mkdir()
    (tmp_path / "Corefile").write_text(
        ". {\n import custom/*.override\n import custom/first\n}\nimport custom/*.server\n"
    )
    (tmp_path / "custom" / "b.override").write_text("errors {$LEVEL}\n")
    (tmp_path / "custom" / "a.override").write_text("log\n")
    (tmp_path / "custom" / ".hidden.override").write_text("ready\n")
    (tmp_path / "custom" / "first").write_text("import second\n")
    (tmp_path / "custom" / "second").write_text("loop\n")
    return tmp_path


def test_imports_are_read_from_the_folder_of_the_importing_file(folder: Path) -> None:
    corefile = good(examine_corefile(str(folder / "Corefile"), {"LEVEL": "stdout"}))

    assert outline(corefile) == [(["."], ["ready", "log", "errors stdout", "loop"])]
    assert [Path(file).name for file in corefile.files] == [
        "Corefile",
        ".hidden.override",
        "a.override",
        "b.override",
        "first",
        "second",
    ]
    assert [said(warning) for warning in corefile.warnings] == [
        "5 <custom/*.server> No files matching import glob pattern: 'custom/*.server'"
    ]


def test_a_relative_path_stays_relative(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert good(examine_corefile("Corefile", {})).files[1:3] == (
        "custom/.hidden.override",
        "custom/a.override",
    )


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        pytest.param("*", ["a", "b.x", "c"], id="everything, also folders"),
        pytest.param("?", ["a", "c"], id="one character"),
        pytest.param("*.x", ["b.x"], id="ending"),
        pytest.param("*/d", ["c/d"], id="in any folder"),
        pytest.param("c/*", ["c/[d]", "c/d"], id="in one folder"),
        pytest.param("c/[*", ["c/[d]"], id="a bracket is only a character"),
        pytest.param("a/*", [], id="in a file"),
        pytest.param("none/*", [], id="in no folder"),
        pytest.param("*/none", [], id="not there"),
    ],
)
def test_wildcards_match_within_one_folder(
    pattern: str, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c").mkdir()
    for name in ("a", "b.x", "c/d", "c/[d]"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)

    assert sorted(files._glob(pattern)) == names  # noqa: SLF001 - what the parser is given
    absolute = files._glob(f"{tmp_path}/{pattern}")  # noqa: SLF001
    assert sorted(absolute) == [f"{tmp_path}/{name}" for name in names]


def test_brackets_in_the_folder_of_a_corefile_are_no_wildcards(tmp_path: Path) -> None:
    folder = tmp_path / "cluster[1]"
    folder.mkdir()
    (folder / "Corefile").write_text(". {\n import *.override\n}\n")
    (folder / "a.override").write_text("log\n")

    assert outline(good(examine_corefile(str(folder / "Corefile"), {}))) == [(["."], ["log"])]


def test_a_folder_is_no_import(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "Corefile").write_text("import ..*\n")

    assert "is a directory" in problem(examine_corefile(str(tmp_path / "Corefile"), {}))


def test_a_missing_import_is_a_mistake_but_a_missing_corefile_an_oserror(tmp_path: Path) -> None:
    corefile = tmp_path / "Corefile"
    with pytest.raises(FileNotFoundError):
        examine_corefile(str(corefile), {})
    corefile.write_text("import nothing\n")

    reading = examine_corefile(str(corefile), {})

    assert [said(mistake) for mistake in reading.mistakes] == [
        "1 <nothing> File to import not found: 'nothing'"
    ]


def test_octets_that_are_no_utf_8_are_read_as_go_reads_them(tmp_path: Path) -> None:
    corefile = tmp_path / "Corefile"
    corefile.write_bytes(b"# Schl\xfcssel\n. {\n log \xff\n}\n")

    assert outline(good(examine_corefile(str(corefile), {}))) == [(["."], ["log \ufffd"])]


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_OCTETS", 1024 * 1024)

    with pytest.raises(OSError, match="larger than 1 MiB"):
        examine_corefile(os.devnull.replace("null", "zero"), {})
    imported = problem(examine_text("import /dev/zero\n", "Corefile", {}))
    assert "Could not import '/dev/zero': larger than 1 MiB" in imported


@pytest.mark.parametrize("path", ["-", "stdin"])
def test_standard_input_is_called_stdin(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b". {\n log \xff\n}\n")))

    assert read_text(path) == (". {\n log \ufffd\n}\n", "stdin")


def test_a_text_of_no_file_imports_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    assert outline(good(examine_text(". {\nimport custom/first\n}\n", "stdin", {}))) == [
        (["."], ["loop"])
    ]


def test_the_port_of_keys_without_one_decides_what_collides() -> None:
    text = ". {\nlog\n}\n.:1053 {\nlog\n}\n"

    assert good(examine_text(text, "Corefile", {})).blocks
    assert "already defined" in problem(examine_text(text, "Corefile", {}, 1053))
