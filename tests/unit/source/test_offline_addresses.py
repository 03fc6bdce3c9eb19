"""Addresses that are given out are free, in range, the same each time, and stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.structs import ServiceSpec
from svcdns.source.offline_addresses import (
    DEFAULT_RANGES,
    Request,
    assign,
    families,
    missing_families,
    read_ranges,
)
from svcdns.wire.name import address_text, pack_address

RANGES = read_ranges(DEFAULT_RANGES)
SMALL = read_ranges(["10.96.0.0/28"])
NAMES = [("shop", f"web-{n}") for n in range(8)] + [("default", "kubernetes")]
REQUESTS = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from((4, 16))))
TAKEN = st.sets(st.integers(0, 15).map(lambda n: pack_address(f"10.96.0.{n}")))


@given(REQUESTS, TAKEN, REQUESTS)
def test_every_address_is_free_in_range_and_given_once(
    requests: set[Request], taken: set[bytes], earlier: set[Request]
) -> None:
    previous = assign(earlier, SMALL, (), {})

    given_out = assign(requests, SMALL, taken, previous)

    addresses = [*given_out.values()]
    assert len(set(addresses)) == len(addresses)
    assert not taken.intersection(addresses)
    assert all(SMALL[4].holds(address) for address in addresses)
    assert given_out.keys() <= {request for request in requests if request[1] == 4}


@given(REQUESTS, REQUESTS)
def test_an_address_that_was_given_out_stays_when_others_come_and_go(
    first: set[Request], second: set[Request]
) -> None:
    before = assign(first, RANGES, (), {})

    after = assign(second, RANGES, (), before)

    for request in first & second:
        assert after[request] == before[request]


@given(st.permutations([(name, 4) for name in NAMES]))
def test_the_order_of_requests_does_not_matter(requests: list[Request]) -> None:
    assert assign(requests, SMALL, (), {}) == assign(sorted(requests), SMALL, (), {})


def test_an_address_that_somebody_wrote_wins_over_one_given_out() -> None:
    request = (("shop", "web"), 4)
    before = assign([request], RANGES, (), {})

    after = assign([request], RANGES, before.values(), before)

    assert after[request] != before[request]


def test_the_same_name_has_the_same_address_on_every_machine() -> None:
    gateway = ("shop", "gateway")

    assert assign([(gateway, 4), (gateway, 16)], RANGES, (), {}) == {
        (gateway, 4): pack_address("10.96.144.181"),
        (gateway, 16): pack_address("fd00:10:96::90b5"),
    }


@pytest.mark.parametrize(
    ("key", "width", "address"),
    [
        pytest.param(("default", "kubernetes"), 4, "10.96.0.1", id="kubernetes"),
        pytest.param(("kube-system", "kube-dns"), 4, "10.96.0.10", id="kube-dns"),
        pytest.param(("kube-system", "kube-dns"), 16, "fd00:10:96::a", id="kube-dns in IPv6"),
    ],
)
def test_two_services_have_the_addresses_of_custom(
    key: tuple[str, str], width: int, address: str
) -> None:
    assert assign([(key, width)], RANGES, (), {}) == {(key, width): pack_address(address)}


def test_nobody_else_gets_the_addresses_of_custom() -> None:
    requests = [(("shop", f"web-{n}"), 4) for n in range(20)]

    given_out = assign(requests, SMALL, (), {})

    # 16 addresses, without the first, the last, .1 and .10.
    assert len(given_out) == 12
    assert not {"10.96.0.1", "10.96.0.10"}.intersection(map(address_text, given_out.values()))


def test_custom_gives_way_to_an_address_that_is_written() -> None:
    request = (("default", "kubernetes"), 4)

    given_out = assign([request], RANGES, [pack_address("10.96.0.1")], {})

    assert given_out[request] not in {pack_address("10.96.0.1"), pack_address("10.96.0.10")}


def test_an_address_of_another_range_does_not_stay() -> None:
    request = (("shop", "web"), 4)
    before = {request: pack_address("10.96.0.77")}

    after = assign([request], read_ranges(["10.200.0.0/24"]), (), before)

    assert address_text(after[request]).startswith("10.200.0.")


@pytest.mark.parametrize(
    ("spec", "wanted", "missing"),
    [
        pytest.param(ServiceSpec(), (4,), (4,), id="nothing said"),
        pytest.param(ServiceSpec(cluster_ip="None"), (4,), (), id="headless"),
        pytest.param(ServiceSpec(type="ExternalName"), (4,), (), id="ExternalName"),
        pytest.param(ServiceSpec(cluster_ip="10.96.0.9"), (4,), (), id="written"),
        pytest.param(ServiceSpec(cluster_ip="fd00::9"), (16,), (), id="IPv6 written"),
        pytest.param(ServiceSpec(cluster_ip="10.96.0.999"), (4,), (), id="a mistake is no wish"),
        pytest.param(ServiceSpec(ip_families=["IPv6"]), (16,), (16,), id="IPv6 asked for"),
        pytest.param(
            ServiceSpec(ip_families=["IPv6", "IPv4"]), (16, 4), (16, 4), id="both, IPv6 first"
        ),
        pytest.param(
            ServiceSpec(ip_family_policy="PreferDualStack"), (4, 16), (4, 16), id="prefers both"
        ),
        pytest.param(
            ServiceSpec(ip_family_policy="RequireDualStack", ip_families=["IPv6"]),
            (16, 4),
            (16, 4),
            id="needs both",
        ),
        pytest.param(
            ServiceSpec(ip_family_policy="RequireDualStack", cluster_ips=["10.96.0.9"]),
            (4, 16),
            (16,),
            id="the second one is missing",
        ),
        pytest.param(ServiceSpec(ip_family_policy="SingleStack"), (4,), (4,), id="one"),
        pytest.param(ServiceSpec(ip_families=["ipv6", "IPv4"]), (4,), (4,), id="no such family"),
    ],
)
def test_a_service_has_the_families_it_asks_for(
    spec: ServiceSpec, wanted: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    assert families(spec) == wanted
    assert missing_families(spec) == missing


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        pytest.param(["10.96.0.0"], "no room", id="one address"),
        pytest.param(["10.96.0.1/16"], "is not an address range", id="host bits"),
        pytest.param(["all"], "'all' is not an address range, such as 10.96.0.0/16", id="word"),
        pytest.param(["10.96.0.0/16", "10.97.0.0/16"], "is a second IPv4 range", id="two"),
    ],
)
def test_a_range_that_is_none_is_named(texts: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_ranges(texts)


def test_without_a_range_nothing_is_given_out() -> None:
    assert assign([(("shop", "web"), 4)], read_ranges([]), (), {}) == {}
