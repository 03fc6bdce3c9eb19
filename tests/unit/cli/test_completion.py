"""Scripts for shells, tried in a real bash, and kubectl's way to ask."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from svcdns.cli.completion import SCRIPTS
from svcdns.cli.main import app
from tests.support.tools import require
from tests.support.tree import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_shell_has_a_script(shell: str) -> None:
    result = CliRunner().invoke(app, ["completion", shell])

    assert (result.exit_code, result.stdout) == (0, SCRIPTS[shell])
    assert "_SVCDNS_COMPLETE" in result.stdout


def test_another_shell_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["completion", "tcsh"]).exit_code == 2


def offered(tmp_path: Path, *words: str) -> set[str]:
    """What bash offers for the last word."""
    bash = require("bash", package="bash")
    program = tmp_path / "svcdns"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m svcdns "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    typed = " ".join(f"'{word}'" for word in words)
    script = (
        f"{SCRIPTS['bash']}\n"
        f"COMP_WORDS=({typed})\nCOMP_CWORD={len(words) - 1}\n"
        "_svcdns svcdns\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    environment = {**ENVIRONMENT, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "--norc", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return {*done.stdout.split()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("svcdns", "doc"), {"doctor"}),
        (("svcdns", "doctor", "--mo"), {"--mode"}),
        (("svcdns", "doctor", "--mode", "nf"), {"nftables"}),
        (("svcdns", "migrate", "--mode", ""), {"replace", "canary", "standalone"}),
        (("svcdns", "completion", "z"), {"zsh"}),
        (("svcdns", "proxy", "li"), {"list"}),
    ],
)
def test_bash_completes(tmp_path: Path, words: tuple[str, ...], expected: set[str]) -> None:
    assert offered(tmp_path, *words) == expected


def kubectl_offers(*words: str) -> list[str]:
    program = "from svcdns.cli.completion import kubectl_complete; kubectl_complete()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_kubectl_gets_a_word_a_line_and_a_directive() -> None:
    assert kubectl_offers("migrate", "--mode", "c") == ["canary", ":0"]
    assert kubectl_offers("doctor", "it's") == [":0"]
