"""Whole days on which everything goes wrong, each made by one number, in virtual time.

SVCDNS_CHAOS_SEEDS=500 pytest tests/apiserver/test_chaos.py          # days 0 to 499
SVCDNS_CHAOS_SEEDS=137-137 pytest tests/apiserver/test_chaos.py      # that day again
"""

import os

import pytest

from tests.support.chaos import SETTLE_SECONDS, Day, live_through

MOST_REQUESTS = 12
"""For one resource in a minute, whatever happens."""


def days() -> list[Day]:
    """The days to live through."""
    text = os.environ.get("SVCDNS_CHAOS_SEEDS", "24")
    first, _, last = text.rpartition("-")
    return [Day.of(seed) for seed in range(int(first or 0), int(last) + bool(first))]


@pytest.mark.parametrize("day", days(), ids=lambda day: f"seed{day.seed}")
def test_a_bad_day_ends_well(day: Day) -> None:
    print(f"SVCDNS_CHAOS_SEEDS={day.seed}-{day.seed} has this day again: {day}")  # noqa: T201

    outcome = live_through(day)

    # Nothing was shown that was not so, or no longer; what was known stayed known.
    outcome.recorder.check()
    # It was right soon after the last fault, and fresh from then on.
    assert outcome.settled_seconds is not None, outcome.differences
    assert outcome.fresh_seconds is not None, outcome.differences
    assert outcome.fresh_seconds < SETTLE_SECONDS
    # The server was never stormed, and nothing was left open.
    assert outcome.most_requests <= MOST_REQUESTS
    assert outcome.api.under_way == 0
    # None of it was unexpected.
    assert not outcome.notes.of("failed")
