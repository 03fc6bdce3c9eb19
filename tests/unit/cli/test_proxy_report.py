"""Commands that ipvsadm and ip take, and JSON in an order that stays."""

import json

import yaml

from svcdns.cli.proxy_report import (
    addresses_in_order,
    as_json,
    as_text,
    as_yaml,
    in_order,
    ipvsadm_lines,
    place,
)
from svcdns.proxy.model import (
    PERSISTENT,
    SCHED_1,
    SCHED_2,
    SCTP,
    TCP,
    UDP,
    Desired,
    HealthCheck,
    Kind,
    RealServer,
    ServicePortName,
    Skipped,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.wire.name import pack_address

WEB = ServicePortName("shop", "web", "http")
SERVERS = pack_servers([RealServer(pack_address("10.1.0.1"), 8080)])


def key(address: str = "10.96.0.1", port: int = 80, protocol: int = TCP) -> VirtualKey:
    return VirtualKey(protocol, pack_address(address), port)


def test_flags_and_persistence_have_ipvsadms_words() -> None:
    one = VirtualServer(
        key(protocol=UDP), Kind.CLUSTER, WEB, "mh", PERSISTENT | SCHED_1 | SCHED_2, 10800, SERVERS
    )

    assert list(ipvsadm_lines(one)) == [
        "-A -u 10.96.0.1:80 -s mh -p 10800 -b mh-fallback,mh-port",
        "-a -u 10.96.0.1:80 -r 10.1.0.1:8080 -m -w 1",
    ]


def test_ipv6_and_sctp_are_spelled_as_ipvsadm_reads_them() -> None:
    servers = pack_servers([RealServer(pack_address("fd01::1"), 8080)])
    one = VirtualServer(key("fd96::1", protocol=SCTP), Kind.CLUSTER, WEB, servers=servers)

    assert list(ipvsadm_lines(one)) == [
        "-A --sctp-service [fd96::1]:80 -s rr",
        "-a --sctp-service [fd96::1]:80 -r [fd01::1]:8080 -m -w 1",
    ]


def test_who_is_not_served_is_said() -> None:
    dropped = VirtualServer(
        key(), Kind.BALANCER, WEB, drops=True, source_ranges=((pack_address("192.0.2.0"), 24),)
    )
    desired = Desired(
        {dropped.key: dropped},
        frozenset((dropped.key.address,)),
        health_checks={("shop", "web"): HealthCheck(32000, 2)},
        skipped=(Skipped("Service shop/x", "because"),),
    )

    assert as_text(desired, "kube-ipvs0").splitlines() == [
        "# shop/web:http (no local endpoint, dropped; only for 192.0.2.0/24)",
        "-A -t 10.96.0.1:80 -s rr",
        "ip addr add 10.96.0.1/32 dev kube-ipvs0",
        "# health check of shop/web on port 32000: 2 local endpoints",
        "# left out: Service shop/x: because",
    ]


def test_nothing_has_all_fields() -> None:
    assert json.loads(as_json(Desired())) == {
        "virtual_servers": [],
        "addresses": [],
        "health_checks": [],
        "skipped": [],
    }
    assert yaml.safe_load(as_yaml(Desired())) == json.loads(as_json(Desired()))
    assert not as_text(Desired(), "kube-ipvs0")


def test_ipv4_comes_first_then_address_port_and_protocol() -> None:
    keys = [
        key("10.96.0.1", 53, TCP),
        key("10.96.0.1", 53, UDP),
        key("10.96.0.2", 1),
        key("10.96.0.10", 1),
        key("fd96::1", 1),
    ]

    assert in_order(reversed(keys)) == keys
    assert addresses_in_order([bytes(16), bytes(4)]) == ["0.0.0.0", "::"]
    assert place(RealServer(bytes(16), 1)) == "[::]:1"


def test_the_route_of_an_address_is_a_command_too() -> None:
    desired = Desired(addresses=frozenset((bytes((10, 96, 0, 1)), bytes(15) + b"\1")))

    assert as_text(desired, "svc0", "route").splitlines() == [
        "ip route replace local 10.96.0.1 dev svc0 table local proto static",
        "ip -6 route replace local ::1 dev svc0 table local proto static",
    ]
