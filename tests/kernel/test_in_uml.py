"""The tests in `guest`, run once in a kernel that has IPVS and belongs to nobody else."""

import faulthandler
import subprocess
import sys

import pytest

from tests.support.tools import require
from tests.support.tree import ROOT

_LONGEST_SECONDS = 900
_SUITES = ("tests/kernel/guest", "tests/contract/test_backends.py")
_PACKAGES = {
    "linux.uml": "user-mode-linux",
    "modprobe": "kmod",
    "unshare": "util-linux",
    "ip": "iproute2",
    "sysctl": "procps",
    "ipvsadm": "ipvsadm",
    "ipset": "ipset",
    "iptables": "iptables",
}


@pytest.mark.kernel
def test_a_real_kernel_balances_as_the_tests_in_guest_say() -> None:
    for program, package in _PACKAGES.items():
        require(program, package=package)
    # The guest has a clock of its own, and takes longer than one test may.
    faulthandler.cancel_dump_traceback_later()

    done = subprocess.run(
        [
            *(str(ROOT / "tests/support/run_in_uml.sh"), "-t", str(_LONGEST_SECONDS)),
            *("-e", "SVCDNS_GUEST=1", "-e", "SVCDNS_REQUIRE=1", "--"),
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_SUITES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr[-5_000:]
