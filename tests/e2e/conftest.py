"""One server of the example cluster, shared by every test that only asks."""

from collections.abc import Iterator

import pytest

from tests.support.process import ServerProcess, free_port, running
from tests.support.tree import ROOT

SHOP = ROOT / "examples/shop"
ENDPOINTS = 100

_MANY = """
apiVersion: v1
kind: Service
metadata: {name: many, namespace: shop}
spec: {clusterIP: None, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: many-1, namespace: shop, labels: {kubernetes.io/service-name: many}}
addressType: IPv4
ports: [{name: http, port: 80}]
endpoints:
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serve examples/shop, and a Service of a hundred endpoints, on every address."""
    folder = tmp_path_factory.mktemp("shop")
    manifests = folder / "manifests"
    manifests.mkdir()
    (manifests / "shop").symlink_to(SHOP)
    endpoints = "".join(f"  - addresses: [10.9.0.{last}]\n" for last in range(ENDPOINTS))
    (manifests / "many.yaml").write_text(_MANY + endpoints)
    corefile = folder / "Corefile"
    corefile.write_text(
        "cluster.local in-addr.arpa ip6.arpa {\n    errors\n    loadbalance\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n        pods insecure\n    }\n}\n"
    )
    port = free_port("")
    line = ("--corefile", str(corefile), "--manifests", str(manifests), "--port", str(port))
    with running("serve", *line, port=port) as server:
        yield server
        assert "Traceback" not in str(server.output)
