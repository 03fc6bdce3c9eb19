"""The tests in `guest`, run once in a kernel that has IPVS and belongs to nobody else."""

import pytest

from tests.support.guest_run import assert_suites_pass


@pytest.mark.kernel
def test_a_real_kernel_balances_as_the_tests_in_guest_say() -> None:
    assert_suites_pass("run_in_uml.sh", seconds=900, packages={"linux.uml": "user-mode-linux"})
