"""What svcdns measures whatever its Corefile says; directives' own are in `plugin_metrics`.

Names, labels and buckets that begin with `coredns_` are CoreDNS's, so that its dashboards and
alerts go on working; our own begin with `svcdns_`. Label values come from closed sets, never
from what a client sent.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from svcdns.route.traffic import SIZE_BUCKETS, TIME_BUCKETS

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
BLOCK = ("server", "zone", "view")
"""Labels of what belongs to one server block."""

ALL: list[Metric] = []
"""In the order of the page."""


def _metric(
    kind: Kind, name: str, text: str, labels: Labels = (), *, bounds: tuple[float, ...] = ()
) -> Metric:
    ALL.append(Metric(name, kind, text, labels, bounds))
    return ALL[-1]


counter = partial(_metric, Kind.COUNTER)
gauge = partial(_metric, Kind.GAUGE)
histogram = partial(_metric, Kind.HISTOGRAM)

BUILD = gauge(
    "coredns_build_info",
    "Always 1; the labels say what runs.",
    ("version", "revision", "goversion"),
)
PANICS = counter(
    "coredns_panics_total",
    "Queries that failed because of a bug.",
)
PLUGIN_ENABLED = gauge(
    "coredns_plugin_enabled",
    "Always 1 for a directive in use.",
    (*BLOCK, "name"),
)
REQUESTS = counter(
    "coredns_dns_requests_total",
    "Queries answered.",
    (*BLOCK, "proto", "family", "type"),
)
DURATION = histogram(
    "coredns_dns_request_duration_seconds",
    "Time from a query to its response.",
    BLOCK,
    bounds=TIME_BUCKETS,
)
REQUEST_SIZE = histogram(
    "coredns_dns_request_size_bytes",
    "Octets of queries.",
    (*BLOCK, "proto"),
    bounds=SIZE_BUCKETS,
)
RESPONSE_SIZE = histogram(
    "coredns_dns_response_size_bytes",
    "Octets of responses.",
    (*BLOCK, "proto"),
    bounds=SIZE_BUCKETS,
)
DO_REQUESTS = counter(
    "coredns_dns_do_requests_total",
    "Queries with the DO bit.",
    BLOCK,
)
RESPONSES = counter(
    "coredns_dns_responses_total",
    "Responses by RCODE and the directive that wrote them.",
    (*BLOCK, "rcode", "plugin"),
)
HEALTH_DURATION = histogram(
    "coredns_health_request_duration_seconds",
    "Time of the server's own health check.",
    bounds=(0.00025, 0.0025, 0.025, 0.25, 2.5),
)
HEALTH_FAILURES = counter(
    "coredns_health_request_failures_total",
    "Own health checks that failed.",
)
PROGRAMMING = histogram(
    "coredns_kubernetes_dns_programming_duration_seconds",
    "Time from a change of endpoints to its being served.",
    ("service_kind",),
    bounds=tuple(0.001 * 2**power for power in range(20)),
)
API_DURATION = histogram(
    "coredns_kubernetes_rest_client_request_duration_seconds",
    "Time of requests to the API server.",
    ("verb", "host"),
    bounds=_CLIENT_BUCKETS,
)
API_WAIT = histogram(
    "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
    "Time requests to the API server were held back.",
    ("verb", "host"),
    bounds=_CLIENT_BUCKETS,
)
API_REQUESTS = counter(
    "coredns_kubernetes_rest_client_requests_total",
    "Requests to the API server.",
    ("code", "method", "host"),
)
TABLE_ENTRIES = gauge(
    "svcdns_table_entries",
    "Ready answers kept.",
    ("server",),
)
OBJECTS = gauge(
    "svcdns_kubernetes_objects",
    "Kubernetes objects known.",
    ("kind",),
)
LAST_CHANGE = gauge(
    "svcdns_kubernetes_last_change_seconds",
    "Unix time of the last change that answers can show; 0 before the first.",
)
WATCH_LOST = gauge(
    "svcdns_kubernetes_watch_lost_seconds",
    "For how long the watch of a resource has been lost; 0 while it runs.",
    ("resource",),
)
LAST_CONTACT = gauge(
    "svcdns_kubernetes_last_contact_seconds",
    "Seconds since the API server last said anything about a resource.",
    ("resource",),
)
WATCH_EVENTS = counter(
    "svcdns_kubernetes_watch_events_total",
    "Changes taken in from a watch.",
    ("resource",),
)
RELISTS = counter(
    "svcdns_kubernetes_relists_total",
    "Lists that were not the first, by why they were needed.",
    ("resource", "reason"),
)
REJECTED = counter(
    "svcdns_kubernetes_rejected_total",
    "Objects, or parts of them, that could not be used.",
    ("resource",),
)
AUDITS = counter(
    "svcdns_kubernetes_audits_total",
    "Comparisons with the API server's own count, by how they ended.",
    ("resource", "finding"),
)
MANIFEST_PROBLEMS = gauge(
    "svcdns_manifest_problems",
    "Manifests, or parts of them, that could not be read.",
)
UDP_DROPPED = counter(
    "svcdns_udp_dropped_total",
    "UDP responses the kernel did not take.",
    ("server",),
)
MALFORMED = counter(
    "svcdns_malformed_queries_total",
    "Packets that were no query; most got an error back.",
    ("server",),
)
TCP_CONNECTIONS = gauge(
    "svcdns_tcp_connections",
    "Connections for DNS that are open.",
)
TCP_EVENTS = counter(
    "svcdns_tcp_events_total",
    "What happened to connections for DNS: accepted, refused, evicted, expired and the like.",
    ("event",),
)
LOG_SUPPRESSED = counter(
    "svcdns_log_lines_suppressed_total",
    "Log lines left out: too many of one event.",
)
LOG_LOST = counter(
    "svcdns_log_lines_lost_total",
    "Log lines that could not be written.",
)
