"""The whole plan: values, steps and the way back."""

from pathlib import Path
from typing import Any

import pytest

from svcdns.app.doctor_finding import Level
from svcdns.app.migration import MODES, Plan, plan
from svcdns.app.migration_sources import Found
from tests.support.coredns_objects import AUTOSCALER, COREFILE, service, workload
from tests.support.tree import ROOT

COREFILES = sorted((ROOT / "tests/corefiles").iterdir())


def of(*objects: dict[str, Any], mode: str = "replace", corefile: str = COREFILE) -> Plan:
    return plan(Found(corefile, objects=objects), mode)


def commands(made: Plan) -> list[str]:
    return [one.command for one in made.steps]


def test_kubeadms_coredns_is_replaced_by_two_values() -> None:
    made = of(workload(), service())

    assert made.is_possible
    assert made.values == {"mode": "replace", "existingConfigMap": "coredns"}
    assert commands(made) == [
        "svcdns migrate --values > svcdns.yaml",
        "helm -n kube-system upgrade --install svcdns charts/svcdns -f svcdns.yaml",
        "kubectl -n kube-system rollout status deploy/svcdns",
        "helm -n kube-system test svcdns",
        "kubectl -n kube-system scale deploy/coredns --replicas=0",
    ]
    assert [one.command for one in made.back] == [
        "kubectl -n kube-system scale deploy/coredns --replicas=2",
        "kubectl -n kube-system rollout status deploy/coredns",
        "helm -n kube-system uninstall svcdns",
    ]


@pytest.mark.parametrize("folder", COREFILES, ids=lambda path: path.name)
@pytest.mark.parametrize("mode", MODES)
def test_every_distributions_corefile_is_used_unchanged(folder: Path, mode: str) -> None:
    text = (folder / "Corefile").read_text(encoding="utf-8")

    made = plan(Found(text, "their-map", folder=str(folder)), mode)

    assert made.values["existingConfigMap"] == "their-map"
    assert made.values.keys() & {"corefile", "servers", "extraConfig", "zoneFiles"} == set()
    assert made.is_possible is (folder.name != "nodelocaldns")


def test_a_canary_is_one_pod_beside_the_others() -> None:
    made = of(workload(replicas=5), service(), mode="canary")

    assert "replicaCount" not in made.values  # one is the chart's own, and only for a canary
    assert not any("--replicas=0" in one for one in commands(made))
    assert [one.command for one in made.back] == ["helm -n kube-system uninstall svcdns"]


def test_standalone_has_the_address_of_the_service_that_is_there() -> None:
    made = of(workload(), service(clusterIPs=["10.96.0.10", "fd00::a"]), mode="standalone")

    assert made.values["service"] == {
        "clusterIP": "10.96.0.10",
        "clusterIPs": ["10.96.0.10", "fd00::a"],
    }


def test_standalone_is_not_for_a_cluster_that_has_the_service() -> None:
    def warned(*objects: dict[str, Any], mode: str) -> bool:
        found = of(*objects, mode=mode).findings
        return any("does not take over a Service kube-dns" in one.text for one in found)

    assert warned(workload(), service(), mode="standalone")
    assert not warned(workload(), mode="standalone")
    assert not warned(workload(), service(), mode="replace")


def test_who_scales_coredns_is_stopped_before_anything_else() -> None:
    made = of(workload(), service(), AUTOSCALER)

    autoscaler = "kubectl -n kube-system scale deploy/dns-autoscaler --replicas"
    assert commands(made)[1] == f"{autoscaler}=0"
    assert made.back[-2].command == f"{autoscaler}=1"


def test_a_daemon_set_rests_on_nodes_that_do_not_exist() -> None:
    made = of(workload("DaemonSet", "dns-default", replicas=None), service())

    assert commands(made)[-1].startswith("kubectl -n kube-system patch ds/dns-default ")
    assert made.back[0].command.startswith("kubectl -n kube-system patch ds/dns-default ")


def test_a_service_that_selects_by_other_labels_gets_pods_that_have_them() -> None:
    made = of(workload(), service(selector={"k8s-app": "coredns", "app": "dns"}))

    assert made.values["podLabels"] == {"app": "dns"}
    assert made.values["k8sAppLabelOverride"] == "coredns"


def test_pods_are_permitted_where_they_are_needed() -> None:
    made = of(workload(), corefile=COREFILE.replace("pods insecure", "pods verified"))

    assert made.values["rbac"] == {"podsVerified": True}


def test_a_port_that_nobody_serves_is_a_risk() -> None:
    made = of(workload(), service(), corefile=COREFILE.replace(".:53", ".:1053"))

    assert any(one.name == "ports" for one in made.findings)


@pytest.mark.parametrize(
    ("target", "level"), [(1053, None), ("dns", None), (53, Level.WARN), ("udp-53", Level.FAIL)]
)
def test_another_port_is_said_to_the_chart(target: int | str, level: Level | None) -> None:
    ports = [{"port": 53, "targetPort": target}, {"port": 9153, "targetPort": "metrics"}]

    made = of(workload(), service(ports=ports), corefile=COREFILE.replace(".:53", ".:1053"))

    assert made.values["dnsPorts"] == [1053]
    assert [one.level for one in made.findings if one.name == "ports"] == [level] * bool(level)


def test_a_corefile_with_mistakes_stands_in_the_way() -> None:
    made = of(workload(), corefile=".:53 {\n    dnssec\n}\n")

    assert not made.is_possible
    assert made.steps
