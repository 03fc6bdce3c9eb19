"""Each overlay, sent to a real kube-apiserver as `kubectl apply --server-side` would."""

from typing import Any

import pytest

from tests.support.apiserver import ControlPlane
from tests.support.kustomize import DNS, NAMES, Kustomize, Manifest

# With force, because the tests' server has a role of this name already, somebody else's.
APPLY = "application/apply-patch+yaml"
ASKED = "?dryRun=All&fieldManager=test&force=true&fieldValidation=Strict"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
FOLDERS = {
    "ClusterRole": f"{_RBAC}/clusterroles",
    "ClusterRoleBinding": f"{_RBAC}/clusterrolebindings",
    "ConfigMap": "/api/v1/namespaces/kube-system/configmaps",
    "DaemonSet": "/apis/apps/v1/namespaces/kube-system/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/kube-system/deployments",
    "Service": "/api/v1/namespaces/kube-system/services",
    "ServiceAccount": "/api/v1/namespaces/kube-system/serviceaccounts",
}


@pytest.mark.parametrize("overlay", NAMES)
def test_every_object_is_accepted_as_it_is(
    kustomize: Kustomize, plane: ControlPlane, overlay: str
) -> None:
    answers = [
        plane.ask(
            "PATCH",
            f"{FOLDERS[one['kind']]}/{one['metadata']['name']}{ASKED}",
            one,
            content_type=APPLY,
        )
        for one in kustomize.render(overlay).objects
    ]

    assert {status for status, _ in answers} <= {200, 201}, [a for s, a in answers if s > 201]


def made_of(workload: Manifest, namespace: str) -> dict[str, Any]:
    """The pod that a controller would make."""
    template = workload["spec"]["template"]
    metadata = {**template["metadata"], "name": "made", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


@pytest.fixture
def restricted(plane: ControlPlane) -> str:
    """A namespace of the Pod Security level `restricted`."""
    name = "restricted"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    plane.put({"kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return name


@pytest.mark.parametrize("overlay", DNS)
def test_dns_pods_are_let_in_at_the_level_restricted(
    kustomize: Kustomize, plane: ControlPlane, restricted: str, overlay: str
) -> None:
    pod = made_of(kustomize.render(overlay).one("Deployment"), restricted)

    status, answer = plane.ask("POST", f"/api/v1/namespaces/{restricted}/pods?dryRun=All", pod)

    assert status == 201, answer


def test_the_proxy_s_pod_is_let_in_where_the_cluster_s_own_are(
    kustomize: Kustomize, plane: ControlPlane
) -> None:
    pod = made_of(kustomize.render("proxy").one("DaemonSet"), "kube-system")

    status, answer = plane.ask("POST", "/api/v1/namespaces/kube-system/pods?dryRun=All", pod)

    assert status == 201, answer
