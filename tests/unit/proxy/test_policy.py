"""Which endpoints may serve, by the tables of the Kubernetes documentation."""

import pytest

from svcdns.cluster.model import EndpointPort, EndpointSlice
from svcdns.proxy.model import unpack_servers
from svcdns.proxy.policy import eligible
from svcdns.wire.name import address_text
from tests.support.proxied import DNS, ENDING, HTTP, READY, UNREADY, endpoints

HERE, THERE = "node-a", "node-b"


def served(rows: bytes) -> list[str]:
    return [f"{address_text(address)}:{port}" for address, port in unpack_servers(rows, 4)]


@pytest.mark.parametrize(
    ("rows", "cluster", "local"),
    [
        pytest.param([("10.1.0.1", READY, HERE)], ["1"], ["1"], id="ready here"),
        pytest.param([("10.1.0.1", READY, THERE)], ["1"], [], id="ready elsewhere"),
        pytest.param(
            [("10.1.0.1", READY, HERE), ("10.1.0.2", READY, THERE)],
            ["1", "2"],
            ["1"],
            id="ready everywhere",
        ),
        pytest.param(
            [("10.1.0.1", ENDING, HERE), ("10.1.0.2", READY, THERE)],
            ["2"],
            ["1"],
            id="ending here while another is ready elsewhere",
        ),
        pytest.param(
            [("10.1.0.1", ENDING, HERE), ("10.1.0.2", ENDING, THERE)],
            ["1", "2"],
            ["1"],
            id="all are ending and still serve",
        ),
        pytest.param([("10.1.0.1", UNREADY, HERE)], [], [], id="not ready"),
        pytest.param(
            [("10.1.0.1", UNREADY, HERE), ("10.1.0.2", READY, HERE)],
            ["2"],
            ["2"],
            id="one of two is ready",
        ),
        pytest.param([], [], [], id="nobody"),
    ],
)
def test_conditions_and_nodes_decide(
    rows: list[tuple[str, int, str]], cluster: list[str], local: list[str]
) -> None:
    found = eligible([endpoints("web", *rows)], HTTP, 4, HERE, "")

    assert served(found.cluster) == [f"10.1.0.{last}:8080" for last in cluster]
    assert served(found.local) == [f"10.1.0.{last}:8080" for last in local]
    assert served(found.ending) == [
        f"{address}:8080" for address, condition, _ in rows if condition == ENDING
    ]


def hinted(
    *, zones: tuple[tuple[str, ...], ...] = (), nodes: tuple[tuple[str, ...], ...] = ()
) -> EndpointSlice:
    return endpoints(
        "web",
        ("10.1.0.1", READY, HERE),
        ("10.1.0.2", READY, THERE),
        zone_hints=zones,
        node_hints=nodes,
    )


@pytest.mark.parametrize(
    ("one", "cluster"),
    [
        pytest.param(hinted(zones=(("z1",), ("z2",))), ["1"], id="for this zone"),
        pytest.param(hinted(zones=(("z1", "z2"), ("z1",))), ["1", "2"], id="both for this zone"),
        pytest.param(hinted(zones=(("z3",), ("z2",))), ["1", "2"], id="nobody for this zone"),
        pytest.param(hinted(zones=(("z1",), ())), ["1", "2"], id="one without a hint"),
        pytest.param(hinted(nodes=((HERE,), (THERE,))), ["1"], id="for this node"),
        pytest.param(
            hinted(zones=(("z1",), ("z1",)), nodes=((THERE,), (HERE,))), ["2"], id="nodes go first"
        ),
        pytest.param(
            hinted(zones=(("z2",), ("z1",)), nodes=(("x",), ("y",))), ["2"], id="else zones"
        ),
    ],
)
def test_hints_count_only_if_every_ready_endpoint_has_them(
    one: EndpointSlice, cluster: list[str]
) -> None:
    found = eligible([one], HTTP, 4, HERE, "z1")

    assert served(found.cluster) == [f"10.1.0.{last}:8080" for last in cluster]
    assert served(found.local) == ["10.1.0.1:8080"], "hints never concern the Local policy"


def test_a_server_in_two_slices_counts_once_and_what_does_not_end_wins() -> None:
    slices = [
        endpoints("web", ("10.1.0.1", ENDING, HERE), name="a"),
        endpoints("web", ("10.1.0.1", READY, HERE), name="b"),
        endpoints("web", ("10.1.0.1", ENDING, HERE), name="c"),
    ]

    found = eligible(slices, HTTP, 4, HERE, "")

    assert served(found.cluster) == ["10.1.0.1:8080"]


def test_ports_are_found_by_name_and_protocol() -> None:
    ports = (EndpointPort("http", "UDP", 1), EndpointPort("dns", "UDP", 5353))
    slices = [
        endpoints("web", ("10.1.0.1", READY, HERE), ports=ports),
        endpoints("web", ("10.1.0.2", READY, HERE), ports=(EndpointPort("dns", "UDP", None),)),
    ]

    assert served(eligible(slices, HTTP, 4, HERE, "").cluster) == []
    assert served(eligible(slices, DNS, 4, HERE, "").cluster) == ["10.1.0.1:5353"]


def test_a_slice_of_the_other_family_does_not_count() -> None:
    one = endpoints("web", ("fd00::1", READY, HERE))

    assert not eligible([one], HTTP, 4, HERE, "").cluster
    assert eligible([one], HTTP, 16, HERE, "").cluster
