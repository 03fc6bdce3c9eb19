"""Verdicts of the packet filter that IPVS has beside it, without IPVS.

A virtual address is on the node's loopback, or pod b1 has it and the node sends packets there.
"""

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from svcdns.dataplane.filter import FilterOptions, Purpose, Row
from svcdns.dataplane.filter_nftables import NftablesFilter
from svcdns.dataplane.filter_nftables_script import TABLE
from svcdns.wire.name import pack_address
from tests.support.driven_mode import OPTIONS
from tests.support.ipvs_world import CLIENTS, PORT, flow, inside, is_silent, reached, shell
from tests.support.proxy_scenarios import NODE, VIP

TCP, UDP = 6, 17
ELSEWHERE = "10.96.0.7"
"""An address that pod b1 has."""


@pytest.fixture(autouse=True)
def _places(world: None, mode: str) -> Iterator[None]:  # noqa: ARG001 - it is there
    if mode != "nftables":
        pytest.skip("the packet filter is tried once, beside the mode nftables")
    shell(
        f"ip addr add {VIP}/32 dev lo",
        f"ip -n b1 addr add {ELSEWHERE}/32 dev lo",
        f"ip route add {ELSEWHERE}/32 via 10.1.1.2",
    )
    yield
    shell(
        f"ip addr del {VIP}/32 dev lo",
        f"ip -n b1 addr del {ELSEWHERE}/32 dev lo",
        f"ip route del {ELSEWHERE}/32",
    )


@pytest.fixture
def packet_filter() -> Iterator[NftablesFilter]:
    made = NftablesFilter(OPTIONS)
    made.probe()
    yield made
    made.remove()


@pytest.fixture
def listening() -> Iterator[None]:
    """The node itself listens on ports 80 and 81."""
    with socket.create_server(("0.0.0.0", 80)), socket.create_server(("0.0.0.0", 81)):
        yield


def row(
    purpose: Purpose, address: str = VIP, port: int = 80, protocol: int = TCP, range_: str = ""
) -> Row:
    network, _, prefix = range_.partition("/")
    source = pack_address(network) if network else b""
    return Row(purpose, pack_address(address), protocol, port, source, int(prefix or 0))


def answers(port: int, source: str = "", address: str = VIP) -> str:
    """Return how a connection of the client begins: open, refused or silence."""
    with inside("c1"), socket.socket() as sock:
        sock.settimeout(0.7)
        if source:
            sock.bind((source, 0))
        try:
            sock.connect((address, port))
        except TimeoutError:
            return "silence"
        except ConnectionRefusedError:
            return "refused"
    return "open"


@pytest.mark.usefixtures("listening")
def test_what_is_served_is_let_in_and_other_ports_of_the_address_are_closed(
    packet_filter: NftablesFilter,
) -> None:
    packet_filter.load([row(Purpose.SERVED), Row(Purpose.ADDRESS, pack_address(VIP))])

    assert answers(80) == "open"
    assert answers(81) == "refused"
    assert answers(81, address=NODE) == "open"


@pytest.mark.usefixtures("listening")
def test_a_health_port_is_let_in(packet_filter: NftablesFilter) -> None:
    health = Row(Purpose.HEALTH, protocol=TCP, port=81)
    packet_filter.load([Row(Purpose.ADDRESS, pack_address(VIP)), health])
    assert answers(81) == "open"

    packet_filter.change([], [health])

    assert answers(81) == "refused"


@pytest.mark.usefixtures("listening")
def test_what_is_refused_gets_a_reset_and_what_is_dropped_gets_nothing(
    packet_filter: NftablesFilter,
) -> None:
    served = [row(Purpose.SERVED), row(Purpose.SERVED, port=81)]
    packet_filter.load([*served, row(Purpose.REFUSED), row(Purpose.DROPPED, port=81)])

    assert reached(VIP, count=20) == Counter(ConnectionRefusedError=20)
    assert answers(81) == "silence"


def test_udp_that_is_refused_is_told_so(packet_filter: NftablesFilter) -> None:
    packet_filter.load([row(Purpose.REFUSED, port=53, protocol=UDP)])

    assert reached(VIP, 53, udp=True, count=1) == Counter(ConnectionRefusedError=1)


@pytest.mark.usefixtures("listening")
def test_ranges_let_their_clients_in_also_where_they_overlap(packet_filter: NftablesFilter) -> None:
    ranges = [row(Purpose.RANGE, range_=one) for one in ("10.3.0.0/24", "10.3.0.2/32")]
    packet_filter.load([row(Purpose.SERVED), row(Purpose.RANGED), *ranges])

    assert answers(80, CLIENTS[1]) == "open"
    assert answers(80, CLIENTS[2]) == "open"
    assert answers(80) == "silence"
    packet_filter.change([], ranges[:1])
    assert answers(80, CLIENTS[1]) == "open"
    assert answers(80, CLIENTS[2]) == "silence"


@pytest.mark.usefixtures("listening")
def test_a_range_of_all_addresses_lets_all_in(packet_filter: NftablesFilter) -> None:
    packet_filter.load([row(Purpose.RANGED), row(Purpose.RANGE, range_="0.0.0.0/0")])

    assert answers(80) == "open"


def test_ranges_hold_for_the_node_itself(packet_filter: NftablesFilter) -> None:
    packet_filter.load([row(Purpose.RANGED, ELSEWHERE, PORT)])

    assert is_silent("", ELSEWHERE, PORT)


def test_a_masqueraded_row_hides_every_client(packet_filter: NftablesFilter) -> None:
    packet_filter.load([])
    assert _seen("c1") == "192.0.2.2"

    packet_filter.change([row(Purpose.MASQUERADED, ELSEWHERE, PORT)], [])

    assert _seen("c1") == "10.1.1.1"
    assert _seen("b2") == "10.1.1.1"


def test_a_cluster_row_hides_clients_that_are_no_pods(packet_filter: NftablesFilter) -> None:
    packet_filter.load([row(Purpose.CLUSTER, ELSEWHERE, PORT)])

    assert _seen("c1") == "10.1.1.1"
    assert _seen("b2") == "10.1.2.2"


def test_all_clients_of_cluster_rows_are_hidden_if_asked_for() -> None:
    packet_filter = NftablesFilter(FilterOptions(masquerade_all=True))
    packet_filter.load([row(Purpose.CLUSTER, ELSEWHERE, PORT)])

    assert _seen("b2") == "10.1.1.1"
    packet_filter.remove()


def test_a_pod_that_reaches_itself_sees_the_node(packet_filter: NftablesFilter) -> None:
    packet_filter.load([row(Purpose.HAIRPIN, "10.1.1.2", PORT)])
    shell(
        "nft add table ip standin",
        "nft 'add chain ip standin pre { type nat hook prerouting priority -100; }'",
        "nft add rule ip standin pre ip daddr 203.0.113.77 dnat to 10.1.1.2",
    )

    one = flow("b1", "203.0.113.77", PORT)

    assert one.seen == "10.1.1.1"
    one.close()
    shell("nft delete table ip standin")


@pytest.mark.usefixtures("listening")
def test_port_mappings_of_others_do_not_get_what_is_served(packet_filter: NftablesFilter) -> None:
    shell(
        "nft add table ip standin",
        "nft 'add chain ip standin pre { type nat hook prerouting priority -100; }'",
        "nft add rule ip standin pre fib daddr type local tcp dport 80 dnat to 10.1.3.2:8080",
    )
    packet_filter.load([])
    assert reached(VIP, count=1) == Counter(b3=1)

    packet_filter.change([row(Purpose.SERVED)], [])

    assert answers(80) == "open"
    with pytest.raises(TimeoutError):
        _first_octets(VIP)
    shell("nft delete table ip standin")


def test_what_is_loaded_is_read_and_what_is_changed_by_others_is_noticed(
    packet_filter: NftablesFilter,
) -> None:
    rows = frozenset({row(Purpose.SERVED), row(Purpose.CLUSTER), row(Purpose.RANGED)})
    packet_filter.load(rows)
    assert packet_filter.read() == rows
    shell(f"nft delete element ip {TABLE} ranged '{{ {VIP} . tcp . 80 }}'")
    assert packet_filter.read() == rows - {row(Purpose.RANGED)}
    shell(f"nft flush chain ip {TABLE} services")

    assert packet_filter.read() is None


def _seen(place: str) -> str:
    one = flow(place, ELSEWHERE, PORT)
    one.close()
    return one.seen


def _first_octets(address: str) -> bytes:
    with inside("c1"), socket.create_connection((address, 80), 0.7) as sock:
        return sock.recv(10)
