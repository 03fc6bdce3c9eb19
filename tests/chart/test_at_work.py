"""What the chart installs lets svcdns work, and what Helm sees of a cluster."""

from pathlib import Path

import pytest

from tests.support.apiserver import ADMIN, HOST, ControlPlane
from tests.support.chart_cluster import (
    FOLDERS,
    RELEASE,
    folder_of,
    installed,
    namespace_of,
    token,
)
from tests.support.fakeapi import objects
from tests.support.helm import MODES, Helm, Values
from tests.support.live_server import WEB, following, rcode, until, until_served
from tests.support.process import free_ports, page, running

COREDNS = ".:53 {\n    kubernetes cluster.local {\n        pods verified\n    }\n}\n"


@pytest.mark.parametrize(
    ("values", "options"),
    [({}, ()), ({"rbac": {"podsVerified": True}}, ("pods verified",))],
    ids=["as it is", "pods verified"],
)
def test_with_the_role_of_the_chart_dns_knows_the_cluster_and_follows_it(
    helm: Helm, cluster: ControlPlane, tmp_path: Path, values: Values, options: tuple[str, ...]
) -> None:
    namespace = namespace_of(cluster, "restricted")
    cluster.empty("shop")
    with installed(helm, cluster, values, namespace):
        bearer = token(cluster, namespace)
        with following(cluster, tmp_path, "chart", *options, token=bearer) as server:
            # SERVFAIL until everything that is needed has been read.
            until(lambda: rcode(server, WEB) == "NXDOMAIN", server)
            cluster.put(objects.service("web", addresses=["10.96.4.7"]))
            until_served(server, WEB, "10.96.4.7")

            assert "watch.forbidden" not in str(server.output)


def test_without_the_right_to_pods_dns_says_so(
    helm: Helm, cluster: ControlPlane, tmp_path: Path
) -> None:
    namespace = namespace_of(cluster, "restricted")
    with installed(helm, cluster, {}, namespace):
        bearer = token(cluster, namespace)
        with following(cluster, tmp_path, "chart", "pods verified", token=bearer) as server:
            server.line(r"watch\.forbidden resource=pods ")


def test_with_the_role_of_the_chart_the_proxy_is_well(helm: Helm, cluster: ControlPlane) -> None:
    namespace = namespace_of(cluster, "privileged")
    healthz, metrics = free_ports(2)
    with installed(helm, cluster, MODES["proxy"], namespace):
        kubeconfig = cluster.kubeconfig("proxy", token=token(cluster, namespace))
        line = ("proxy", "--mode", "userspace", "--listen", HOST, "--node", "here")
        access = ("--kubeconfig", str(kubeconfig), "--node-address", HOST)
        pages = (
            *("--healthz-bind-address", f"{HOST}:{healthz}"),
            *("--metrics-bind-address", f"{HOST}:{metrics}"),
        )
        with running(*line, *access, *pages, ready=r"proxy\.synced") as server:
            assert page(healthz, "/livez")[0] == 200

            assert "watch.forbidden" not in str(server.output)


def test_the_corefile_of_the_cluster_decides_which_rights_are_needed(
    helm: Helm, cluster: ControlPlane
) -> None:
    kubeconfig = cluster.kubeconfig("helm", token=ADMIN)
    values = {"existingConfigMap": "coredns"}
    namespace = namespace_of(cluster, "restricted")
    path = FOLDERS["ConfigMap"].format(namespace)
    made = {"metadata": {"name": "coredns"}, "data": {"Corefile": COREDNS}}

    before = helm.look(values, kubeconfig, name=RELEASE, namespace=namespace)
    assert cluster.ask("POST", path, made)[0] == 201
    after = helm.look(values, kubeconfig, name=RELEASE, namespace=namespace)

    assert "pods" not in str(before.one("ClusterRole")["rules"])
    assert "pods" in str(after.one("ClusterRole")["rules"])


def test_the_notes_warn_where_no_service_sends_queries(helm: Helm, cluster: ControlPlane) -> None:
    kubeconfig = cluster.kubeconfig("helm", token=ADMIN)
    namespace = namespace_of(cluster, "restricted")
    path = FOLDERS["Service"].format(namespace)
    spec = {"ports": [{"port": 53}], "selector": {"app": "their-dns"}}
    service = {"metadata": {"name": "their-dns"}, "spec": spec}

    def notes() -> tuple[str, ...]:
        place = {"name": RELEASE, "namespace": namespace}
        labelled = {"podLabels": {"app": "their-dns"}}
        return tuple(helm.look(values, kubeconfig, **place).notes for values in ({}, labelled))

    before = notes()
    assert cluster.ask("POST", path, service)[0] == 201
    after = notes()
    cluster.delete("Service", namespace, "their-dns")

    warning = f"No Service in namespace {namespace} selects these pods, k8s-app=kube-dns"
    assert [warning in one for one in (*before, *after)] == [True, True, True, False]


def test_the_notes_bring_back_as_many_pods_of_coredns_as_there_were(
    helm: Helm, cluster: ControlPlane
) -> None:
    namespace = namespace_of(cluster, "restricted")
    rendered = helm.render({"deployment": {"name": "coredns"}, "replicaCount": 3})
    coredns = {**rendered.workload, "metadata": {"name": "coredns", "namespace": namespace}}
    assert cluster.ask("POST", folder_of(coredns), coredns)[0] == 201

    kubeconfig = cluster.kubeconfig("helm", token=ADMIN)
    notes = helm.look({}, kubeconfig, name=RELEASE, namespace=namespace).notes

    assert "scale deployment/coredns --replicas=3" in notes
