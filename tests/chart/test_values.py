"""Values that change a part of what the chart makes, one by one."""

from typing import Any

import pytest
from typer.testing import CliRunner

from svcdns.cli.main import app
from tests.support.helm import DNS_MODES, MODES, Helm, Rendered, merged
from tests.support.tree import ROOT

SERVED_ELSEWHERE = {
    "servers": [
        {
            "zones": [{"zone": "."}],
            "port": 5353,
            "servicePort": 53,
            "hostPort": 53,
            "plugins": [
                {"name": "health", "parameters": "127.0.0.1:8090"},
                {"name": "ready", "parameters": ":8191"},
                {"name": "prometheus", "parameters": "0.0.0.0:9253"},
                {"name": "whoami"},
            ],
        }
    ]
}


def found(rendered: Rendered, path: str) -> Any:
    """Return what is at `deployment/spec/replicas`; None where nothing is."""
    kind, *keys = path.split("/")
    place: Any = {
        "workload": rendered.workload,
        "pod": rendered.pod,
        "container": rendered.container,
    }[kind]
    for key in keys:
        place = place[int(key)] if isinstance(place, list) else (place or {}).get(key)
    return place


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        ({}, "container/image", "svcdns:0.1.0"),
        ({"image": {"repository": "reg/x", "tag": "2"}}, "container/image", "reg/x:2"),
        (
            {"image": {"digest": "sha256:" + "a" * 64}},
            "container/image",
            "svcdns@sha256:" + "a" * 64,
        ),
        ({"image": {"pullPolicy": "Never"}}, "container/imagePullPolicy", "Never"),
        ({"image": {"pullSecrets": ["s"]}}, "pod/spec/imagePullSecrets", [{"name": "s"}]),
        ({"image": {"pullSecrets": [{"name": "s"}]}}, "pod/spec/imagePullSecrets", [{"name": "s"}]),
        ({"replicaCount": 5}, "workload/spec/replicas", 5),
        ({"replicaCount": 0}, "workload/spec/replicas", 0),
        ({"hpa": {"enabled": True}}, "workload/spec/replicas", None),
        (
            {"rollingUpdate": {"maxSurge": 1}},
            "workload/spec/strategy/rollingUpdate",
            {"maxSurge": 1, "maxUnavailable": 0},
        ),
        ({"terminationGracePeriodSeconds": 9}, "pod/spec/terminationGracePeriodSeconds", 9),
        ({"podAnnotations": {"a": "b"}}, "pod/metadata/annotations", {"a": "b"}),
        ({"podLabels": {"a": "b"}}, "pod/metadata/labels/a", "b"),
        ({"k8sAppLabelOverride": "dns"}, "pod/metadata/labels/k8s-app", "dns"),
        ({"customAnnotations": {"a": "b"}}, "workload/metadata/annotations", {"a": "b"}),
        ({"deployment": {"annotations": {"a": "b"}}}, "workload/metadata/annotations", {"a": "b"}),
        ({"deployment": {"name": "dns"}}, "workload/metadata/name", "dns"),
        ({"fullnameOverride": "dns"}, "workload/metadata/name", "dns"),
        ({"nameOverride": "names"}, "workload/metadata/name", "svcdns-names"),
        ({"deployment": {"dnsPolicy": "None"}}, "pod/spec/dnsPolicy", "None"),
        (
            {"deployment": {"dnsConfig": {"nameservers": ["192.0.2.1"]}}},
            "pod/spec/dnsConfig/nameservers",
            ["192.0.2.1"],
        ),
        ({"priorityClassName": ""}, "pod/spec/priorityClassName", None),
        ({"nodeSelector": {"a": "b"}}, "pod/spec/nodeSelector/a", "b"),
        ({"tolerations": []}, "pod/spec/tolerations", None),
        ({"affinity": {"nodeAffinity": {}}}, "pod/spec/affinity", {"nodeAffinity": {}}),
        ({"resources": {"limits": {"memory": "1Gi"}}}, "container/resources/limits/memory", "1Gi"),
        ({"livenessProbe": {"enabled": False}}, "container/livenessProbe", None),
        ({"livenessProbe": {"port": 1}}, "container/livenessProbe/httpGet/port", 1),
        ({"readinessProbe": {"periodSeconds": 1}}, "container/readinessProbe/periodSeconds", 1),
        (SERVED_ELSEWHERE, "container/livenessProbe/httpGet/port", 8090),
        (SERVED_ELSEWHERE, "container/readinessProbe/httpGet/port", 8191),
        (SERVED_ELSEWHERE, "container/ports/2/containerPort", 9253),
        (SERVED_ELSEWHERE, "container/ports/0/hostPort", 53),
        ({"podSecurityContext": {"sysctls": None}}, "pod/spec/securityContext/sysctls", None),
        ({"podSecurityContext": None}, "pod/spec/securityContext", None),
        (
            {"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}},
            "container/securityContext/capabilities",
            {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        ),
        ({"env": [{"name": "A", "value": "b"}]}, "container/env", [{"name": "A", "value": "b"}]),
        ({"initContainers": [{"name": "a"}]}, "pod/spec/initContainers", [{"name": "a"}]),
        ({"extraContainers": [{"name": "a"}]}, "pod/spec/containers/1", {"name": "a"}),
        ({"serviceAccount": {"name": "a"}}, "pod/spec/serviceAccountName", "a"),
        ({"serviceAccount": {"create": False}}, "pod/spec/serviceAccountName", "default"),
    ],
)
def test_a_value_ends_up_where_it_belongs(
    helm: Helm, values: dict[str, Any], path: str, expected: object
) -> None:
    assert found(helm.render(values), path) == expected


def test_volumes_secrets_and_arguments_are_added(helm: Helm) -> None:
    values = {
        "extraVolumes": [{"name": "keys", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "keys", "mountPath": "/keys"}],
        "extraSecrets": [{"name": "tls", "mountPath": "/tls", "defaultMode": 288}],
        "extraArgs": ["--hedge"],
        "logFormat": "json",
        "snapshot": {"enabled": False},
        "customConfigMap": "",
    }

    rendered = helm.render(values)

    assert rendered.container["args"] == [
        "serve",
        "--corefile=/etc/coredns/Corefile",
        "--log-format=json",
        "--hedge",
    ]
    places = [one["mountPath"] for one in rendered.container["volumeMounts"]]
    assert places == ["/etc/coredns", "/tls", "/keys"]
    volumes = {one["name"]: one for one in rendered.pod["spec"]["volumes"]}
    assert volumes["tls"]["secret"] == {"secretName": "tls", "defaultMode": 288}
    assert volumes.keys() == {"config", "tls", "keys"}


def test_an_existing_configmap_is_mounted_unchanged(helm: Helm) -> None:
    rendered = helm.render({"existingConfigMap": "coredns"})

    assert rendered.of("ConfigMap") == []
    volumes = {one["name"]: one for one in rendered.pod["spec"]["volumes"]}
    assert volumes["config"]["configMap"] == {"name": "coredns"}
    assert volumes["custom"]["configMap"] == {"name": "coredns-custom", "optional": True}


@pytest.mark.parametrize("mode", DNS_MODES)
def test_a_budget_and_spread_are_of_the_pods_of_the_release(helm: Helm, mode: str) -> None:
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    values = {"podDisruptionBudget": {"maxUnavailable": 1}, "topologySpreadConstraints": [spread]}

    rendered = helm.render(merged(MODES[mode], values))

    selector = {"matchLabels": rendered.workload["spec"]["selector"]["matchLabels"]}
    budget = rendered.one("PodDisruptionBudget")
    assert budget["spec"] == {"maxUnavailable": 1, "selector": selector}
    (constraint,) = rendered.pod["spec"]["topologySpreadConstraints"]
    assert constraint == {**spread, "labelSelector": selector}


def test_an_autoscaler_scales_the_deployment(helm: Helm) -> None:
    values = {"hpa": {"enabled": True, "maxReplicas": 9}, "deployment": {"name": "dns"}}

    spec = helm.render(values).one("HorizontalPodAutoscaler")["spec"]

    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "dns"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 9)
    assert spec["metrics"][0]["resource"]["name"] == "cpu"


def test_a_network_policy_lets_dns_in_and_only_what_is_needed_out(helm: Helm) -> None:
    peers = [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]
    values = {"networkPolicy": {"enabled": True, "metricsFrom": peers}}

    rendered = helm.render(values)

    spec = rendered.one("NetworkPolicy")["spec"]
    assert spec["podSelector"] == {
        "matchLabels": rendered.workload["spec"]["selector"]["matchLabels"]
    }
    everybody, monitoring = spec["ingress"]
    assert [(one["port"], one["protocol"]) for one in everybody["ports"]] == [
        (53, "UDP"),
        (53, "TCP"),
        (8080, "TCP"),
        (8181, "TCP"),
    ]
    assert "from" not in everybody
    assert monitoring == {"ports": [{"port": 9153, "protocol": "TCP"}], "from": peers}
    ports = [(one["port"], one["protocol"]) for rule in spec["egress"] for one in rule["ports"]]
    assert ports == [
        (53, "UDP"),
        (53, "TCP"),
        (853, "UDP"),
        (853, "TCP"),
        (443, "TCP"),
        (6443, "TCP"),
    ]


def test_another_port_is_the_service_s_port_as_the_values_say(helm: Helm) -> None:
    rendered = helm.render(merged(MODES["standalone"], SERVED_ELSEWHERE))

    ports = rendered.one("Service")["spec"]["ports"]
    assert [(p["name"], p["port"], p["targetPort"]) for p in ports] == [
        ("dns", 53, "dns"),
        ("dns-tcp", 53, "dns-tcp"),
        ("metrics", 9253, "metrics"),
    ]


def test_a_service_of_another_kind_has_its_fields(helm: Helm) -> None:
    service = {
        "name": "dns-out",
        "loadBalancerIP": "192.0.2.53",
        "externalTrafficPolicy": "Local",
        "externalIPs": ["192.0.2.1"],
        "annotations": {"a": "b"},
        "selector": {"c": "d"},
        "trafficDistribution": "PreferSameNode",
    }
    values = {"mode": "standalone", "isClusterService": False, "serviceType": "LoadBalancer"}

    made = helm.render({**values, "service": service}).one("Service")

    assert made["metadata"]["name"] == "dns-out"
    assert made["metadata"]["annotations"] == {"a": "b"}
    assert "kubernetes.io/cluster-service" not in made["metadata"]["labels"]
    spec = made["spec"]
    assert "clusterIP" not in spec
    assert spec["type"] == "LoadBalancer"
    assert spec["selector"] == {"c": "d"}
    for name in ("loadBalancerIP", "externalTrafficPolicy", "externalIPs", "trafficDistribution"):
        assert spec[name] == service[name]


@pytest.mark.parametrize(
    ("plugins", "is_rolled"),
    [([{"name": "whoami"}], True), ([{"name": "whoami"}, {"name": "reload"}], False)],
)
def test_pods_are_replaced_only_for_a_corefile_that_is_not_followed(
    helm: Helm,
    plugins: list[dict[str, str]],
    is_rolled: bool,  # noqa: FBT001
) -> None:
    one, other = (
        helm.render({"servers": [{"zones": [{"zone": zone}], "plugins": plugins}]})
        for zone in ("one.example", "other.example")
    )

    assert (one.pod != other.pod) == is_rolled


def test_a_long_release_name_leaves_room_for_what_comes_behind(helm: Helm) -> None:
    values = {"prometheus": {"service": {"enabled": True}}, "dashboards": {"enabled": True}}

    rendered = helm.render(values, name="a" * 53)

    assert all(len(one["metadata"]["name"]) <= 63 for one in rendered.objects)


@pytest.mark.parametrize("mode", MODES)
def test_the_program_understands_its_arguments(helm: Helm, mode: str) -> None:
    proxy = {"mode": "ipvs", "clusterCIDR": "10.244.0.0/16"}
    arguments = helm.render(merged(MODES[mode], {"proxy": proxy})).container["args"]
    asks = {
        "proxy": ["--dry-run", "--manifests", str(ROOT / "examples/shop")],
        "serve": ["--plugins"],
    }[arguments[0]]

    done = CliRunner().invoke(app, [*arguments, *asks])

    assert done.exit_code == 0, done.output
