"""What the kernel has, and what it lacks, for people and for programs."""

import json

import pytest
import yaml

from svcdns.cli.proxy_tables import as_json, as_yaml, differences, rows, table, verdict
from svcdns.proxy.model import (
    PERSISTENT,
    TCP,
    UDP,
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from svcdns.wire.name import pack_address

KEY = VirtualKey(TCP, pack_address("10.96.4.7"), 80)
DNS = VirtualKey(UDP, pack_address("10.96.8.1"), 53)
ONE, TWO, OLD = (RealServer(pack_address(f"10.244.9.{n}"), 8080) for n in (1, 2, 9))
WEB = ServicePortName("shop", "web", "")
WANTED = VirtualServer(KEY, Kind.CLUSTER, WEB, servers=pack_servers([ONE, TWO]))
DESIRED = Desired({KEY: WANTED}, frozenset((KEY.address,)))
GOOD = RealizedVirtual("rr", servers={ONE: RealizedServer(1, 40, 2), TWO: RealizedServer()})
BOUND = frozenset((KEY.address,))
DRAINING = RealizedVirtual("rr", servers={**GOOD.servers, OLD: RealizedServer(0, 3, 0)})


def test_a_table_counts_servers_and_connections() -> None:
    realized = Realized({KEY: DRAINING, DNS: RealizedVirtual("rr", PERSISTENT, 60)}, BOUND)

    assert table(rows(realized, DESIRED), wide=False).splitlines() == [
        "VIRTUAL SERVER    SERVICE   SCHEDULER  SERVERS         CONNECTIONS",
        "10.96.4.7:80/TCP  shop/web  rr         2 + 1 draining  45",
        "10.96.8.1:53/UDP  -         rr 60 s    0               0",
    ]


def test_a_wide_table_has_each_real_server() -> None:
    lines = table(rows(Realized({KEY: DRAINING}, BOUND), DESIRED), wide=True).splitlines()

    assert lines[2:] == [
        "  10.244.9.1:8080  weight 1  40 connections, 2 ending",
        "  10.244.9.2:8080  weight 1  0 connections",
        "  10.244.9.9:8080  weight 0  3 connections",
    ]


def test_nothing_is_said_to_be_nothing() -> None:
    assert table([], wide=True) == "no virtual servers"


def test_json_and_yaml_say_the_same() -> None:
    found = rows(Realized({KEY: GOOD}, BOUND), DESIRED)

    document = json.loads(as_json(found))
    assert yaml.safe_load(as_yaml(found)) == document
    assert document["virtual_servers"][0]["service"] == "shop/web"
    assert document["virtual_servers"][0]["real_servers"][0] == {
        "address": "10.244.9.1",
        "port": 8080,
        "weight": 1,
        "forwarding": "masquerade",
        "active_connections": 40,
        "inactive_connections": 2,
    }


@pytest.mark.parametrize(
    ("realized", "line"),
    [
        (Realized({}, BOUND), "10.96.4.7:80/TCP  shop/web  missing in the kernel"),
        (Realized({KEY: GOOD}), "10.96.4.7  -  is not bound"),
        (
            Realized({KEY: GOOD}, BOUND | {DNS.address}),
            "10.96.8.1  -  is bound, and no Service needs it",
        ),
        (
            Realized({KEY: GOOD, DNS: RealizedVirtual("rr")}, BOUND),
            "10.96.8.1:53/UDP  -  in the kernel, and no Service has it",
        ),
        (
            Realized({KEY: RealizedVirtual("lc", servers=GOOD.servers)}, BOUND),
            "10.96.4.7:80/TCP  shop/web  scheduler is lc in the kernel, should be rr",
        ),
        (
            Realized({KEY: RealizedVirtual("rr", servers={ONE: RealizedServer()})}, BOUND),
            "10.96.4.7:80/TCP  shop/web  10.244.9.2:8080 is missing in the kernel",
        ),
        (
            Realized(
                {KEY: RealizedVirtual("rr", servers={**GOOD.servers, TWO: RealizedServer(0)})},
                BOUND,
            ),
            ("10.96.4.7:80/TCP  shop/web  kernel has 10.244.9.2:8080 with weight 0, should be 1"),
        ),
        (
            Realized(
                {KEY: RealizedVirtual("rr", servers={**GOOD.servers, OLD: RealizedServer()})},
                BOUND,
            ),
            ("10.96.4.7:80/TCP  shop/web  kernel has 10.244.9.9:8080 (weight 1), the API does not"),
        ),
    ],
)
def test_a_difference_is_a_line(realized: Realized, line: str) -> None:
    assert differences(realized, DESIRED) == [line]


def test_a_server_that_drains_is_no_difference() -> None:
    assert differences(Realized({KEY: DRAINING}, BOUND), DESIRED) == []


def test_the_last_line_counts() -> None:
    assert verdict(0, 1, 30.0) == "no difference in 1 virtual server"
    assert verdict(2, 1204, 30.0) == (
        "2 differences in 1,204 virtual servers. A proxy that runs here mends them within 30 s."
    )
