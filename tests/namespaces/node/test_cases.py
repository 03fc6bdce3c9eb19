"""Every row of tests/support/proxy_scenarios.py with real connections."""

import pytest

from tests.support.driven_mode import DrivenMode
from tests.support.proxy_scenarios import CASES, SILENCE, Case, asked, seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_case_is_answered_as_the_table_says(proxy: DrivenMode, mode: str, case: Case) -> None:
    pods, address = case.expected(mode)
    proxy.have(*case.objects)

    assert asked(case.question, patient=pods != SILENCE) == pods
    if address:
        assert seen(case.question) == address
