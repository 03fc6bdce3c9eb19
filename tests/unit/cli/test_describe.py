"""One view of a Service, in the order one asks."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svcdns.app.describe import AtKernel, Described, described
from svcdns.app.proxy_settings import ProxySettings
from svcdns.cli.describe import lines
from svcdns.cli.main import app
from svcdns.cluster.model import Condition, EndpointSlice, Service, Traffic
from svcdns.proxy.model import (
    TCP,
    Kind,
    RealServer,
    ServicePortName,
    Skipped,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.proxy.realized import RealizedServer, RealizedVirtual
from svcdns.wire.name import pack_address
from tests.support.terminal import plain
from tests.support.tree import ROOT

SHOP = ("--manifests", str(ROOT / "examples/shop"), "--node", "node-a", "--mode", "userspace")
KEY = VirtualKey(TCP, pack_address("10.96.4.7"), 80)
ONE, TWO = (RealServer(pack_address(f"10.1.0.{n}"), 8080) for n in (1, 2))
WANTED = VirtualServer(
    KEY, Kind.CLUSTER, ServicePortName("shop", "web", "http"), servers=pack_servers([ONE])
)
WEB = Service("shop", "web", addresses=(KEY.address,))


def describe(*words: str) -> Result:
    return CliRunner().invoke(app, ["describe", "service", *words])


def test_a_bare_name_is_of_the_namespace_that_was_named() -> None:
    assert describe("web", "-n", "shop", *SHOP).stdout == describe("shop/web", *SHOP).stdout


def test_a_service_is_described() -> None:
    result = describe("shop/web", *SHOP)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[:10] == [
        "Service       shop/web   NodePort   rr",
        "Names         web.shop.svc.cluster.local  A  10.96.4.7",
        (
            "              _http._tcp.web.shop.svc.cluster.local  SRV  "
            "0 100 80 web.shop.svc.cluster.local."
        ),
        "Addresses     10.96.4.7",
        "Ports         http  80/TCP -> 8080   node port 30080",
        "Endpoints     3 ready, 1 not ready",
        "  10.244.1.21:8080   ready       node-a   zone-1   web-7d9f6c5b8-abcde",
        "  10.244.2.3:8080    ready       node-b   zone-2   web-7d9f6c5b8-fghij",
        "  10.244.2.9:8080    not ready   node-b   zone-2   web-7d9f6c5b8-klmno",
        "  10.244.2.4:8080    ready       node-b   zone-2   web-7d9f6c5b8-pqrst",
    ]
    assert "Kernel        10.96.4.7:80/TCP rr  should have 3 real servers" in result.stdout


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("shop/cart", "  10.244.1.42:8080   ending      node-a   zone-1   cart-2"),
        ("shop/payments", "Leads to      "),
        ("my-service", "Service       default/my-service   ClusterIP   rr"),
        ("shop/gateway", "Balancer      203.0.113.10"),
    ],
)
def test_each_kind_of_service_has_its_lines(name: str, line: str) -> None:
    assert line in describe(name, *SHOP).stdout


def test_a_service_that_is_not_there_is_a_failure() -> None:
    result = describe("shop/wbe", *SHOP)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "\n  near  shop/web" in result.stderr


def test_a_name_that_can_be_none_is_not_there_either() -> None:
    result = describe("shop/日本", *SHOP)

    assert (result.exit_code, result.stderr) == (
        1,
        "there is no Service '日本' in Namespace 'shop'\n",
    )


def test_a_corefile_that_cannot_be_read_is_named() -> None:
    result = describe("shop/web", "--corefile", "nowhere", *SHOP)

    assert result.exit_code == 1
    assert result.stderr == (
        "cannot read 'nowhere': No such file or directory\n"
        "  next  name a Corefile: --corefile FILE; or leave it out\n"
    )


@pytest.mark.parametrize("name", ["a/b/c", "/b", "a/"])
def test_a_name_of_another_form_is_wrong_usage(name: str) -> None:
    assert describe(name, *SHOP).exit_code == 2


@pytest.mark.parametrize(
    ("there", "end"),
    [
        (
            RealizedVirtual("rr", servers={ONE: RealizedServer(1, 40, 1), TWO: RealizedServer(0)}),
            "rr  2 real servers, 41 connections   in step with the API",
        ),
        (
            RealizedVirtual("lc", servers={ONE: RealizedServer()}),
            "lc  1 real server, 0 connections   differs: svcdns proxy diff",
        ),
        (RealizedVirtual("rr"), "rr  0 real servers, 0 connections   differs: svcdns proxy diff"),
        (None, " missing"),
    ],
)
def test_the_kernel_stands_beside_the_api(there: RealizedVirtual | None, end: str) -> None:
    found = Described(WEB, (), (), (AtKernel(WANTED, there, KEY),))

    assert list(lines(found, colour=False))[-1] == f"Kernel        10.96.4.7:80/TCP {end}"


def test_colours_move_no_column() -> None:
    found = described(ProxySettings(manifests=SHOP[1], node="node-a"), "shop", "web")

    painted = "\n".join(lines(found, colour=True))

    assert plain(painted) == "\n".join(lines(found, colour=False))
    assert "\x1b[31m\x1b[1mnot ready\x1b[0m   node-b" in painted
    assert "\x1b[32m\x1b[1mready\x1b[0m       node-a" in painted


def test_source_ranges_stand_below_the_addresses() -> None:
    service = Service(
        "shop", "web", addresses=(KEY.address,), traffic=Traffic(source_ranges=("192.0.2.0/24",))
    )

    shown = list(lines(Described(service, (), ()), colour=False))

    assert shown[1:3] == ["Addresses     10.96.4.7", "              only for 192.0.2.0/24"]


def test_what_is_special_is_said() -> None:
    traffic = Traffic(
        source_ranges=("192.0.2.0/24",),
        health_check_port=32000,
        affinity_seconds=60,
        internal_local=True,
        external_local=True,
        is_elsewhere=True,
        balancers=(KEY.address,),
    )
    service = Service("shop", "web", "LoadBalancer", traffic=traffic)

    found = Described(service, (), (), skipped=(Skipped("Service", "because"),))
    shown = list(lines(found, colour=False))

    assert shown == [
        (
            "Service       shop/web   LoadBalancer   a client stays for 60 s   internal traffic "
            "Local   external traffic Local   served by another proxy"
        ),
        "Balancer      10.96.4.7",
        "              only for 192.0.2.0/24",
        "Health check  port 32000 of each node",
        "Endpoints     none",
        "Left out      because",
    ]


def test_what_could_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\n"
        "spec: {clusterIP: 10.96.0.9}\n"
    )
    (tmp_path / "b.yaml").write_text("[")

    result = describe("shop/cart", "--manifests", str(tmp_path))

    assert result.exit_code == 1
    assert result.stdout.startswith("Service       shop/cart")
    assert result.stderr.startswith("not everything could be read:\n")
    assert "b.yaml: " in result.stderr


def test_text_from_a_cluster_cannot_move_the_cursor() -> None:
    slice_ = EndpointSlice(
        "shop",
        "web-1",
        "web",
        4,
        KEY.address,
        bytes([Condition.READY]),
        pods=("p\u202e",),
        nodes=("n\x1b[2J",),
        zones=("z\r",),
    )

    shown = "\n".join(lines(Described(WEB, (slice_,), ()), colour=False))

    assert "  10.96.4.7   ready   n\\x1b[2J   z\\r   p\\u202e" in shown
    assert shown.replace("\n", "").isprintable()
