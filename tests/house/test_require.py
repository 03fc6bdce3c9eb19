"""With SVCDNS_REQUIRE set, a test that skips has failed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import require
from tests.support.tree import ROOT

SKIPPING = """
import pytest

def test_that_skips():
    pytest.skip("dig is not installed")

@pytest.mark.xfail
def test_that_is_expected_to_fail():
    raise AssertionError
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the conftest of this one and a test that skips."""
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:asyncio -p no:cacheprovider\n")
    return tmp_path


def run(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "SVCDNS_REQUIRE"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=project,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_skip_is_a_skip_elsewhere(project: Path) -> None:
    done = run(project)

    assert done.returncode == 0, done.stdout
    assert "1 skipped, 1 xfailed" in done.stdout


def test_a_skip_fails_where_nothing_may_skip(project: Path) -> None:
    done = run(project, SVCDNS_REQUIRE="1")

    assert done.returncode == 1, done.stdout
    assert "may not skip: Skipped: dig is not installed" in done.stdout
    assert "1 failed, 1 xfailed" in done.stdout


def test_a_file_that_skips_as_a_whole_fails_too(project: Path) -> None:
    (project / "test_whole.py").write_text("import pytest; pytest.importorskip('no_such_thing')")

    done = run(project, SVCDNS_REQUIRE="1")

    assert done.returncode != 0
    assert "may not skip" in done.stdout


def test_a_missing_program_says_which_package_brings_it() -> None:
    with pytest.raises(pytest.skip.Exception, match="apt-get install some-package brings it"):
        require("no-such-program", package="some-package")
