"""svcdns takes CoreDNS's place and gives it back, by the commands that documents show.

It is the same with a cluster of tests/workloads and with one that kind has made.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

COREDNS = "k8s-app=kube-dns,app.kubernetes.io/name!=svcdns"
"""Label selector of CoreDNS's pods."""
SVCDNS = "app.kubernetes.io/name=svcdns"

CLIENTS = {"musl": "alpine:3.22", "glibc": "debian:12-slim"}
"""Image of the pod that asks, by its C library."""
STEADY = "steady"
"""The pod that asks all the time."""
_FOREVER = (
    "while sleep 0.1; do getent hosts kubernetes.default >/dev/null && echo ok || echo lost; done"
)


class Cluster(Protocol):
    """Where it happens."""

    def kubectl(self, words: str) -> str:
        """Return what kubectl prints; fail if it does. Words are quoted as in a shell."""


def start_clients(cluster: Cluster) -> None:
    """Start a pod of each C library that can be asked to ask, and one that always does."""
    for name, image in (*CLIENTS.items(), (STEADY, CLIENTS["musl"])):
        script = _FOREVER if name == STEADY else "sleep infinity"
        cluster.kubectl(f"run {name} --image={image} --restart=Never --command -- sh -c '{script}'")
    for name in (*CLIENTS, STEADY):
        cluster.kubectl(f"wait pod/{name} --for=condition=Ready --timeout=5m")


def swap(
    cluster: Cluster, install: Callable[[], object], remove: Callable[[], object]
) -> Iterator[str]:
    """Do it; yield `both`, `svcdns` and `coredns` whenever just those answer.

    Args:
        cluster: that has CoreDNS as kubeadm installs it.
        install: puts svcdns beside CoreDNS.
        remove: takes it away.
    """
    system = "-n kube-system"
    install()
    cluster.kubectl(f"{system} rollout status deployment/svcdns --timeout=3m")
    yield "both"
    cluster.kubectl(f"{system} scale deployment/coredns --replicas=0")
    cluster.kubectl(f"{system} wait pod --for=delete -l {COREDNS} --timeout=2m")
    yield "svcdns"
    cluster.kubectl(f"{system} scale deployment/coredns --replicas=2")
    cluster.kubectl(f"{system} rollout status deployment/coredns --timeout=3m")
    remove()
    cluster.kubectl(f"{system} wait pod --for=delete -l {SVCDNS} --timeout=2m")
    yield "coredns"
