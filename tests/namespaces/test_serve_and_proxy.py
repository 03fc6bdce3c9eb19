"""`svcdns serve --proxy nftables`: one process answers names and brings traffic to the Services.

In a network namespace of its own, with pods on loopback and a fake API server beside them.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.fakeapi import objects
from tests.support.live_api import LiveApi, live_api
from tests.support.namespaces import Network
from tests.support.pods import answering, pod
from tests.support.process import ServerProcess, free_ports, serving
from tests.support.tools import require

VIP, DNS_VIP, HERE = "10.96.0.10", "10.96.0.53", "10.1.0.53"
PODS = ("10.1.0.1", "10.1.0.2", "10.1.0.3")
TARGET = 8080
NAME = "echo.shop.svc.cluster.local."


class Node:
    """One process that serves and proxies, and its cluster."""

    def __init__(self, api: LiveApi, server: ServerProcess) -> None:
        self._api = api
        self.server = server

    def pods_are(self, *hosts: str) -> None:
        ports = {"http": TARGET}
        self._api.do("put", objects.endpoint_slice("echo-1", "echo", hosts, ports=ports))

    def who(self) -> str:
        (address,) = self.server.addresses(NAME)
        return answering(80, address)

    def is_served(self) -> bool:
        try:
            return bool(self.who())
        except ConnectionRefusedError:
            return False


@contextmanager
def node(folder: Path) -> Iterator[Node]:
    """Serve in the namespace that this thread is in."""
    healthz, metrics = free_ports(2)
    (folder / "config.yaml").write_text(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
        f"healthzBindAddress: 127.0.0.1:{healthz}\nmetricsBindAddress: 127.0.0.1:{metrics}\n"
    )
    (folder / "Corefile").write_text(
        "cluster.local {\n    errors\n    kubernetes cluster.local\n    loadbalance\n}\n"
    )
    with live_api() as api, ExitStack() as stack:
        for host in PODS:
            stack.enter_context(pod(host, TARGET))
        api.do("put", objects.service("echo", addresses=[VIP]))
        ports = {"http": TARGET}
        api.do("put", objects.endpoint_slice("echo-1", "echo", PODS[:1], ports=ports))
        line = ("--apiserver", api.url, "--proxy", "nftables")
        config = ("--proxy-config", str(folder / "config.yaml"))
        with serving(folder / "Corefile", *line, *config, address=HERE) as server:
            server.line("proxy.synced")
            dns = {"dns-tcp": server.port}
            api.do("put", objects.service("dns", addresses=[DNS_VIP], ports={"dns-tcp": 53}))
            api.do("put", objects.endpoint_slice("dns-1", "dns", [HERE], ports=dns))
            yield Node(api, server)
            assert server.end()[0] == 0
            assert "Traceback" not in str(server.output)


def test_one_process_answers_names_and_balances_what_they_lead_to(tmp_path: Path) -> None:
    require("nft", package="nftables")
    with Network() as network, network.inside():
        addresses = [f"address add {one}/32 dev lo" for one in (HERE, *PODS)]
        network.configure(*addresses, "route add 10.96.0.0/16 dev lo src 10.1.0.53")
        with node(tmp_path) as one:
            assert one.server.addresses(NAME) == [VIP]
            assert {one.who() for _ in range(12)} == {PODS[0]}

            one.pods_are(*PODS[1:])
            seen = one.who()
            while seen == PODS[0]:
                seen = one.who()
            while {one.who() for _ in range(12)} != {*PODS[1:]}:
                pass

            by_the_service = ServerProcess(one.server.process, one.server.output, 53, DNS_VIP)
            response = by_the_service.ask(NAME, tcp=True)
            assert [record.address for record in response.answer[0]] == [VIP]

            one.pods_are()
            while one.is_served():
                pass
            assert one.server.addresses(NAME) == [VIP]
