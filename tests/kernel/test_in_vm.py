"""The tests in `guest` once more: nftables beside IPVS, which User Mode Linux has not got.

A virtual machine with Debian's cloud kernel has both.
"""

from tests.support.guest_run import assert_suites_pass

_PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86 qemu-system-common",
    "nft": "nftables",
}
_ENVIRONMENT = {"SVCDNS_FILTER": "nftables", "SVCDNS_PATIENCE": "120"}
"""Where the processor is emulated, starting a program takes half a minute."""


def test_a_real_kernel_with_nftables_balances_as_the_tests_in_guest_say() -> None:
    assert_suites_pass("run_in_vm.sh", seconds=1800, packages=_PACKAGES, environment=_ENVIRONMENT)
