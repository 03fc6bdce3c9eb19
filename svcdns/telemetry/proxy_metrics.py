"""What the service proxy measures: kube-proxy's names, so that its dashboards go on working.

Ours keeps one set of rules for both address families, so there is no label `ip_family`. What
kube-proxy has no name for begins with `svcdns_proxy_`.

Source: kube-proxy 1.36, pkg/proxy/metrics, names and buckets.
"""

from svcdns.telemetry.catalogue import ALL, Kind, Labels, Metric

_PROGRAMMING_BUCKETS = (
    0.25,
    0.5,
    *map(float, range(1, 60)),
    *map(float, range(60, 120, 5)),
    *map(float, range(120, 301, 30)),
)

PROXY: list[Metric] = []
"""In the order of the page."""


def _metric(
    kind: Kind, name: str, text: str, labels: Labels = (), *, bounds: tuple[float, ...] = ()
) -> Metric:
    PROXY.append(Metric(name, kind, text, labels, bounds))
    return PROXY[-1]


SYNC_DURATION = _metric(
    Kind.HISTOGRAM,
    "kubeproxy_sync_proxy_rules_duration_seconds",
    "Time from a plan to what the node has.",
    bounds=tuple(0.001 * 2**power for power in range(15)),
)
PROGRAMMING = _metric(
    Kind.HISTOGRAM,
    "kubeproxy_network_programming_duration_seconds",
    "Time from a change of endpoints to what the node has.",
    bounds=_PROGRAMMING_BUCKETS,
)
LAST_SYNC = _metric(
    Kind.GAUGE,
    "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
    "Unix time of the last sync that worked.",
)
LAST_QUEUED = _metric(
    Kind.GAUGE,
    "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
    "Unix time of the last change that asked for a sync.",
)
SERVICE_CHANGES = _metric(
    Kind.COUNTER,
    "kubeproxy_sync_proxy_rules_service_changes_total",
    "Changes of Services taken in.",
)
SERVICE_CHANGES_PENDING = _metric(
    Kind.GAUGE,
    "kubeproxy_sync_proxy_rules_service_changes_pending",
    "Changes of Services that the node does not have yet.",
)
ENDPOINT_CHANGES = _metric(
    Kind.COUNTER,
    "kubeproxy_sync_proxy_rules_endpoint_changes_total",
    "Changes of EndpointSlices taken in.",
)
ENDPOINT_CHANGES_PENDING = _metric(
    Kind.GAUGE,
    "kubeproxy_sync_proxy_rules_endpoint_changes_pending",
    "Changes of EndpointSlices that the node does not have yet.",
)
WITHOUT_LOCAL = _metric(
    Kind.GAUGE,
    "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
    "Virtual servers of policy Local that nobody on this node serves.",
    ("traffic_policy",),
)
HEALTHZ = _metric(
    Kind.COUNTER, "kubeproxy_proxy_healthz_total", "Answers of /healthz, by status.", ("code",)
)
LIVEZ = _metric(
    Kind.COUNTER, "kubeproxy_proxy_livez_total", "Answers of /livez, by status.", ("code",)
)
VIRTUAL_SERVERS = _metric(
    Kind.GAUGE, "svcdns_proxy_virtual_servers", "Virtual servers the node should have."
)
REAL_SERVERS = _metric(
    Kind.GAUGE, "svcdns_proxy_real_servers", "Real servers of all virtual servers together."
)
SKIPPED = _metric(
    Kind.GAUGE, "svcdns_proxy_skipped", "Services, or parts of them, that cannot be balanced."
)
DRAINING = _metric(
    Kind.GAUGE, "svcdns_proxy_draining", "Real servers that only finish their connections."
)
OPERATIONS = _metric(
    Kind.COUNTER, "svcdns_proxy_operations_total", "Single steps that worked.", ("operation",)
)
FAILURES = _metric(
    Kind.COUNTER,
    "svcdns_proxy_failures_total",
    "Single steps that were refused; each is tried again.",
    ("operation",),
)
AUDITS = _metric(
    Kind.COUNTER,
    "svcdns_proxy_audits_total",
    "Comparisons of the whole node with the plan: agreed, repaired, failed.",
    ("finding",),
)
CONNECTIONS = _metric(
    Kind.COUNTER,
    "svcdns_proxy_userspace_clients_total",
    "Clients in mode userspace: accepted, refused by a limit or a range, unanswered.",
    ("outcome",),
)
DIAL_FAILURES = _metric(
    Kind.COUNTER,
    "svcdns_proxy_userspace_dial_failures_total",
    "Real servers that did not answer in mode userspace.",
)
FILES = _metric(
    Kind.GAUGE,
    "svcdns_proxy_userspace_files",
    "Files that connections in mode userspace have open.",
)

_FOLLOWED = ("svcdns_kubernetes_", "svcdns_manifest_", "svcdns_log_", "coredns_kubernetes_rest_")
PAGE: tuple[Metric, ...] = (*PROXY, *(one for one in ALL if one.name.startswith(_FOLLOWED)))
"""All that a proxy shows: its own, and how the cluster is followed."""
