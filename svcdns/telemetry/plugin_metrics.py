"""What single directives measure, under CoreDNS's names, labels and buckets.

Beside a directive's own metrics there is one gauge or counter of ours where CoreDNS has none.
"""

from svcdns.route.traffic import TIME_BUCKETS
from svcdns.telemetry.catalogue import BLOCK, counter, gauge, histogram

_CACHE = ("server", "zones", "view")
_CACHE_TYPE = ("server", "type", "zones", "view")
_TEMPLATE = (*BLOCK, "class", "type")
_TEMPLATE_SECTION = (*_TEMPLATE, "section", "template")
_UPSTREAM = ("proxy_name", "to")
_UPSTREAM_PROTO = (*_UPSTREAM, "proto")

CACHE_ENTRIES = gauge("coredns_cache_entries", "Answers kept.", _CACHE_TYPE)
CACHE_REQUESTS = counter("coredns_cache_requests_total", "Questions looked up.", _CACHE)
CACHE_HITS = counter("coredns_cache_hits_total", "Questions answered from the cache.", _CACHE_TYPE)
CACHE_MISSES = counter("coredns_cache_misses_total", "Questions not found.", _CACHE)
CACHE_PREFETCHES = counter("coredns_cache_prefetch_total", "Answers refreshed early.", _CACHE)
CACHE_DROPS = counter("coredns_cache_drops_total", "Answers to another question.", _CACHE)
CACHE_STALE = counter(
    "coredns_cache_served_stale_total", "Answers served after their time.", _CACHE
)
CACHE_EVICTIONS = counter(
    "coredns_cache_evictions_total", "Answers that made room for others.", _CACHE_TYPE
)
FORWARD_BROKEN = counter(
    "coredns_forward_healthcheck_broken_total", "Questions when all upstreams were down."
)
FORWARD_REJECTED = counter(
    "coredns_forward_max_concurrent_rejects_total", "Questions over max_concurrent."
)
UPSTREAM_DURATION = histogram(
    "coredns_proxy_request_duration_seconds",
    "Time of an upstream to answer.",
    (*_UPSTREAM, "rcode"),
    bounds=TIME_BUCKETS,
)
UPSTREAM_HEALTH_FAILURES = counter(
    "coredns_proxy_healthcheck_failures_total", "Health checks that failed.", _UPSTREAM
)
UPSTREAM_CONNECTIONS_REUSED = counter(
    "coredns_proxy_conn_cache_hits_total", "Questions over a kept connection.", _UPSTREAM_PROTO
)
UPSTREAM_CONNECTIONS_OPENED = counter(
    "coredns_proxy_conn_cache_misses_total", "Questions over a new connection.", _UPSTREAM_PROTO
)
# What an upstream's numbers were called until CoreDNS 1.10: see `telemetry.former_names`.
FORMER_REQUESTS = counter(
    "coredns_forward_requests_total", "Questions an upstream answered.", ("to",)
)
FORMER_RESPONSES = counter(
    "coredns_forward_responses_total", "Answers of an upstream.", ("to", "rcode")
)
FORMER_DURATION = histogram(
    "coredns_forward_request_duration_seconds",
    "Time of an upstream to answer.",
    ("to", "rcode"),
    bounds=TIME_BUCKETS,
)
FORMER_HEALTH_FAILURES = counter(
    "coredns_forward_healthcheck_failures_total", "Health checks that failed.", ("to",)
)
RELOADS_FAILED = counter("coredns_reload_failed_total", "Corefiles that were refused.")
RELOAD_VERSION = gauge(
    "coredns_reload_version_info",
    "Always 1; the label is the checksum of the Corefile in use.",
    ("hash", "value"),
)
COREFILE_REFUSED = gauge(
    "svcdns_corefile_refused",
    "Whether the Corefile on disk is refused and the one before it in use.",
)
HOSTS_ENTRIES = gauge("coredns_hosts_entries", "Names and addresses known.", ("hostsfile",))
HOSTS_RELOADED = gauge(
    "coredns_hosts_reload_timestamp_seconds", "Unix time of the last hosts file read."
)
TEMPLATE_MATCHES = counter("coredns_template_matches_total", "Questions matched.", _TEMPLATE)
TEMPLATE_FAILURES = counter(
    "coredns_template_template_failures_total", "Templates that failed.", _TEMPLATE_SECTION
)
TEMPLATE_RR_FAILURES = counter(
    "coredns_template_rr_failures_total", "Texts that were no record.", _TEMPLATE_SECTION
)
ACL_BLOCKED = counter("coredns_acl_blocked_requests_total", "Questions refused.", BLOCK)
ACL_FILTERED = counter("coredns_acl_filtered_requests_total", "Questions emptied.", BLOCK)
ACL_DROPPED = counter("coredns_acl_dropped_requests_total", "Questions ignored.", BLOCK)
ACL_ALLOWED = counter(
    "coredns_acl_allowed_requests_total", "Questions let through.", ("server", "view")
)
AUTOPATH_SUCCESS = counter(
    "coredns_autopath_success_total", "Names found on a search path.", ("server",)
)
DNS64_TRANSLATED = counter(
    "coredns_dns64_requests_translated_total", "AAAA records made of A.", ("server",)
)
LOCALHOST_REQUESTS = counter(
    "coredns_local_localhost_requests_total", "Questions for names below localhost."
)
