"""Which series dashboards and alerts ask for: those made for CoreDNS, and the chart's own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.tree import ROOT

CHART = ROOT / "charts/svcdns"

COREDNS = """
coredns_build_info version
coredns_panics_total
coredns_plugin_enabled server zone name
coredns_dns_requests_total server zone proto family type
coredns_dns_request_duration_seconds_bucket server zone le
coredns_dns_request_duration_seconds_sum server zone
coredns_dns_request_duration_seconds_count server zone
coredns_dns_request_size_bytes_bucket server zone proto le
coredns_dns_request_size_bytes_sum server zone proto
coredns_dns_request_size_bytes_count server zone proto
coredns_dns_response_size_bytes_bucket server zone proto le
coredns_dns_response_size_bytes_sum server zone proto
coredns_dns_response_size_bytes_count server zone proto
coredns_dns_do_requests_total server zone
coredns_dns_responses_total server zone rcode plugin
coredns_health_request_duration_seconds_bucket le
coredns_health_request_failures_total
coredns_cache_entries server type
coredns_cache_requests_total server
coredns_cache_hits_total server type
coredns_cache_misses_total server
coredns_forward_requests_total to
coredns_forward_responses_total to rcode
coredns_forward_request_duration_seconds_bucket to rcode le
coredns_forward_request_duration_seconds_count to rcode
coredns_forward_healthcheck_failures_total to
coredns_forward_healthcheck_broken_total
coredns_forward_max_concurrent_rejects_total
coredns_proxy_request_duration_seconds_bucket proxy_name to rcode le
coredns_proxy_request_duration_seconds_count proxy_name to rcode
coredns_proxy_healthcheck_failures_total proxy_name to
coredns_proxy_conn_cache_misses_total proxy_name to proto
coredns_reload_failed_total
coredns_local_localhost_requests_total
process_cpu_seconds_total
process_resident_memory_bytes
process_virtual_memory_bytes
process_open_fds
process_max_fds
process_start_time_seconds
"""
"""What the CoreDNS mixin and the dashboards 5926, 7279, 12382, 12539, 14570, 14981, 15762, 16358
and 22574 ask for of a server that forwards, with the labels they group by. Left out: `go_*`, which
no Python process has, and names that CoreDNS itself gave up before 1.7."""

COREDNS_LIVE = """
coredns_kubernetes_dns_programming_duration_seconds_bucket service_kind le
coredns_kubernetes_dns_programming_duration_seconds_count service_kind
coredns_kubernetes_rest_client_request_duration_seconds_bucket verb host le
coredns_kubernetes_rest_client_requests_total code method host
"""
"""The same of a server that follows an API server."""

_SERIES = re.compile(r"\b(?:coredns|svcdns|kubeproxy|process)_[a-z0-9_]+")
_LABELS = re.compile(r"\bby ?\(([^)]*)\)|([a-z_]+) ?(?:=~|!~|!=|=)")


class Asked(NamedTuple):
    """One query of a dashboard or an alert."""

    source: str
    title: str
    text: str

    @property
    def series(self) -> frozenset[str]:
        """Names it reads."""
        return frozenset(_SERIES.findall(self.text))

    @property
    def labels(self) -> frozenset[str]:
        """Labels it selects or groups by, without those that a scrape adds."""
        found = {
            label.strip()
            for group, matched in _LABELS.findall(self.text)
            for label in (group or matched).split(",")
        }
        return frozenset(found - {"job", "instance", "le", "namespace", "pod", "service"})


def dashboards() -> Iterator[Path]:
    """Yield the chart's dashboards."""
    yield from sorted((CHART / "dashboards").glob("*.json"))


def panels(dashboard: Path) -> list[dict[str, object]]:
    """Return the panels of a dashboard."""
    found: list[dict[str, object]] = json.loads(dashboard.read_text())["panels"]
    return found


def queries() -> Iterator[Asked]:
    """Yield every query of the chart's dashboards and alerts."""
    for dashboard in dashboards():
        for panel in json.loads(dashboard.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield Asked(dashboard.stem, panel["title"], target["expr"])
    for rules in sorted((CHART / "alerts").glob("*.yaml")):
        for rule in re.split(r"^- alert: ", rules.read_text(), flags=re.MULTILINE)[1:]:
            expression = rule.partition("expr:")[2].partition("\n  for:")[0]
            expression = expression.partition("\n  severity:")[0]
            yield Asked(rules.name, rule.partition("\n")[0], expression)
