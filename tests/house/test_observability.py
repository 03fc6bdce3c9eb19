"""What operators build on: names of metrics and log events, all of them in docs/operations.md."""

import ast
import re

import pytest

import svcdns.telemetry.plugin_metrics  # noqa: F401  its metrics enter ALL
from svcdns.telemetry.catalogue import ALL, Kind, Metric
from svcdns.telemetry.proxy_metrics import PROXY
from svcdns.wire.edns import InfoCode
from tests.support.tree import ROOT, parsed, relative, source_files

OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

UNITS = ("_seconds", "_bytes", "_ratio")

METRICS = (*ALL, *PROXY)
NO_COUNTERS = {"kubeproxy_sync_proxy_rules_no_local_endpoints_total"}
"""Called so by kube-proxy, and gauges all the same."""

every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def events() -> list[tuple[str, str]]:
    """Every event that is logged under a name written in full, and the file it is logged in."""
    return sorted(
        {
            (relative(path), node.args[0].value)
            for path in source_files()
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"debug", "info", "warning", "error", "bug"}
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "_log"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        }
    )


@every_metric
def test_a_metric_is_named_as_prometheus_asks(metric: Metric) -> None:
    assert re.fullmatch(r"(coredns|svcdns|kubeproxy)(_[a-z0-9]+)+", metric.name)
    is_named_so = metric.name.endswith("_total") and metric.name not in NO_COUNTERS
    assert (metric.kind is Kind.COUNTER) == is_named_so
    if metric.kind is Kind.HISTOGRAM:
        assert metric.name.endswith(UNITS)


@every_metric
def test_a_metric_is_described_in_one_sentence(metric: Metric) -> None:
    assert re.fullmatch(r"[A-Z].*\.", metric.text)


@every_metric
def test_labels_are_plain_words(metric: Metric) -> None:
    for label in metric.labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label)
        assert label not in {"le", "quantile"}


def test_every_metric_has_a_name_of_its_own() -> None:
    names = [metric.name for metric in METRICS]

    assert len(names) == len(set(names))


@every_metric
def test_a_metric_is_documented_with_its_labels(metric: Metric) -> None:
    row = re.search(rf"^\| `{metric.name}` \|.*$", OPERATIONS, re.MULTILINE)

    assert row
    assert all(f"`{label}`" in row[0] for label in metric.labels)


def test_every_documented_metric_exists() -> None:
    documented = re.findall(
        r"^\| `((?:coredns|svcdns|kubeproxy)_[a-z0-9_]+)` \|", OPERATIONS, re.MULTILINE
    )

    assert sorted(documented) == sorted(metric.name for metric in METRICS)


def test_every_code_of_a_reason_is_documented() -> None:
    used = {
        InfoCode[node.attr]
        for path in source_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "InfoCode"
    }
    section = OPERATIONS.partition("\n## Reasons\n")[2].partition("\n## ")[0]

    documented = {int(code) for code in re.findall(r"^\| (\d+) ", section, re.MULTILINE)}
    assert documented == {int(code) for code in used}


@pytest.mark.parametrize(("file", "event"), events())
def test_a_log_event_is_documented(file: str, event: str) -> None:
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", event), file
    assert f"| `{event}` |" in OPERATIONS, file
