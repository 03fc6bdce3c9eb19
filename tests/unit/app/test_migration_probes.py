"""Pages of a Corefile that are not where the chart looks for them."""

from typing import Any

import pytest

from svcdns.app.migration_probes import risks_of, values_of

USUAL = {"/health": ":8080", "/ready": ":8181", "/metrics": ":9153"}


@pytest.mark.parametrize(
    ("pages", "values", "risks"),
    [
        (USUAL, {}, []),
        ({**USUAL, "/health": ":8088"}, {"livenessProbe": {"port": 8088}}, []),
        ({**USUAL, "/ready": "10.0.0.1:81"}, {"readinessProbe": {"port": 81}}, []),
        ({**USUAL, "/metrics": "127.0.0.1:9154"}, {"prometheus": {"port": 9154}}, []),
        (
            {**USUAL, "/health": "127.0.0.1:8080"},
            {"livenessProbe": {"enabled": False}},
            ["livenessProbe"],
        ),
        (
            {**USUAL, "/ready": "localhost:8181"},
            {"readinessProbe": {"enabled": False}},
            ["readinessProbe"],
        ),
        (
            {},
            {"livenessProbe": {"enabled": False}, "readinessProbe": {"enabled": False}},
            ["livenessProbe", "readinessProbe"],
        ),
    ],
)
def test_what_is_elsewhere_becomes_a_value(
    pages: dict[str, str], values: dict[str, Any], risks: list[str]
) -> None:
    assert values_of(pages) == values
    assert [one.name for one in risks_of(pages)] == risks
