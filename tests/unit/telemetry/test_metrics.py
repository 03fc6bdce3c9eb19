"""Numbers that are not counted per exchange, and what becomes of those that are."""

import pytest

from svcdns.route.traffic import LANES, Lane, Traffic
from svcdns.telemetry.catalogue import (
    ALL,
    API_DURATION,
    HEALTH_DURATION,
    HEALTH_FAILURES,
    LAST_CHANGE,
    OBJECTS,
    PANICS,
    PLUGIN_ENABLED,
    Kind,
)
from svcdns.telemetry.metrics import Metrics

UDP = LANES.index(Lane("udp", "1", 0))


def test_counters_add_up_by_label() -> None:
    metrics = Metrics()

    metrics.add(PANICS)
    metrics.add(PANICS, by=2)

    assert metrics.numbers[PANICS.name] == {(): 3}


def test_what_has_no_labels_is_there_before_it_happens() -> None:
    metrics = Metrics()

    assert metrics.numbers[HEALTH_FAILURES.name] == {(): 0}
    assert list(metrics.distributions[HEALTH_DURATION.name]) == [()]
    assert API_DURATION.name not in metrics.distributions


def test_a_new_configuration_replaces_all_series_of_a_gauge() -> None:
    metrics = Metrics()
    metrics.set(PLUGIN_ENABLED, 1, "dns://:53", ".", "", "forward")

    metrics.replace(PLUGIN_ENABLED, {("dns://:53", ".", "", "kubernetes"): 1})

    assert list(metrics.numbers[PLUGIN_ENABLED.name]) == [("dns://:53", ".", "", "kubernetes")]


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.00025, 0), (0.0003, 1), (2.5, 4), (2.6, 5), (60.0, 5)],
)
def test_a_value_equal_to_a_bound_belongs_below_it(seconds: float, bucket: int) -> None:
    metrics = Metrics()

    metrics.observe(HEALTH_DURATION, seconds)

    distribution = metrics.distributions[HEALTH_DURATION.name][()]
    assert distribution.counts.index(1) == bucket
    assert distribution.total == seconds


def test_many_values_are_as_good_as_one_after_the_other() -> None:
    at_once, one_by_one = Metrics(), Metrics()
    values = (0.0, 0.00025, 0.0003, 2.5, 2.6, 60.0, 60.0)

    at_once.observe_all(HEALTH_DURATION, values)
    for value in values:
        one_by_one.observe(HEALTH_DURATION, value)

    found, expected = (
        metrics.distributions[HEALTH_DURATION.name][()] for metrics in (at_once, one_by_one)
    )
    assert found.counts == expected.counts
    assert found.total == pytest.approx(expected.total)


def test_the_last_reading_of_one_series_is_the_one_that_counts() -> None:
    metrics = Metrics()

    metrics.read(OBJECTS, lambda: 1, "Service")
    metrics.read(OBJECTS, lambda: 2, "Pod")
    metrics.read(OBJECTS, lambda: 3, "Service")

    assert [(labels, read()) for _, labels, read in metrics.readings] == [
        (("Pod",), 2),
        (("Service",), 3),
    ]


def test_what_is_forgotten_is_read_no_more() -> None:
    metrics = Metrics()
    metrics.read(OBJECTS, lambda: 1, "Service")
    metrics.read(LAST_CHANGE, lambda: 2)

    metrics.forget(OBJECTS)

    assert [metric for metric, *_ in metrics.readings] == [LAST_CHANGE]


def test_what_an_ended_listener_counted_is_kept() -> None:
    metrics = Metrics()
    before, after = Traffic("dns://:53"), Traffic("dns://:53")
    for traffic in (before, after):
        metrics.follow(traffic)
        traffic.count(".", UDP, 1, (0, "kubernetes"), (40, 90), times=3)
        traffic.credit(0.001, 3)
        traffic.malformed = 2

    metrics.release(before)
    metrics.fold()

    kept = {id(traffic): traffic for traffic in metrics.traffic()}
    assert id(after) in kept
    assert sum(row[0] for traffic in kept.values() for row in traffic.counts.values()) == 6
    assert sum(traffic.malformed for traffic in kept.values()) == 4
    assert sum(sum(traffic.durations["."]) for traffic in kept.values()) == 6
    assert sum(traffic.seconds["."] for traffic in kept.values()) == pytest.approx(0.006)


def test_names_follow_the_rules_of_prometheus() -> None:
    for metric in ALL:
        assert metric.name.startswith(("coredns_", "svcdns_"))
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert bool(metric.bounds) == (metric.kind is Kind.HISTOGRAM)
        assert list(metric.bounds) == sorted(metric.bounds)
        assert metric.text.endswith(".")
    assert len({metric.name for metric in ALL}) == len(ALL)
