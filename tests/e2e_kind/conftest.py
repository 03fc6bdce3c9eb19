"""Clusters that kind makes, for `make e2e`, and what each of them is asked from.

They need docker, kind, kubectl, helm, and a network that reaches the registries of their images.
The kubeconfig is the tests' own. A cluster is deleted at the end, also when its test fails.
"""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.swapping import STEADY
from tests.support.tree import ROOT

NAME = "svcdns-e2e"
REPOSITORY, TAG = "svcdns", "e2e"
CHART = ROOT / "charts/svcdns"


class Kind:
    """One cluster, with the image of this tree in it."""

    def __init__(self, kubeconfig: Path) -> None:
        """Skip the calling test where a program is missing."""
        for program in ("docker", "kind", "kubectl", "helm"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not here; make e2e needs docker, kind, kubectl and helm")
        self._kubeconfig = kubeconfig

    def create(self, *options: str) -> None:
        """Create the cluster, and load the image that this tree makes."""
        image = f"{REPOSITORY}:{TAG}"
        config = ("--kubeconfig", str(self._kubeconfig))
        _run("docker", "build", "--tag", image, str(ROOT))
        _run("kind", "create", "cluster", "--name", NAME, *config, *options)
        _run("kind", "load", "docker-image", image, "--name", NAME)

    def delete(self) -> None:
        """Delete it, whatever of it there is."""
        _run("kind", "delete", "cluster", "--name", NAME, "--kubeconfig", str(self._kubeconfig))

    def kubectl(self, words: str) -> str:
        """Return what kubectl prints; fail if it does. Words are quoted as in a shell."""
        return _run("kubectl", "--kubeconfig", str(self._kubeconfig), *shlex.split(words))

    def install(self, release: str, *settings: str) -> None:
        """Install the chart into kube-system."""
        image = (f"image.repository={REPOSITORY}", f"image.tag={TAG}")
        options = [word for one in (*image, *settings) for word in ("--set", one)]
        self.helm("upgrade", "--install", release, str(CHART), *options)

    def helm(self, *words: str) -> str:
        """Return what Helm prints about kube-system; fail if it does."""
        return _run("helm", "--kubeconfig", str(self._kubeconfig), "-n", "kube-system", *words)

    def resolve(self, client: str, name: str) -> str:
        """Return the address that a client's C library finds for a name of its search path."""
        return self.kubectl(f"exec {client} -- getent hosts {name}").split()[0]

    def lost(self) -> int:
        """Return how often the client that always asks got no answer; fail if it does not ask."""
        said = self.kubectl(f"logs {STEADY}").split()
        assert "ok" in said
        return said.count("lost")


def _run(*line: str) -> str:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(line)}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def cluster(folder: Path, *options: str) -> Iterator[Kind]:
    """Create a cluster, and delete it in the end."""
    kind = Kind(folder / "kubeconfig")
    try:
        kind.create(*options)
        yield kind
    finally:
        kind.delete()
