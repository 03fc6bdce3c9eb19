import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.libnftables import ScriptError
from svcdns.dataplane.nftables_entry import NOTHING, entry_of
from svcdns.dataplane.nftables_script import BRIDGE, TABLE, table_script
from svcdns.dataplane.nftables_table import Others, Table
from svcdns.proxy.model import PERSISTENT, TCP, Kind, ServicePortName, VirtualKey, VirtualServer
from tests.support.nft_memory import NftMemory

KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)
ROWS = bytes((10, 1, 0, 1, 31, 144, 10, 1, 0, 2, 31, 144))
OPTIONS = FilterOptions()


def held(rows: bytes) -> VirtualServer:
    name = ServicePortName("shop", "web", "")
    return VirtualServer(KEY, Kind.CLUSTER, name, "random", PERSISTENT, 30, rows)


@pytest.fixture
def kernel() -> NftMemory:
    return NftMemory()


@pytest.fixture
def table(kernel: NftMemory) -> Table:
    made = Table(OPTIONS, lambda: kernel)
    made.read()
    return made


def test_it_is_known_until_somebody_changes_a_rule(table: Table, kernel: NftMemory) -> None:
    table.write([(KEY, entry_of(held(ROWS), b"", OPTIONS))])
    assert table.is_as_known()

    kernel.touch()

    assert not table.is_as_known()


def test_chains_and_held_clients_of_nobody_go_later(table: Table, kernel: NftMemory) -> None:
    table.write([(KEY, entry_of(held(ROWS), b"", OPTIONS))])
    table.write([(KEY, NOTHING)])

    table.sweep()

    assert any(name.startswith("plain-") for name in kernel.tables["ip svcdns"].chains)


def test_chains_and_held_clients_of_nobody_go_in_the_end(kernel: NftMemory) -> None:
    table = Table(OPTIONS, lambda: kernel, stale_seconds=0)
    table.read()
    table.write([(KEY, entry_of(held(ROWS), b"", OPTIONS))])
    table.write([(KEY, entry_of(held(ROWS[:6]), b"", OPTIONS))])

    table.sweep()

    there = kernel.tables["ip svcdns"]
    assert len([name for name in there.chains if name.startswith("plain-")]) == 1
    assert [name for name in there.sets if name.startswith("held/")] == [
        "held/tcp-10.96.0.1-80/10.1.0.1-8080"
    ]


def test_a_chain_that_is_used_again_stays(kernel: NftMemory) -> None:
    table = Table(OPTIONS, lambda: kernel, stale_seconds=0)
    table.read()
    entry = entry_of(held(ROWS), b"", OPTIONS)
    for one in (entry, NOTHING, entry):
        table.write([(KEY, one)])

    table.sweep()

    assert entry.chain in kernel.tables["ip svcdns"].chains


def test_what_an_earlier_process_left_of_nobody_goes(table: Table, kernel: NftMemory) -> None:
    table.write([(KEY, entry_of(held(ROWS), b"", OPTIONS))])
    table.write([(KEY, NOTHING)])
    after = Table(OPTIONS, lambda: kernel, stale_seconds=0)
    after.read()

    after.sweep()

    there = kernel.tables["ip svcdns"]
    assert not [name for name in (*there.chains, *there.sets) if "10.96.0.1" in name]


def test_sets_of_addresses_hold_exactly_what_is_wanted(table: Table, kernel: NftMemory) -> None:
    one, other = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
    table.write_others(Others(frozenset({one}), frozenset({one})))
    table.write_others(Others(frozenset({other}), frozenset({one, other})))

    sets = kernel.tables["ip svcdns"].sets

    assert sets["addresses"].keys() == {"10.0.0.2"}
    assert sets["hairpins"].keys() == {"10.0.0.1 . 10.0.0.1", "10.0.0.2 . 10.0.0.2"}


def test_a_refusal_changes_nothing(table: Table, kernel: NftMemory) -> None:
    kernel.refused = "10.1.0.2"

    with pytest.raises(ScriptError):
        table.write([(KEY, entry_of(held(ROWS), b"", OPTIONS))])

    assert table.entries == {}


def test_a_kernel_that_has_no_tables_is_told_with_what_helps(kernel: NftMemory) -> None:
    kernel.refused = "hook"
    table = Table(OPTIONS, lambda: kernel)

    with pytest.raises(DataplaneError, match=r"try nftables.*\n.*modprobe"):
        table.probe()
    with pytest.raises(DataplaneError, match="make table svcdns"):
        table.read()


def test_a_table_of_another_layout_is_left_alone_and_not_written_to(kernel: NftMemory) -> None:
    kernel.run(table_script(4, FilterOptions(mark=1)))
    before = len(kernel.tables[f"ip {TABLE}"].chains)
    table = Table(OPTIONS, lambda: kernel)

    table.read()

    assert table.is_outdated
    assert table.entries == {}
    with pytest.raises(ScriptError, match="made anew soon"):
        table.write([(KEY, entry_of(held(ROWS), b"", OPTIONS))])
    with pytest.raises(ScriptError, match="made anew soon"):
        table.write_others(Others(frozenset({KEY.address})))
    assert len(kernel.tables[f"ip {TABLE}"].chains) == before


def test_a_bridge_goes_where_there_is_one(table: Table, kernel: NftMemory) -> None:
    kernel.run(f"add table ip6 {BRIDGE}\n")
    table.read()

    table.delete_bridge()

    assert kernel.tables.keys() == {f"ip {TABLE}", f"ip6 {TABLE}"}
    assert table.is_as_known()


def test_no_bridge_is_left(table: Table, kernel: NftMemory) -> None:
    kernel.run(f"add table ip {BRIDGE}\n")

    table.delete()

    assert kernel.tables == {}


def test_no_table_is_left(table: Table, kernel: NftMemory) -> None:
    table.delete()

    assert kernel.tables == {}
