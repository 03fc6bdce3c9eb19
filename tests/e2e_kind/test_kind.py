"""A person's way with kind: CoreDNS replaced and back, and a cluster that never had it."""

from pathlib import Path

import pytest

from tests.e2e_kind.conftest import NAME, Kind, cluster
from tests.support.swapping import CLIENTS, start_clients, swap
from tests.support.tree import ROOT

pytestmark = pytest.mark.kind

API = ("kubernetes", "kubernetes.default", "kubernetes.default.svc.cluster.local")
"""Names of the Service of the API server, as one may write them in namespace default."""
API_ADDRESS = "10.96.0.1"


def everybody_finds_the_api_server(kind: Kind) -> None:
    for client in CLIENTS:
        for name in API:
            assert kind.resolve(client, name) == API_ADDRESS, (client, name)


def test_svcdns_replaces_coredns_and_leaves_again(tmp_path: Path) -> None:
    with cluster(tmp_path) as kind:
        start_clients(kind)
        everybody_finds_the_api_server(kind)
        stages = swap(
            kind,
            lambda: kind.install("svcdns", "mode=replace"),
            lambda: kind.helm("uninstall", "svcdns"),
        )
        for stage in stages:
            everybody_finds_the_api_server(kind)
            if stage == "svcdns":
                kind.helm("test", "svcdns")
                said = kind.kubectl(
                    "-n kube-system exec deployment/svcdns --"
                    " svcdns query kubernetes.default.svc.cluster.local @127.0.0.1"
                )
                assert API_ADDRESS in said

        assert kind.lost() == 0


def test_a_cluster_may_have_neither_coredns_nor_kube_proxy(tmp_path: Path) -> None:
    with cluster(tmp_path, "--config", str(ROOT / "deploy/kind-with-svcdns.yaml")) as kind:
        kind.install("svcdns-proxy", "mode=proxy", f"proxy.apiServer.host={NAME}-control-plane")
        kind.kubectl("-n kube-system rollout status daemonset/svcdns-proxy --timeout=3m")
        kind.install("svcdns", "mode=standalone", "service.clusterIP=10.96.0.10")
        kind.kubectl("-n kube-system rollout status deployment/svcdns --timeout=3m")
        start_clients(kind)

        everybody_finds_the_api_server(kind)
        kind.helm("test", "svcdns")
        kind.helm("test", "svcdns-proxy")
        assert kind.lost() == 0
        assert "coredns" not in kind.kubectl("-n kube-system get pods -o name")
        assert "kube-proxy" not in kind.kubectl("-n kube-system get pods -o name")
