"""svcdns takes CoreDNS's place behind Service kube-dns, and gives it back, while a client asks.

Everything is done by the commands of deploy/README.md; Services are balanced by `svcdns proxy`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.apiserver import ADMIN
from tests.support.dig import short
from tests.support.fakeapi import objects
from tests.support.helm import Helm
from tests.support.kubelet import NODE
from tests.support.namespaces import Network
from tests.support.pod_programs import PodPrograms
from tests.support.process import free_ports, running
from tests.support.steady import Steady
from tests.support.stub_resolvers import StubResolvers
from tests.support.swapping import swap
from tests.support.tree import ROOT
from tests.support.workloads import Workloads
from tests.workloads.conftest import HOST, OUTSIDE, OUTSIDE_ADDRESSES

DNS = "10.96.0.10"
SYSTEM = "kube-system"
REPLACE = ROOT / "deploy/overlays/replace"
RIGHT = {
    "web.shop.svc.cluster.local.": ("10.96.4.7",),
    "db.shop.svc.cluster.local.": ("10.1.0.1", "10.1.0.2"),
    OUTSIDE: OUTSIDE_ADDRESSES,
}
ENOUGH = 200
"""Queries of the client while certain Pods are there."""
FEW = 10
"""Queries that a Pod answers of those at least."""

UNDER_WAY = 1
"""Queries over UDP that may be asked twice: the kernel forgets the flows to a Pod that is not ready
any more, and the response to a query that has reached it just then comes from the Pod's own
address. One in twenty swaps has such a query."""

Way = tuple[Callable[[], object], Callable[[], object]]
"""How svcdns is installed, and taken away."""


@pytest.fixture
def client(cluster: Workloads, programs: PodPrograms) -> Iterator[Network]:
    """A machine that reaches Services through `svcdns proxy`; CoreDNS is behind kube-dns."""
    plane = cluster.plane
    plane.put(objects.service("web", addresses=["10.96.4.7"]))
    plane.put(objects.service("db", addresses=()))
    plane.put(objects.endpoint_slice("db-1", "db", ["10.1.0.1", "10.1.0.2"]))
    corefile = ROOT / "tests/corefiles/kubeadm/Corefile"
    cluster.kubectl(f"create configmap coredns --from-file={corefile}", namespace=SYSTEM)
    objects_of_kubeadm = (ROOT / "tests/workloads/kubeadm.yaml").read_text()
    cluster.apply(objects_of_kubeadm)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    healthz, metrics = free_ports(2)
    words = (
        *("proxy", "--mode", "nftables", "--node", NODE, "--node-address", HOST),
        *("--kubeconfig", str(plane.kubeconfig("proxy", token=ADMIN))),
        *("--cluster-cidr", "198.18.0.0/16"),
        *("--healthz-bind-address", f"127.0.0.1:{healthz}"),
        *("--metrics-bind-address", f"127.0.0.1:{metrics}"),
    )
    with ExitStack() as stack:
        proxy = stack.enter_context(running(*words, ready=r"proxy\.synced"))
        cluster.kubectl("rollout status deployment/coredns --timeout=60s", namespace=SYSTEM)
        network, _ = programs.network()
        yield network
        cluster.kubectl("delete -f -", objects_of_kubeadm)
        cluster.kubectl("delete configmap coredns", namespace=SYSTEM)
        cluster.until(lambda: not programs.running("coredns"))
        assert "Traceback" not in str(proxy.output)


def answered(programs: PodPrograms) -> dict[str, int]:
    """How many queries each Pod that runs has answered, by its own metrics."""
    found = {}
    for pod in (*programs.running("coredns"), *programs.running("svcdns")):
        _, page = pod.page(9153, "/metrics")
        counts = re.findall(r"^coredns_dns_requests_total\{.*\} (\S+)$", page, re.MULTILINE)
        found[pod.name] = sum(int(float(value)) for value in counts)
    return found


def has_asked(client: Steady, count: int) -> bool:
    return len(client.outcomes) >= count


def kustomize(cluster: Workloads) -> Way:
    """The overlay."""
    return (
        lambda: cluster.kubectl(f"apply -k {REPLACE}"),
        lambda: cluster.kubectl(f"delete -k {REPLACE}"),
    )


def chart(cluster: Workloads) -> Way:
    """The chart."""
    helm = Helm()
    kubeconfig = str(cluster.plane.kubeconfig("helm", token=ADMIN))
    place = {"name": "svcdns", "namespace": SYSTEM, "kubeconfig": kubeconfig}

    def remove() -> None:
        helm.ask("uninstall", **place)
        helm.stop()

    return lambda: helm.ask("install", values={"mode": "replace"}, **place), remove


@pytest.mark.parametrize("way", [kustomize, chart], ids=["kubectl apply -k", "helm"])
def test_svcdns_replaces_coredns_and_leaves_again_and_every_query_is_answered(
    client: Network,
    cluster: Workloads,
    programs: PodPrograms,
    tmp_path: Path,
    way: Callable[[Workloads], Way],
) -> None:
    resolvers = StubResolvers(client, tmp_path, DNS)

    def right() -> bool:
        with client.inside():
            return all(short(53, one, server=DNS) == [*is_so] for one, is_so in RIGHT.items())

    def reached() -> bool:
        with suppress(AssertionError):  # dig's, while the proxy does not know of the Pods yet
            return right()
        return False

    cluster.until(reached)
    busy: dict[str, list[str]] = {}
    with Steady(client, DNS, list(RIGHT)) as steady:
        for stage in swap(cluster, *way(cluster)):
            before = answered(programs)
            cluster.until(partial(has_asked, steady, len(steady.outcomes) + ENOUGH), steady.tally)
            assert right()
            assert resolvers.ask("shop", "web") == ["10.96.4.7"]
            assert resolvers.ask("shop", "db") == ["10.1.0.1", "10.1.0.2"]
            after = answered(programs)
            names = (name for name, count in after.items() if count > before[name] + FEW)
            busy[stage] = sorted(name.partition("-")[0] for name in names)

    tally = steady.tally()
    assert {one: count for one, count in tally.items() if one.said != RIGHT[one.name]} == {}
    again = Counter({one: count for one, count in tally.items() if one.first})
    assert "tcp" not in {one.way for one in again}, again
    assert again.total() <= UNDER_WAY, again
    assert busy == {
        "both": ["coredns", "coredns", "svcdns", "svcdns"],
        "svcdns": ["svcdns", "svcdns"],
        "coredns": ["coredns", "coredns"],
    }
