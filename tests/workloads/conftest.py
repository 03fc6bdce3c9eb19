"""A cluster in a network of its own: API server, controllers, a kubelet, and svcdns at port 53.

Each test has its Kubernetes namespaces for itself, and runs in that network.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from tests.peer.servers import require_coredns
from tests.support.apiserver import ControlPlane
from tests.support.controllers import Controllers
from tests.support.kubelet import Running
from tests.support.namespaces import Network
from tests.support.plane import pytest_runtest_makereport
from tests.support.pod_programs import PodPrograms
from tests.support.process import ServerProcess, command, running
from tests.support.puppets import Puppets
from tests.support.stub_resolvers import StubResolvers
from tests.support.stub_upstream import StubUpstream
from tests.support.workloads import Workloads

__all__ = ["pytest_runtest_makereport"]

HOST = "192.0.2.1"
"""Of the API server."""
SERVER = "127.0.0.1"
COREFILE = """\
.:53 {
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa {
        pods verified
    }
    forward . 198.51.100.53
    loadbalance
}
"""
UPSTREAM = "198.51.100.53"
"""Whom svcdns asks for names that are not the cluster's."""
OUTSIDE = "www.outside.test."
OUTSIDE_ADDRESSES = ("203.0.113.80",)


@pytest.fixture(scope="session")
def hub() -> Iterator[Network]:
    """The network."""
    with Network() as network:
        network.configure(*(f"address add {one}/32 dev lo" for one in (HOST, UPSTREAM)))
        with network.inside():
            upstream = StubUpstream([(UPSTREAM, 53)], {(OUTSIDE, "A"): OUTSIDE_ADDRESSES})
        with upstream:
            yield network


@pytest.fixture(scope="session")
def plane(hub: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with controllers."""
    folder = tmp_path_factory.mktemp("plane")
    with hub.inside():
        plane = ControlPlane(folder, HOST)
        controllers = Controllers(plane, folder)
    try:
        with hub.inside():
            plane.start()
            controllers.start()
        yield plane
    finally:
        controllers.stop()
        plane.stop()


@pytest.fixture(scope="session")
def puppets() -> Puppets:
    """What stands in for containers."""
    return Puppets()


@pytest.fixture(scope="session")
def programs(
    hub: Network, plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PodPrograms]:
    """Pods that are CoreDNS or svcdns."""
    commands = {"coredns": [require_coredns()], "svcdns": command()}
    folder = tmp_path_factory.mktemp("programs")
    # CoreDNS looks every 0.1 s whether it is synced; /ready does at once, and port 53 comes last.
    programs = PodPrograms(plane, hub, folder, commands, UPSTREAM, listen_late={"coredns"})
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def started(
    hub: Network,
    plane: ControlPlane,
    puppets: Puppets,
    programs: PodPrograms,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Workloads, ServerProcess]]:
    """Start svcdns, and take the cluster over."""

    def start(pod: Mapping[str, Any]) -> Running:
        return programs.start(pod) if programs.knows(pod) else puppets.start(pod)

    folder = tmp_path_factory.mktemp("cluster")
    (folder / "Corefile").write_text(COREFILE)
    kubeconfig = plane.kubeconfig("pods", token="pods")  # noqa: S106 - of the test's own
    words = ("serve", "--corefile", str(folder / "Corefile"), "--kubeconfig", str(kubeconfig))
    with ExitStack() as stack:
        with hub.inside():
            server = stack.enter_context(running(*words, "--bind", SERVER, port=53))
            workloads = Workloads(plane, folder, start)
        yield workloads, server
        assert "Traceback" not in str(server.output)


@pytest.fixture
def cluster(
    hub: Network, puppets: Puppets, started: tuple[Workloads, ServerProcess]
) -> Iterator[Workloads]:
    """The cluster; the test is in its network."""
    puppets.are_ready, puppets.linger = True, False
    with hub.inside():
        yield started[0]


@pytest.fixture(scope="session")
def resolvers(hub: Network, tmp_path_factory: pytest.TempPathFactory) -> StubResolvers:
    """glibc and musl."""
    return StubResolvers(hub, tmp_path_factory.mktemp("resolvers"), SERVER)
