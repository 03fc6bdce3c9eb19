import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.filter import FilterOptions, Purpose, Row
from svcdns.dataplane.filter_nftables_script import (
    apart,
    chains_of,
    element,
    element_commands,
    read_element,
    table_script,
    widths_of,
)

VIP = bytes((10, 96, 0, 1))
PODS = FilterOptions(cluster_networks=((bytes((10, 1, 0, 0)), 16),))

ADDRESSES = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    purpose = draw(st.sampled_from(list(Purpose)))
    port = draw(st.integers(0, 65535))
    if purpose is Purpose.HEALTH:
        return Row(purpose, protocol=6, port=port)
    address = draw(ADDRESSES)
    if purpose is Purpose.ADDRESS:
        return Row(purpose, address)
    row = Row(purpose, address, draw(st.sampled_from([6, 17, 132])), port)
    if purpose is Purpose.RANGE:
        return row._replace(source=address, prefix=len(address) * 8)
    return row


@given(rows())
def test_an_element_is_read_as_its_row(row: Row) -> None:
    assert read_element(row.purpose, element(row)) == row


def test_a_single_address_may_be_written_without_its_length() -> None:
    row = read_element(Purpose.RANGE, "10.96.0.1 . tcp . 80 . 10.3.0.1")

    assert (row.source, row.prefix) == (bytes((10, 3, 0, 1)), 32)


def test_rows_go_to_the_tables_of_their_family() -> None:
    health = Row(Purpose.HEALTH, protocol=6, port=30000)

    assert widths_of(Row(Purpose.ADDRESS, VIP)) == (4,)
    assert widths_of(health) == (4, 16)
    assert list(element_commands("add", [health])) == [
        "add element ip svcdns-ipvs health { 30000 }",
        "add element ip6 svcdns-ipvs health { 30000 }",
    ]


def test_ranges_that_overlap_become_one_and_others_stay() -> None:
    place = Row(Purpose.RANGE, VIP, 6, 80)
    outer = place._replace(source=bytes((10, 0, 0, 0)), prefix=8)
    inner = place._replace(source=bytes((10, 9, 0, 0)), prefix=16)
    elsewhere = inner._replace(port=81)

    assert apart([outer, inner, elsewhere, place._replace(purpose=Purpose.RANGED)]) == {
        outer,
        elsewhere,
        place._replace(purpose=Purpose.RANGED),
    }


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (FilterOptions(masquerade_all=True), "ip daddr . meta l4proto . th dport @cluster jump"),
        (PODS, "ip saddr != { 10.1.0.0/16 } ip daddr . meta l4proto . th dport @cluster jump"),
        (FilterOptions(), "    ip saddr . meta l4proto . th dport @cluster jump marking"),
    ],
)
def test_who_is_masqueraded_at_a_cluster_address(options: FilterOptions, rule: str) -> None:
    assert rule in table_script(4, options)


def test_rules_of_each_chain_are_counted() -> None:
    counts = chains_of(16, PODS)

    assert counts["services"] == 4
    assert counts["filter-input"] == 4
    assert counts["marking"] == 1
    assert counts["nat-prerouting"] == 1
