"""What a packet filter has to know of a desired state: kube-proxy's sets, in rows."""

import pytest

from svcdns.proxy.filter_rows import (
    Purpose,
    Row,
    all_rows,
    changed_rows,
    is_within,
    other_rows,
    rows_of_virtual,
)
from svcdns.proxy.model import (
    TCP,
    Desired,
    HealthCheck,
    Kind,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)
from svcdns.wire.name import pack_address

VIP, NODE = pack_address("10.96.0.1"), pack_address("192.0.2.1")
KEY = VirtualKey(TCP, VIP, 80)
WEB = ServicePortName("shop", "web", "http")
SERVERS = b"\x0a\x01\x00\x01\x1f\x90"


def virtual(
    kind: Kind = Kind.CLUSTER,
    servers: bytes = SERVERS,
    *,
    external_local: bool = False,
    drops: bool = False,
    source_ranges: tuple[tuple[bytes, int], ...] = (),
) -> VirtualServer:
    return VirtualServer(
        KEY,
        kind,
        WEB,
        servers=servers,
        external_local=external_local,
        drops=drops,
        source_ranges=source_ranges,
    )


@pytest.mark.parametrize(
    ("one", "purposes"),
    [
        pytest.param(virtual(), {Purpose.SERVED, Purpose.CLUSTER}, id="a ClusterIP"),
        pytest.param(
            virtual(Kind.EXTERNAL), {Purpose.SERVED, Purpose.MASQUERADED}, id="an external address"
        ),
        pytest.param(
            virtual(Kind.BALANCER), {Purpose.SERVED, Purpose.MASQUERADED}, id="a load balancer"
        ),
        pytest.param(virtual(Kind.NODE), {Purpose.MASQUERADED}, id="a node port"),
        pytest.param(virtual(Kind.NODE, external_local=True), set(), id="a Local node port"),
        pytest.param(
            virtual(Kind.BALANCER, external_local=True), {Purpose.SERVED}, id="a Local balancer"
        ),
        pytest.param(
            virtual(servers=b""),
            {Purpose.SERVED, Purpose.CLUSTER, Purpose.REFUSED},
            id="without endpoints",
        ),
        pytest.param(
            virtual(servers=b"", drops=True),
            {Purpose.SERVED, Purpose.CLUSTER, Purpose.DROPPED},
            id="without local endpoints",
        ),
    ],
)
def test_each_virtual_server_has_its_rows(one: VirtualServer, purposes: set[Purpose]) -> None:
    found = list(rows_of_virtual(one))

    assert {row.purpose for row in found} == purposes
    assert {(row.protocol, row.address, row.port) for row in found} <= {KEY}


def test_a_range_that_has_the_node_lets_it_in_by_the_virtual_address() -> None:
    ranges = ((pack_address("192.0.2.0"), 24), (pack_address("10.0.0.0"), 8))
    one = virtual(Kind.BALANCER, source_ranges=ranges)

    def let_in(*nodes: bytes) -> set[tuple[bytes, int]]:
        rows = rows_of_virtual(one, nodes)
        return {(row.source, row.prefix) for row in rows if row.purpose is Purpose.RANGE}

    assert let_in(pack_address("198.51.100.1")) == {*ranges}
    assert let_in(NODE) == {*ranges, (VIP, 32)}


def test_the_rest_of_a_desired_state_has_rows_too() -> None:
    endpoint = VirtualKey(TCP, pack_address("10.1.0.1"), 8080)
    desired = Desired(
        {KEY: virtual()},
        frozenset([VIP]),
        frozenset([endpoint]),
        health_checks={("shop", "web"): HealthCheck(32000, 1)},
    )

    rest = set(other_rows([endpoint], [VIP], desired.health_checks.values()))

    assert rest == {
        Row(Purpose.HAIRPIN, endpoint.address, TCP, 8080),
        Row(Purpose.ADDRESS, VIP),
        Row(Purpose.HEALTH, protocol=TCP, port=32000),
    }
    assert set(all_rows(desired)) == rest | set(rows_of_virtual(virtual()))


def test_only_what_is_another_object_is_looked_at() -> None:
    before, after = Desired({KEY: virtual()}), Desired({KEY: virtual(servers=b"")})

    added, removed = changed_rows(before, after)

    assert {row.purpose for row in added} == {Purpose.REFUSED}
    assert not removed


@pytest.mark.parametrize(
    ("more", "row"),
    [
        (
            Desired(health_checks={("shop", "web"): HealthCheck(32000, 1)}),
            Row(Purpose.HEALTH, protocol=TCP, port=32000),
        ),
        (Desired(addresses=frozenset([VIP])), Row(Purpose.ADDRESS, VIP)),
        (Desired(hairpins=frozenset([KEY])), Row(Purpose.HAIRPIN, VIP, TCP, 80)),
    ],
)
def test_rows_of_no_single_virtual_server_change_too(more: Desired, row: Row) -> None:
    assert changed_rows(Desired(), more) == (frozenset([row]), frozenset())
    assert changed_rows(more, Desired()) == (frozenset(), frozenset([row]))


@pytest.mark.parametrize(
    ("address", "network", "expected"),
    [
        ("10.1.2.3", ("10.0.0.0", 8), True),
        ("11.1.2.3", ("10.0.0.0", 8), False),
        ("11.1.2.3", ("0.0.0.0", 0), True),
        ("10.1.2.3", ("10.1.2.3", 32), True),
        ("fd00::1", ("10.0.0.0", 0), False),
        ("fd00::1", ("fd00::", 8), True),
    ],
)
def test_an_address_lies_in_a_network(
    address: str,
    network: tuple[str, int],
    expected: bool,  # noqa: FBT001  a table
) -> None:
    text, prefix = network

    assert is_within(pack_address(address), ((pack_address(text), prefix),)) is expected
