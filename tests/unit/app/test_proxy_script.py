"""Packet filter modes can be shown before they are used: what is printed loads."""

import subprocess
from pathlib import Path

import pytest

from svcdns.app.proxy_plan import planned
from svcdns.app.proxy_script import Script, script
from svcdns.app.proxy_settings import ProxySettings
from tests.support.namespaces import Network
from tests.support.process import command, environment
from tests.support.tools import require
from tests.support.tree import ROOT

_LOCAL = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.3
  loadBalancerSourceRanges: [10.0.0.0/8, 192.0.2.0/24, 198.51.100.7/32]
  ports: [{name: http, port: 80}, {name: more, port: 81}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.5}, {ip: 203.0.113.6}, {ip: 203.0.113.7}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: more, port: 8081}]
endpoints:
- {addresses: [10.1.0.1], nodeName: node-a}
- {addresses: [10.1.0.2], nodeName: node-a}
- {addresses: [10.1.0.3], nodeName: node-a}
"""
"""Everything that is kept in sets: addresses, ranges of clients, endpoints on the node."""


def written(mode: str, scheduler: str = "rr") -> Script | None:
    settings = ProxySettings(
        mode=mode, manifests=str(ROOT / "examples/shop"), node="node-a", scheduler=scheduler
    )
    return script(settings, planned(settings).desired)


@pytest.mark.parametrize("mode", ["ipvs", "userspace"])
def test_a_mode_that_is_no_packet_filter_has_no_script(mode: str) -> None:
    assert written(mode) is None


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("nftables", ("table ip svcdns {", "table ip6 svcdns {", "10.96.4.7 . tcp . 80")),
        ("iptables", ("iptables-restore --noflush <<'END'\n", "ip6tables-restore", "-d 10.96.4.7")),
    ],
)
def test_a_packet_filter_mode_has_one(mode: str, words: tuple[str, ...]) -> None:
    found = written(mode)

    assert found is not None
    assert not found.failures
    assert all(word in found.text for word in words)


@pytest.mark.parametrize("mode", ["nftables", "iptables", "ipvs"])
def test_two_processes_print_the_same(mode: str, tmp_path: Path) -> None:
    (tmp_path / "local.yaml").write_text(_LOCAL)
    line = command("proxy", "--dry-run", "--mode", mode, "--manifests", str(tmp_path))

    def printed(seed: int) -> str:
        variables = environment() | {"PYTHONHASHSEED": str(seed)}
        return subprocess.run(
            [*line, "--node", "node-a"], env=variables, capture_output=True, text=True, check=True
        ).stdout

    first = printed(1)

    assert "10.96.0.3" in first
    assert printed(2) == first


def test_what_the_mode_cannot_do_is_named() -> None:
    found = written("nftables", "lc")

    assert found is not None
    assert len(found.failures) >= 14
    assert "scheduler lc" in found.failures[0].cause


@pytest.mark.parametrize(
    ("mode", "program", "package"),
    [("nftables", "nft -f -", "nftables"), ("iptables", "sh -e", "iptables")],
)
def test_what_is_printed_loads(mode: str, program: str, package: str) -> None:
    name, *words = program.split()
    found = written(mode)
    assert found is not None
    require("iptables-restore" if name == "sh" else name, package=package)
    with Network() as network, network.inside():
        done = subprocess.run(
            [name, *words], input=found.text, capture_output=True, text=True, check=False
        )

    assert (done.returncode, done.stderr) == (0, "")
