"""Values of `svcdns migrate` are values of the chart, and come to the Pod that was there."""

from pathlib import Path
from typing import Any

import pytest

from svcdns.app.migration import MODES, plan
from svcdns.app.migration_sources import Found
from tests.support.coredns_objects import COREFILE, service, workload
from tests.support.helm import Helm
from tests.support.tree import ROOT

COREFILES = sorted((ROOT / "tests/corefiles").iterdir())
SPECIAL = workload(
    name="rke2-coredns",
    replicas=5,
    container={
        "args": ["-conf", "/etc/coredns/Corefile", "-dns.port", "1053"],
        "env": [{"name": "ZONE", "value": "corp"}],
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
        "volumeMounts": [
            {"name": "config-volume", "mountPath": "/etc/coredns"},
            {"name": "custom", "mountPath": "/etc/coredns/custom"},
            {"name": "tls", "mountPath": "/tls", "readOnly": True},
        ],
    },
    volumes=[
        {"name": "config-volume", "configMap": {"name": "coredns"}},
        {"name": "custom", "configMap": {"name": "mine", "optional": True}},
        {"name": "tls", "secret": {"secretName": "tls"}},
    ],
    nodeSelector={"pool": "dns"},
    tolerations=[{"key": "dns", "operator": "Exists"}],
    topologySpreadConstraints=[
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
        }
    ],
    affinity={"nodeAffinity": {}},
    terminationGracePeriodSeconds=60,
    dnsConfig={"nameservers": ["198.51.100.53"]},
)


def values_of(corefile: str, *objects: dict[str, Any], mode: str = "replace", **more: Any) -> Any:
    return plan(Found(corefile, objects=objects, **more), mode).values


@pytest.mark.parametrize("folder", COREFILES, ids=lambda path: path.name)
def test_every_distributions_config_map_is_mounted_as_it_is(helm: Helm, folder: Path) -> None:
    text = (folder / "Corefile").read_text(encoding="utf-8")

    rendered = helm.render(values_of(text, config_map="theirs", folder=str(folder)))

    assert rendered.mounted["/etc/coredns"]["configMap"]["name"] == "theirs"
    assert not any("Corefile" in one["data"] for one in rendered.of("ConfigMap"))


@pytest.mark.parametrize("mode", MODES)
def test_a_special_pod_stays_what_it_was(helm: Helm, mode: str) -> None:
    rendered = helm.render(values_of(COREFILE, SPECIAL, service(), mode=mode))

    spec, container = rendered.pod["spec"], rendered.container
    was = SPECIAL["spec"]["template"]["spec"]
    for name in ("tolerations", "affinity", "dnsConfig"):
        assert spec[name] == was[name]
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "dns"}
    assert spec["terminationGracePeriodSeconds"] == 60
    assert {"name": "ZONE", "value": "corp"} in container["env"]
    assert container["resources"]["limits"] == {"memory": "1Gi"}
    assert container["args"][-2:] == ["--port", "1053"]
    assert rendered.mounted["/tls"]["secret"] == {"secretName": "tls"}
    assert rendered.mounted["/etc/coredns/custom"]["configMap"]["name"] == "mine"
    assert rendered.workload["spec"]["replicas"] == (1 if mode == "canary" else 5)


def test_standalone_takes_the_address_over(helm: Helm) -> None:
    rendered = helm.render(values_of(COREFILE, workload(), service(), mode="standalone"))

    assert rendered.one("Service", "kube-dns")["spec"]["clusterIP"] == "10.96.0.10"


def test_labels_of_another_selector_are_on_the_pods(helm: Helm) -> None:
    selector = {"k8s-app": "coredns", "app.kubernetes.io/name": "a", "app": "dns"}

    rendered = helm.render(values_of(COREFILE, workload(), service(selector=selector)))

    labels = rendered.pod["metadata"]["labels"]
    own = rendered.workload["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    assert own.items() <= labels.items()


def test_ports_are_opened_where_the_corefile_serves(helm: Helm) -> None:
    corefile = COREFILE.replace(".:53", ".:5353")

    rendered = helm.render(values_of(corefile, workload()))

    assert [one["containerPort"] for one in rendered.container["ports"]][:2] == [5353, 5353]
    assert [one["port"] for one in rendered.one("Service")["spec"]["ports"]][:2] == [53, 53]


def test_pages_are_asked_for_where_they_are(helm: Helm) -> None:
    corefile = COREFILE.replace("    ready\n", "    ready :81\n").replace(
        "    health {\n       lameduck 5s\n    }\n", ""
    )

    container = helm.render(values_of(corefile, workload())).container

    assert container["readinessProbe"]["httpGet"]["port"] in (81, "ready")
    assert "livenessProbe" not in container


def test_pods_are_permitted_where_they_are_needed(helm: Helm) -> None:
    corefile = COREFILE.replace("pods insecure", "pods verified")

    rendered = helm.render(values_of(corefile, workload()))

    rules = rendered.of("ClusterRole")[0]["rules"]
    assert any("pods" in rule["resources"] for rule in rules)
