"""Files that may be open, and the clock, alone and beside an API server's."""

from resource import RLIM_INFINITY

import pytest

from svcdns.app.doctor_finding import Level
from svcdns.app.doctor_machine import look_at_clock, look_at_files, skew

DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
NOW = 1795521600.0


@pytest.mark.parametrize(
    ("limit", "level", "said"),
    [
        (1024, Level.WARN, "only 1,024"),
        (65_536, Level.OK, "65,536 may be open"),
        (RLIM_INFINITY, Level.OK, "no limit"),
    ],
)
def test_few_files_are_a_warning(limit: int, level: Level, said: str) -> None:
    (finding,) = look_at_files(limit)

    assert finding.level is level
    assert said in finding.text


@pytest.mark.parametrize(("state", "level"), [(0, Level.OK), (5, Level.WARN), (-1, Level.OK)])
def test_a_clock_that_nobody_keeps_is_a_warning(state: int, level: Level) -> None:
    (finding,) = look_at_clock(state)

    assert finding.level is level


def test_this_machine_says_something_of_both() -> None:
    assert [len(list(look())) for look in (look_at_clock, look_at_files)] == [1, 1]


@pytest.mark.parametrize(
    ("behind", "level", "said"),
    [
        (0, Level.OK, "none"),
        (-5, Level.OK, "none"),
        (30, Level.WARN, "30 s ahead of"),
        (-30, Level.WARN, "30 s behind"),
        (3600, Level.FAIL, "3,600 s ahead of"),
    ],
)
def test_a_clock_that_differs_from_the_api_servers(behind: int, level: Level, said: str) -> None:
    finding = skew(DATE, NOW + behind)

    assert finding is not None
    assert finding.level is level
    assert said in finding.text


def test_a_header_that_is_no_date_says_nothing() -> None:
    assert skew("soon", NOW) is None
