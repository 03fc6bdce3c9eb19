"""Alerts, dashboards, and how Prometheus finds the pods.

What dashboards ask for: tests/house/test_dashboards.py.
"""

import json
import re
from typing import Any

import pytest

import svcdns.telemetry.plugin_metrics  # noqa: F401  its metrics enter ALL
from svcdns.telemetry.catalogue import ALL, Kind
from svcdns.telemetry.proxy_metrics import PAGE
from tests.support.helm import CHART, MODES, Helm, Rendered, merged
from tests.support.tree import ROOT

OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))

RULES = {"prometheus": {"rules": {"enabled": True, "selector": 'job="svcdns"'}}}
MONITOR = {"prometheus": {"monitor": {"enabled": True}}}

MIXIN = {
    "CoreDNSDown",
    "CoreDNSErrorsHigh",
    "CoreDNSForwardErrorsHigh",
    "CoreDNSForwardHealthcheckBrokenCount",
    "CoreDNSForwardHealthcheckFailureCount",
    "CoreDNSForwardLatencyHigh",
    "CoreDNSLatencyHigh",
}
"""Alerts whose names are known from elsewhere."""

SERIES = re.compile(r"\b((?:coredns|svcdns|kubeproxy)_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')

every_kind = pytest.mark.parametrize("mode", ["replace", "proxy"])


def alerts(rendered: Rendered) -> list[dict[str, Any]]:
    (group,) = rendered.one("PrometheusRule")["spec"]["groups"]
    rules = group["rules"]
    assert isinstance(rules, list)
    return rules


def exported(mode: str) -> dict[str, set[str]]:
    """Every series that a page of metrics has, and its labels."""
    found: dict[str, set[str]] = {}
    for metric in PAGE if mode == "proxy" else ALL:
        labels = {*metric.labels, "instance", "job"}
        if metric.kind is Kind.HISTOGRAM:
            found |= {f"{metric.name}_{part}": labels for part in ("sum", "count")}
            found[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            found[metric.name] = labels
    return found


@every_kind
def test_an_alert_reads_series_that_exist_with_labels_they_have(helm: Helm, mode: str) -> None:
    known = exported(mode)
    rules = alerts(helm.render(merged(MODES[mode], RULES)))

    for rule in rules:
        read = SERIES.findall(rule["expr"]) or re.findall(r"\b(up)\{([^}]*)\}", rule["expr"])
        assert read, rule["alert"]
        for name, selector in read:
            assert name == "up" or name in known, rule["alert"]
            assert {*LABEL.findall(selector)} <= known.get(name, {"job"}), rule["alert"]


@every_kind
def test_an_alert_selects_the_job_that_the_service_monitor_makes(helm: Helm, mode: str) -> None:
    rules = {"prometheus": {"rules": {"enabled": True}}}
    rendered = helm.render(merged(MODES[mode], rules, MONITOR), name="one")

    job = rendered.one("Service", "one-svcdns-metrics")["metadata"]["name"]
    for rule in alerts(rendered):
        selectors = re.findall(r"\b(?:up|\w+_\w+)\{([^}]*)\}", rule["expr"])
        assert selectors
        assert all(f'job="{job}"' in selector for selector in selectors)


@every_kind
def test_a_label_in_a_text_is_one_that_the_alert_has(helm: Helm, mode: str) -> None:
    for rule in alerts(helm.render(merged(MODES[mode], RULES))):
        used = re.findall(r"\$labels\.(\w+)", rule["annotations"]["description"])
        kept = re.findall(r"by \(([^)]*)\)", rule["expr"])
        assert all(label in group for label in used for group in kept), rule["alert"]
        assert kept or not used, rule["alert"]


def test_the_alerts_of_the_coredns_mixin_keep_their_names(helm: Helm) -> None:
    named = {rule["alert"] for rule in alerts(helm.render(RULES))}

    assert named >= MIXIN


@every_kind
def test_an_alert_links_to_what_to_do(helm: Helm, mode: str) -> None:
    values = merged(MODES[mode], {"prometheus": {"rules": {"runbook": "https://docs.example/o"}}})
    headings = {
        title.lower(): title for title in re.findall(r"^### (\w+)$", OPERATIONS, re.MULTILINE)
    }

    for rule in alerts(helm.render(merged(values, RULES))):
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "https://docs.example/o"
        assert headings[anchor] == rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert re.fullmatch(r"[A-Z].*\.", rule["annotations"]["summary"])


def test_every_alert_of_the_runbook_exists(helm: Helm) -> None:
    part = OPERATIONS.partition("\n## Alerts\n")[2].partition("\n## ")[0]

    named = {
        rule["alert"]
        for mode in ("replace", "proxy")
        for rule in alerts(helm.render(merged(MODES[mode], RULES)))
    }

    assert {*re.findall(r"^### (\w+)$", part, re.MULTILINE)} == named


def test_an_alert_can_be_left_out(helm: Helm) -> None:
    values = merged(RULES, {"prometheus": {"rules": {"disabled": ["CoreDNSErrorsHigh"]}}})

    named = {rule["alert"] for rule in alerts(helm.render(values))}

    assert named >= MIXIN - {"CoreDNSErrorsHigh"}
    assert "CoreDNSErrorsHigh" not in named


@pytest.mark.parametrize("mode", MODES)
def test_the_service_monitor_finds_the_pods_and_one_service_only(helm: Helm, mode: str) -> None:
    rendered = helm.render(merged(MODES[mode], MONITOR))

    spec = rendered.one("ServiceMonitor")["spec"]
    (service,) = (
        one
        for one in rendered.of("Service")
        if spec["selector"]["matchLabels"].items() <= one["metadata"]["labels"].items()
    )
    (port,) = service["spec"]["ports"]
    assert port["name"] == spec["endpoints"][0]["port"] == "metrics"
    opened = {one["name"]: one["containerPort"] for one in rendered.container["ports"]}
    assert opened[port["targetPort"]] == port["port"]
    assert service["metadata"]["annotations"]["prometheus.io/port"] == str(port["port"])
    labels = rendered.pod["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()


def test_the_service_monitor_takes_what_prometheus_wants(helm: Helm) -> None:
    monitor = {
        "additionalLabels": {"release": "prom"},
        "namespace": "monitoring",
        "interval": "15s",
        "scrapeTimeout": "5s",
        "honorLabels": True,
        "relabelings": [{"action": "labeldrop", "regex": "pod"}],
        "metricRelabelings": [{"action": "drop", "regex": "python_.*"}],
    }

    made = helm.render(merged(MONITOR, {"prometheus": {"monitor": monitor}})).one("ServiceMonitor")

    assert made["metadata"]["labels"]["release"] == "prom"
    assert made["metadata"]["namespace"] == "monitoring"
    assert made["spec"]["namespaceSelector"] == {"matchNames": ["kube-system"]}
    (endpoint,) = made["spec"]["endpoints"]
    same = ("interval", "scrapeTimeout", "honorLabels", "relabelings", "metricRelabelings")
    assert endpoint == {"port": "metrics", **{name: monitor[name] for name in same}}


@pytest.mark.parametrize(("values", "address"), [({}, "127.0.0.1"), (MONITOR, "0.0.0.0")])
def test_the_proxy_shows_metrics_to_others_only_if_they_are_asked_for(
    helm: Helm, values: dict[str, Any], address: str
) -> None:
    arguments = helm.render(merged(MODES["proxy"], values)).container["args"]

    assert f"--metrics-bind-address={address}:10249" in arguments


def test_every_dashboard_is_where_grafana_looks(helm: Helm) -> None:
    made = helm.render({"dashboards": {"enabled": True, "namespace": "grafana"}})

    found = made.one("ConfigMap", "svcdns-dashboards")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["namespace"] == "grafana"
    assert DASHBOARDS
    assert {name: json.loads(text) for name, text in found["data"].items()} == {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS
    }


def test_a_dashboard_has_an_address_of_its_own() -> None:
    read = [json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS]

    assert all(one["uid"] and one["title"] for one in read)
    assert len({one["uid"] for one in read}) == len(read)
