"""The page: CoreDNS's names, labels and buckets, and numbers that agree with one another.

The table below is written from the reference of CoreDNS's metrics, not from the code.
"""

import gzip
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from svcdns.route.exemplars import Exemplars
from svcdns.route.traffic import LANES, TIME_BUCKETS, Lane, Traffic
from svcdns.telemetry import catalogue as m
from svcdns.telemetry import plugin_metrics
from svcdns.telemetry.exposition import OPEN_METRICS, TEXT, render
from svcdns.telemetry.metrics import Metrics
from tests.support.stubs import question

TIME = (
    "0.00025 0.0005 0.001 0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 "
    "4.096 8.192"
)
SIZE = "0 100 200 300 400 511 1023 2047 4095 8291 16000 32000 48000 64000"
SLIM = "0.00025 0.0025 0.025 0.25 2.5"
CLIENT = "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10"
PROGRAMMING = (
    "0.001 0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 4.096 8.192 "
    "16.384 32.768 65.536 131.072 262.144 524.288"
)

GOLDEN = [
    # name, type, labels, buckets
    ("coredns_build_info", "gauge", "version revision goversion", ""),
    ("coredns_panics_total", "counter", "", ""),
    ("coredns_plugin_enabled", "gauge", "server zone view name", ""),
    ("coredns_dns_requests_total", "counter", "server zone view proto family type", ""),
    ("coredns_dns_request_duration_seconds", "histogram", "server zone view", TIME),
    ("coredns_dns_request_size_bytes", "histogram", "server zone view proto", SIZE),
    ("coredns_dns_response_size_bytes", "histogram", "server zone view proto", SIZE),
    ("coredns_dns_do_requests_total", "counter", "server zone view", ""),
    ("coredns_dns_responses_total", "counter", "server zone view rcode plugin", ""),
    ("coredns_health_request_duration_seconds", "histogram", "", SLIM),
    ("coredns_health_request_failures_total", "counter", "", ""),
    (
        "coredns_kubernetes_dns_programming_duration_seconds",
        "histogram",
        "service_kind",
        PROGRAMMING,
    ),
    (
        "coredns_kubernetes_rest_client_request_duration_seconds",
        "histogram",
        "verb host",
        CLIENT,
    ),
    (
        "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
        "histogram",
        "verb host",
        CLIENT,
    ),
    ("coredns_kubernetes_rest_client_requests_total", "counter", "code method host", ""),
    ("svcdns_table_entries", "gauge", "server", ""),
    ("svcdns_kubernetes_objects", "gauge", "kind", ""),
    ("svcdns_kubernetes_last_change_seconds", "gauge", "", ""),
    ("svcdns_kubernetes_watch_lost_seconds", "gauge", "resource", ""),
    ("svcdns_kubernetes_last_contact_seconds", "gauge", "resource", ""),
    ("svcdns_kubernetes_watch_events_total", "counter", "resource", ""),
    ("svcdns_kubernetes_relists_total", "counter", "resource reason", ""),
    ("svcdns_kubernetes_rejected_total", "counter", "resource", ""),
    ("svcdns_kubernetes_audits_total", "counter", "resource finding", ""),
    ("svcdns_manifest_problems", "gauge", "", ""),
    ("svcdns_udp_dropped_total", "counter", "server", ""),
    ("svcdns_malformed_queries_total", "counter", "server", ""),
    ("svcdns_tcp_connections", "gauge", "", ""),
    ("svcdns_tcp_events_total", "counter", "event", ""),
    ("svcdns_log_lines_suppressed_total", "counter", "", ""),
    ("svcdns_log_lines_lost_total", "counter", "", ""),
]

UDP4, UDP4_DO, TCP6_EDNS = (
    LANES.index(lane) for lane in (Lane("udp", "1", 0), Lane("udp", "1", 2), Lane("tcp", "2", 1))
)


def busy() -> Metrics:
    """Metrics in which every series there can be has happened."""
    metrics = Metrics()
    metrics.set(m.BUILD, 1, "0.1.0", "4b26cced3", "python3.11")
    metrics.set(m.PLUGIN_ENABLED, 1, "dns://:53", ".", "", "kubernetes")
    metrics.observe(m.PROGRAMMING, 0.2, "headless_with_selector")
    metrics.observe(m.API_DURATION, 0.2, "GET", "10.0.0.1:443")
    metrics.observe(m.API_WAIT, 0.2, "GET", "10.0.0.1:443")
    metrics.add(m.API_REQUESTS, "200", "GET", "10.0.0.1:443")
    metrics.read(m.TABLE_ENTRIES, lambda: 7, "dns://:53")
    metrics.set(m.OBJECTS, 12, "Service")
    metrics.set(m.LAST_CHANGE, 1_780_000_000)
    metrics.set(m.WATCH_LOST, 0, "services")
    metrics.set(m.LAST_CONTACT, 0.2, "services")
    metrics.add(m.WATCH_EVENTS, "services", by=3)
    metrics.add(m.RELISTS, "services", "expired")
    metrics.add(m.REJECTED, "services")
    metrics.add(m.AUDITS, "services", "agrees")
    metrics.set(m.MANIFEST_PROBLEMS, 0)
    metrics.set(m.TCP_CONNECTIONS, 3)
    metrics.read(m.TCP_EVENTS, lambda: 2, "refused")
    traffic = Traffic("dns://:53")
    metrics.follow(traffic)
    traffic.count("cluster.local.", UDP4, 1, (0, "kubernetes"), (40, 90), times=3)
    traffic.count("cluster.local.", UDP4_DO, 28, (3, "kubernetes"), (511, 1024))
    traffic.count("dropped", TCP6_EDNS, 999, (5, ""), (70_000, 70_000))
    traffic.credit(0.0001, 4)
    traffic.credit(9.0, 1)
    metrics.fold()
    return metrics


def samples(metrics: Metrics) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """The page as a scraper reads it: sample name -> labels -> number."""
    page = render(metrics).body.decode()
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in parse_text(page):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_the_table_names_every_metric() -> None:
    directives = {one.name for one in vars(plugin_metrics).values() if isinstance(one, m.Metric)}

    assert [row[0] for row in GOLDEN] == [
        metric.name for metric in m.ALL if metric.name not in directives
    ]


@pytest.mark.parametrize(("name", "kind", "labels", "buckets"), GOLDEN)
def test_a_series_is_what_dashboards_expect(
    name: str, kind: str, labels: str, buckets: str
) -> None:
    page = render(busy()).body.decode()
    family = next(
        family
        for family in parse_text(page)
        if family.name == name.removesuffix("_total" if kind == "counter" else "")
    )

    assert family.type == kind
    assert all(set(sample.labels) - {"le"} == set(labels.split()) for sample in family.samples)
    bounds = list(
        dict.fromkeys(s.labels["le"] for s in family.samples if s.name.endswith("_bucket"))
    )
    assert bounds == ([*buckets.split(), "+Inf"] if buckets else [])
    assert f"# TYPE {name} {kind}\n" in page


def test_exchanges_are_counted_under_coredns_labels() -> None:
    found = samples(busy())

    def at(name: str, **labels: str) -> float:
        return found[name][tuple(sorted({"server": "dns://:53", "view": "", **labels}.items()))]

    requests = "coredns_dns_requests_total"
    assert at(requests, zone="cluster.local.", proto="udp", family="1", type="A") == 3
    assert at(requests, zone="cluster.local.", proto="udp", family="1", type="AAAA") == 1
    assert at(requests, zone="dropped", proto="tcp", family="2", type="other") == 1
    responses = "coredns_dns_responses_total"
    assert at(responses, zone="cluster.local.", rcode="NOERROR", plugin="kubernetes") == 3
    assert at(responses, zone="cluster.local.", rcode="NXDOMAIN", plugin="kubernetes") == 1
    assert at(responses, zone="dropped", rcode="REFUSED", plugin="") == 1
    assert at("coredns_dns_do_requests_total", zone="cluster.local.") == 1


def test_sizes_and_times_are_cumulated_and_summed() -> None:
    found = samples(busy())
    block = {"server": "dns://:53", "view": "", "zone": "cluster.local."}

    def at(name: str, **labels: str) -> float:
        return found[name][tuple(sorted({**block, **labels}.items()))]

    size = "coredns_dns_request_size_bytes"
    assert at(f"{size}_bucket", proto="udp", le="0") == 0
    assert at(f"{size}_bucket", proto="udp", le="100") == 3
    assert at(f"{size}_bucket", proto="udp", le="511") == 4
    assert at(f"{size}_count", proto="udp") == 4
    assert at(f"{size}_sum", proto="udp") == 3 * 40 + 511
    duration = found["coredns_dns_request_duration_seconds_count"]
    assert sum(duration.values()) == 5


def test_a_block_that_is_not_measured_has_no_series() -> None:
    metrics = Metrics()
    traffic = Traffic("dns://:53")
    metrics.follow(traffic)
    traffic.count("", UDP4, 1, (0, "kubernetes"), (40, 90))
    traffic.credit(0.001, 1)
    metrics.fold()

    assert not [name for name in samples(metrics) if name.startswith("coredns_dns_")]


EXCHANGES = st.lists(
    st.tuples(
        st.sampled_from([".", "cluster.local."]),
        st.integers(0, len(LANES) - 1),
        st.integers(0, 70_000),
        st.integers(0, 70_000),
        st.integers(1, 5),
        st.floats(0, 20),
    ),
    min_size=1,
    max_size=15,
)


def exchange(traffic: Traffic, rows: list[tuple[str, int, int, int, int, float]]) -> None:
    for zone, lane, asked, answered, times, seconds in rows:
        traffic.count(zone, lane, 1, (0, "kubernetes"), (asked, answered), times=times)
        traffic.credit(seconds, times)


@given(EXCHANGES)
def test_every_histogram_agrees_with_the_counter(
    rows: list[tuple[str, int, int, int, int, float]],
) -> None:
    metrics = Metrics()
    traffic = Traffic("dns://:53")
    metrics.follow(traffic)
    exchange(traffic, rows)
    metrics.fold()

    found = samples(metrics)

    total = sum(row[4] for row in rows)
    assert sum(found["coredns_dns_requests_total"].values()) == total
    assert sum(found["coredns_dns_responses_total"].values()) == total
    for name in ("request_size_bytes", "response_size_bytes", "request_duration_seconds"):
        buckets = found[f"coredns_dns_{name}_bucket"]
        infinite = sum(n for labels, n in buckets.items() if ("le", "+Inf") in labels)
        assert infinite == sum(found[f"coredns_dns_{name}_count"].values()) == total
    assert sum(found["coredns_dns_request_size_bytes_sum"].values()) == sum(
        row[2] * row[4] for row in rows
    )
    assert sum(found["coredns_dns_request_duration_seconds_sum"].values()) == pytest.approx(
        sum(row[5] * row[4] for row in rows), abs=1e-6
    )


@given(EXCHANGES, EXCHANGES)
def test_counters_never_go_back(
    earlier: list[tuple[str, int, int, int, int, float]],
    later: list[tuple[str, int, int, int, int, float]],
) -> None:
    metrics = Metrics()
    first, second = Traffic("dns://:53"), Traffic("dns://:53")
    metrics.follow(first)
    exchange(first, earlier)
    metrics.fold()
    before = samples(metrics)

    metrics.follow(second)
    exchange(first, later)
    exchange(second, later)
    metrics.release(first)
    metrics.fold()
    after = samples(metrics)

    for name, series in before.items():
        if name.startswith("coredns_dns_"):
            for labels, number in series.items():
                assert after[name][labels] >= number - 1e-9


def test_a_scraper_gets_open_metrics_when_it_asks() -> None:
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"

    page = render(busy(), accept)

    assert page.content_type == OPEN_METRICS
    assert page.body.endswith(b"# EOF\n")
    read = parse_open_metrics(page.body.decode())  # type: ignore[no-untyped-call]  # it has none
    families = {family.name: family for family in read}
    assert families["coredns_dns_requests"].type == "counter"
    assert any(
        sample.labels.get("le") == "100.0"
        for sample in families["coredns_dns_request_size_bytes"].samples
    )


PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/plain;version=0.0.4", "text/html", f"{PROTOBUF};encoding=delimited"]
)
def test_everybody_else_gets_text(accept: str) -> None:
    page = render(busy(), accept)

    assert page.content_type == TEXT
    assert b"# EOF" not in page.body


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [
        ("gzip", "gzip"),
        ("deflate, GZIP;q=1.0", "gzip"),
        ("gzip;q=0", ""),
        ("gzip; q=0.000, identity", ""),
        ("identity", ""),
        ("xgzip", ""),
        ("", ""),
    ],
)
def test_gzip_is_used_when_allowed(accept_encoding: str, encoding: str) -> None:
    metrics = busy()

    page = render(metrics, "", accept_encoding)

    assert page.content_encoding == encoding
    body = gzip.decompress(page.body) if encoding else page.body
    assert b"coredns_panics_total 0.0\n" in body


def test_the_process_is_measured_too() -> None:
    found = samples(Metrics())

    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "python_info"):
        assert name in found


def test_memory_management_is_shown_only_with_runtime_metrics() -> None:
    assert b"python_gc_" not in render(Metrics()).body
    assert b"python_gc_" in render(Metrics(), runtime=True).body


def test_only_the_page_itself_loads_prometheus_client() -> None:
    code = (
        "import sys, svcdns.app.run, svcdns.telemetry.metrics, svcdns.telemetry.status;"
        "print('prometheus_client' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"


def example_page(accept: str, name: str = "web.example") -> str:
    traffic = Traffic("dns://:53")
    traffic.exemplars = Exemplars(TIME_BUCKETS, lambda: 1700000000.0)
    traffic.count(".", 0, 1, (0, "forward"), (30, 60))
    traffic.waited(".", question(name).key, 0.3)
    metrics = Metrics()
    metrics.follow(traffic)
    metrics.fold()
    return render(metrics, accept).body.decode()


def test_an_example_of_a_duration_is_shown_to_who_reads_open_metrics() -> None:
    read = parse_open_metrics(example_page(OPEN_METRICS))  # type: ignore[no-untyped-call]

    examples = [
        (sample.labels["le"], sample.exemplar.labels, sample.exemplar.value)
        for family in read
        for sample in family.samples
        if sample.exemplar
    ]
    assert examples == [("0.512", {"name": "web.example.", "type": "A"}, 0.3)]
    assert "web.example" not in example_page("text/plain")


def test_an_example_keeps_to_the_length_it_may_have() -> None:
    longest = ".".join(["a" * 61] * 4)

    (line,) = [one for one in example_page(OPEN_METRICS, longest).splitlines() if "aaa" in one]

    labels = line.partition(" # {")[2].partition("}")[0]
    assert len(labels.replace('"', "").replace("=", "").replace(",", "")) <= 128
