import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.filter import FilterOptions, Purpose, Row
from svcdns.dataplane.filter_nftables import NftablesFilter
from tests.support.nft_memory import NftMemory

VIP = bytes((10, 96, 0, 1))
SERVED = Row(Purpose.SERVED, VIP, 6, 80)
CLUSTER = Row(Purpose.CLUSTER, bytes(16), 17, 53)
OUTER = Row(Purpose.RANGE, VIP, 6, 80, bytes((10, 0, 0, 0)), 8)
INNER = Row(Purpose.RANGE, VIP, 6, 80, bytes((10, 9, 0, 0)), 16)


@pytest.fixture
def kernel() -> NftMemory:
    return NftMemory()


@pytest.fixture
def packet_filter(kernel: NftMemory) -> NftablesFilter:
    return NftablesFilter(FilterOptions(), find_runner=lambda: kernel)


def test_a_trial_leaves_nothing(packet_filter: NftablesFilter, kernel: NftMemory) -> None:
    packet_filter.probe()

    assert kernel.tables == {}
    assert packet_filter.read() is None


def test_what_is_loaded_is_read(packet_filter: NftablesFilter) -> None:
    packet_filter.load([SERVED, CLUSTER, OUTER, INNER])

    assert packet_filter.read() == frozenset({SERVED, CLUSTER, OUTER, INNER})


def test_loading_takes_the_place_of_what_was_there(packet_filter: NftablesFilter) -> None:
    packet_filter.load([SERVED])
    packet_filter.load([CLUSTER])

    assert packet_filter.read() == frozenset({CLUSTER})


def test_a_change_adds_and_removes_and_minds_no_repetition(packet_filter: NftablesFilter) -> None:
    packet_filter.load([SERVED, OUTER, INNER])

    packet_filter.change([CLUSTER, SERVED], [OUTER, OUTER._replace(port=81)])
    packet_filter.change([CLUSTER], [OUTER])

    assert packet_filter.read() == frozenset({SERVED, CLUSTER, INNER})


def test_very_many_rows_come_in_several_transactions(
    packet_filter: NftablesFilter, kernel: NftMemory
) -> None:
    many = [Row(Purpose.SERVED, bytes((10, 96, n >> 8, n & 255)), 6, 80) for n in range(12_000)]

    packet_filter.load(many)

    assert len(kernel.scripts) == 3
    assert packet_filter.read() == frozenset(many)


def test_what_others_changed_is_told(packet_filter: NftablesFilter, kernel: NftMemory) -> None:
    packet_filter.load([SERVED, OUTER, INNER])
    kernel.tables["ip svcdns-ipvs"].sets["served"].clear()
    assert packet_filter.read() == frozenset({OUTER})
    kernel.tables["ip svcdns-ipvs"].chains["services"].pop()

    assert packet_filter.read() is None


def test_a_refusal_names_operation_and_remedy(
    packet_filter: NftablesFilter, kernel: NftMemory
) -> None:
    kernel.refused = "hook"

    with pytest.raises(DataplaneError, match=r"load the packet filter: refused"):
        packet_filter.load([SERVED])


def test_nothing_is_left_after_removal(packet_filter: NftablesFilter, kernel: NftMemory) -> None:
    packet_filter.load([SERVED])

    packet_filter.remove()
    packet_filter.remove()

    assert kernel.tables == {}
