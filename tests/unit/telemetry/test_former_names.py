from prometheus_client.parser import text_string_to_metric_families as parse_text

from svcdns.telemetry.exposition import render
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.plugin_metrics import UPSTREAM_DURATION, UPSTREAM_HEALTH_FAILURES

UP = "192.0.2.53:53"


def page_of(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return what the page says: by name, and by the labels `to`, `rcode` and `le`."""
    return {
        (sample.name, *(sample.labels.get(label, "") for label in ("to", "rcode", "le"))): value
        for family in parse_text(render(metrics).body.decode())
        for sample in family.samples
        for value in (sample.value,)
        if sample.name.startswith("coredns_forward_")
    }


def test_what_upstreams_answered_is_there_under_its_former_names_too() -> None:
    metrics = Metrics()
    for seconds, rcode in ((0.0007, "NOERROR"), (0.003, "NOERROR"), (0.5, "SERVFAIL")):
        metrics.observe(UPSTREAM_DURATION, seconds, "forward", UP, rcode)
    metrics.add(UPSTREAM_HEALTH_FAILURES, "forward", UP, by=2)

    page = page_of(metrics)

    duration = "coredns_forward_request_duration_seconds"
    assert page["coredns_forward_requests_total", UP, "", ""] == 3
    assert page["coredns_forward_responses_total", UP, "NOERROR", ""] == 2
    assert page["coredns_forward_responses_total", UP, "SERVFAIL", ""] == 1
    assert page[f"{duration}_bucket", UP, "NOERROR", "0.001"] == 1
    assert page[f"{duration}_count", UP, "NOERROR", ""] == 2
    assert page["coredns_forward_healthcheck_failures_total", UP, "", ""] == 2


def test_looking_twice_counts_nothing_twice() -> None:
    metrics = Metrics()
    metrics.observe(UPSTREAM_DURATION, 0.001, "forward", UP, "NOERROR")

    assert page_of(metrics) == page_of(metrics)


def test_without_upstreams_there_is_nothing_to_say_of_them() -> None:
    assert {name for name, *_ in page_of(Metrics())} == {
        "coredns_forward_healthcheck_broken_total",
        "coredns_forward_max_concurrent_rejects_total",
    }
