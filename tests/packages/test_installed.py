"""What an operator installs: the built wheel, with what requirements/run.txt locks and no more.

SVCDNS_COMMAND names it. `.ci/run` makes it with `make installed`, and then every test that starts
svcdns starts this one, tests/e2e among them.
"""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from svcdns import __version__
from tests.support.namespaces import Network
from tests.support.process import INSTALLED, run, running
from tests.support.tree import ROOT, relative, source_files

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def command() -> Path:
    """The path of the installed command."""
    if not INSTALLED:
        pytest.skip("make installed, then SVCDNS_COMMAND=$PWD/.cache/installed/bin/svcdns")
    return Path(INSTALLED)


def ask_python(command: Path, program: str) -> str:
    """Return what the Python beside the command prints, which sees nothing of this folder."""
    line = [str(command.parent / "python"), "-I", "-c", program]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def test_it_is_this_version_and_lies_elsewhere(command: Path) -> None:
    said = json.loads(run("version", "-o", "json").stdout)
    place = ask_python(command, "import svcdns; print(svcdns.__file__)").strip()

    assert said["version"] == __version__
    assert Path(place).is_relative_to(command.parents[1])
    assert "site-packages" in place


def test_its_files_are_those_that_other_tests_import(command: Path) -> None:
    place = Path(ask_python(command, "import svcdns; print(svcdns.__file__)").strip()).parents[1]

    for path in source_files():
        there = place / relative(path)
        assert there.read_bytes() == path.read_bytes(), f"{there} is older: make installed"


def test_it_has_what_is_locked_and_nothing_else(command: Path) -> None:
    names = json.loads(
        ask_python(
            command,
            "import json; from importlib.metadata import distributions as all;"
            "print(json.dumps({one.name.lower().replace('_', '-'): one.version for one in all()}))",
        )
    )
    locked = dict(
        re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements/run.txt").read_text(), re.MULTILINE)
    )

    assert names.pop("svcdns") == __version__
    assert (
        names.items() <= {name.replace(".", "-"): is_at for name, is_at in locked.items()}.items()
    )


def test_it_checks_the_corefiles_of_the_project() -> None:
    for file in ("Corefile.example", "examples/Corefile"):
        checked = run("check", file)

        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "no mistakes" in checked.stdout


def readme_queries() -> list[str]:
    """Each `svcdns query` of the README that needs no server."""
    found = re.findall(r"^\$ svcdns (query .* --manifests .*)$", README, re.MULTILINE)
    assert found
    return found


@pytest.mark.parametrize("line", readme_queries())
def test_the_readme_s_queries_answer_as_shown(line: str) -> None:
    shown = README.split(f"$ svcdns {line}\n")[1].split("\n```")[0].split("\n$ ")[0]

    asked = run(*shlex.split(line))

    assert without_times(asked.stdout) == without_times(shown)


def test_the_readme_s_server_answers_the_readme_s_questions() -> None:
    commands = re.findall(r"^\$ svcdns (query \S+ ?\S* @127.0.0.1:5300)$", README, re.MULTILINE)
    assert len(commands) > 1
    line = ("--corefile", "examples/Corefile", "--manifests", "examples/shop")

    with Network() as network, network.inside():  # its ports are the README's own
        bound = ("--bind", "127.0.0.1", "--port", "5300", "--demo")
        with running("serve", *line, *bound, port=5300):
            answers = {one: run(*shlex.split(one)).stdout for one in commands}

    for one, answer in answers.items():
        shown = README.split(f"$ svcdns {one}\n")[1].split("\n```")[0].split("\n$ ")[0]
        assert without_times(answer) == without_times(shown)


def without_times(text: str) -> list[str]:
    return [re.sub(r"\d+\.\d+ ms", "… ms", line.rstrip()) for line in text.strip().splitlines()]
