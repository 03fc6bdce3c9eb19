from svcdns.telemetry import catalogue, plugin_metrics
from svcdns.telemetry.catalogue import ALL, Kind, Metric


def test_every_metric_stands_in_the_list_once() -> None:
    named = [
        one
        for module in (catalogue, plugin_metrics)
        for one in vars(module).values()
        if isinstance(one, Metric)
    ]

    assert sorted(one.name for one in ALL) == sorted({one.name for one in named})


def test_only_histograms_have_bounds_and_theirs_rise() -> None:
    for one in ALL:
        assert bool(one.bounds) == (one.kind is Kind.HISTOGRAM), one.name
        assert list(one.bounds) == sorted(set(one.bounds)), one.name
