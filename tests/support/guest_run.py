"""Tests that run in a guest with a kernel of its own, all of them in one run."""

import faulthandler
import subprocess
import sys
from collections.abc import Mapping

from tests.support.tools import require
from tests.support.tree import ROOT

SUITES = ("tests/kernel/guest", "tests/contract/test_backends.py")
PACKAGES = {
    "modprobe": "kmod",
    "unshare": "util-linux",
    "ip": "iproute2",
    "sysctl": "procps",
    "ipvsadm": "ipvsadm",
    "ipset": "ipset",
    "iptables": "iptables",
}
"""Program -> Debian package, of what every guest's tests start."""
_ENVIRONMENT = {"SVCDNS_GUEST": "1", "SVCDNS_REQUIRE": "1"}


def assert_suites_pass(
    runner: str,
    *,
    seconds: int,
    packages: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run the suites; skip the calling test where a program is missing.

    Args:
        runner: the script, without its folder.
        seconds: for all of it.
        packages: what this guest needs beside `PACKAGES`.
        environment: what its tests are told besides.
    """
    for program, package in {**packages, **PACKAGES}.items():
        require(program, package=package)
    # The guest has a clock of its own, and takes longer than one test may.
    faulthandler.cancel_dump_traceback_later()
    variables = {**_ENVIRONMENT, **(environment or {})}

    done = subprocess.run(
        [
            *(str(ROOT / "tests/support" / runner), "-t", str(seconds)),
            *(word for name, value in variables.items() for word in ("-e", f"{name}={value}")),
            *("--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr[-5_000:]
