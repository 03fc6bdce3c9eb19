"""A real API server into which Helm installs the chart.

Source: Kubernetes, API reference, where each kind is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.apiserver import ADMIN, ControlPlane
from tests.support.helm import Helm, Manifest, Values

RELEASE = "dns"
MONITORING = {"ServiceMonitor": "servicemonitors", "PrometheusRule": "prometheusrules"}

FOLDERS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "Pod": "/api/v1/namespaces/{}/pods",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    **{
        kind: f"/apis/monitoring.coreos.com/v1/namespaces/{{}}/{plural}"
        for kind, plural in MONITORING.items()
    },
}


def folder_of(document: Manifest) -> str:
    return FOLDERS[document["kind"]].format(document["metadata"].get("namespace"))


def make_kind(plane: ControlPlane, kind: str, plural: str) -> None:
    """Let the API server know a kind of the Prometheus operator, whatever is in it."""
    group = "monitoring.coreos.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True}
    definition = {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    status, answer = plane.ask("POST", path, definition)
    assert status == 201, answer
    served = f"/apis/{group}/v1/{plural}"
    plane.apiserver.wait_until(lambda: plane.ask("GET", served)[0] == 200)


def namespace_of(cluster: ControlPlane, level: str) -> str:
    """Return a namespace of a Pod Security level."""
    name = f"level-{level}"
    labels = {"pod-security.kubernetes.io/enforce": level}
    cluster.put({"kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return name


@contextmanager
def installed(
    helm: Helm, cluster: ControlPlane, values: Values, namespace: str
) -> Iterator[dict[str, Any]]:
    """Install the chart with Helm, and take it away at the end."""
    place = {
        "name": RELEASE,
        "namespace": namespace,
        "kubeconfig": str(cluster.kubeconfig("helm", token=ADMIN)),
    }
    helm.ask("install", values=values, **place)
    try:
        yield place
    finally:
        helm.ask("uninstall", **place)


def token(cluster: ControlPlane, namespace: str) -> str:
    """Return what a pod of the release would be given."""
    path = f"{FOLDERS['ServiceAccount'].format(namespace)}/{RELEASE}-svcdns/token"
    status, answer = cluster.ask("POST", path, {"spec": {"expirationSeconds": 3600}})
    assert status == 201, answer
    return str(answer["status"]["token"])
