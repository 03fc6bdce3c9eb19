"""Whose a virtual server is: restarts lose nothing, and what others made stays."""

import errno
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from svcdns.dataplane.addresses import Device
from svcdns.dataplane.backend import DataplaneError
from svcdns.proxy.model import RealServer
from svcdns.proxy.operations import AddServer, AddVirtual, DeleteVirtual, SetWeight
from svcdns.proxy.options import Network
from svcdns.wire.name import pack_address
from tests.support.driven import Driven, flush_filter, shown_filter
from tests.support.ipvs_world import flow, reached, shell
from tests.support.proxied import READY, endpoints, service

VIP, OTHER_VIP, NODE, NODE_PORT = "10.96.0.1", "10.96.0.2", "192.0.2.1", 30080
ROWS = tuple((f"10.1.{n}.2", READY, "here") for n in (1, 2))
WEB = service("web", VIP, kind="NodePort", node_ports=(NODE_PORT,))
SLICE = endpoints("web", *ROWS)


@pytest.fixture
def foreign() -> Iterator[str]:
    """A virtual server of somebody else at the node's own address."""
    address = f"{NODE}:4000"
    shell(f"ipvsadm -A -t {address} -s wlc", f"ipvsadm -a -t {address} -r 10.1.3.2:8080 -m")
    yield address
    shell(f"ipvsadm -D -t {address}")


def listed() -> str:
    return shell("ipvsadm -Sn")


def test_the_kernel_shows_what_was_asked_for(proxy: Driven) -> None:
    proxy.have(replace(WEB, traffic=WEB.traffic._replace(affinity_seconds=90)), SLICE)

    assert sorted(listed().splitlines()) == [
        f"-A -t {VIP}:80 -s rr -p 90",
        f"-A -t {NODE}:{NODE_PORT} -s rr -p 90",
        f"-a -t {VIP}:80 -r 10.1.1.2:8080 -m -w 1",
        f"-a -t {VIP}:80 -r 10.1.2.2:8080 -m -w 1",
        f"-a -t {NODE}:{NODE_PORT} -r 10.1.1.2:8080 -m -w 1",
        f"-a -t {NODE}:{NODE_PORT} -r 10.1.2.2:8080 -m -w 1",
    ]
    assert f"inet {VIP}/32" in shell("ip -4 -o addr show dev kube-ipvs0")
    assert "state DOWN" in shell("ip link show dev kube-ipvs0")


def test_a_second_look_finds_nothing_to_do(proxy: Driven) -> None:
    proxy.have(WEB, SLICE)

    assert not proxy.operations()


def test_a_restart_finds_nothing_to_do_and_no_connection_notices(
    proxy: Driven, tmp_path: Path
) -> None:
    proxy.have(WEB, SLICE)
    held = [flow("c1", VIP), flow("c1", NODE, NODE_PORT)]
    again = Driven(tmp_path / "keys")
    operations = again.operations(WEB, SLICE)
    again.apply(*operations)
    again.close()

    assert not operations
    assert [one.say("still") for one in held] == ["still", "still"]
    assert reached(NODE, NODE_PORT, count=4) == Counter(b1=2, b2=2)
    for one in held:
        one.close()


def test_what_went_while_nobody_looked_is_taken_away_after_a_restart(
    proxy: Driven, tmp_path: Path
) -> None:
    proxy.have(WEB, SLICE)
    again = Driven(tmp_path / "keys")
    failures = again.apply(*again.operations())
    again.close()

    assert not failures
    assert not listed()


def test_without_its_journal_a_restart_knows_what_is_on_its_device_only(
    proxy: Driven, tmp_path: Path
) -> None:
    proxy.have(WEB, SLICE)
    again = Driven(tmp_path / "other-keys")
    found = again.read().virtual_servers
    again.close()

    assert {key.address for key in found} == {pack_address(VIP)}


def test_a_virtual_server_of_somebody_else_is_neither_seen_nor_touched(
    proxy: Driven, foreign: str
) -> None:
    before = listed()
    proxy.have(WEB, SLICE)
    proxy.have(gone=(WEB,))

    assert not proxy.read().virtual_servers
    assert listed() == before
    proxy.cleanup()
    assert listed() == before
    assert foreign in before


def test_an_address_and_port_of_somebody_else_is_refused_and_the_rest_goes_on(
    proxy: Driven, foreign: str
) -> None:
    before = listed()
    proxy.read()
    failures = proxy.apply(
        *proxy.operations(replace(WEB, traffic=WEB.traffic._replace(node_ports=(4000,))), SLICE)
    )

    assert [type(one.operation) for one in failures] == [AddVirtual]
    assert "somebody else" in failures[0].cause
    assert before.strip() in listed()
    assert reached(VIP, count=2) == Counter(b1=1, b2=1)
    assert foreign in listed()


def test_somebody_who_was_faster_keeps_what_he_made(proxy: Driven, tmp_path: Path) -> None:
    operations = proxy.operations(WEB, SLICE)
    shell(f"ipvsadm -A -t {NODE}:{NODE_PORT} -s wlc")
    failures = proxy.apply(*operations)

    assert [errno.errorcode[errno.EEXIST] in one.cause for one in failures] == [True]
    assert failures[0].is_surprise
    assert f"-a -t {NODE}" not in listed()
    assert not any(key.port == NODE_PORT for key in proxy.read().virtual_servers)
    assert f"{NODE_PORT}" not in _kept(tmp_path / "keys")
    shell(f"ipvsadm -D -t {NODE}:{NODE_PORT}")


def test_excluded_networks_are_never_ours(world: None, tmp_path: Path) -> None:  # noqa: ARG001
    shell("ip link add kube-ipvs0 type dummy", f"ip addr add {OTHER_VIP}/32 dev kube-ipvs0")
    shell(f"ipvsadm -A -t {OTHER_VIP}:80 -s rr")
    network = Network(pack_address(OTHER_VIP), 32)
    driven = Driven(tmp_path / "keys")
    driven.close()
    driven = Driven(tmp_path / "keys", replace(driven.options, exclude=(network,)))

    assert not driven.read().virtual_servers
    driven.cleanup()
    driven.close()
    assert OTHER_VIP in listed()
    shell("ipvsadm -C")


def test_what_somebody_deleted_or_changed_is_put_right(proxy: Driven) -> None:
    proxy.have(WEB, SLICE)
    whole = listed()
    shell(
        f"ipvsadm -D -t {VIP}:80",
        f"ipvsadm -E -t {NODE}:{NODE_PORT} -s lc",
        f"ipvsadm -a -t {NODE}:{NODE_PORT} -r 10.1.3.2:8080 -m",
        f"ipvsadm -e -t {NODE}:{NODE_PORT} -r 10.1.1.2:8080 -m -w 7",
        f"ip addr del {VIP}/32 dev kube-ipvs0",
    )
    before = shown_filter().count(VIP)
    flush_filter()
    proxy.backend.look_closely()
    proxy.have()
    proxy.settle()

    assert listed() == whole
    assert reached(VIP, count=2) == Counter(b1=1, b2=1)
    assert shown_filter().count(VIP) == before


def test_a_device_that_somebody_deleted_is_made_again(proxy: Driven) -> None:
    proxy.have(WEB, SLICE)
    shell("ip link del kube-ipvs0")
    proxy.have()

    assert reached(VIP, count=2) == Counter(b1=1, b2=1)


def test_what_the_kernel_refuses_is_named_one_by_one(proxy: Driven) -> None:
    proxy.have(WEB, SLICE)
    web = next(one for key, one in proxy.desired.virtual_servers.items() if key.port == 80)
    there, nobody = RealServer(pack_address("10.1.1.2"), 8080), RealServer(b"\n\1\1\1", 1)
    key = web.key._replace(port=81)

    failures = proxy.apply(
        AddVirtual(web),
        AddServer(web.key._replace(port=80), there, web.service),
        SetWeight(web.key, nobody, 0),
        SetWeight(key, there, 0),
        DeleteVirtual(key),
        AddServer(web.key, RealServer(pack_address("10.1.3.2"), 8080), web.service),
    )

    # With its virtual server refused, what belongs to it is left alone too.
    assert [one.cause.split(":")[0] for one in failures if one.is_surprise]
    assert isinstance(failures[0].operation, AddVirtual)
    assert "EEXIST" in failures[0].cause
    assert any("ESRCH" in one.cause for one in failures)
    assert "10.1.3.2" not in listed()


def test_cleanup_takes_everything_of_ours_away(proxy: Driven) -> None:
    proxy.have(WEB, SLICE)
    proxy.cleanup()

    assert not listed()
    assert "svcdns" not in shown_filter().lower()
    assert "kube-ipvs0" not in shell("ip link")


def test_a_device_that_is_no_dummy_is_not_taken_over(world: None) -> None:  # noqa: ARG001
    device = Device("vb1")

    with pytest.raises(DataplaneError, match="no dummy device"):
        device.ensure()
    device.close()


def test_without_the_right_the_right_is_named(proxy: Driven) -> None:
    proxy.have(WEB, SLICE)
    program = (
        "import asyncio\n"
        "from svcdns.dataplane.filter import FilterOptions\n"
        "from svcdns.dataplane.filter_iptables import IptablesFilter\n"
        "from svcdns.dataplane.ipvs import IpvsBackend, IpvsOptions\n"
        "backend = IpvsBackend(IpvsOptions(), IptablesFilter(FilterOptions()))\n"
        "asyncio.run(backend.probe())\n"
    )
    done = subprocess.run(
        [
            "setpriv",
            "--bounding-set=-net_admin",
            "--inh-caps=-net_admin",
            sys.executable,
            "-c",
            program,
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "CAP_NET_ADMIN" in done.stderr


def _kept(journal: Path) -> str:
    lines = journal.read_text().splitlines()
    gone = {line[2:] for line in lines if line.startswith("- ")}
    return "\n".join(line for line in lines if line[2:] not in gone)
