"""What documents assume: the project's folder, its commands on PATH, and `make run` beside."""

import filecmp
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.namespaces import Network
from tests.support.plane import plane, pytest_runtest_makereport
from tests.support.shown import Command
from tests.support.tools import require
from tests.support.tree import ROOT
from tests.support.typed import Shell

__all__ = ["plane", "pytest_runtest_makereport"]

COPIED = ("examples", "Corefile.example")
REPLACED = {"DIR": "examples/shop", "NAME": "node-1"}
PROGRAMS = {"dig": "bind9-dnsutils", "nft": "nftables", "unshare": "util-linux"}
SERVER, SECONDARY = "10.96.0.10", "192.0.2.7"
"""Where pages about directives ask, and who does it there."""


def copied_project(folder: Path) -> Path:
    """Return a folder that is the project to those who look; what they may change is a copy."""
    for path in ROOT.iterdir():
        if path.name in COPIED:
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, folder / path.name)
        elif path.name not in (".git", ".cache"):
            (folder / path.name).symlink_to(path)
    return folder


class Stage(Shell):
    """A copy of the project in a network of its own, where `make run` runs."""

    def __init__(self, folder: Path, network: Network) -> None:
        entering = ["nsenter", f"--net={network.path}"]
        super().__init__(copied_project(folder), entering=entering, replacing=REPLACED)
        self._network = network

    @contextmanager
    def serving(self, command: Command) -> Iterator[None]:
        """Let the Corefile of a page be served if the command asks at the address for that."""
        if f"@{SERVER}" not in command.text or not command.corefile:
            yield
            return
        (self.folder / "Corefile").write_text(command.corefile, encoding="utf-8")
        self._network.configure(*(f"addr add {one}/32 dev lo" for one in (SERVER, SECONDARY)))
        with self.running("svcdns serve --manifests examples/shop"):
            yield
        self._network.configure(*(f"addr del {one}/32 dev lo" for one in (SERVER, SECONDARY)))
        (self.folder / "Corefile").unlink()

    def is_as_it_was(self) -> bool:
        """Whether the examples are those of the project."""
        compared = filecmp.dircmp(ROOT / "examples/shop", self.folder / "examples/shop")
        return not (compared.diff_files or compared.left_only or compared.right_only)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run what `make run` runs; skip without the programs that documents use."""
    for program, package in PROGRAMS.items():
        require(program, package=package)
    recipe = (ROOT / "Makefile").read_text().partition("\nrun:")[2].partition("\n\n")[0]
    line = recipe.partition("@")[2].replace("\\\n", " ").replace("$(ARGS)", "")
    with Network() as network:
        stage = Stage(tmp_path_factory.mktemp("stage"), network)
        with stage.running(line.replace("$(BIN)", ".venv/bin")):
            yield stage
