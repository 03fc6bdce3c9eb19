"""The page a scraper gets: every metric as text, from one moment.

Families are made from plain numbers when somebody asks and are forgotten again. What there is
to measure stands in `telemetry.metrics`; who may fetch the page is `server.http`'s business.
Import this module when somebody scrapes, not before: it costs 50 ms.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import gzip
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    exposition,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.samples import Exemplar as Example

from svcdns.route.exemplars import Exemplar
from svcdns.route.traffic import NAMED_TYPES, Traffic
from svcdns.telemetry.catalogue import (
    DO_REQUESTS,
    DURATION,
    MALFORMED,
    REQUEST_SIZE,
    REQUESTS,
    RESPONSE_SIZE,
    RESPONSES,
    UDP_DROPPED,
    Kind,
    Labels,
    Metric,
)
from svcdns.telemetry.former_names import add_former
from svcdns.telemetry.metrics import Distribution, Distributions, Metrics, Numbers
from svcdns.wire.codes import rcode_text, type_text
from svcdns.wire.name import to_text

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_MOST_OF_A_NAME = 100
"""Characters: an exemplar may have 128 in all its labels."""

VIEW = ""
"""Label of every series until there is a directive `view`."""

_TYPES = {int(rrtype): rrtype.name for rrtype in NAMED_TYPES}


class Page(NamedTuple):
    """An HTTP body and the two headers that describe it."""

    content_type: str
    content_encoding: str
    """`gzip` or empty."""
    body: bytes


def render(
    metrics: Metrics, accept: str = "", accept_encoding: str = "", *, runtime: bool = False
) -> Page:
    """Return the page, in the form and encoding the two request headers ask for.

    Fold the metrics before: `metrics.fold()`, or `metrics.folding()` where queries wait.

    Args:
        metrics: what to show.
        accept: header `Accept`; OpenMetrics when it names it, else the older text form.
        accept_encoding: header `Accept-Encoding`; gzip when it allows it.
        runtime: whether to add series about Python's memory management.
    """
    is_open = "application/openmetrics-text" in accept
    encode = openmetrics.generate_latest if is_open else exposition.generate_latest
    body = encode(_Families(metrics, is_open=is_open, runtime=runtime))
    content_type = OPEN_METRICS if is_open else TEXT
    if _allows_gzip(accept_encoding):
        return Page(content_type, "gzip", gzip.compress(body, compresslevel=1, mtime=0))
    return Page(content_type, "", body)


def _allows_gzip(accept_encoding: str) -> bool:
    for offer in accept_encoding.lower().split(","):
        coding, _, quality = offer.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


class _Families:
    """What prometheus_client's encoders call a collector: the families of one moment."""

    def __init__(self, metrics: Metrics, *, is_open: bool, runtime: bool) -> None:
        self._metrics = metrics
        self._is_open = is_open
        self._runtime = runtime

    def collect(self) -> Iterator[Family]:
        """Yield every family that has a series."""
        numbers, distributions = _series(self._metrics)
        for metric in self._metrics.catalogue:
            if metric.kind is Kind.HISTOGRAM:
                if rows := distributions.get(metric.name):
                    yield self._histogram(metric, rows)
            elif values := numbers.get(metric.name):
                yield _plain(metric, values)
        yield from self._interpreter()

    def _histogram(self, metric: Metric, rows: dict[Labels, Distribution]) -> Family:
        bounds = [*map(self._bound, metric.bounds), "+Inf"]
        family = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
        for labels, row in rows.items():
            buckets: list[Any] = list(zip(bounds, map(float, row.cumulated()), strict=True))
            if self._is_open:
                for index, one in row.exemplars.items():
                    buckets[index] = (*buckets[index], _example(one))
            family.add_metric(labels, buckets, row.total)
        return family

    def _bound(self, bound: float) -> str:
        """Return a bucket's label: Go's client writes 100 in the text form, 100.0 in the open."""
        text = f"{bound:.6f}".rstrip("0")
        return text + "0" if self._is_open and text.endswith(".") else text.rstrip(".")

    def _interpreter(self) -> Iterable[Family]:
        yield from ProcessCollector(registry=None).collect()
        yield from PlatformCollector(registry=None).collect()
        if self._runtime:
            yield from GCCollector(CollectorRegistry()).collect()


def _example(one: Exemplar) -> Example:
    """Return an exemplar as it is written; of a long name the end."""
    labels = {"name": to_text(one.owner)[-_MOST_OF_A_NAME:], "type": type_text(one.rrtype)}
    return Example(labels, one.seconds, one.at)


def _plain(metric: Metric, values: dict[Labels, float]) -> Family:
    family: CounterMetricFamily | GaugeMetricFamily = (
        CounterMetricFamily(metric.name, metric.text, labels=metric.labels)
        if metric.kind is Kind.COUNTER
        else GaugeMetricFamily(metric.name, metric.text, labels=metric.labels)
    )
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _series(metrics: Metrics) -> tuple[Numbers, Distributions]:
    """Return all series by metric, those that stand elsewhere read and added up now."""
    numbers = {name: dict(values) for name, values in metrics.numbers.items()}
    distributions = {name: dict(rows) for name, rows in metrics.distributions.items()}
    for metric, labels, reading in metrics.readings:
        numbers.setdefault(metric.name, {})[labels] = reading()
    for traffic in metrics.traffic():
        _count_exchanges(traffic, numbers, distributions)
        _time_exchanges(traffic, distributions)
    add_former(numbers, distributions)
    return numbers, distributions


def _count_exchanges(traffic: Traffic, numbers: Numbers, distributions: Distributions) -> None:
    def add(metric: Metric, number: int, *labels: str) -> None:
        series = numbers.setdefault(metric.name, {})
        series[labels] = series.get(labels, 0) + number

    def put(metric: Metric, labels: Labels, bucket: int, number: int, octets: int) -> None:
        row = _row(distributions, metric, labels)
        row.counts[bucket] += number
        row.total += octets

    for key, (queries, asked, answered) in traffic.counts.items():
        if not key.zone:  # a block without the directive `prometheus`
            continue
        block = (traffic.server, key.zone, VIEW)
        proto, family, edns = key.lane
        add(REQUESTS, queries, *block, proto, family, _TYPES.get(key.rrtype, "other"))
        add(RESPONSES, queries, *block, rcode_text(key.rcode), key.written_by)
        if edns == 2:
            add(DO_REQUESTS, queries, *block)
        put(REQUEST_SIZE, (*block, proto), key.request_bucket, queries, asked)
        put(RESPONSE_SIZE, (*block, proto), key.response_bucket, queries, answered)
    add(MALFORMED, traffic.malformed, traffic.server)
    add(UDP_DROPPED, traffic.dropped, traffic.server)


def _time_exchanges(traffic: Traffic, distributions: Distributions) -> None:
    for zone, buckets in traffic.durations.items():
        if not zone:
            continue
        row = _row(distributions, DURATION, (traffic.server, zone, VIEW))
        row.counts = [sum(pair) for pair in zip(row.counts, buckets, strict=True)]
        row.total += traffic.seconds.get(zone, 0.0)
        if traffic.exemplars is not None:
            row.exemplars |= traffic.exemplars.by_zone.get(zone, {})


def _row(distributions: Distributions, metric: Metric, labels: Labels) -> Distribution:
    rows = distributions.setdefault(metric.name, {})
    row = rows.get(labels)
    if row is None:
        row = rows[labels] = Distribution(metric.bounds)
    return row
