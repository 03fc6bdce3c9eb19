"""In a network namespace of the test's own: rules and sets that the kernel took."""

import subprocess
from collections.abc import Iterator

import pytest

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.filter_iptables import IptablesFilter
from svcdns.proxy.filter_rows import Purpose, Row
from tests.support.namespaces import Network
from tests.support.tools import require

VIP, VIP6 = bytes((10, 96, 0, 1)), bytes(15) + b"\1"
ROWS = frozenset(
    (
        *(
            Row(purpose, VIP, 6, 80)
            for purpose in Purpose
            if purpose.value in {"served", "cluster"}
        ),
        Row(Purpose.SERVED, VIP6, 17, 53),
        Row(Purpose.HAIRPIN, bytes((10, 1, 0, 1)), 132, 8080),
        Row(Purpose.RANGED, VIP, 6, 80),
        Row(Purpose.RANGE, VIP, 6, 80, bytes((192, 0, 2, 0)), 24),
        Row(Purpose.RANGE, VIP, 6, 80, VIP, 32),
        Row(Purpose.ADDRESS, VIP),
        Row(Purpose.ADDRESS, VIP6),
        Row(Purpose.HEALTH, protocol=6, port=30000),
    )
)


@pytest.fixture
def packet_filter() -> Iterator[IptablesFilter]:
    """A packet filter in a kernel without rules."""
    for program, package in (("ipset", "ipset"), ("iptables", "iptables")):
        require(program, package=package)
    with Network() as network, network.inside():
        made = IptablesFilter(FilterOptions(cluster_networks=((bytes((10, 1, 0, 0)), 16),)))
        made.probe()
        made.setup()
        yield made


def saved() -> str:
    programs = ("iptables-save", "ip6tables-save", "iptables-legacy-save", "ip6tables-legacy-save")
    ran = [subprocess.run([one], capture_output=True, text=True, check=True) for one in programs]
    return "".join(one.stdout for one in ran)


def test_rows_come_back_as_they_were_loaded(packet_filter: IptablesFilter) -> None:
    packet_filter.load(ROWS)

    assert packet_filter.read() == ROWS


def test_loading_leaves_exactly_the_new_rows(packet_filter: IptablesFilter) -> None:
    packet_filter.load(ROWS)
    packet_filter.load([Row(Purpose.ADDRESS, VIP)])

    assert packet_filter.read() == frozenset([Row(Purpose.ADDRESS, VIP)])


def test_rows_are_added_and_removed_though_they_are_there_or_gone(
    packet_filter: IptablesFilter,
) -> None:
    one, two = Row(Purpose.ADDRESS, VIP), Row(Purpose.ADDRESS, VIP6)
    packet_filter.load([one])
    packet_filter.change([one, two], [])
    packet_filter.change([], [one, Row(Purpose.SERVED, VIP, 6, 1)])

    assert packet_filter.read() == frozenset([two])


def test_a_rule_that_somebody_deleted_is_noticed_and_made_again(
    packet_filter: IptablesFilter,
) -> None:
    packet_filter.load(ROWS)
    before = saved()
    variant = "iptables-legacy" if "SVCDNS" not in _printed("iptables-save") else "iptables"
    subprocess.run([variant, "-t", "nat", "-F", "IPVS-SVCDNS-SERVICES"], check=True)

    assert packet_filter.read() is None
    packet_filter.load(ROWS)
    assert packet_filter.read() == ROWS
    assert _rules(saved()) == _rules(before)


def test_setting_up_again_keeps_the_rows(packet_filter: IptablesFilter) -> None:
    packet_filter.load(ROWS)
    packet_filter.setup()

    assert packet_filter.read() == ROWS


def test_removing_leaves_nothing_of_ours(packet_filter: IptablesFilter) -> None:
    packet_filter.load(ROWS)
    packet_filter.remove()

    assert "SVCDNS" not in saved()
    assert "SVCDNS" not in _printed("ipset", "save")
    assert packet_filter.read() is None


def _printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _rules(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("-A ")]
