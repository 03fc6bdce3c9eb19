"""`svcdns proxy --dry-run`: what a node would get, from manifests, without a right."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from svcdns.cli.main import app, command_line
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")

CLUSTER = """\
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.1
  externalTrafficPolicy: Local
  healthCheckNodePort: 32000
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
  externalIPs: [198.51.100.9]
  ports: [{name: http, port: 80, nodePort: 30080, targetPort: 8080}]
status: {loadBalancer: {ingress: [{ip: 198.51.100.5}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
- {addresses: [10.244.0.1], nodeName: node-a}
- {addresses: [10.244.1.1], nodeName: node-b}
---
apiVersion: v1
kind: Service
metadata: {name: odd, namespace: shop}
spec:
  clusterIP: 10.96.0.2
  ports: [{name: a, port: 0}, {name: b, port: 81}]
"""


@pytest.fixture
def cluster(tmp_path: Path) -> str:
    file = tmp_path / "cluster.yaml"
    file.write_text(CLUSTER, encoding="ascii")
    return str(file)


def proxy(*words: str) -> Result:
    return CliRunner().invoke(app, command_line(["proxy", *words]))


def dry_run(cluster: str, *words: str) -> Result:
    pods = ("--cluster-cidr", "10.244.0.0/16")
    return proxy("--dry-run", "--manifests", cluster, "--node", "node-a", *pods, *words)


def test_the_plan_is_printed_as_commands(cluster: str) -> None:
    result = dry_run(cluster)

    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "# shop/web:http",
        "-A -t 10.96.0.1:80 -s rr -p 60",
        "-a -t 10.96.0.1:80 -r 10.244.0.1:8080 -m -w 1",
        "-a -t 10.96.0.1:80 -r 10.244.1.1:8080 -m -w 1",
    ]
    assert lines[4:6] == ["# shop/odd:b (no endpoint, refused)", "-A -t 10.96.0.2:81 -s rr"]
    assert "ip addr add 198.51.100.5/32 dev kube-ipvs0" in lines
    assert "# health check of shop/web on port 32000: 1 local endpoint" in lines
    assert any(
        line.startswith("# left out: Service shop/odd: spec.ports[0].port") for line in lines
    )


def test_json_has_four_parts(cluster: str) -> None:
    result = dry_run(cluster, "-o", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    plan = json.loads(result.stdout)
    assert list(plan) == ["virtual_servers", "addresses", "health_checks", "skipped"]
    assert plan["virtual_servers"][0] == {
        "protocol": "TCP",
        "address": "10.96.0.1",
        "port": 80,
        "scheduler": "rr",
        "flags": 1,
        "persistence_timeout": 60,
        "service": "shop/web:http",
        "real_servers": [
            {"address": "10.244.0.1", "port": 8080, "weight": 1, "forwarding": "masquerade"},
            {"address": "10.244.1.1", "port": 8080, "weight": 1, "forwarding": "masquerade"},
        ],
    }
    assert plan["addresses"] == ["10.96.0.1", "10.96.0.2", "198.51.100.5"]
    assert plan["health_checks"] == [{"service": "shop/web", "port": 32000, "local_endpoints": 1}]
    assert {one["object"] for one in plan["skipped"]} == {
        "Service shop/odd",
        "Service shop/web:http",
    }


def places(result: Result) -> dict[str, int]:
    """Real servers of each virtual server, by address and port."""
    servers = json.loads(result.stdout)["virtual_servers"]
    return {f"{one['address']}:{one['port']}": len(one["real_servers"]) for one in servers}


def test_external_addresses_are_asked_for(cluster: str) -> None:
    result = dry_run(cluster, "-o", "json", "--enable-external-ips")

    assert places(result) == {
        "10.96.0.1:80": 2,
        "10.96.0.2:81": 0,
        "192.0.2.1:30080": 1,
        "198.51.100.5:80": 1,
        "198.51.100.9:80": 1,
    }


def test_node_ports_are_where_the_command_line_says(cluster: str) -> None:
    words = ("--node-address", "192.0.2.7", "--node-address", "203.0.113.7")

    result = dry_run(cluster, "-o", "json", *words, "--nodeport-addresses", "203.0.113.0/24")

    assert [place for place in places(result) if place.endswith(":30080")] == ["203.0.113.7:30080"]


def test_kube_proxys_spelling_is_understood(cluster: str) -> None:
    words = "--dry-run -o json --hostname-override=node-a --proxy-mode=ipvs --masquerade-all=true"

    result = proxy(
        *words.split(), f"--manifests={cluster}", "--v=2", "--ipvs-exclude-cidrs=10.96.0.2/32"
    )

    assert result.exit_code == 0
    assert "10.96.0.2:81" not in places(result)
    assert result.stderr == "--v has no effect here: the log has one level\n"


def test_the_scheduler_is_everybodys(cluster: str) -> None:
    result = dry_run(cluster, "--ipvs-scheduler", "sh")

    assert "-A -t 10.96.0.1:80 -s sh -p 60 -b sh-fallback" in result.stdout


def test_an_unknown_flag_is_named(cluster: str) -> None:
    result = dry_run(cluster, "--nosuch")

    assert result.exit_code == 2
    assert "No such option: --nosuch" in result.stderr


def test_a_node_nobody_knows_is_named() -> None:
    result = proxy("--dry-run", "--manifests", SHOP, "--node", "node-x")

    assert result.exit_code == 0
    assert "there is no Node 'node-x': there are node-a, node-b" in result.stderr
    assert "no address of the node is known, so node ports are left out" in result.stderr
    assert "clients outside the cluster cannot be told from pods" in result.stderr


def test_manifests_that_are_not_there_are_an_error() -> None:
    result = proxy("--dry-run", "--manifests", "/nosuch")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "no Kubernetes objects can be read from '/nosuch'" in result.stderr


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_printed(
    cluster: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.yaml").write_text("a: [", encoding="ascii")

    result = dry_run(str(Path(cluster).parent))

    assert result.exit_code == 1
    assert "not everything could be read:\n" in result.stderr
    assert "broken.yaml:" in result.stderr
    assert "-A -t 10.96.0.1:80" in result.stdout


def test_two_runs_print_the_same() -> None:
    words = ("--dry-run", "--manifests", SHOP, "--node", "node-a", "-o", "json")

    assert proxy(*words).stdout == proxy(*words).stdout


@pytest.mark.parametrize("command", ["list", "diff", "cleanup"])
def test_each_command_has_help(command: str) -> None:
    shown = proxy(command, "--help")

    assert shown.exit_code == 0
    assert "Exit codes:" in shown.output
    assert shown.output.isascii()


def test_device_and_way_of_binding_can_be_chosen(cluster: str) -> None:
    named = dry_run(cluster, "--device", "svc0").stdout
    routed = dry_run(cluster, "--device", "svc0", "--vip-binding", "route").stdout

    assert "ip addr add 10.96.0.1/32 dev svc0" in named
    assert "ip route replace local 10.96.0.1 dev svc0 table local proto static" in routed
    assert "ip addr" not in routed


@pytest.mark.parametrize(
    "words", [["--manifests", SHOP], ["--dry-run"], ["--apiserver", "http://a"]]
)
def test_options_in_front_of_a_command_are_not_lost_in_silence(words: list[str]) -> None:
    result = proxy(*words, "list")

    assert result.exit_code == 2
    assert "options of list stand behind it: svcdns proxy list" in result.stderr


def test_yaml_says_what_json_says(cluster: str) -> None:
    as_yaml = yaml.safe_load(dry_run(cluster, "-o", "yaml").stdout)

    assert as_yaml == json.loads(dry_run(cluster, "-o", "json").stdout)


def test_a_folder_without_objects_is_a_failure(tmp_path: Path) -> None:
    result = dry_run(str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there are no Kubernetes objects in '{tmp_path}'\n  next  name a" in result.stderr
