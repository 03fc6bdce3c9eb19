from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import Entry, Shape
from svcdns.dataplane.nftables_script import (
    FAMILIES,
    TABLE,
    Elements,
    chain_script,
    held_name,
    held_names,
    held_start,
    layout_name,
    map_of,
    put_difference,
    renamed,
    table_script,
)
from svcdns.proxy.model import TCP, VirtualKey
from tests.support.nft_memory import NftMemory

KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)
PODS = FilterOptions(cluster_networks=((bytes((10, 1, 0, 0)), 16),))
ROWS = bytes((10, 1, 0, 1, 31, 144, 10, 1, 0, 2, 31, 144))
HELD = Shape("all", "random", 2, "tcp", held=30, digest="0123abcd", own="/10.96.0.1-80")

CHAINS = ("plain-random-1-tcp", "plain-random-2-tcp", "plain-rr-1-tcp/10.96.0.1-80")
RANGES = st.sets(st.sampled_from([(bytes((n, 0, 0, 0)), 8) for n in range(4)])).map(
    lambda some: tuple(sorted(some))
)
ROWS_OF = st.integers(0, 3).map(lambda n: bytes((10, n, 0, 1, 31, 144)) * n)
ENTRIES = st.one_of(
    st.just(Entry()),
    st.tuples(st.sampled_from(["drop", "goto refuse"]), RANGES).map(
        lambda one: Entry(refusal=one[0], ranges=one[1])
    ),
    st.tuples(
        st.sampled_from(CHAINS),
        st.just(""),
        ROWS_OF,
        ROWS_OF,
        RANGES,
    ).map(lambda one: Entry(*one)),
)


def test_the_layout_is_told_by_a_chain_that_changes_with_the_options() -> None:
    others = (FilterOptions(), FilterOptions(mark=1), FilterOptions(masquerade_all=True), PODS)

    names = {layout_name(options) for options in others}

    assert len(names) == len(others)
    assert all(f"chain {layout_name(one)} {{ }}" in table_script(4, one) for one in others)


def test_a_command_for_another_table_is_the_same_else() -> None:
    assert renamed("add element ip svcdns a { svcdns }", "other") == (
        "add element ip other a { svcdns }"
    )
    assert renamed(table_script(4, PODS), "other").startswith("table ip other {")


def test_pods_are_those_of_the_family() -> None:
    assert "elements = { 10.1.0.0/16 }" in table_script(4, PODS)
    assert "elements" not in table_script(16, PODS)


@pytest.mark.parametrize("width", FAMILIES)
@pytest.mark.parametrize("hook", ["prerouting", "output"])
def test_what_finds_no_server_while_they_change_looks_once_more(width: int, hook: str) -> None:
    kernel = NftMemory()

    kernel.run(table_script(width, PODS))

    head = f"type nat hook {hook} priority -100"
    chains = kernel.tables[f"{FAMILIES[width]} {TABLE}"].chains.values()
    assert [rules for rules in chains if rules[:1] == [head]] == [[head, "jump services"]] * 2


def test_a_chain_draws_a_number_and_looks_the_server_up() -> None:
    shape = Shape("all", "sh", 3, "udp")

    add, rule = chain_script(4, shape, b"", PODS)

    assert add == "add chain ip svcdns all-sh-3-udp"
    assert rule.endswith(
        "meta mark set meta mark | 16384 dnat ip to ip daddr . udp dport ."
        " jhash ip saddr mod 3 seed 24301 map @servers-udp"
    )


def test_clients_that_are_no_pods_are_marked_first() -> None:
    _, mark, balance = chain_script(16, Shape("outside", "random", 2, "tcp"), b"", PODS)

    assert mark.strip().endswith("ip6 saddr != @pods meta mark set meta mark | 16384")
    assert "numgen random mod 2" in balance


def test_turns_are_drawn_from_a_map_that_few_share() -> None:
    turns = Shape("plain", "rr", 2, "tcp")
    shapes = [turns._replace(own=f"/10.96.{n // 250}.{n % 250}-80") for n in range(999)]

    chain, made, rule = chain_script(4, shapes[0], b"", PODS)

    name = map_of(shapes[0])
    assert chain == "add chain ip svcdns plain-rr-2-tcp/10.96.0.0-80"
    assert made.startswith(f"add map ip svcdns {name} {{ typeof ip daddr . tcp dport . ")
    assert rule.endswith(f" dnat ip to ip daddr . tcp dport . numgen inc mod 2 map @{name}")
    assert max(Counter(map(map_of, shapes)).values()) < 20


def test_only_turns_have_maps_of_their_own() -> None:
    turns = Shape("plain", "rr", 2, "udp", own="/10.96.0.1-53")
    others = (
        turns._replace(scheduler="random"),
        turns._replace(held=30),
        turns._replace(servers=0, near=2),
    )

    assert map_of(turns).startswith("turns-udp-")
    assert {map_of(one) for one in others} == {"servers-udp"}


def test_a_held_client_is_looked_for_before_anybody_is_drawn() -> None:
    lines = [line for line in chain_script(4, HELD, ROWS, PODS) if line.startswith("add rule")]

    assert ["saddr @held/" in line for line in lines] == [True, True, False, False]
    assert "numgen random mod 2 == 0" in lines[2]
    assert "numgen" not in lines[3]
    assert all("timeout 30s" in line for line in lines)


def test_a_held_client_of_a_hash_has_its_number() -> None:
    lines = list(chain_script(4, HELD._replace(scheduler="sh"), ROWS, PODS))

    assert "jhash ip saddr mod 2 seed 24301 == 1" in lines[-1]


def test_sets_of_held_clients_are_told_by_their_names() -> None:
    name = held_name(HELD, bytes((10, 1, 0, 1)), 8080)

    assert name == f"{held_start(HELD)}10.1.0.1-8080"
    assert name in held_names(4, HELD, ROWS)
    assert held_names(4, HELD._replace(held=0), ROWS) == frozenset()


def test_without_servers_the_node_and_its_pods_are_served_and_others_dropped() -> None:
    shape = Shape("plain", "random", 0, "tcp", near=2, own="/10.96.0.1-80")

    _, pods, node, rest = chain_script(4, shape, b"", PODS)

    assert "saddr @pods dnat" in pods
    assert "fib saddr type local meta mark set" in node
    assert "offset 32768" in node
    assert rest.endswith(" ip saddr != @pods fib saddr type != local drop")


@given(ENTRIES, ENTRIES)
def test_a_difference_leads_from_one_entry_to_the_other(old: Entry, new: Entry) -> None:
    step, direct = NftMemory(), NftMemory()
    for kernel in (step, direct):
        kernel.run(table_script(4, PODS))
        kernel.run(
            "\n".join(
                line
                for chain in CHAINS
                if (shape := Shape.named(chain))
                for line in chain_script(4, shape, b"", PODS)
            )
            + "\n"
        )

    _write(step, Entry(), old)
    _write(step, old, new)
    _write(direct, Entry(), new)

    assert step.tables == direct.tables


def _write(kernel: NftMemory, old: Entry, new: Entry) -> None:
    deleted, added = Elements(), Elements()
    put_difference(KEY, old, new, deleted, added)
    if deleted or added:
        kernel.run("\n".join([*deleted.commands("delete"), *added.commands("add")]) + "\n")
