"""Every metric of svcdns, and the numbers that are not counted per exchange.

Names, labels and buckets that begin with `coredns_` are CoreDNS's, so that its dashboards and
alerts go on working; our own begin with `svcdns_`. Label values come from closed sets, never
from what a client sent. Exchanges are plain integers in `route.traffic` until somebody looks;
how the page is written is `telemetry.exposition`'s business.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import accumulate

from svcdns.route.traffic import SIZE_BUCKETS, TIME_BUCKETS, Traffic

Labels = tuple[str, ...]
"""Label values, in the order of `Metric.labels`."""


class Kind(StrEnum):
    """What a scraper may do with the numbers."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One name on the page."""

    name: str
    kind: Kind
    text: str
    labels: Labels = ()
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, without +Inf."""


_CLIENT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BLOCK = ("server", "zone", "view")

ALL: list[Metric] = []
"""In the order of the page."""


def _metric(
    kind: Kind, name: str, text: str, labels: Labels = (), *, bounds: tuple[float, ...] = ()
) -> Metric:
    ALL.append(Metric(name, kind, text, labels, bounds))
    return ALL[-1]


_counter = partial(_metric, Kind.COUNTER)
_gauge = partial(_metric, Kind.GAUGE)
_histogram = partial(_metric, Kind.HISTOGRAM)

BUILD = _gauge(
    "coredns_build_info",
    "Always 1; the labels say what runs.",
    ("version", "revision", "goversion"),
)
PANICS = _counter(
    "coredns_panics_total",
    "Queries that failed because of a bug.",
)
PLUGIN_ENABLED = _gauge(
    "coredns_plugin_enabled",
    "Always 1 for a directive in use.",
    (*_BLOCK, "name"),
)
REQUESTS = _counter(
    "coredns_dns_requests_total",
    "Queries answered.",
    (*_BLOCK, "proto", "family", "type"),
)
DURATION = _histogram(
    "coredns_dns_request_duration_seconds",
    "Time from a query to its response.",
    _BLOCK,
    bounds=TIME_BUCKETS,
)
REQUEST_SIZE = _histogram(
    "coredns_dns_request_size_bytes",
    "Octets of queries.",
    (*_BLOCK, "proto"),
    bounds=SIZE_BUCKETS,
)
RESPONSE_SIZE = _histogram(
    "coredns_dns_response_size_bytes",
    "Octets of responses.",
    (*_BLOCK, "proto"),
    bounds=SIZE_BUCKETS,
)
DO_REQUESTS = _counter(
    "coredns_dns_do_requests_total",
    "Queries with the DO bit.",
    _BLOCK,
)
RESPONSES = _counter(
    "coredns_dns_responses_total",
    "Responses by RCODE and the directive that wrote them.",
    (*_BLOCK, "rcode", "plugin"),
)
HEALTH_DURATION = _histogram(
    "coredns_health_request_duration_seconds",
    "Time of the server's own health check.",
    bounds=(0.00025, 0.0025, 0.025, 0.25, 2.5),
)
HEALTH_FAILURES = _counter(
    "coredns_health_request_failures_total",
    "Own health checks that failed.",
)
PROGRAMMING = _histogram(
    "coredns_kubernetes_dns_programming_duration_seconds",
    "Time from a change of endpoints to its being served.",
    ("service_kind",),
    bounds=tuple(0.001 * 2**power for power in range(20)),
)
API_DURATION = _histogram(
    "coredns_kubernetes_rest_client_request_duration_seconds",
    "Time of requests to the API server.",
    ("verb", "host"),
    bounds=_CLIENT_BUCKETS,
)
API_WAIT = _histogram(
    "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
    "Time requests to the API server were held back.",
    ("verb", "host"),
    bounds=_CLIENT_BUCKETS,
)
API_REQUESTS = _counter(
    "coredns_kubernetes_rest_client_requests_total",
    "Requests to the API server.",
    ("code", "method", "host"),
)
TABLE_ENTRIES = _gauge(
    "svcdns_table_entries",
    "Ready answers kept.",
    ("server",),
)
OBJECTS = _gauge(
    "svcdns_kubernetes_objects",
    "Kubernetes objects known.",
    ("kind",),
)
LAST_CHANGE = _gauge(
    "svcdns_kubernetes_last_change_seconds",
    "Unix time of the last change that answers can show; 0 before the first.",
)
WATCH_LOST = _gauge(
    "svcdns_kubernetes_watch_lost_seconds",
    "For how long the watch of a resource has been lost; 0 while it runs.",
    ("resource",),
)
LAST_CONTACT = _gauge(
    "svcdns_kubernetes_last_contact_seconds",
    "Seconds since the API server last said anything about a resource.",
    ("resource",),
)
WATCH_EVENTS = _counter(
    "svcdns_kubernetes_watch_events_total",
    "Changes taken in from a watch.",
    ("resource",),
)
RELISTS = _counter(
    "svcdns_kubernetes_relists_total",
    "Lists that were not the first, by why they were needed.",
    ("resource", "reason"),
)
REJECTED = _counter(
    "svcdns_kubernetes_rejected_total",
    "Objects, or parts of them, that could not be used.",
    ("resource",),
)
AUDITS = _counter(
    "svcdns_kubernetes_audits_total",
    "Comparisons with the API server's own count, by how they ended.",
    ("resource", "finding"),
)
MANIFEST_PROBLEMS = _gauge(
    "svcdns_manifest_problems",
    "Manifests, or parts of them, that could not be read.",
)
UDP_DROPPED = _counter(
    "svcdns_udp_dropped_total",
    "UDP responses the kernel did not take.",
    ("server",),
)
MALFORMED = _counter(
    "svcdns_malformed_queries_total",
    "Packets that were no query; most got an error back.",
    ("server",),
)
TCP_CONNECTIONS = _gauge(
    "svcdns_tcp_connections",
    "Connections for DNS that are open.",
)
TCP_EVENTS = _counter(
    "svcdns_tcp_events_total",
    "What happened to connections for DNS: accepted, refused, evicted, expired and the like.",
    ("event",),
)
LOG_SUPPRESSED = _counter(
    "svcdns_log_lines_suppressed_total",
    "Log lines left out: too many of one event.",
)
LOG_LOST = _counter(
    "svcdns_log_lines_lost_total",
    "Log lines that could not be written.",
)


class Distribution:
    """Values by bucket, and their sum."""

    __slots__ = ("counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.counts = [0] * (len(bounds) + 1)
        """Not cumulative; +Inf last."""
        self.total = 0.0

    def cumulated(self) -> Iterator[int]:
        """Yield for each bound how many values are at most that; last, how many there are."""
        return accumulate(self.counts)


class Metrics:
    """All numbers of one process."""

    def __init__(self) -> None:
        self.numbers: dict[str, dict[Labels, float]] = {}
        """Counters and gauges, by name of the metric."""
        self.distributions: dict[str, dict[Labels, Distribution]] = {}
        self.readings: list[tuple[Metric, Labels, Callable[[], float]]] = []
        """Asked at each scrape."""
        self._running: list[Traffic] = []
        self._ended: dict[str, Traffic] = {}
        # What has no labels is on the page before anything happened, as in CoreDNS.
        for metric in ALL:
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

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        distribution = self._distribution(metric, labels)
        distribution.counts[bisect_left(metric.bounds, value)] += 1
        distribution.total += value

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
