import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svcdns.cli.main import app, command_line

GOOD = ".:53 {\n    whoami\n    kubernetes {$ZONE}\n}\n"


@pytest.fixture
def corefile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Corefile in the working directory, and the variable it uses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZONE", "cluster.local")
    file = tmp_path / "Corefile"
    file.write_text(GOOD)
    return file


def run(line: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, command_line(line.split()), input=stdin)


@pytest.mark.usefixtures("corefile")
def test_lines_have_their_origin_beside_them() -> None:
    result = run("config")

    lines = [line.split("#", 1) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines[0][0].strip() == ".:53 {"
    assert lines[1][0].strip() == "kubernetes cluster.local"
    assert lines[1][1].strip() == "Corefile:3"
    assert any(line[0].strip() == "whoami" for line in lines)


@pytest.mark.usefixtures("corefile")
def test_what_is_printed_can_be_read_again() -> None:
    printed = run("config").stdout

    again = run("config -", stdin=printed)

    assert again.exit_code == 0
    assert "kubernetes cluster.local" in again.stdout


@pytest.mark.usefixtures("corefile")
def test_programs_get_an_object() -> None:
    lines = json.loads(run("config -o json").stdout)["lines"]

    assert {"text": "    whoami", "origin": "Corefile:2"} in lines
    assert {"text": "        # ttl 5", "origin": "default"} in lines


def test_mistakes_are_said_and_nothing_is_printed(corefile: Path) -> None:
    corefile.write_text(". {\n    whoamI\n}\n")

    result = run("config")

    assert result.exit_code == 1
    assert "Corefile:2:5: " in result.stderr
    assert result.stdout == ""


def test_a_file_that_is_missing_is_a_wrong_command_line(corefile: Path) -> None:
    corefile.unlink()

    result = run("config")

    assert result.exit_code == 2
    assert "svcdns config FILE" in result.stderr
