"""The numbers of one process that are not counted per exchange.

Which there are is written in `telemetry.catalogue`. Exchanges are plain integers in
`route.traffic` until somebody looks; how the page is written is `telemetry.exposition`'s
business.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from math import fsum

import svcdns.telemetry.plugin_metrics  # noqa: F401  its metrics enter ALL
from svcdns.route.exemplars import Exemplar
from svcdns.route.traffic import Traffic
from svcdns.telemetry.catalogue import ALL, Kind, Labels, Metric


class Distribution:
    """Values by bucket, and their sum."""

    __slots__ = ("counts", "exemplars", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.counts = [0] * (len(bounds) + 1)
        """Not cumulative; +Inf last."""
        self.total = 0.0
        self.exemplars: dict[int, Exemplar] = {}
        """By index of the bucket."""

    def cumulated(self) -> Iterator[int]:
        """Yield for each bound how many values are at most that; last, how many there are."""
        return accumulate(self.counts)


Numbers = dict[str, dict[Labels, float]]
"""Counters and gauges: by name of the metric, then by labels."""
Distributions = dict[str, dict[Labels, Distribution]]
"""Histograms, likewise."""


class Metrics:
    """All numbers of one page."""

    def __init__(self, catalogue: Sequence[Metric] = ALL) -> None:
        """Begin with nothing counted.

        Args:
            catalogue: what the page shows, in this order; the rest is counted for nobody.
        """
        self.catalogue = catalogue
        self.numbers: Numbers = {}
        self.distributions: Distributions = {}
        self.readings: list[tuple[Metric, Labels, Callable[[], float]]] = []
        """Asked at each scrape."""
        self._running: list[Traffic] = []
        self._ended: dict[str, Traffic] = {}
        # What has no labels is on the page before anything happened, as in CoreDNS.
        for metric in catalogue:
            if not metric.labels and metric.kind is Kind.COUNTER:
                self.add(metric, by=0)
            elif not metric.labels and metric.kind is Kind.HISTOGRAM:
                self._distribution(metric, ())

    def add(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Count something."""
        series = self.numbers.setdefault(metric.name, {})
        series[labels] = series.get(labels, 0) + by

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Say how something stands now."""
        self.numbers.setdefault(metric.name, {})[labels] = value

    def replace(self, metric: Metric, values: Mapping[Labels, float]) -> None:
        """Say how all series of `metric` stand now; others of it leave the page."""
        self.numbers[metric.name] = dict(values)

    def read(self, metric: Metric, reading: Callable[[], float], *labels: str) -> None:
        """Ask `reading` at each scrape; an earlier one of the same labels is forgotten."""
        self.readings = [row for row in self.readings if row[:2] != (metric, labels)]
        self.readings.append((metric, labels, reading))

    def forget(self, metric: Metric) -> None:
        """Ask nobody about `metric` any more."""
        self.readings = [row for row in self.readings if row[0] != metric]

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        distribution = self._distribution(metric, labels)
        distribution.counts[bisect_left(metric.bounds, value)] += 1
        distribution.total += value

    def observe_all(self, metric: Metric, values: Collection[float], *labels: str) -> None:
        """Put many values into a histogram."""
        distribution = self._distribution(metric, labels)
        for bucket, number in Counter(map(partial(bisect_left, metric.bounds), values)).items():
            distribution.counts[bucket] += number
        distribution.total += fsum(values)

    def follow(self, traffic: Traffic) -> None:
        """Put the exchanges of a listener on the page."""
        self._running.append(traffic)

    def release(self, traffic: Traffic) -> None:
        """Keep what a listener counted, though it has ended: counters never go back."""
        traffic.fold()
        self._running.remove(traffic)
        _merge(traffic, self._ended.setdefault(traffic.server, Traffic(traffic.server)))

    def traffic(self) -> Iterator[Traffic]:
        """Yield the exchanges of all listeners, as last folded; several may be of one server."""
        yield from self._running
        yield from self._ended.values()

    def fold(self) -> None:
        """Bring the exchanges up to date."""
        for _ in self.folding():
            pass

    def folding(self) -> Iterator[None]:
        """Bring the exchanges up to date in slices: the caller lets others run at each one."""
        for traffic in list(self._running):
            yield from traffic.folding()

    def _distribution(self, metric: Metric, labels: Labels) -> Distribution:
        series = self.distributions.setdefault(metric.name, {})
        found = series.get(labels)
        if found is None:
            found = series[labels] = Distribution(metric.bounds)
        return found


def _merge(source: Traffic, target: Traffic) -> None:
    for key, row in source.counts.items():
        _add_up(target.counts.setdefault(key, [0] * len(row)), row)
    for zone, buckets in source.durations.items():
        _add_up(target.durations.setdefault(zone, [0] * len(buckets)), buckets)
    for zone, seconds in source.seconds.items():
        target.seconds[zone] = target.seconds.get(zone, 0.0) + seconds
    target.malformed += source.malformed
    target.dropped += source.dropped


def _add_up(target: list[int], source: list[int]) -> None:
    for index, number in enumerate(source):
        target[index] += number
