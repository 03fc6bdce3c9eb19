"""Dashboards and alerts ask for what there is: no panel stays empty, no alert never fires."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import svcdns.telemetry.plugin_metrics  # noqa: F401  its metrics enter ALL
from svcdns.telemetry.catalogue import ALL, Kind, Metric
from svcdns.telemetry.proxy_metrics import PROXY
from tests.support.queried import Asked, dashboards, panels, queries

METRICS = {metric.name: metric for metric in (*ALL, *PROXY)}
_PARTS = ("_bucket", "_sum", "_count")

every_query = pytest.mark.parametrize(
    "asked", [*queries()], ids=lambda asked: f"{asked.source}-{asked.title}"
)
every_dashboard = pytest.mark.parametrize("path", [*dashboards()], ids=lambda path: path.name)


def metric_of(series: str) -> Metric | None:
    """Return the metric a series belongs to."""
    for part in _PARTS:
        found = METRICS.get(series.removesuffix(part))
        if series.endswith(part) and found is not None and found.kind is Kind.HISTOGRAM:
            return found
    return METRICS.get(series)


@every_query
def test_a_query_reads_series_that_exist(asked: Asked) -> None:
    unknown = {
        series
        for series in asked.series
        if metric_of(series) is None and not series.startswith("process_")
    }

    assert asked.series or "up{" in asked.text
    assert not unknown


@every_query
def test_a_query_selects_by_labels_that_exist(asked: Asked) -> None:
    known = {
        label
        for metric in map(metric_of, asked.series)
        if metric is not None
        for label in metric.labels
    }

    assert asked.labels <= known


@every_query
def test_a_histogram_is_read_by_its_parts(asked: Asked) -> None:
    for series in asked.series:
        metric = METRICS.get(series)
        assert metric is None or metric.kind is not Kind.HISTOGRAM


@every_dashboard
def test_panels_lie_beside_one_another(path: Path) -> None:
    places: list[Any] = [panel["gridPos"] for panel in panels(path)]

    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(place["x"] + place["w"] <= 24 for place in places)


@every_dashboard
def test_panels_have_a_number_and_a_source(path: Path) -> None:
    numbers = [panel["id"] for panel in panels(path)]
    sources = [panel["datasource"] for panel in panels(path) if panel["type"] != "row"]

    assert len(numbers) == len(set(numbers))
    assert sources == [{"type": "prometheus", "uid": "${datasource}"}] * len(sources)
