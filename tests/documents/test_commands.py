"""Every command that a document shows does what the document says."""

import re
from pathlib import Path

import pytest

from tests.documents.conftest import Stage
from tests.documents.elsewhere import RULES, Rule, commands_for
from tests.support.shown import Command, all_commands
from tests.support.tree import ROOT, relative

HERE = commands_for("")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("commands", HERE, ids=lambda found: relative(found[0].path))
def test_the_commands_of_a_document_work_one_after_the_other(
    stage: Stage, commands: list[Command]
) -> None:
    for command in commands:
        with stage.serving(command):
            stage.type(command)

    assert stage.is_as_it_was(), "the document leaves the examples changed"


def test_there_are_commands_in_the_documents_a_beginner_reads() -> None:
    named = {relative(found[0].path): len(found) for found in HERE}

    for page in ("README.md", "docs/quick-start.md", "docs/services.md", "docs/statefulsets.md"):
        assert named[page] > 2


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_what_is_run_elsewhere_is_shown_and_somebody_runs_it(rule: Rule) -> None:
    first = [next((r for r in RULES if re.search(r.words, c.text)), None) for c in all_commands()]
    assert rule in first

    if rule.runner.startswith("make "):
        assert re.search(rf"^{rule.runner.removeprefix('make ')}:", MAKEFILE, re.MULTILINE)
        return
    file, _, name = rule.runner.partition("::")
    assert f"def {name or 'test_'}" in Path(ROOT, file).read_text(encoding="utf-8")
