"""Each shape of a Service, and the virtual servers it comes to: kube-proxy's table."""

from dataclasses import replace

import pytest

from svcdns.cluster.model import EndpointPort, Service, ServicePort
from svcdns.proxy.model import PERSISTENT, SCHED_1, SCHED_2, SCTP, TCP, UDP, Kind, VirtualServer
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.service_plan import ServicePlan, plan_service
from svcdns.wire.name import address_text, pack_address
from tests.support.proxied import DNS, ENDING, HTTP, READY, UNREADY, endpoints, service

NODE = ProxyOptions(
    node="node-a",
    zone="z1",
    node_addresses=tuple(map(pack_address, ("192.0.2.1", "192.0.2.2", "fd01::1"))),
    external_ips=True,
)
HERE, THERE = ("10.1.0.1", READY, "node-a"), ("10.1.0.2", READY, "node-b")
BOTH = endpoints("web", HERE, THERE)
VIP = (pack_address("203.0.113.5"),)
EXTERNAL = (pack_address("198.51.100.7"),)


def planned(one: Service, *slices: object, options: ProxyOptions = NODE) -> ServicePlan:
    return plan_service(one, slices or (BOTH,), options)  # type: ignore[arg-type]


def by_kind(plan: ServicePlan) -> dict[Kind, list[str]]:
    found: dict[Kind, list[str]] = {}
    for one in plan.virtual_servers:
        found.setdefault(one.kind, []).append(str(one.key))
    return found


def last_octets(virtual: VirtualServer) -> str:
    return "".join(address_text(one.address)[-1] for one in virtual.real_servers())


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(service(), {Kind.CLUSTER: ["10.96.0.1:80/TCP"]}, id="ClusterIP"),
        pytest.param(
            service(external=EXTERNAL),
            {Kind.CLUSTER: ["10.96.0.1:80/TCP"], Kind.EXTERNAL: ["198.51.100.7:80/TCP"]},
            id="with externalIPs",
        ),
        pytest.param(
            service(kind="NodePort", node_ports=(30080,)),
            {
                Kind.CLUSTER: ["10.96.0.1:80/TCP"],
                Kind.NODE: ["192.0.2.1:30080/TCP", "192.0.2.2:30080/TCP"],
            },
            id="NodePort",
        ),
        pytest.param(
            service(kind="LoadBalancer", node_ports=(30080,), balancers=VIP),
            {
                Kind.CLUSTER: ["10.96.0.1:80/TCP"],
                Kind.BALANCER: ["203.0.113.5:80/TCP"],
                Kind.NODE: ["192.0.2.1:30080/TCP", "192.0.2.2:30080/TCP"],
            },
            id="LoadBalancer",
        ),
        pytest.param(
            service(kind="LoadBalancer", balancers=VIP),
            {Kind.CLUSTER: ["10.96.0.1:80/TCP"], Kind.BALANCER: ["203.0.113.5:80/TCP"]},
            id="LoadBalancer without node ports",
        ),
        pytest.param(
            service(kind="LoadBalancer", node_ports=(30080,)),
            {
                Kind.CLUSTER: ["10.96.0.1:80/TCP"],
                Kind.NODE: ["192.0.2.1:30080/TCP", "192.0.2.2:30080/TCP"],
            },
            id="LoadBalancer that has no address of its own",
        ),
        pytest.param(
            service("web", "10.96.0.1", "10.96.0.2", "fd00::1"),
            {Kind.CLUSTER: ["10.96.0.1:80/TCP", "[fd00::1]:80/TCP"]},
            id="the first address of each family",
        ),
        pytest.param(
            service("web", "fd00::1", kind="NodePort", node_ports=(30080,), external=EXTERNAL),
            {Kind.CLUSTER: ["[fd00::1]:80/TCP"], Kind.NODE: ["[fd01::1]:30080/TCP"]},
            id="nothing of a family without a ClusterIP",
        ),
        pytest.param(service(headless=True), {}, id="headless"),
        pytest.param(service(kind="ExternalName"), {}, id="ExternalName"),
        pytest.param(service(is_elsewhere=True), {}, id="another proxy's"),
    ],
)
def test_the_shape_of_a_service_says_where_it_is_served(
    one: Service, expected: dict[Kind, list[str]]
) -> None:
    assert by_kind(planned(one)) == expected


def test_each_port_has_its_own_protocol_and_endpoints() -> None:
    ports = (HTTP, DNS, ServicePort("sig", "SCTP", 5060))
    one = service(ports=ports)

    found = planned(one).virtual_servers

    assert [virtual.key.protocol for virtual in found] == [TCP, UDP, SCTP]
    assert [last_octets(virtual) for virtual in found] == ["12", "", ""]


def test_without_endpoints_everything_is_there_and_refuses() -> None:
    one = service(kind="LoadBalancer", node_ports=(30080,), balancers=VIP)

    found = planned(one, endpoints("web", ("10.1.0.1", UNREADY, "node-a"))).virtual_servers

    assert len(found) == 4
    assert not any(virtual.servers or virtual.drops for virtual in found)


def test_affinity_is_of_every_virtual_server() -> None:
    one = service(
        kind="LoadBalancer",
        node_ports=(30080,),
        balancers=VIP,
        external=EXTERNAL,
        affinity_seconds=10_800,
    )

    found = planned(one).virtual_servers

    assert {(virtual.flags, virtual.persistence_timeout) for virtual in found} == {
        (PERSISTENT, 10_800)
    }
    assert len(found) == 5


@pytest.mark.parametrize(
    ("scheduler", "flags"),
    [("rr", 0), ("dh", 0), ("sh", SCHED_1), ("mh", SCHED_1 | SCHED_2), ("lblcr", 0)],
)
def test_hashing_schedulers_go_round_servers_that_are_drained(scheduler: str, flags: int) -> None:
    by_annotation = planned(service(scheduler=scheduler)).virtual_servers
    by_option = planned(service(), options=replace(NODE, scheduler=scheduler)).virtual_servers

    assert by_annotation == by_option
    assert [(one.scheduler, one.flags) for one in by_option] == [(scheduler, flags)]


ALL_KINDS = {"kind": "LoadBalancer", "node_ports": (30080,), "balancers": VIP, "external": EXTERNAL}


@pytest.mark.parametrize("policies", [(False, False), (False, True), (True, False), (True, True)])
def test_the_internal_policy_is_of_the_cluster_address_and_the_external_of_the_rest(
    policies: tuple[bool, bool],
) -> None:
    internal, external = policies
    one = service(**ALL_KINDS, internal_local=internal, external_local=external)  # type: ignore[arg-type]

    for virtual in planned(one).virtual_servers:
        is_local = internal if virtual.kind is Kind.CLUSTER else external
        assert last_octets(virtual) == ("1" if is_local else "12")
        assert virtual.external_local is (is_local and virtual.kind is not Kind.CLUSTER)


def test_the_external_policy_means_nothing_to_a_cluster_address_alone() -> None:
    (virtual,) = planned(service(external_local=True), endpoints("web", THERE)).virtual_servers

    assert last_octets(virtual) == "2"


@pytest.mark.parametrize(
    ("rows", "servers", "drops"),
    [
        pytest.param([THERE], "", True, id="ready elsewhere: dropped"),
        pytest.param([("10.1.0.2", ENDING, "node-b")], "", True, id="ending elsewhere: dropped"),
        pytest.param([("10.1.0.2", UNREADY, "node-b")], "", False, id="nobody: refused"),
        pytest.param([("10.1.0.1", ENDING, "node-a"), THERE], "1", False, id="ending here"),
    ],
)
def test_a_local_policy_drops_what_others_could_answer(
    rows: list[tuple[str, int, str]],
    servers: str,
    drops: bool,  # noqa: FBT001  a table
) -> None:
    (virtual,) = planned(service(internal_local=True), endpoints("web", *rows)).virtual_servers

    assert (last_octets(virtual), virtual.drops) == (servers, drops)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(
            service(internal_local=True), {Kind.CLUSTER: ""}, id="not if others are never used"
        ),
        pytest.param(
            service(kind="NodePort", node_ports=(30080,), internal_local=True, external_local=True),
            {Kind.CLUSTER: "2", Kind.NODE: "2"},
            id="if it is reached from outside",
        ),
    ],
)
def test_the_fallback_to_other_nodes_is_kube_proxys(
    one: Service, expected: dict[Kind, str]
) -> None:
    found = planned(one, endpoints("web", THERE), options=replace(NODE, local_fallback=True))

    assert {one.kind: last_octets(one) for one in found.virtual_servers} == expected
    # Replies of other nodes have to come back through this one.
    assert not any(one.external_local for one in found.virtual_servers if one.servers)


def test_load_balancers_are_told_of_different_addresses_whatever_the_port() -> None:
    one = service(
        kind="LoadBalancer",
        ports=(HTTP, ServicePort("more", "TCP", 81)),
        external_local=True,
        health_check_port=32000,
    )
    more = replace(BOTH, name="web-2", ports=(BOTH.ports[0]._replace(name="more", port=8081),))

    check = planned(one, BOTH, more).health_check

    assert check is not None
    assert (check.port, check.local_endpoints) == (32000, 1)


def test_what_is_left_out_is_named_once() -> None:
    one = service(
        ports=(HTTP,),
        external=(pack_address("127.0.0.1"), *EXTERNAL),
        kind="LoadBalancer",
        balancers=VIP,
        source_ranges=("10.0.0.0/33", "10.0.0.0/8"),
    )

    plan = planned(one)

    assert [str(reason) for _, reason in plan.skipped] == [
        "loadBalancerSourceRanges: '10.0.0.0/33' is not a network",
        "127.0.0.1 is a loopback address",
    ]
    assert by_kind(plan)[Kind.EXTERNAL] == ["198.51.100.7:80/TCP"]


@pytest.mark.parametrize(("port", "ending"), [(DNS, "2"), (HTTP, "")], ids=["UDP", "TCP"])
def test_flows_of_udp_may_go_on_where_a_server_answers_still(
    port: ServicePort, ending: str
) -> None:
    leaving = ("10.1.0.2", ENDING, "node-b")
    ports = (EndpointPort(port.name, port.protocol, 8080),)

    plan = planned(service(ports=(port,)), endpoints("web", HERE, leaving, ports=ports))

    (virtual,) = plan.virtual_servers
    assert last_octets(virtual) == "1"
    assert last_octets(replace(virtual, servers=virtual.ending)) == ending
