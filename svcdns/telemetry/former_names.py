"""Upstreams' series under the names that CoreDNS gave them until 1.10, beside those of today.

Alerts and dashboards that many clusters still have ask for those names, and CoreDNS of today
answers with nothing: an alert that never fires. Nothing is counted twice; at each scrape the
numbers are read off the series that replaced them.
"""

from svcdns.telemetry.metrics import Distributions, Numbers
from svcdns.telemetry.plugin_metrics import (
    FORMER_DURATION,
    FORMER_HEALTH_FAILURES,
    FORMER_REQUESTS,
    FORMER_RESPONSES,
    UPSTREAM_DURATION,
    UPSTREAM_HEALTH_FAILURES,
)


def add_former(numbers: Numbers, distributions: Distributions) -> None:
    """Add to all series of a page those of upstreams under their former names."""
    times = distributions.get(UPSTREAM_DURATION.name, {})
    for (_, to, rcode), row in times.items():
        answered = sum(row.counts)
        requests = numbers.setdefault(FORMER_REQUESTS.name, {})
        requests[to,] = requests.get((to,), 0) + answered
        numbers.setdefault(FORMER_RESPONSES.name, {})[to, rcode] = answered
        distributions.setdefault(FORMER_DURATION.name, {})[to, rcode] = row
    for (_, to), failed in numbers.get(UPSTREAM_HEALTH_FAILURES.name, {}).items():
        numbers.setdefault(FORMER_HEALTH_FAILURES.name, {})[to,] = failed
