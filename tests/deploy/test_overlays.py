"""What each overlay of deploy/ brings, and what it leaves alone."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.support.grants import granted, needed
from tests.support.kustomize import DNS, NAMES, Kustomize, Manifest
from tests.support.process import run
from tests.support.tree import ROOT

OLDEST, NEWEST = "1.28", "1.37"
ROLES = ["ClusterRole", "ClusterRoleBinding", "ServiceAccount"]

KINDS = {
    "replace": [*ROLES, "Deployment"],
    "canary": [*ROLES, "Deployment"],
    "standalone": [*ROLES, "ConfigMap", "Deployment", "Service"],
    "proxy": [*ROLES, "ConfigMap", "DaemonSet"],
    "kind": [*ROLES, *ROLES, "ConfigMap", "ConfigMap", "DaemonSet", "Deployment", "Service"],
}


def pod_of(workload: Manifest) -> dict[str, Any]:
    return dict(workload["spec"]["template"]["spec"])


def arguments(workload: Manifest, **variables: str) -> list[str]:
    """What the container is started with."""
    (container,) = pod_of(workload)["containers"]
    words = list(container["args"])
    for name, value in variables.items():
        words = [word.replace(f"$({name})", value) for word in words]
    return words


@pytest.mark.parametrize("overlay", NAMES)
def test_an_overlay_has_these_objects_and_no_others(kustomize: Kustomize, overlay: str) -> None:
    rendered = kustomize.render(overlay)

    assert sorted(one["kind"] for one in rendered.objects) == sorted(KINDS[overlay])
    namespaced = [one for one in rendered.objects if "ClusterRole" not in one["kind"]]
    assert {one["metadata"]["namespace"] for one in namespaced} == {"kube-system"}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("overlay", NAMES)
def test_every_object_is_as_its_schema_says(
    kustomize: Kustomize, overlay: str, version: str
) -> None:
    checked = {
        kubernetes_validate.validate(one, version, strict=True)
        for one in kustomize.render(overlay).objects
    }

    assert checked == {version}


@pytest.mark.parametrize("overlay", ["replace", "canary"])
def test_taking_it_away_leaves_the_cluster_s_service_and_corefile(
    kustomize: Kustomize, overlay: str
) -> None:
    names = {one["metadata"]["name"] for one in kustomize.render(overlay).objects}

    assert names == {"svcdns"}


@pytest.mark.parametrize("overlay", DNS)
def test_pods_get_the_queries_of_the_service_and_no_deployment_is_confused(
    kustomize: Kustomize, overlay: str
) -> None:
    deployment = kustomize.render(overlay).one("Deployment")

    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert labels["k8s-app"] == "kube-dns"
    assert selector.items() < labels.items()
    assert "k8s-app" not in selector
    assert "k8s-app" not in deployment["metadata"]["labels"]


def test_a_canary_is_one_pod_and_the_others_are_two(kustomize: Kustomize) -> None:
    replicas = {name: kustomize.render(name).one("Deployment")["spec"]["replicas"] for name in DNS}

    assert replicas == {name: 1 if name == "canary" else 2 for name in DNS}


@pytest.mark.parametrize("overlay", ["standalone", "kind"])
def test_the_service_is_the_one_that_kubelets_and_programs_expect(
    kustomize: Kustomize, overlay: str
) -> None:
    rendered = kustomize.render(overlay)
    service = rendered.one("Service")
    labels = rendered.one("Deployment")["spec"]["template"]["metadata"]["labels"]

    ports = {one["name"]: (one["port"], one["protocol"]) for one in service["spec"]["ports"]}
    assert service["metadata"]["name"] == "kube-dns"
    assert service["spec"]["clusterIP"] == "10.96.0.10"
    assert service["spec"]["selector"].items() < labels.items()
    assert ports == {"dns": (53, "UDP"), "dns-tcp": (53, "TCP"), "metrics": (9153, "TCP")}


@pytest.mark.parametrize("overlay", ["standalone", "kind"])
def test_the_corefile_has_no_mistakes(kustomize: Kustomize, overlay: str, tmp_path: Path) -> None:
    config = kustomize.render(overlay).one("ConfigMap", "coredns")
    (tmp_path / "Corefile").write_text(config["data"]["Corefile"])

    checked = run("check", "-v", str(tmp_path / "Corefile"))

    assert checked.returncode == 0, checked.stdout
    assert "no mistakes" in checked.stdout
    assert config["metadata"]["name"] == "coredns"


@pytest.mark.parametrize("overlay", DNS)
def test_pods_need_no_right_and_nothing_to_write_to(kustomize: Kustomize, overlay: str) -> None:
    pod = pod_of(kustomize.render(overlay).one("Deployment"))
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "53"}
    ]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    written = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    assert written == {"/var/lib/svcdns"}


@pytest.mark.parametrize("overlay", DNS)
def test_svcdns_understands_what_its_container_says(kustomize: Kustomize, overlay: str) -> None:
    """The file is not here, which it says: it got past the command line."""
    started = run(*arguments(kustomize.render(overlay).one("Deployment")))

    assert started.returncode == 1
    assert "/etc/coredns/Corefile" in started.stdout + started.stderr


@pytest.mark.parametrize("overlay", ["proxy", "kind"])
def test_the_proxy_understands_what_its_container_says(kustomize: Kustomize, overlay: str) -> None:
    rendered = kustomize.render(overlay)
    words = arguments(
        rendered.one("DaemonSet"),
        NODE_NAME="node-a",
        MODE=rendered.one("ConfigMap", "svcdns-proxy")["data"]["mode"],
        CLUSTER_CIDR=rendered.one("ConfigMap", "svcdns-proxy")["data"]["cluster-cidr"],
    )

    planned = run(*words, "--dry-run", "--manifests", str(ROOT / "examples/shop"))

    assert planned.returncode == 0, planned.stderr
    assert "10.96.0.1" in planned.stdout
    assert "10.244.0.0/16" in planned.stdout


@pytest.mark.parametrize("overlay", ["proxy", "kind"])
def test_the_proxy_asks_the_api_server_without_what_it_makes(
    kustomize: Kustomize, overlay: str
) -> None:
    rendered = kustomize.render(overlay)
    pod = pod_of(rendered.one("DaemonSet"))
    (container,) = pod["containers"]
    config = rendered.one("ConfigMap", "svcdns-proxy")

    sources = {one["name"]: one["valueFrom"].get("configMapKeyRef", {}) for one in container["env"]}
    for name, key in (("KUBERNETES_SERVICE_HOST", "host"), ("KUBERNETES_SERVICE_PORT", "port")):
        assert sources[name] == {"name": config["metadata"]["name"], "key": key}
    assert config["data"]["host"] == "kind-control-plane"
    assert pod["hostNetwork"] is True
    assert pod["dnsPolicy"] == "Default"
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN"]}


@pytest.mark.parametrize("overlay", DNS)
def test_dns_may_what_a_stanza_needs(kustomize: Kustomize, overlay: str) -> None:
    role = kustomize.render(overlay).of("ClusterRole")[0]

    assert role["metadata"]["name"] == "svcdns"
    assert granted(role) == needed()


@pytest.mark.parametrize("overlay", ["proxy", "kind"])
def test_the_proxy_may_what_it_needs(kustomize: Kustomize, overlay: str) -> None:
    role = kustomize.render(overlay).one("ClusterRole", "svcdns-proxy")

    everything = needed(for_proxy=True)
    assert granted(role) == everything
    assert "namespaces" not in {resource for _, resource, _ in everything}


@pytest.mark.parametrize("overlay", NAMES)
def test_a_role_is_that_of_its_pods(kustomize: Kustomize, overlay: str) -> None:
    rendered = kustomize.render(overlay)

    for workload in rendered.of("Deployment") + rendered.of("DaemonSet"):
        account = pod_of(workload)["serviceAccountName"]
        (binding,) = (
            one
            for one in rendered.of("ClusterRoleBinding")
            if one["roleRef"]["name"] == workload["metadata"]["name"]
        )
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}
        ]
        assert account in {one["metadata"]["name"] for one in rendered.of("ServiceAccount")}
