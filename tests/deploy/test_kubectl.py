"""The commands of deploy/README.md, typed to a real kubectl before a real kube-apiserver.

There are no nodes: what waits for pods or runs in one is left out.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apiserver import ADMIN, ControlPlane
from tests.support.kustomize import NAMES, Kustomize
from tests.support.tools import require_asset
from tests.support.tree import ROOT

README = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
NEEDS_PODS = (" rollout status ", " run ", " exec ")
SYSTEM = "/api/v1/namespaces/kube-system"
APPS = "/apis/apps/v1/namespaces/kube-system"


def blocks(heading: str) -> list[str]:
    """The kubectl commands of each block below a heading, those left out that need a pod."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    shown = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    lines = [block.replace("\\\n", " ").splitlines() for block in shown]
    kept = [[one for one in block if one.startswith("kubectl ")] for block in lines]
    return ["\n".join(o for o in block if not any(n in o for n in NEEDS_PODS)) for block in kept]


class Kubectl:
    """A shell in the project's folder that finds kubectl and the cluster."""

    def __init__(self, plane: ControlPlane, home: Path) -> None:
        folder = Path(require_asset("kubectl")).parent
        config = plane.kubeconfig("kubectl", token=ADMIN)
        self._variables = os.environ | {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "KUBECONFIG": str(config),
            "HOME": str(home),
        }
        self._plane = plane

    def type(self, script: str) -> None:
        """Run commands as somebody types them; none may fail."""
        done = subprocess.run(
            ["sh", "-euc", script],
            cwd=ROOT,
            env=self._variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object; None if there is none."""
        status, answer = self._plane.ask("GET", path)
        return dict(answer) if status == 200 else None


@pytest.fixture
def kubectl(kustomize: Kustomize, plane: ControlPlane, tmp_path: Path) -> Kubectl:  # noqa: ARG001
    """A kubectl; kustomize too, so that both are there or the test is left out."""
    return Kubectl(plane, tmp_path)


def workload(kind: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    pod = {"containers": [{"name": name, "image": name}], "nodeSelector": {"a.example/b": "c"}}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


@pytest.fixture
def coredns(plane: ControlPlane) -> Iterator[dict[str, str]]:
    """What kubeadm makes for DNS and for Services; the answer is the `uid` by path."""
    labels = {"k8s-app": "kube-dns"}
    port = {"name": "dns", "port": 53, "protocol": "UDP"}
    service = {"clusterIP": "10.96.0.10", "selector": labels, "ports": [port]}
    deployment = workload("Deployment", "coredns", labels)
    deployment["spec"]["replicas"] = 2
    made: dict[str, dict[str, Any]] = {
        f"{SYSTEM}/configmaps": {
            "metadata": {"name": "coredns"},
            "data": {"Corefile": ".:53 {\n}"},
        },
        f"{SYSTEM}/services": {"metadata": {"name": "kube-dns"}, "spec": service},
        f"{APPS}/deployments": deployment,
        f"{APPS}/daemonsets": workload("DaemonSet", "kube-proxy", {"k8s-app": "kube-proxy"}),
    }
    found = {}
    for folder, one in made.items():
        status, answer = plane.ask("POST", folder, one)
        assert status == 201, answer
        found[f"{folder}/{answer['metadata']['name']}"] = answer["metadata"]["uid"]
    yield found
    for path in found:
        plane.ask("DELETE", path)


def spec(kubectl: Kubectl, path: str) -> dict[str, Any]:
    found = kubectl.get(path)
    assert found is not None
    return dict(found["spec"])


def test_coredns_is_replaced_and_comes_back(kubectl: Kubectl, coredns: dict[str, str]) -> None:
    apply, swap, back, *_ = blocks("Replace CoreDNS in kind")
    theirs, ours = f"{APPS}/deployments/coredns", f"{APPS}/deployments/svcdns"

    kubectl.type(apply)
    assert spec(kubectl, theirs)["replicas"] == spec(kubectl, ours)["replicas"] == 2
    kubectl.type(swap)
    assert spec(kubectl, theirs)["replicas"] == 0
    kubectl.type(back)

    assert spec(kubectl, theirs)["replicas"] == 2
    assert kubectl.get(ours) is None
    assert kubectl.get(f"{SYSTEM}/serviceaccounts/svcdns") is None
    for path, uid in coredns.items():
        found = kubectl.get(path)
        assert found is not None
        assert found["metadata"]["uid"] == uid


def test_a_canary_grows_into_the_whole(kubectl: Kubectl, coredns: dict[str, str]) -> None:
    (apply,) = blocks("A canary first")
    ours = f"{APPS}/deployments/svcdns"

    kubectl.type(apply)
    assert spec(kubectl, ours)["replicas"] == 1
    kubectl.type("kubectl apply -k deploy/overlays/replace")
    assert spec(kubectl, ours)["replicas"] == 2
    kubectl.type("kubectl delete -k deploy/overlays/canary")

    assert kubectl.get(ours) is None
    assert all(kubectl.get(path) for path in coredns)


@pytest.mark.usefixtures("coredns")
def test_kube_proxy_leaves_and_comes_back(kubectl: Kubectl) -> None:
    forth, _, back = blocks("In kube-proxy's place")
    theirs, ours = f"{APPS}/daemonsets/kube-proxy", f"{APPS}/daemonsets/svcdns-proxy"
    before = spec(kubectl, theirs)["template"]

    kubectl.type(forth)
    meanwhile = spec(kubectl, theirs)["template"]["spec"]["nodeSelector"]
    is_there = kubectl.get(ours) is not None
    kubectl.type(back)

    assert meanwhile == {"a.example/b": "c", "svcdns.io/none": "true"}
    assert is_there
    assert spec(kubectl, theirs)["template"] == before
    assert kubectl.get(ours) is None


@pytest.mark.parametrize("overlay", NAMES)
def test_what_is_applied_is_taken_away_whole(kubectl: Kubectl, overlay: str) -> None:
    folder = f"deploy/overlays/{overlay}"

    kubectl.type(f"kubectl apply -k {folder}\nkubectl apply -k {folder}")
    kubectl.type(f"kubectl delete -k {folder}")

    left = [kubectl.get(f"{APPS}/deployments/svcdns"), kubectl.get(f"{SYSTEM}/services/kube-dns")]
    assert left == [None, None]
