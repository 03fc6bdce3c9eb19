"""Programs that tests start but that are not ours: here, or the test skips and says what to do.

Where SVCDNS_REQUIRE is set (`.ci/run` sets it) `tests/conftest.py` turns every skip into a
failure, so a test that could not run there is never taken for one that passed.
"""

import shutil

import pytest


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
