"""What the README says in pictures and numbers, against what is there.

Its commands are typed by `test_commands.py` and `test_cluster_commands.py`.
"""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from svcdns.cli.main import app
from svcdns.plugins import SUPPORTED
from tests.support.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MISTAKEN = """\
.:53 {
    errors
    kubernetes cluster.local {
        ttl 30x
    }
    cache 30
    forwrad . /etc/resolv.conf
}
"""
WITHOUT_EFFECT = {"dnstap", "multisocket", "pprof", "shed", "trace"}


def test_the_mistakes_it_shows_are_what_check_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Corefile").write_text(MISTAKEN)

    said = CliRunner().invoke(app, ["check", "Corefile"]).output

    shown = re.search(r"```text\n(  Corefile:.*?)  ```", README, re.DOTALL)
    assert shown
    assert re.sub(r"^  ", "", shown[1], flags=re.MULTILINE) == said


def test_it_counts_the_directives() -> None:
    (named, more) = re.findall(r"^\| ((?:`\w+`(?:, | and )?)+) ?(\d+) other", README, re.MULTILINE)[
        0
    ]

    assert len(named.split("`")) // 2 + int(more) == len({*SUPPORTED} - WITHOUT_EFFECT)


def test_the_clusters_it_names_are_among_those_whose_corefiles_are_run() -> None:
    sentence = re.search(r"The Corefiles of ([^.]*?) and a dozen\s+others run", README)
    run = {path.name for path in (ROOT / "tests/corefiles").iterdir()}

    assert sentence
    named = {name.lower() for name in re.split(r",\s+", sentence[1])}
    assert named <= run
    assert len(run - named) >= 12
