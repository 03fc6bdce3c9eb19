"""The image as a root folder in .cache/image, built again when what it is made of has changed.

    python -m tests.support.image          what `make rootfs` does

Its first build makes the base, which needs mmdebstrap, root and the package index of Debian;
later ones need the package index of Python.
"""

import argparse
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.dockerfile import BASES, Build, Ignored, Stage
from tests.support.tree import ROOT, relative, tracked_files

WORK = ROOT / ".cache/image"
_STAMP = WORK / "stages.json"


def build(revision: str = "unknown") -> dict[str, Stage]:
    """Carry out the Dockerfile, and return its stages by name."""
    before = _made_of()
    epoch = {"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", commit_time())}
    building = Build(ROOT, WORK, epoch | {"REVISION": revision})
    _STAMP.unlink(missing_ok=True)
    building.run()
    stages = {
        name: vars(stage) | {"root": str(stage.root)} for name, stage in building.stages.items()
    }
    _STAMP.write_text(json.dumps({"made_of": before, "stages": stages}))
    return building.stages


def stages() -> dict[str, Stage]:
    """Return the stages as `build` made them; skip the calling test if it never has."""
    if not all((WORK / f"{release}.tar").exists() for release in BASES.values()):
        pytest.skip("there is no image here; make rootfs builds it, in a minute, as root")
    if _STAMP.exists():
        kept = json.loads(_STAMP.read_text())
        if kept["made_of"] == _made_of():
            return {
                name: Stage(**(stage | {"root": Path(stage["root"])}))
                for name, stage in kept["stages"].items()
            }
    return build()


def commit_time() -> str:
    """Return the seconds since 1970 of the last commit; of nothing where there is no git."""
    line = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _made_of() -> str:
    """Return a digest of the Dockerfile and of all it may copy."""
    ignored = Ignored((ROOT / ".dockerignore").read_text())
    digest = hashlib.sha256()
    for path in tracked_files():
        name = relative(path)
        if name not in ignored or name in {"Dockerfile", ".dockerignore"}:
            digest.update(f"{name}\0{path.stat().st_mode}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the image without a container engine.")
    parser.add_argument("--revision", default="unknown", help="the commit, for the label")
    for made in build(parser.parse_args().revision).values():
        print(made.root)  # noqa: T201
