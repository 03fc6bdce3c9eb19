"""Every kind of Service with real connections: who is reached, and whom the pod sees."""

import socket
import time
from collections import Counter

import pytest

from svcdns.cluster.model import EndpointPort, ServicePort
from tests.support.driven import Driven
from tests.support.ipvs_world import CLIENTS, SILENCE_SECONDS, flow, inside, is_silent, reached
from tests.support.proxied import DNS, READY, endpoints, service

VIP, VIP6, EXTERNAL, BALANCER = "10.96.0.1", "fd00:96::1", "198.51.100.7", "203.0.113.9"
NODE, NODE6, NODE_PORT = "192.0.2.1", "2001:db8::1", 30080
HERE = tuple((f"10.1.{n}.2", READY, "here") for n in (1, 2))
THERE = ("10.1.3.2", READY, "there")
HERE6 = tuple((f"fd00:1:{n}::2", READY, "here") for n in (1, 2))
ON_UDP = (EndpointPort("dns", "UDP", 8080),)
BOTH = Counter(b1=2, b2=2)
ALL = Counter(b1=2, b2=2, b3=2)


def test_a_pod_keeps_its_address_on_the_way_to_a_cluster_address(proxy: Driven) -> None:
    proxy.have(service("web", VIP), endpoints("web", *HERE, THERE))

    one = flow("b1", VIP)

    assert one.seen == "10.1.1.2"
    one.close()


def test_a_client_outside_the_cluster_is_masqueraded(proxy: Driven) -> None:
    proxy.have(service("web", VIP), endpoints("web", HERE[1]))

    one = flow("c1", VIP)

    assert (one.pod, one.seen) == ("b2", "10.1.2.1")
    one.close()


def test_the_node_itself_reaches_a_cluster_address(proxy: Driven) -> None:
    proxy.have(service("web", VIP), endpoints("web", *HERE, THERE))

    assert reached(VIP, place="", count=6) == ALL


def test_a_pod_reaches_itself_through_its_service(proxy: Driven) -> None:
    proxy.have(service("web", VIP), endpoints("web", HERE[0]))

    one = flow("b1", VIP)

    assert (one.pod, one.seen) == ("b1", "10.1.1.1")
    one.close()


def test_udp_takes_turns_too(proxy: Driven) -> None:
    proxy.have(service("dns", VIP, ports=(DNS,)), endpoints("dns", *HERE, THERE, ports=ON_UDP))

    assert reached(VIP, 53, count=6, udp=True) == ALL


def test_sctp_is_served(proxy: Driven) -> None:
    proxy.have(
        service("m3ua", VIP, ports=(ServicePort("m3ua", "SCTP", 2905),)),
        endpoints("m3ua", *HERE, THERE, ports=(EndpointPort("m3ua", "SCTP", 8080),)),
    )

    for place in ("c1", "b1", ""):
        held = [flow(place, VIP, 2905, protocol=socket.IPPROTO_SCTP) for _ in range(3)]
        assert sorted(one.pod for one in held) == ["b1", "b2", "b3"]
        assert [one.say("again") for one in held] == ["again"] * 3
        for one in held:
            one.close()


def test_both_families_are_served(proxy: Driven) -> None:
    proxy.have(
        service("web", VIP, VIP6), endpoints("web", *HERE), endpoints("web", *HERE6, name="six")
    )

    assert reached(VIP, count=4) == BOTH
    assert reached(VIP6, count=4) == BOTH


def test_a_node_port_is_served_on_the_node_in_both_families(proxy: Driven) -> None:
    proxy.have(
        service("web", VIP, VIP6, kind="NodePort", node_ports=(NODE_PORT,)),
        endpoints("web", *HERE),
        endpoints("web", *HERE6, name="six"),
    )

    one = flow("c1", NODE, NODE_PORT)

    assert one.seen.startswith("10.1.")
    one.close()
    assert reached(NODE, NODE_PORT, count=4) == BOTH
    assert reached(NODE6, NODE_PORT, count=4) == BOTH


def test_a_policy_of_local_endpoints_keeps_the_clients_address(proxy: Driven) -> None:
    proxy.have(
        service("web", VIP, kind="NodePort", node_ports=(NODE_PORT,), external_local=True),
        endpoints("web", HERE[0], THERE),
    )

    one = flow("c1", NODE, NODE_PORT)

    assert (one.pod, one.seen) == ("b1", "192.0.2.2")
    one.close()
    assert reached(NODE, NODE_PORT, count=4) == Counter(b1=4)
    assert reached(VIP, count=4) == Counter(b1=2, b3=2)


def test_a_policy_of_local_endpoints_is_silent_where_there_is_none(proxy: Driven) -> None:
    proxy.have(
        service("web", VIP, kind="NodePort", node_ports=(NODE_PORT,), external_local=True),
        endpoints("web", THERE),
    )

    assert is_silent("c1", NODE, NODE_PORT)
    assert reached(VIP, count=2) == Counter(b3=2)


def test_an_internal_policy_of_local_endpoints_stays_on_the_node(proxy: Driven) -> None:
    proxy.have(service("web", VIP, internal_local=True), endpoints("web", HERE[0], THERE))

    assert reached(VIP, place="b2", count=4) == Counter(b1=4)


def test_an_external_address_is_served(proxy: Driven) -> None:
    proxy.have(service("web", VIP, external=_packed(EXTERNAL)), endpoints("web", *HERE))

    assert reached(EXTERNAL, count=4) == BOTH


def test_a_load_balancer_is_served_for_its_source_ranges_only(proxy: Driven) -> None:
    proxy.have(
        service(
            "web",
            VIP,
            kind="LoadBalancer",
            balancers=_packed(BALANCER),
            source_ranges=("192.0.2.0/24", "10.3.0.0/30"),
        ),
        endpoints("web", *HERE),
    )

    assert reached(BALANCER, count=4) == BOTH
    assert reached(BALANCER, count=2, sources=CLIENTS[:1]).keys() <= {"b1", "b2"}
    assert is_silent("b1", BALANCER)
    assert reached(BALANCER, place="", count=2) == Counter(b1=1, b2=1)
    assert reached(VIP, count=4) == BOTH


def test_affinity_keeps_a_client_on_one_server(proxy: Driven) -> None:
    proxy.have(service("web", VIP, affinity_seconds=30), endpoints("web", *HERE, THERE))

    assert len(reached(VIP, count=6)) == 1
    assert len(reached(VIP, count=16, sources=CLIENTS)) == 3


def test_affinity_ends_with_the_server(proxy: Driven) -> None:
    proxy.have(service("web", VIP, affinity_seconds=30), endpoints("web", *HERE))
    (first,) = reached(VIP, count=3)
    stays = HERE[1] if first == "b1" else HERE[0]
    proxy.have(endpoints("web", stays))

    assert reached(VIP, count=3).keys() == {"b2" if first == "b1" else "b1"}


def test_nobody_serving_is_a_refusal_at_once_however_often_it_is_tried(proxy: Driven) -> None:
    proxy.have(service("web", VIP, kind="NodePort", node_ports=(NODE_PORT,)))
    before = time.monotonic()

    assert reached(VIP, count=20) == Counter(ConnectionRefusedError=20)
    assert reached(NODE, NODE_PORT, count=20) == Counter(ConnectionRefusedError=20)
    assert time.monotonic() - before < 5


def test_nobody_serving_udp_is_a_refusal_too(proxy: Driven) -> None:
    proxy.have(service("dns", VIP, ports=(DNS,)))

    # It is an ICMP message, of which the kernel sends few to one client.
    assert reached(VIP, 53, count=3, udp=True)["ConnectionRefusedError"]


def test_a_port_that_no_service_has_is_closed_though_a_host_daemon_listens(proxy: Driven) -> None:
    proxy.have(service("web", VIP), endpoints("web", *HERE))

    with socket.create_server(("0.0.0.0", 9999)):
        found = reached(VIP, 9999, count=1)
        with inside("c1"), socket.create_connection((NODE, 9999), SILENCE_SECONDS):
            pass

    assert found == Counter(ConnectionRefusedError=1)


def test_a_service_that_goes_leaves_its_address(proxy: Driven) -> None:
    web = service("web", VIP)
    proxy.have(web, endpoints("web", *HERE))
    assert reached(VIP, count=4) == BOTH
    proxy.have(gone=(web,))

    assert not proxy.read().virtual_servers
    assert not proxy.read().addresses


@pytest.mark.parametrize("scheduler", ["rr", "lc", "sh", "mh", "sed"])
def test_a_server_that_drains_keeps_its_connections_and_refuses_nobody(
    proxy: Driven, scheduler: str
) -> None:
    proxy.have(service("web", VIP, scheduler=scheduler), endpoints("web", *HERE, THERE))
    held = [flow("c1", VIP, source=source) for source in CLIENTS]
    on_third = [one for one in held if one.pod == "b3"]
    proxy.have(endpoints("web", *HERE))

    found = reached(VIP, count=32, sources=CLIENTS)

    assert on_third
    assert found.keys() <= {"b1", "b2"}
    assert [one.say("still") for one in on_third] == ["still"] * len(on_third)
    proxy.settle()
    with pytest.raises(ConnectionResetError):
        on_third[0].say("gone")
    assert [one.say("here") for one in held if one.pod != "b3"]
    for one in held:
        one.close()


def test_dh_never_drains_as_the_service_would_refuse_everybody(proxy: Driven) -> None:
    proxy.have(service("web", VIP, scheduler="dh"), endpoints("web", *HERE, THERE))
    held = flow("c1", VIP)
    rows = [row for row in (*HERE, THERE) if row[0] != f"10.1.{held.pod[1]}.2"]
    proxy.have(endpoints("web", *rows))

    assert reached(VIP, count=4).total() == 4
    assert not reached(VIP, count=4)["ConnectionRefusedError"]
    held.close()


def test_a_server_that_comes_back_while_it_drains_serves_again(proxy: Driven) -> None:
    proxy.have(service("web", VIP), endpoints("web", *HERE))
    held = [flow("c1", VIP) for _ in range(4)]
    proxy.have(endpoints("web", HERE[0]))
    proxy.have(endpoints("web", *HERE))

    assert reached(VIP, count=4) == BOTH
    assert [one.say("still") for one in held] == ["still"] * 4
    for one in held:
        one.close()


def test_udp_leaves_a_server_that_goes_at_once(proxy: Driven) -> None:
    dns = service("dns", VIP, ports=(DNS,))
    proxy.have(dns, endpoints("dns", HERE[0], ports=ON_UDP))
    one = flow("c1", VIP, 53, udp=True)
    proxy.have(endpoints("dns", HERE[1], ports=ON_UDP))

    assert one.pod == "b1"
    assert one.say("who").startswith("b2 ")
    one.close()


def _packed(*addresses: str) -> tuple[bytes, ...]:
    return tuple(socket.inet_aton(address) for address in addresses)
