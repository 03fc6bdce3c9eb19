"""A Pod as it is -> values that keep what is special about it, and what is a risk."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.app.doctor_finding import Level
from svcdns.app.migration_pod import Pod, at, name_of, octets_of, pod_of, risks_of, values_of
from svcdns.app.migration_sources import Found
from tests.support.coredns_objects import COREFILE, workload

FOUND = Found(COREFILE)


def found(*objects: dict[str, Any]) -> Found:
    return Found(COREFILE, objects=objects)


def of(document: dict[str, Any]) -> Pod:
    return pod_of(found(document))


def risks(pod: Pod, lameduck: float = 5) -> dict[str, Level]:
    return {one.name: one.level for one in risks_of(pod, FOUND, lameduck)}


def test_what_kubeadm_installs_needs_no_values() -> None:
    pod = of(workload())

    assert values_of(pod, FOUND, 5) == {}
    assert risks(pod) == {"Deployment": Level.OK, "memory": Level.WARN}


def test_nothing_is_known_of_a_pod_that_was_not_named() -> None:
    assert risks(pod_of(FOUND)) == {"Deployment": Level.WARN}
    assert values_of(pod_of(FOUND), FOUND, 5) == {}


def test_the_workload_is_the_one_that_mounts_the_config_map() -> None:
    other = workload(name="other", volumes=[])
    named = workload(name="rke2-coredns", replicas=3)

    pod = pod_of(found(other, named))

    assert (pod.kind, pod.name, pod.replicas) == ("Deployment", "rke2-coredns", 3)


def test_a_daemon_set_has_no_replicas() -> None:
    pod = of(workload("DaemonSet", replicas=None))

    assert (pod.kind, pod.replicas) == ("DaemonSet", None)
    assert of(workload(replicas=None)).replicas == 1


@pytest.mark.parametrize(
    ("pod", "values"),
    [
        ({"replicas": 5}, {"replicaCount": 5}),
        ({"replicas": 1}, {"replicaCount": 2}),
        ({"terminationGracePeriodSeconds": 60}, {"terminationGracePeriodSeconds": 60}),
        ({"nodeSelector": {"pool": "dns"}}, {"nodeSelector": {"pool": "dns"}}),
        ({"tolerations": [{"key": "dns"}]}, {"tolerations": [{"key": "dns"}]}),
        (
            {"dnsConfig": {"nameservers": ["198.51.100.53"]}},
            {"deployment": {"dnsConfig": {"nameservers": ["198.51.100.53"]}}},
        ),
        (
            {"dnsPolicy": "None", "dnsConfig": {"searches": ["corp"]}},
            {"deployment": {"dnsPolicy": "None", "dnsConfig": {"searches": ["corp"]}}},
        ),
        (
            {"container": {"resources": {"limits": {"memory": "1Gi", "cpu": "1"}}}},
            {"resources": {"requests": {}, "limits": {"memory": "1Gi"}}},
        ),
        (
            {"container": {"args": ["-conf", "/etc/coredns/Corefile", "-dns.port=1053"]}},
            {"extraArgs": ["--port", "1053"]},
        ),
        (
            {
                "container": {
                    "env": [{"name": "ZONE", "value": "a"}, {"name": "GOGC", "value": "1"}]
                }
            },
            {"env": [{"name": "ZONE", "value": "a"}]},
        ),
    ],
)
def test_what_is_special_is_kept(pod: dict[str, Any], values: dict[str, Any]) -> None:
    assert values_of(of(workload(**pod)), FOUND, 5) == values


def test_a_long_lameduck_gets_the_time_it_needs() -> None:
    assert values_of(of(workload()), FOUND, 40) == {"terminationGracePeriodSeconds": 46}
    assert risks(of(workload()), 40)["lameduck"] is Level.WARN


def mounted(name: str, volume: dict[str, Any], path: str) -> dict[str, Any]:
    """A workload with one mount more."""
    mounts = [
        {"name": "config-volume", "mountPath": "/etc/coredns"},
        {"name": name, "mountPath": path},
    ]
    volumes = [
        {"name": "config-volume", "configMap": {"name": "coredns"}},
        {"name": name, **volume},
    ]
    return workload(container={"volumeMounts": mounts}, volumes=volumes)


def test_other_volumes_go_along() -> None:
    secret = {"secret": {"secretName": "tls"}}

    values = values_of(of(mounted("tls", secret, "/tls")), FOUND, 5)

    assert values == {
        "extraVolumes": [{"name": "tls", **secret}],
        "extraVolumeMounts": [{"name": "tls", "mountPath": "/tls"}],
    }


@pytest.mark.parametrize(
    ("name", "values"), [("coredns-custom", {}), ("mine", {"customConfigMap": "mine"})]
)
def test_the_config_map_of_custom_files_is_named(name: str, values: dict[str, Any]) -> None:
    volume = {"configMap": {"name": name, "optional": True}}

    assert values_of(of(mounted("custom", volume, "/etc/coredns/custom")), FOUND, 5) == values


@pytest.mark.parametrize(
    ("pod", "name", "level"),
    [
        ({"replicas": 1}, "replicas", Level.WARN),
        ({"dnsPolicy": "ClusterFirst"}, "dnsPolicy", Level.WARN),
        ({"hostNetwork": True}, "hostNetwork", Level.WARN),
        ({"container": {"args": ["-localip", "169.254.20.10"]}}, "flags", Level.FAIL),
        ({"container": {"args": ["-mystery"]}}, "flags", Level.WARN),
        ({"container": {"args": ["-conf", "/etc/other/Corefile"]}}, "Corefile", Level.WARN),
        ({"initContainers": [{"name": "wait"}]}, "containers", Level.WARN),
        ({"container": {"env": [{"name": "A", "valueFrom": {}}]}}, "env", Level.WARN),
        ({"container": {"resources": {"limits": {"cpu": "100m"}}}}, "processor", Level.WARN),
    ],
)
def test_what_is_a_risk_is_named(pod: dict[str, Any], name: str, level: Level) -> None:
    assert risks(of(workload(**pod)))[name] is level


def test_a_folder_of_the_node_is_a_risk() -> None:
    document = mounted("hosts", {"hostPath": {"path": "/etc/hosts"}}, "/rootfs/etc/hosts")

    assert risks(of(document))["volume hosts"] is Level.WARN


@pytest.mark.parametrize(
    ("quantity", "octets"),
    [("170Mi", 170 << 20), ("1Gi", 1 << 30), ("1.5G", 1_500_000_000), ("64", 64), ("a", None)],
)
def test_quantities_of_memory_are_read(quantity: str, octets: int | None) -> None:
    assert octets_of(quantity) == octets


@given(words=st.lists(st.text(st.characters(codec="ascii"), max_size=8), max_size=6))
def test_any_command_line_has_flags_and_a_port(words: list[str]) -> None:
    pod = Pod(container={"args": words})

    assert isinstance(pod.flags, dict)
    assert pod.port >= 0


def test_a_part_that_is_not_there_is_empty() -> None:
    assert at({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert at({"a": 1}, "a", "b") == {}
    assert name_of({}) == ""
