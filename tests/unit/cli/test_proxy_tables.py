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
from tests.support.terminal import plain

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

    assert table(rows(realized, DESIRED), wide=False, colour=False).splitlines() == [
        "VIRTUAL SERVER    SERVICE   SCHEDULER  SERVERS         CONNECTIONS",
        "10.96.4.7:80/TCP  shop/web  rr         2 + 1 draining  45",
        "10.96.8.1:53/UDP  -         rr 60 s    0               0",
    ]


def test_a_wide_table_has_each_real_server() -> None:
    lines = table(
        rows(Realized({KEY: DRAINING}, BOUND), DESIRED), wide=True, colour=False
    ).splitlines()

    assert lines[2:] == [
        "  10.244.9.1:8080  weight 1  40 connections, 2 ending",
        "  10.244.9.2:8080  weight 1  0 connections",
        "  10.244.9.9:8080  weight 0  3 connections",
    ]


def test_colours_move_no_column_and_say_what_drains_or_belongs_to_nobody() -> None:
    found = rows(Realized({KEY: DRAINING, DNS: RealizedVirtual("rr")}, BOUND), DESIRED)

    painted = table(found, wide=True, colour=True)

    assert plain(painted) == table(found, wide=True, colour=False)
    assert "\x1b[33m\x1b[1m2 + 1 draining\x1b[0m" in painted
    assert "\x1b[33m\x1b[1mweight 0\x1b[0m" in painted
    assert "\x1b[32m\x1b[1mweight 1\x1b[0m" in painted


def test_differences_are_red_and_none_is_green() -> None:
    (line,) = differences(Realized({}, BOUND), DESIRED, colour=True)

    assert line == "10.96.4.7:80/TCP  shop/web  \x1b[31m\x1b[1mmissing in the kernel\x1b[0m"
    assert "\x1b[31m" in verdict(1, 1, 30.0, colour=True)
    assert "\x1b[32m" in verdict(0, 1, 30.0, colour=True)


def test_nothing_is_said_to_be_nothing() -> None:
    assert table([], wide=True, colour=False) == "no virtual servers"


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
    assert differences(realized, DESIRED, colour=False) == [line]


def test_a_server_that_drains_is_no_difference() -> None:
    assert differences(Realized({KEY: DRAINING}, BOUND), DESIRED, colour=False) == []


def test_the_last_line_counts() -> None:
    assert verdict(0, 1, 30.0, colour=False) == "no difference in 1 virtual server"
    assert verdict(2, 1204, 30.0, colour=False) == (
        "2 differences in 1,204 virtual servers. A proxy that runs here mends them within 30 s."
    )
