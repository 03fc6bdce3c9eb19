"""Who else has a say when CoreDNS is replaced."""

from typing import Any

import pytest

from svcdns.app.doctor_finding import Level
from svcdns.app.migration_beside import address_of, dns_service, risks_of, scalers
from svcdns.app.migration_pod import pod_of
from svcdns.app.migration_sources import Found
from tests.support.coredns_objects import AUTOSCALER, COREFILE, LABEL, service, workload

HPA = {
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "coredns"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "coredns"}},
}
NODE_LOCAL = workload("DaemonSet", "node-local-dns", volumes=[])
BUDGET = {
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "coredns"},
    "spec": {"selector": {"matchLabels": LABEL}},
}


def found(*objects: dict[str, Any], **more: Any) -> Found:
    return Found(COREFILE, objects=objects, **more)


def risks(*objects: dict[str, Any], **more: Any) -> dict[str, Level]:
    whole = found(*objects, **more)
    return {one.name: one.level for one in risks_of(whole, pod_of(whole))}


def test_a_plain_cluster_has_none() -> None:
    assert risks(workload(), service()) == {"Service": Level.OK}


@pytest.mark.parametrize(
    ("beside", "name"),
    [
        (AUTOSCALER, "autoscaler"),
        (HPA, "autoscaler"),
        (NODE_LOCAL, "NodeLocal DNS"),
        (BUDGET, "PodDisruptionBudget"),
    ],
)
def test_what_stands_beside_is_named(beside: dict[str, Any], name: str) -> None:
    assert risks(workload(), service(), beside)[name] is Level.WARN


def test_who_scales_coredns_is_stopped_first() -> None:
    whole = found(workload(), AUTOSCALER, HPA)

    assert scalers(whole, pod_of(whole)) == ["dns-autoscaler"]


@pytest.mark.parametrize(
    "mark",
    [
        "eks.amazonaws.com/component",
        "addonmanager.kubernetes.io/mode",
        "objectset.rio.cattle.io/id",
        "dns.operator.openshift.io/owning-dns",
        "meta.helm.sh/release-name",
    ],
)
def test_who_owns_coredns_is_named(mark: str) -> None:
    owned = workload(metadata={"labels": {mark: "a"}})

    assert risks(owned, service())["owner"] is Level.WARN


@pytest.mark.parametrize(
    ("one", "level"),
    [
        (service(selector={"app": "dns"}), Level.WARN),
        (service(selector={}), Level.FAIL),
        (service(selector={"k8s-app": "other"}), Level.OK),
    ],
)
def test_the_service_has_to_select_our_pods(one: dict[str, Any], level: Level) -> None:
    assert risks(workload(), one)["Service"] is level


def test_a_service_of_another_name_is_known_by_its_label() -> None:
    metrics, headless, dns = service(ports=[{"port": 9153}]), service(clusterIP="None"), service()
    for one, name in ((metrics, "metrics"), (headless, "scraped"), (dns, "rke2-coredns")):
        one["metadata"] = {"name": name, "labels": LABEL}
    unmarked = {**service(), "metadata": {"name": "other"}}

    assert dns_service(found(unmarked, metrics, headless, dns)) is dns
    assert dns_service(found(unmarked)) == {}


@pytest.mark.parametrize(
    ("rule", "is_named"),
    [
        ("requiredDuringSchedulingIgnoredDuringExecution", True),
        ("preferredDuringSchedulingIgnoredDuringExecution", False),
    ],
)
def test_pods_that_must_not_be_neighbours_are_a_risk(
    rule: str,
    is_named: bool,  # noqa: FBT001
) -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABEL}}

    named = risks(workload(affinity={"podAntiAffinity": {rule: [term]}}), service())

    assert ("affinity" in named) is is_named


def test_a_cluster_without_the_service_is_a_risk() -> None:
    assert risks(workload())["Service"] is Level.WARN
    assert risks() == {}


def test_the_address_is_that_of_the_service() -> None:
    assert address_of(dns_service(found(service()))) == "10.96.0.10"
    assert address_of(dns_service(found())) == ""
    assert address_of(service(clusterIP="None")) == ""


@pytest.mark.parametrize(("count", "level"), [(100, Level.OK), (20_000, Level.WARN)])
def test_a_large_cluster_is_said(count: int, level: Level) -> None:
    assert risks(workload(), service(), services=count, slices=count)["size"] is level


def test_what_was_not_read_is_said() -> None:
    assert risks(missing=("services: 403",)) == {"not read": Level.WARN}
