"""A cluster as kubeadm leaves it, with a StatefulSet beside: what documents assume.

A real kube-apiserver and nothing else: there are no nodes, and no Pod runs.
"""

import json
from pathlib import Path
from typing import Any

from tests.support.apiserver import ADMIN, ControlPlane
from tests.support.chart_cluster import MONITORING, make_kind
from tests.support.coredns_objects import APPS, LABEL, NAMESPACE, config_map, service, workload
from tests.support.coredns_objects import COREFILE as KUBEADM

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_SHOP = "/api/v1/namespaces/shop"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
_EMPTIED = (
    f"{APPS}/deployments",
    f"{APPS}/daemonsets",
    f"{NAMESPACE}/configmaps",
    f"{NAMESPACE}/secrets",
    f"{NAMESPACE}/serviceaccounts",
    f"{NAMESPACE}/services",
    f"{_SHOP}/services",
    _SLICES,
    "/apis/apps/v1/namespaces/shop/statefulsets",
    "/apis/networking.k8s.io/v1/namespaces/kube-system/networkpolicies",
    *(
        f"/apis/monitoring.coreos.com/v1/namespaces/kube-system/{name}"
        for name in MONITORING.values()
    ),
)
_DB = {"app": "db"}


def make_kinds(plane: ControlPlane) -> None:
    """Let the API server know the kinds of the Prometheus operator."""
    for kind, plural in MONITORING.items():
        make_kind(plane, kind, plural)


def reset(plane: ControlPlane) -> None:
    """Take away whatever was made, and make what kubeadm makes."""
    for folder in _EMPTIED:
        status, answer = plane.ask("DELETE", folder)
        assert status == 200, answer
    for kind in ("clusterroles", "clusterrolebindings"):
        for one in plane.ask("GET", f"{_RBAC}/{kind}")[1]["items"]:
            if one["metadata"]["name"].startswith("svcdns"):
                plane.ask("DELETE", f"{_RBAC}/{kind}/{one['metadata']['name']}")
    for folder, document in _made():
        status, answer = plane.ask("POST", folder, document)
        assert status == 201, answer


def remove_dns(plane: ControlPlane) -> None:
    """Make it a cluster without DNS: there is no Service `kube-dns`."""
    plane.ask("DELETE", f"{NAMESPACE}/services/kube-dns")


def write_kubeconfig(plane: ControlPlane, home: Path, *contexts: str) -> None:
    """Write the kubeconfig that is found by itself; the first context is the current one."""
    document = json.loads(plane.kubeconfig("documents", token=ADMIN).read_text())
    context = document["contexts"][0]["context"]
    document["contexts"] = [{"name": name, "context": context} for name in contexts]
    document["current-context"] = contexts[0]
    (home / ".kube").mkdir()
    (home / ".kube/config").write_text(json.dumps(document))


def _made() -> list[tuple[str, dict[str, Any]]]:
    proxy = {"config.conf": "mode: ''\n", "kubeconfig.conf": "{}\n"}
    headless = {"clusterIP": "None", "selector": _DB, "ports": [{"name": "sql", "port": 5432}]}
    return [
        (f"{NAMESPACE}/configmaps", config_map("coredns", Corefile=KUBEADM)),
        (f"{NAMESPACE}/configmaps", config_map("kube-proxy", **proxy)),
        (f"{NAMESPACE}/services", service()),
        (f"{APPS}/deployments", _selecting(LABEL, workload())),
        (
            f"{APPS}/daemonsets",
            _selecting(LABEL, workload("DaemonSet", "kube-proxy", replicas=None)),
        ),
        (f"{_SHOP}/services", {"metadata": {"name": "db"}, "spec": headless}),
        ("/apis/apps/v1/namespaces/shop/statefulsets", _stateful_set()),
        (_SLICES, _slice()),
    ]


def _selecting(labels: dict[str, str], document: dict[str, Any]) -> dict[str, Any]:
    document["spec"]["selector"] = {"matchLabels": labels}
    return document


def _stateful_set() -> dict[str, Any]:
    pod = {"metadata": {"labels": _DB}, "spec": {"containers": [{"name": "db", "image": "db"}]}}
    spec = {"serviceName": "db", "replicas": 1, "selector": {"matchLabels": _DB}, "template": pod}
    return {"metadata": {"name": "db"}, "spec": spec}


def _slice() -> dict[str, Any]:
    return {
        "metadata": {"name": "db-1", "labels": {"kubernetes.io/service-name": "db"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.1.7"], "hostname": "db-0"}],
        "ports": [{"name": "sql", "port": 5432}],
    }
