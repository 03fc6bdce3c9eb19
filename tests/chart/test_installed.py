"""The chart in a real API server: what it takes of it, and what Helm does there."""

from typing import Any

import pytest

from tests.support.apiserver import ControlPlane
from tests.support.chart_cluster import FOLDERS, RELEASE, folder_of, installed, namespace_of
from tests.support.helm import DNS_MODES, EVERYTHING, MODES, Helm, HelmError, Manifest, merged

APPLY = "application/apply-patch+yaml"


def everything(mode: str) -> dict[str, Any]:
    hpa = {} if mode == "proxy" else {"hpa": {"enabled": True}}
    return merged(EVERYTHING, hpa, MODES[mode])


def level_of(mode: str) -> str:
    return "privileged" if mode == "proxy" else "restricted"


@pytest.mark.parametrize("mode", MODES)
def test_every_object_is_accepted_as_it_is(helm: Helm, cluster: ControlPlane, mode: str) -> None:
    namespace = namespace_of(cluster, level_of(mode))
    rendered = helm.render(everything(mode), name=RELEASE, namespace=namespace)

    answers = [apply_dry(cluster, one) for one in rendered.objects]

    assert {status for status, _ in answers} == {201}, [a for s, a in answers if s != 201]


def test_pods_may_have_the_labels_of_another_chart(helm: Helm, cluster: ControlPlane) -> None:
    namespace = namespace_of(cluster, "restricted")
    names = ("app.kubernetes.io/name", "app.kubernetes.io/instance")
    labelled = {"podLabels": dict.fromkeys(names, "rke2-coredns")}

    status, answer = apply_dry(
        cluster, helm.render(labelled, name=RELEASE, namespace=namespace).workload
    )

    assert status == 201, answer


def apply_dry(cluster: ControlPlane, document: Manifest) -> tuple[int, Any]:
    """Return what would come of a server-side apply; a field that is not known is an error."""
    path = f"{folder_of(document)}/{document['metadata']['name']}"
    asked = "dryRun=All&fieldManager=test&fieldValidation=Strict"
    return cluster.ask("PATCH", f"{path}?{asked}", document, content_type=APPLY)


def test_a_field_that_kubernetes_does_not_know_would_be_found(
    helm: Helm, cluster: ControlPlane
) -> None:
    namespace = namespace_of(cluster, "restricted")
    workload = helm.render({}, name=RELEASE, namespace=namespace).workload
    workload["spec"]["template"]["spec"]["dnsPolicies"] = "Default"

    status, answer = apply_dry(cluster, workload)

    assert status >= 400
    assert "dnsPolicies" in answer["message"]


@pytest.mark.parametrize("mode", MODES)
def test_helm_installs_all_of_it_and_takes_all_of_it_away(
    helm: Helm, cluster: ControlPlane, mode: str
) -> None:
    namespace = namespace_of(cluster, level_of(mode))
    rendered = helm.render(everything(mode), name=RELEASE, namespace=namespace)
    stays = [one for one in rendered.objects if one["kind"] != "Pod"]  # that is a test's
    paths = [f"{folder_of(one)}/{one['metadata']['name']}" for one in stays]

    with installed(helm, cluster, everything(mode), namespace):
        assert {cluster.ask("GET", path)[0] for path in paths} == {200}

    assert {cluster.ask("GET", path)[0] for path in paths} == {404}


def test_a_canary_becomes_the_whole_and_goes_back(helm: Helm, cluster: ControlPlane) -> None:
    namespace = namespace_of(cluster, "restricted")
    path = f"{FOLDERS['Deployment'].format(namespace)}/{RELEASE}-svcdns"
    replicas = []

    with installed(helm, cluster, MODES["canary"], namespace) as place:
        replicas.append(cluster.ask("GET", path)[1]["spec"]["replicas"])
        for mode in ("replace", "canary"):
            helm.ask("upgrade", values=MODES[mode], **place)
            replicas.append(cluster.ask("GET", path)[1]["spec"]["replicas"])

    assert replicas == [1, 2, 1]


def test_the_service_of_a_cluster_that_has_dns_is_not_taken_over(
    helm: Helm, cluster: ControlPlane
) -> None:
    namespace = namespace_of(cluster, "restricted")
    path = FOLDERS["Service"].format(namespace)
    service = {"metadata": {"name": "kube-dns"}, "spec": {"ports": [{"port": 53}]}}
    status, made = cluster.ask("POST", path, service)
    assert status == 201, made

    with (
        pytest.raises(HelmError, match="exists and cannot be imported"),
        installed(helm, cluster, MODES["standalone"], namespace),
    ):
        pass

    assert cluster.ask("GET", f"{path}/kube-dns")[1] == made
    cluster.delete("Service", namespace, "kube-dns")


def pods(helm: Helm, mode: str, namespace: str) -> list[Manifest]:
    """The pod that a controller would make of the workload, and the one of `helm test`."""
    rendered = helm.render(MODES[mode], name=RELEASE, namespace=namespace)
    made = {"apiVersion": "v1", "kind": "Pod", **rendered.pod}
    made["metadata"] = {**made["metadata"], "name": "made", "namespace": namespace}
    return [made, rendered.one("Pod")]


@pytest.mark.parametrize("mode", DNS_MODES)
def test_dns_pods_are_let_in_at_the_level_restricted(
    helm: Helm, cluster: ControlPlane, mode: str
) -> None:
    namespace = namespace_of(cluster, "restricted")

    for pod in pods(helm, mode, namespace):
        status, answer = cluster.ask("POST", folder_of(pod), pod)

        assert status == 201, answer
        cluster.delete("Pod", namespace, pod["metadata"]["name"])


def test_the_proxy_s_pod_is_not_let_in_there_and_its_test_is(
    helm: Helm, cluster: ControlPlane
) -> None:
    namespace = namespace_of(cluster, "restricted")

    proxy, test = (
        cluster.ask("POST", f"{folder_of(pod)}?dryRun=All", pod)
        for pod in pods(helm, "proxy", namespace)
    )

    assert test[0] == 201, test[1]
    assert proxy[0] == 403
    assert "violates PodSecurity" in proxy[1]["message"]
