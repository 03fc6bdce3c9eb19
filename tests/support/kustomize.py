"""The overlays of deploy/, as a real kustomize renders them."""

import os
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from tests.support.tree import ROOT

OVERLAYS = ROOT / "deploy/overlays"
NAMES = sorted(folder.name for folder in OVERLAYS.iterdir())
DNS = [name for name in NAMES if name != "proxy"]

Manifest = dict[str, Any]


class Rendered:
    """What `kubectl apply -k` would send."""

    def __init__(self, text: str) -> None:
        self.objects: list[Manifest] = [one for one in yaml.safe_load_all(text) if one]

    def of(self, kind: str) -> list[Manifest]:
        """Return all objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str = "") -> Manifest:
        """Return the only object of a kind, or the only one whose name begins so."""
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"].startswith(name))
        return found


class Kustomize:
    """The program; each overlay is rendered once."""

    def __init__(self) -> None:
        """Skip the calling test where there is none."""
        built = ROOT / ".cache/bin/kustomize"
        found = str(built) if os.access(built, os.X_OK) else shutil.which("kustomize")
        if found is None:
            pytest.skip("there is no kustomize here; make kustomize builds it, in a minute")
        self._path = found
        self.render = cache(self._render)

    def _render(self, overlay: str) -> Rendered:
        line = [self._path, "build", str(OVERLAYS / overlay)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr  # deprecated words
        return Rendered(done.stdout)
