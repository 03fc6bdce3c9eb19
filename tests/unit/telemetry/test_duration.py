"""Spelling of time spans: Go's, because people compare the lines of both servers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.telemetry.duration import duration_text, seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (5, "5s"),
        (300, "5m0s"),
        (90, "1m30s"),
        (3600, "1h0m0s"),
        (90061.5, "25h1m1.5s"),
        (5.001, "5.001s"),
        (0.5, "500ms"),
        (0.0015, "1.5ms"),
        (0.000001, "1µs"),
        (1e-9, "1ns"),
        (-0.25, "-250ms"),
        (-90, "-1m30s"),
        (math.inf, "forever"),
    ],
)
def test_durations_are_spelled_as_in_go(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.001234567, "0.001234567s"),
        (0.037990251, "0.037990251s"),
        (0.0000021, "0.0000021s"),
        (1e-9, "0.000000001s"),
        (2, "2s"),
        (12.5, "12.5s"),
    ],
)
def test_seconds_have_no_exponent_and_no_trailing_zero(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_no_nanosecond_is_lost(nanoseconds: int) -> None:
    text = seconds_text(nanoseconds / 1e9)

    assert round(float(text[:-1]) * 1e9) == round(nanoseconds / 1e9 * 1e9)
