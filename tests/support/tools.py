"""Programs that tests start but that are not ours: here, or the test skips and says what to do.

Where SVCDNS_REQUIRE is set (`.ci/run` sets it) `tests/conftest.py` turns every skip into a
failure, so a test that could not run there is never taken for one that passed.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.tree import ROOT

_BUILT = ".cache/bin"


def require(program: str, *, package: str) -> str:
    """Return the path of `program`; skip the calling test if it is not installed.

    Args:
        program: the name to look for on PATH, also in the sbin folders that PATH may lack.
        package: the Debian package that brings it, for the reason of the skip.
    """
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed; apt-get install {package} brings it")
    return found


def find_asset(program: str) -> str | None:
    """Return where kube-apiserver, etcd or kubectl is: where envtest looks, then in .cache."""
    named = os.environ.get(f"TEST_ASSET_{program.upper().replace('-', '_')}")
    folders = [os.environ.get("KUBEBUILDER_ASSETS"), "/usr/local/kubebuilder/bin", ROOT / _BUILT]
    places = [named, *(Path(folder) / program for folder in folders if folder)]
    return next((str(place) for place in places if place and os.access(place, os.X_OK)), None)


def require_asset(program: str) -> str:
    """Return what `find_asset` does; skip the calling test if there is none."""
    found = find_asset(program)
    if found is None:
        pytest.skip(f"there is no {program} here; make apiserver builds it, once, in minutes")
    return found
