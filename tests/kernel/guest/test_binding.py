"""The other way to make addresses the node's: by a route each. Also what the node says over ARP."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from svcdns.dataplane.leftovers import Part, Traces, remove
from tests.support.driven import Driven
from tests.support.ipvs_world import answers_arp, flow, reached, shell
from tests.support.proxied import DNS, HTTP, READY, endpoints, service
from tests.support.proxy_scenarios import ON_UDP

VIP, VIP6, NODE, NODE_PORT = "10.96.0.1", "fd00:96::1", "192.0.2.1", 30080
HERE = tuple((f"10.1.{n}.2", READY, "here") for n in (1, 2))
HERE6 = tuple((f"fd00:1:{n}::2", READY, "here") for n in (1, 2))
BOTH = Counter(b1=2, b2=2)
OBJECTS = (
    service("web", VIP, VIP6, ports=(HTTP,), kind="NodePort", node_ports=(NODE_PORT,)),
    endpoints("web", *HERE),
    endpoints("web", *HERE6, name="six"),
    service("dns", "10.96.0.2", ports=(DNS,)),
    endpoints("dns", *HERE, ports=ON_UDP),
)


@pytest.fixture
def routed(world: None, tmp_path: Path) -> Iterator[Driven]:  # noqa: ARG001 - it is there
    """A proxy that binds by routes."""
    driven = Driven(tmp_path / "keys", binding="route")
    yield driven
    driven.cleanup()
    driven.close()


def routes() -> str:
    return shell(
        "ip route show table local dev kube-ipvs0", "ip -6 route show table local dev kube-ipvs0"
    )


@pytest.mark.parametrize("place", ["c1", "b1", ""])
def test_a_route_brings_client_pod_and_node_to_a_service(routed: Driven, place: str) -> None:
    routed.have(*OBJECTS)

    assert reached(VIP, place=place, count=4) == BOTH
    assert reached("10.96.0.2", 53, place=place, count=4, udp=True) == BOTH
    assert reached(VIP6, place=place, count=4) == BOTH
    if place == "c1":
        assert reached(NODE, NODE_PORT, count=4) == BOTH


def test_no_device_has_the_address_and_the_node_keeps_its_own(routed: Driven) -> None:
    routed.have(*OBJECTS)

    assert VIP not in shell("ip -o addr")
    assert f"local {VIP} proto static scope host src {NODE}" in routes()
    assert f"src {NODE} " in shell(f"ip route get {VIP}")
    assert f"local {VIP6}" in routes()
    assert not routed.operations()


def test_a_service_that_goes_takes_its_route_with_it(routed: Driven) -> None:
    routed.have(*OBJECTS)
    routed.have(gone=OBJECTS[:1])

    assert VIP not in routes()
    assert "10.96.0.2" in routes()


def test_routes_that_somebody_took_away_are_made_again(routed: Driven) -> None:
    routed.have(*OBJECTS)
    shell(f"ip route del local {VIP} dev kube-ipvs0 table local", "ip link set kube-ipvs0 down")
    routed.have()

    assert reached(VIP, count=4) == BOTH
    assert reached(VIP6, count=4) == BOTH


@pytest.mark.parametrize(("before", "after"), [("device", "route"), ("route", "device")])
def test_one_way_takes_over_from_the_other_and_no_connection_notices(
    world: None,  # noqa: ARG001 - it is there
    tmp_path: Path,
    before: str,
    after: str,
) -> None:
    first = Driven(tmp_path / "keys", binding=before)
    first.have(*OBJECTS)
    first.close()
    held = [flow("c1", VIP), flow("", VIP), flow("c1", VIP6)]
    second = Driven(tmp_path / "keys", binding=after)
    second.have(*OBJECTS)

    bound = shell("ip -o addr show dev kube-ipvs0")
    assert [one.say("still") for one in held] == ["still"] * 3
    assert reached(VIP, count=4) == BOTH
    assert (VIP in bound, "proto static" in routes()) == (after == "device", after == "route")
    assert not second.operations()
    for one in held:
        one.close()
    second.cleanup()
    second.close()
    assert "kube-ipvs0" not in shell("ip link")


@pytest.mark.parametrize("binding", ["device", "route"])
def test_without_the_journal_what_is_bound_here_is_known_to_be_left_by_us(
    world: None,  # noqa: ARG001 - it is there
    tmp_path: Path,
    binding: str,
) -> None:
    driven = Driven(tmp_path / "keys", binding=binding)
    driven.have(*OBJECTS)
    removed = remove({Part.VIRTUAL_SERVERS}, Traces("kube-ipvs0", tmp_path / "lost"))
    left = shell("ipvsadm -Sn")
    driven.cleanup()
    driven.close()

    assert removed == ((Part.VIRTUAL_SERVERS,), ())
    assert VIP not in left
    assert VIP6 not in left
    assert f"{NODE}:{NODE_PORT}" in left  # the journal alone knew it


@pytest.mark.parametrize("binding", ["device", "route"])
def test_with_strict_arp_nobody_is_told_that_an_address_is_here(
    world: None,  # noqa: ARG001 - it is there
    tmp_path: Path,
    binding: str,
) -> None:
    driven = Driven(tmp_path / "keys", binding=binding)
    driven.have(*OBJECTS)
    loose = answers_arp(VIP)
    driven.close()
    strict = Driven(tmp_path / "keys", replace(driven.options, strict_arp=True), binding=binding)
    settings = shell("cd /proc/sys/net/ipv4/conf/all && cat arp_ignore arp_announce").split()
    answers = [answers_arp(VIP), answers_arp(NODE)]
    strict.cleanup()
    strict.close()
    shell("cd /proc/sys/net/ipv4/conf/all && echo 0 >arp_ignore && echo 0 >arp_announce")

    assert loose
    assert settings == ["1", "2"]
    assert answers == [False, True]
