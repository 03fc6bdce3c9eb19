"""`svcdns proxy --mode userspace --listen` as a process: real connections, without any right."""

import json
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.pods import answering, pod
from tests.support.process import ServerProcess, free_ports, page, running

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")

_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  externalTrafficPolicy: Local
  healthCheckNodePort: {check}
  ports: [{{name: http, port: {port}, targetPort: {target}}}]
---
apiVersion: v1
kind: Node
metadata: {{name: here}}
"""
_SLICE = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: web-1, namespace: shop, labels: {{kubernetes.io/service-name: web}}}}
addressType: IPv4
ports: [{{name: http, port: {target}}}]
endpoints:
"""


class Cluster:
    """A folder of manifests: a Service whose pods are `HOSTS`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.target, self.check, self.healthz, self.metrics = free_ports(5)
        text = _SERVICE.format(port=self.port, target=self.target, check=self.check)
        (folder / "service.yaml").write_text(text)
        self.pods_are(*HOSTS)

    def pods_are(self, *hosts: str) -> None:
        """Write the slice anew."""
        lines = [f"  - {{addresses: [{host}], nodeName: here}}\n" for host in hosts]
        text = _SLICE.format(target=self.target) + ("".join(lines) or "  []\n")
        written = self.folder / "slice.new"
        written.write_text(text)
        written.replace(self.folder / "slice.yaml")

    @property
    def arguments(self) -> tuple[str, ...]:
        return (
            *("proxy", "--mode", "userspace", "--listen", "127.0.0.1", "--node", "here"),
            *("--manifests", str(self.folder)),
            *("--healthz-bind-address", f"127.0.0.1:{self.healthz}"),
            *("--metrics-bind-address", f"127.0.0.1:{self.metrics}"),
        )

    def ask(self) -> str:
        """Which pod answers."""
        return answering(self.port)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[ServerProcess]:
    with ExitStack() as stack:
        for host in HOSTS:
            stack.enter_context(pod(host, cluster.target))
        with running(*cluster.arguments, ready="ENDPOINTS") as process:
            yield process
            assert "Traceback" not in str(process.output)


def test_connections_go_to_every_pod_in_turn(cluster: Cluster, proxy: ServerProcess) -> None:
    row = proxy.line(r"^shop/web:http")
    assert row.split() == [
        "shop/web:http",
        f"10.96.0.10:{cluster.port}/TCP",
        f"127.0.0.1:{cluster.port}",
        "3",
    ]

    assert Counter(cluster.ask() for _ in range(9)) == dict.fromkeys(HOSTS, 3)


def test_a_pod_that_goes_gets_no_more_connections(cluster: Cluster, proxy: ServerProcess) -> None:
    printed = proxy.printed
    cluster.pods_are(*HOSTS[:2])
    proxy.line(r"^shop/web:http .* 2$", printed)
    assert Counter(cluster.ask() for _ in range(4)) == dict.fromkeys(HOSTS[:2], 2)

    printed = proxy.printed
    cluster.pods_are()
    proxy.line(r"^shop/web:http .* - +0$", printed)
    with pytest.raises(ConnectionRefusedError):
        cluster.ask()

    printed = proxy.printed
    cluster.pods_are(HOSTS[0])
    proxy.line(r"^shop/web:http .* 1$", printed)
    assert cluster.ask() == HOSTS[0]


def test_health_and_metrics_are_those_of_kube_proxy(cluster: Cluster, proxy: ServerProcess) -> None:
    status, body = page(cluster.healthz, "/healthz")
    assert status == 200
    assert json.loads(body)["nodeEligible"] is True
    assert page(cluster.healthz, "/livez")[0] == 200
    status, body = page(cluster.check, "/anything")
    assert status == 200
    assert json.loads(body) == {
        "service": {"namespace": "shop", "name": "web"},
        "localEndpoints": 3,
        "serviceProxyHealthy": True,
    }
    assert page(cluster.metrics, "/proxyMode") == (200, "userspace")
    cluster.ask()

    text = page(cluster.metrics, "/metrics")[1]

    assert "kubeproxy_sync_proxy_rules_duration_seconds_count 1" in text
    assert 'kubeproxy_proxy_healthz_total{code="200"} 1.0' in text
    assert "svcdns_proxy_real_servers 3.0" in text
    assert 'svcdns_proxy_userspace_clients_total{outcome="accepted"} 1.0' in text
    assert "coredns_dns" not in text
    assert proxy.end()[0] == 0


def test_a_health_port_that_is_taken_ends_the_start(cluster: Cluster) -> None:
    with (
        socket.create_server(("127.0.0.1", cluster.healthz)),
        running(*cluster.arguments, ready="next") as process,
    ):
        code, text = process.end(None)

    assert code == 1
    assert "--healthz-bind-address" in text
    assert "Traceback" not in text


def test_it_ends_as_it_is_asked_to(cluster: Cluster, proxy: ServerProcess) -> None:
    assert cluster.ask() in HOSTS

    code, text = proxy.end(signal.SIGINT)

    assert code == 0
    assert "[INFO] proxy.stopping signal=SIGINT" in text
