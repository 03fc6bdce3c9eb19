"""The tests in `guest` once more: nftables beside IPVS, which User Mode Linux has not got.

A virtual machine with Debian's cloud kernel has both.
"""

import faulthandler
import subprocess
import sys

from tests.support.tools import require
from tests.support.tree import ROOT

_LONGEST_SECONDS = 1800
_SUITES = ("tests/kernel/guest", "tests/contract/test_backends.py")
_PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86 qemu-system-common",
    "modprobe": "kmod",
    "unshare": "util-linux",
    "ip": "iproute2",
    "sysctl": "procps",
    "ipvsadm": "ipvsadm",
    "ipset": "ipset",
    "iptables": "iptables",
    "nft": "nftables",
}
_ENVIRONMENT = {
    "SVCDNS_GUEST": "1",
    "SVCDNS_REQUIRE": "1",
    "SVCDNS_FILTER": "nftables",
    "SVCDNS_PATIENCE": "120",
}
"""Where the processor is emulated, starting a program takes half a minute."""


def test_a_real_kernel_with_nftables_balances_as_the_tests_in_guest_say() -> None:
    for program, package in _PACKAGES.items():
        require(program, package=package)
    # The guest has a clock of its own, and takes longer than one test may.
    faulthandler.cancel_dump_traceback_later()

    done = subprocess.run(
        [
            *(str(ROOT / "tests/support/run_in_vm.sh"), "-t", str(_LONGEST_SECONDS)),
            *(word for name, value in _ENVIRONMENT.items() for word in ("-e", f"{name}={value}")),
            *("--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_SUITES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr[-5_000:]
