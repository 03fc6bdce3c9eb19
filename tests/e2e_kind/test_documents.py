"""docs/replace-coredns.md, typed from its first command to its last before a real kind."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shown import commands_of
from tests.support.tree import ROOT
from tests.support.typed import Shell

pytestmark = pytest.mark.kind

PAGE = ROOT / "docs/replace-coredns.md"
PROGRAMS = ("docker", "kind", "kubectl", "helm")
LAST = "kubectl delete -k deploy/overlays/replace"
"""The way back of the second way there; what follows in the page is for clusters that stay."""
SECONDS = 900


class PatientShell(Shell):
    """A shell that waits for images."""

    def finished(self, child: subprocess.Popen[str]) -> str:
        """Return all that a command prints, when it has ended."""
        return child.communicate(timeout=SECONDS)[0]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a clone, with a kubeconfig of its own; the cluster of the page goes at the end."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here; make e2e needs docker, kind, kubectl and helm")
    if "kind" in subprocess.check_output(["kind", "get", "clusters"], text=True).split():
        pytest.skip("there is a cluster 'kind' already, which the page would make; delete it first")
    clone = tmp_path / "svcdns"
    left = shutil.ignore_patterns(".git", ".venv", ".cache", "*_cache", "__pycache__", "dist")
    shutil.copytree(ROOT, clone, ignore=left)
    shell = PatientShell(clone)
    try:
        yield shell
    finally:
        with shell.start("kind delete cluster") as child:
            child.communicate(timeout=SECONDS)


def test_the_page_leads_from_kind_create_cluster_to_svcdns_and_back(shell: Shell) -> None:
    commands = commands_of(PAGE)
    there_and_back = commands[: [one.text for one in commands].index(LAST) + 1]

    for command in there_and_back:
        shell.type(command)
