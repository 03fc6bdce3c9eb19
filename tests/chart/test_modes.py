"""What each mode of the chart comes to."""

import pytest
import yaml

import svcdns
from tests.support.helm import CHART, DNS_MODES, EVERYTHING, MODES, Helm, Rendered, merged

every_mode = pytest.mark.parametrize("mode", MODES)
every_dns_mode = pytest.mark.parametrize("mode", DNS_MODES)

OF_COREDNS = ("k8s-app", "app.kubernetes.io/name", "app.kubernetes.io/instance")
"""Labels by which DNS Services of distributions select."""
ADOPTED = ("replace", "canary")
"""Modes that take queries of a Service that is there already."""


def selected_by(selector: dict[str, str], rendered: Rendered) -> bool:
    """Whether a selector has the pods of the release."""
    return {*selector.items()} <= {*rendered.pod["metadata"]["labels"].items()}


def names_of(rendered: Rendered) -> set[str]:
    return {f"{one['kind']} {one['metadata']['name']}" for one in rendered.objects}


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == svcdns.__version__
    assert chart["version"] == svcdns.__version__


def test_helm_finds_nothing_to_say_against_the_chart(helm: Helm) -> None:
    report = helm.ask("lint", strict=True, kube_version="v1.37.0")

    assert report["errors"] == []
    assert [one["error"] for one in report["messages"]] == ["icon is recommended"]


def test_a_mode_has_these_objects_and_no_others(helm: Helm) -> None:
    shared = {
        "ServiceAccount svcdns",
        "ClusterRole svcdns",
        "ClusterRoleBinding svcdns",
        "Pod svcdns-test",
    }
    dns = shared | {"ConfigMap svcdns", "Deployment svcdns"}

    found = {mode: names_of(helm.render(values)) for mode, values in MODES.items()}

    assert found == {
        "replace": dns | {"Service svcdns"},
        "canary": dns | {"Service svcdns"},
        "standalone": dns | {"Service kube-dns"},
        "proxy": shared | {"DaemonSet svcdns"},
    }


@every_mode
def test_every_object_is_known_as_the_release_s(helm: Helm, mode: str) -> None:
    values = merged(EVERYTHING, {"customLabels": {"team": "net"}}, MODES[mode])

    rendered = helm.render(values, name="one")

    for one in rendered.objects:
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "svcdns"
        assert labels["app.kubernetes.io/instance"] == "one"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["team"] == "net"
        is_cluster_wide = one["kind"].startswith("ClusterRole")
        assert one["metadata"].get("namespace") == (None if is_cluster_wide else "kube-system")


@every_mode
def test_the_workload_selects_its_own_pods_by_labels_that_no_other_dns_server_has(
    helm: Helm, mode: str
) -> None:
    rendered = helm.render(MODES[mode])

    selector = rendered.workload["spec"]["selector"]["matchLabels"]
    assert selected_by(selector, rendered)
    assert not selector.keys() & {*OF_COREDNS}


@every_dns_mode
def test_pods_have_the_label_by_which_the_cluster_s_dns_service_selects(
    helm: Helm, mode: str
) -> None:
    rendered = helm.render(MODES[mode])

    assert selected_by({"k8s-app": "kube-dns"}, rendered)


@pytest.mark.parametrize("mode", ADOPTED)
def test_pods_can_have_whatever_labels_the_cluster_s_dns_service_wants(
    helm: Helm, mode: str
) -> None:
    labels = dict.fromkeys(OF_COREDNS, "rke2-coredns")

    rendered = helm.render(merged(MODES[mode], {"podLabels": labels, "k8sAppLabelOverride": "dns"}))

    labels["k8s-app"] = "dns"
    assert selected_by(labels, rendered)
    assert selected_by(rendered.workload["spec"]["selector"]["matchLabels"], rendered)
    assert selected_by(rendered.one("Service")["spec"]["selector"], rendered)


@every_mode
def test_kubeadm_does_not_take_the_workload_for_a_second_coredns(helm: Helm, mode: str) -> None:
    workload = helm.render(MODES[mode]).workload

    assert "k8s-app" not in workload["metadata"]["labels"]


def test_a_service_of_the_release_has_no_pod_but_those_that_serve(helm: Helm) -> None:
    rendered = helm.render(merged(MODES["standalone"], EVERYTHING))

    test = rendered.one("Pod", "svcdns-test")["metadata"]["labels"]
    for service in rendered.of("Service"):
        selector = service["spec"]["selector"]
        assert selected_by(selector, rendered)
        assert not selector.items() <= test.items()


@pytest.mark.parametrize("mode", ADOPTED)
def test_the_cluster_s_own_service_is_not_touched(helm: Helm, mode: str) -> None:
    rendered = helm.render(MODES[mode])

    assert rendered.one("Service")["metadata"]["name"] == "svcdns"


def test_standalone_brings_the_cluster_s_dns_service(helm: Helm) -> None:
    service = helm.render(MODES["standalone"]).one("Service")

    assert service["metadata"]["name"] == "kube-dns"
    assert service["spec"]["clusterIP"] == "10.96.0.10"
    assert service["metadata"]["labels"].items() >= {
        ("k8s-app", "kube-dns"),
        ("kubernetes.io/cluster-service", "true"),
        ("kubernetes.io/name", "CoreDNS"),
    }
    assert [(p["name"], p["port"], p["protocol"]) for p in service["spec"]["ports"]] == [
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("metrics", 9153, "TCP"),
    ]


def test_standalone_in_a_cluster_of_two_families_has_an_address_of_each(helm: Helm) -> None:
    addresses = ["10.96.0.10", "fd00:10:96::a"]
    values = {"clusterIPs": addresses, "ipFamilyPolicy": "RequireDualStack"}

    spec = helm.render({"mode": "standalone", "service": values}).one("Service")["spec"]

    assert spec["clusterIP"] == addresses[0]
    assert spec["clusterIPs"] == addresses
    assert spec["ipFamilyPolicy"] == "RequireDualStack"


def test_a_canary_is_one_pod_and_the_others_are_two(helm: Helm) -> None:
    replicas = {m: helm.render(MODES[m]).workload["spec"]["replicas"] for m in DNS_MODES}

    assert replicas == {"replace": 2, "canary": 1, "standalone": 2}


@every_dns_mode
def test_ports_and_probes_are_coredns_s(helm: Helm, mode: str) -> None:
    container = helm.render(MODES[mode]).container

    assert [(p["name"], p["containerPort"], p["protocol"]) for p in container["ports"]] == [
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("metrics", 9153, "TCP"),
        ("health", 8080, "TCP"),
        ("ready", 8181, "TCP"),
    ]
    for name, path, port in (("liveness", "/health", 8080), ("readiness", "/ready", 8181)):
        get = container[f"{name}Probe"]["httpGet"]
        assert (get["path"], get["port"]) == (path, port)


@every_dns_mode
def test_dns_pods_are_placed_as_the_cluster_s_dns_is(helm: Helm, mode: str) -> None:
    spec = helm.render(MODES[mode]).pod["spec"]

    assert spec["dnsPolicy"] == "Default"
    assert spec["priorityClassName"] == "system-cluster-critical"
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert [one["key"] for one in spec["tolerations"]] == [
        "CriticalAddonsOnly",
        "node-role.kubernetes.io/control-plane",
    ]
    terms = spec["affinity"]["podAntiAffinity"]
    (term,) = terms["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"


@every_dns_mode
def test_dns_pods_need_no_right(helm: Helm, mode: str) -> None:
    rendered = helm.render(MODES[mode])

    pod = rendered.pod["spec"]["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert pod["runAsUser"] == 65532
    assert pod["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "53"}]
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@every_dns_mode
def test_what_is_written_goes_to_a_volume_and_outlives_a_container(helm: Helm, mode: str) -> None:
    rendered = helm.render(MODES[mode])

    assert "--snapshot=/var/lib/svcdns/snapshot" in rendered.container["args"]
    assert "emptyDir" in rendered.mounted["/var/lib/svcdns"]


@pytest.mark.parametrize(
    ("mode", "commands"),
    [
        ("replace", ["scale deployment/coredns --replicas=0", "uninstall svcdns"]),
        ("canary", ["--set replicaCount=2", "--set mode=replace", "uninstall svcdns"]),
        ("standalone", ["kubectl run", "-- query kubernetes.default.svc.cluster.local"]),
        (
            "proxy",
            [
                "patch daemonset kube-proxy",
                "rollout status daemonset/svcdns",
                "cleanup --kube-proxy",
            ],
        ),
    ],
)
def test_the_notes_say_what_to_type_next(helm: Helm, mode: str, commands: list[str]) -> None:
    notes = helm.render(MODES[mode]).notes

    places = [notes.index(command) for command in commands]

    assert places == sorted(places)
    assert "helm -n kube-system test svcdns" in notes


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        ({"corefile": ".:53 {\n    health\n}"}, "The Corefile has no `ready`"),
        ({"corefile": ".:53 {\n    ready\n}"}, "The Corefile has no `health`"),
        ({"podDisruptionBudget": {"minAvailable": 2}}, "minAvailable 2 of 2 pod(s)"),
        (
            {"podDisruptionBudget": {"minAvailable": 3}, "hpa": {"enabled": True}},
            "minAvailable 3 of 2 pod(s)",
        ),
    ],
)
def test_the_notes_warn_of_what_will_not_work(
    helm: Helm, values: dict[str, object], warning: str
) -> None:
    mended = merged(
        values,
        {"corefile": ".:53 {\n    import all\n}", "podDisruptionBudget": {"minAvailable": 1}},
    )

    assert warning in helm.render(values).notes
    assert warning.partition(" of ")[0] not in helm.render(mended).notes


@pytest.mark.parametrize(
    ("mode", "asked"),
    [
        ("replace", ["@svcdns.kube-system.svc"]),
        ("canary", ["@svcdns.kube-system.svc"]),
        ("standalone", ["@kube-dns.kube-system.svc"]),
        ("proxy", []),
    ],
)
def test_helm_test_asks_the_pods_of_the_release(helm: Helm, mode: str, asked: list[str]) -> None:
    pod = helm.render(MODES[mode]).one("Pod")

    (container,) = pod["spec"]["containers"]
    assert container["args"] == [
        "query",
        "kubernetes.default.svc.cluster.local",
        "--timeout=10",
        *asked,
    ]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert pod["spec"]["restartPolicy"] == "Never"
