"""What directives measure: names and labels that dashboards for CoreDNS ask for."""

import pytest

from svcdns.route.traffic import TIME_BUCKETS
from svcdns.telemetry import plugin_metrics
from svcdns.telemetry.catalogue import Kind, Metric

COUNTERS = """
coredns_cache_requests_total server zones view
coredns_cache_hits_total server type zones view
coredns_cache_misses_total server zones view
coredns_cache_prefetch_total server zones view
coredns_cache_drops_total server zones view
coredns_cache_served_stale_total server zones view
coredns_cache_evictions_total server type zones view
coredns_forward_healthcheck_broken_total
coredns_forward_max_concurrent_rejects_total
coredns_proxy_healthcheck_failures_total proxy_name to
coredns_proxy_conn_cache_hits_total proxy_name to proto
coredns_proxy_conn_cache_misses_total proxy_name to proto
coredns_forward_requests_total to
coredns_forward_responses_total to rcode
coredns_forward_healthcheck_failures_total to
coredns_reload_failed_total
coredns_template_matches_total server zone view class type
coredns_template_template_failures_total server zone view class type section template
coredns_template_rr_failures_total server zone view class type section template
coredns_acl_blocked_requests_total server zone view
coredns_acl_filtered_requests_total server zone view
coredns_acl_dropped_requests_total server zone view
coredns_acl_allowed_requests_total server view
coredns_autopath_success_total server
coredns_dns64_requests_translated_total server
coredns_local_localhost_requests_total
"""
GAUGES = """
coredns_cache_entries server type zones view
coredns_reload_version_info hash value
svcdns_corefile_refused
coredns_hosts_entries hostsfile
coredns_hosts_reload_timestamp_seconds
"""
OURS = {one.name: one for one in vars(plugin_metrics).values() if isinstance(one, Metric)}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        *((line, Kind.COUNTER) for line in COUNTERS.strip().splitlines()),
        *((line, Kind.GAUGE) for line in GAUGES.strip().splitlines()),
    ],
)
def test_a_name_has_the_labels_that_coredns_gives_it(line: str, kind: Kind) -> None:
    name, *labels = line.split()

    assert (OURS[name].kind, OURS[name].labels) == (kind, tuple(labels))


def test_the_time_of_upstreams_has_the_buckets_of_coredns() -> None:
    metric = OURS["coredns_proxy_request_duration_seconds"]

    assert (metric.kind, metric.labels) == (Kind.HISTOGRAM, ("proxy_name", "to", "rcode"))
    assert metric.bounds == TIME_BUCKETS
