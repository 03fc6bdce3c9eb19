from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import (
    Entry,
    Shape,
    apart,
    can_serve,
    entry_of,
    key_text,
    place_name,
)
from svcdns.proxy.model import (
    PERSISTENT,
    SCHED_1,
    SCTP,
    TCP,
    Kind,
    ServicePortName,
    VirtualKey,
    VirtualServer,
)

WEB = ServicePortName("shop", "web", "")
KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)
ROWS = bytes((10, 1, 0, 1, 31, 144))
PODS = FilterOptions(cluster_networks=((bytes((10, 1, 0, 0)), 16),))

SHAPES = st.builds(
    Shape,
    st.sampled_from(["all", "outside", "plain"]),
    st.sampled_from(["random", "rr", "sh", "dh"]),
    st.integers(0, 1000),
    st.sampled_from(["tcp", "udp", "sctp"]),
    st.integers(0, 1000),
    st.integers(0, 86400),
    st.sampled_from(["", "0123abcd"]),
    st.sampled_from(["", "/10.96.0.1-80", "/fd00__1-80"]),
)


@given(SHAPES)
def test_a_chain_tells_by_its_name_what_it_does(shape: Shape) -> None:
    assert Shape.named(shape.name) == shape


@pytest.mark.parametrize("name", ["services", "layout-0123", "all-lc-3-tcp", ""])
def test_other_chains_are_none_of_these(name: str) -> None:
    assert Shape.named(name) is None


def test_flags_follow_from_the_shape() -> None:
    assert Shape("all", "random", 1, "tcp").flags == 0
    assert Shape("all", "sh", 1, "tcp", held=30).flags == PERSISTENT | SCHED_1


@pytest.mark.parametrize(
    ("one", "options", "chain"),
    [
        (
            VirtualServer(KEY, Kind.CLUSTER, WEB, "random", servers=ROWS),
            PODS,
            "outside-random-1-tcp",
        ),
        (
            VirtualServer(KEY, Kind.CLUSTER, WEB, "random", servers=ROWS),
            FilterOptions(),
            "plain-random-1-tcp",
        ),
        (
            VirtualServer(KEY, Kind.CLUSTER, WEB, "sh", servers=ROWS),
            FilterOptions(masquerade_all=True),
            "all-sh-1-tcp",
        ),
        (VirtualServer(KEY, Kind.NODE, WEB, "random", servers=ROWS), PODS, "all-random-1-tcp"),
        (
            VirtualServer(KEY, Kind.NODE, WEB, "random", servers=ROWS, external_local=True),
            PODS,
            "plain-random-1-tcp",
        ),
    ],
)
def test_who_is_masqueraded_is_part_of_the_chain(
    one: VirtualServer, options: FilterOptions, chain: str
) -> None:
    assert entry_of(one, b"", options) == Entry(chain, servers=ROWS)


def test_what_keeps_something_has_a_chain_of_its_own() -> None:
    turns = VirtualServer(KEY, Kind.CLUSTER, WEB, "rr", servers=ROWS)
    held = VirtualServer(KEY, Kind.CLUSTER, WEB, "random", PERSISTENT, 30, ROWS)

    names = [entry_of(one, b"", PODS).chain for one in (turns, held)]

    assert all(name.endswith("/10.96.0.1-80") for name in names)
    assert "-held30-" in names[1]


def test_another_list_of_servers_is_another_chain_where_rules_name_them() -> None:
    one = VirtualServer(KEY, Kind.CLUSTER, WEB, "rr", PERSISTENT, 30, ROWS)
    other = replace(one, servers=ROWS[:-1] + b"\x91")

    assert entry_of(one, b"", PODS).chain != entry_of(other, b"", PODS).chain


def test_who_takes_turns_goes_on_with_other_servers() -> None:
    one = VirtualServer(KEY, Kind.CLUSTER, WEB, "rr", servers=ROWS)
    other = replace(one, servers=ROWS[:-1] + b"\x91")

    assert entry_of(one, b"", PODS).chain == entry_of(other, b"", PODS).chain


@pytest.mark.parametrize(("drops", "verdict"), [(False, "goto refuse"), (True, "drop")])
def test_nobody_serving_is_a_refusal_or_silence(drops: bool, verdict: str) -> None:  # noqa: FBT001 - a table
    one = VirtualServer(KEY, Kind.CLUSTER, WEB, drops=drops)

    assert entry_of(one, b"", PODS) == Entry(refusal=verdict)


def test_ranges_that_overlap_become_one() -> None:
    outer, inner = (bytes((10, 0, 0, 0)), 8), (bytes((10, 9, 0, 0)), 16)
    six = (bytes(16), 0)

    assert apart((inner, outer, six)) == (outer, six)


def test_names_hold_no_colon() -> None:
    assert place_name(bytes(15) + b"\x01", 53) == "__1-53"


def test_a_key_is_written_as_an_element() -> None:
    assert key_text(KEY._replace(protocol=SCTP)) == "10.96.0.1 . sctp . 80"


def test_what_rules_cannot_do_is_told() -> None:
    assert can_serve(VirtualServer(KEY, Kind.CLUSTER, WEB, "rr")) == ""
    assert "lc" in can_serve(VirtualServer(KEY, Kind.CLUSTER, WEB, "lc"))
    odd = VirtualServer(KEY._replace(protocol=1), Kind.CLUSTER, WEB)
    assert "TCP, UDP, SCTP" in can_serve(odd)
