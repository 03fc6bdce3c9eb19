"""What the chart refuses, and in which words."""

from typing import Any

import pytest

from tests.support.helm import MODES, Helm, HelmError, merged

PLUGINS = [{"name": "whoami"}]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"mode": "repalce"}, "at '/mode': value must be one of 'replace', 'canary', 'standalone'"),
        ({"replicas": 3}, "additional properties 'replicas' not allowed"),
        ({"image": {"repo": "x"}}, "at '/image': additional properties 'repo' not allowed"),
        ({"replicaCount": -1}, "at '/replicaCount': minimum: got -1, want 0"),
        ({"replicaCount": "two"}, "at '/replicaCount': got string, want null or integer"),
        ({"image": {"pullPolicy": "always"}}, "value must be one of 'Always', 'IfNotPresent'"),
        ({"servers": []}, "at '/servers': minItems: got 0, want 1"),
        ({"servers": [{"port": 53}]}, "at '/servers/0': missing property 'plugins'"),
        (
            {"servers": [{"port": 70000, "plugins": PLUGINS}]},
            "at '/servers/0/port': maximum: got 70,000, want 65,535",
        ),
        ({"podLabels": {"a": 1}}, "at '/podLabels/a': got number, want string"),
        ({"proxy": {"mode": "ipvsadm"}}, "at '/proxy/mode': value must be one of '', 'ipvs'"),
        ({"prometheus": {"monitor": {"enabled": "yes"}}}, "got string, want boolean"),
    ],
)
def test_a_value_of_a_wrong_kind_is_named_with_its_place(
    helm: Helm, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(HelmError) as caught:
        helm.render(values)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"image": {"digest": "abc"}}, "image.digest: 'abc' is no digest: write sha256:"),
        ({"service": {"clusterIP": "10.96.0"}}, "service.clusterIP: '10.96.0' is no address"),
        ({"service": {"clusterIPs": ["x"]}}, "service.clusterIPs: 'x' is no address"),
        ({"service": {"externalIPs": ["x"]}}, "service.externalIPs: 'x' is no address"),
        (
            {"proxy": {"clusterCIDR": "10.244.0.0"}},
            "proxy.clusterCIDR: '10.244.0.0' is no network: write 10.244.0.0/16",
        ),
        (
            {"proxy": {"apiServer": {"host": "https://192.0.2.1"}}},
            "proxy.apiServer.host: 'https://192.0.2.1' is no host",
        ),
        (
            {"prometheus": {"monitor": {"interval": "30"}}},
            "prometheus.monitor.interval: '30' is no time: write 30s",
        ),
        ({"mode": "standalone"}, "mode standalone needs service.clusterIP"),
        ({"mode": "proxy"}, "mode proxy needs proxy.apiServer.host"),
        ({"k8sAppLabelOverride": ""}, "mode replace needs k8sAppLabelOverride"),
        ({"existingConfigMap": "coredns", "corefile": ".:53 { }"}, "write corefile into it"),
        (
            {"existingConfigMap": "coredns", "zoneFiles": [{"filename": "a", "contents": "b"}]},
            "write zoneFiles into it",
        ),
        ({"dnsPorts": [1053]}, "without them write port into servers"),
        (
            {"prometheus": {"rules": {"enabled": True}}},
            "Set prometheus.monitor.enabled, or prometheus.rules.selector",
        ),
        (
            {"podDisruptionBudget": {"minAvailable": 1, "maxUnavailable": 1}},
            "minAvailable and maxUnavailable exclude each other",
        ),
        ({"autoscaler": {"enabled": True}}, "Set hpa.enabled, or run one of your own"),
        (
            merged(MODES["proxy"], {"hpa": {"enabled": True}}),
            "mode proxy has one pod on every node",
        ),
        (
            merged(MODES["proxy"], {"proxy": {"existingConfigMap": "a", "config": {"mode": "b"}}}),
            "write proxy.config into it",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    helm: Helm, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(HelmError) as caught:
        helm.render(values)

    assert sentence in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once(helm: Helm) -> None:
    with pytest.raises(HelmError) as caught:
        helm.render({"mode": "standalone", "image": {"digest": "abc"}})

    assert "image.digest" in str(caught.value)
    assert "service.clusterIP" in str(caught.value)
