from collections.abc import Iterator
from itertools import count

import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables import Nftables
from svcdns.dataplane.nftables_bridge import Bridge
from svcdns.dataplane.nftables_entry import Entry, entry_of, key_text
from svcdns.dataplane.nftables_script import BRIDGE, COMPLETE, FAMILIES, TABLE
from svcdns.dataplane.nftables_table import CHUNK, Others
from svcdns.proxy.diff import diff
from svcdns.proxy.model import TCP, Desired, Kind, ServicePortName, VirtualKey, VirtualServer
from tests.support.nft_memory import MemoryTable, NftMemory

OLD, NEW, NEWER = (FilterOptions(mark=1 << bit) for bit in (14, 15, 16))
"""Layouts: the mark is in its name."""
BOTH = {f"{family} {TABLE}" for family in FAMILIES.values()}
ROW = bytes((10, 1, 0, 1, 31, 144))


class EndedError(Exception):
    """The program has ended."""


class Watched(NftMemory):
    """A kernel that looks after each transaction whether everything is served."""

    def __init__(self) -> None:
        super().__init__()
        self.left = -1
        """Transactions until the program ends; below 0: it goes on."""
        self.gaps: list[str] = []
        self.watched: frozenset[str] = frozenset()

    def run(self, script: str) -> str:
        if self.left == 0:
            raise EndedError
        self.left -= 1
        said = super().run(script)
        if self.watched and not any(self.watched <= served for served in self._served()):
            self.gaps.append(script)
        return said

    def _served(self) -> Iterator[frozenset[str]]:
        for name in (TABLE, BRIDGE):
            table = self.tables.get(f"ip {name}", MemoryTable(is_dormant=True))
            if not table.is_dormant:
                yield frozenset(table.sets["services"])


def virtual(number: int) -> VirtualServer:
    key = VirtualKey(TCP, bytes((10, 96, number >> 8, number & 255)), 80)
    name = ServicePortName("shop", f"s{number}", "")
    return VirtualServer(key, Kind.CLUSTER, name, "random", 0, 0, ROW)


def entry(number: int) -> tuple[VirtualKey, Entry]:
    one = virtual(number)
    return one.key, entry_of(one, b"", NEW)


SOME = {one.key: one for one in map(virtual, range(CHUNK + 1))}
WANTED = Desired(SOME, frozenset(key.address for key in SOME))


async def take_over(kernel: NftMemory, options: FilterOptions) -> None:
    backend = Nftables(options, find_runner=lambda: kernel)
    try:
        await backend.probe()
        await backend.setup()
        needed = diff(WANTED, await backend.read(), drains=False)
        assert await backend.apply(needed, WANTED) == ()
        assert diff(WANTED, await backend.read(), drains=False) == ()
    finally:
        backend.close()


@pytest.mark.parametrize("after", [NEW, OLD, NEWER], ids=["itself", "before it", "after it"])
async def test_everything_is_served_wherever_a_program_ends_and_whichever_follows(
    after: FilterOptions,
) -> None:
    for transactions in count(1):
        kernel = Watched()
        await take_over(kernel, OLD)
        kernel.watched = frozenset(map(key_text, SOME))
        kernel.left = transactions
        try:
            await take_over(kernel, NEW)
        except EndedError:
            kernel.left = -1
            await take_over(kernel, after)
        else:
            break

        assert kernel.gaps == []
        assert kernel.tables.keys() == BOTH
    assert transactions > len(("trial", "bridge", "two chunks", "", "addresses", "wake", "anew"))


async def test_a_first_start_needs_no_bridge() -> None:
    kernel = NftMemory()

    await take_over(kernel, NEW)

    assert not [script for script in kernel.scripts if BRIDGE in script]


async def test_a_bridge_that_cannot_be_made_is_told_and_the_old_table_serves_on() -> None:
    kernel = NftMemory()
    await take_over(kernel, OLD)
    before = dict(kernel.tables)
    kernel.refused = "dormant"

    with pytest.raises(DataplaneError, match=f"make table {BRIDGE}"):
        await take_over(kernel, NEW)

    assert kernel.tables == before


def test_one_that_is_refused_is_left_out_of_the_bridge() -> None:
    kernel = NftMemory()
    kernel.refused = key_text(virtual(1).key)

    Bridge(NEW, lambda: kernel).serve([entry(n) for n in range(3)], Others())

    table = kernel.tables[f"ip {BRIDGE}"]
    assert table.sets["services"].keys() == {key_text(virtual(n).key) for n in (0, 2)}
    assert COMPLETE in table.chains
    assert not table.is_dormant


def test_a_bridge_takes_the_place_of_one_that_was_never_complete() -> None:
    kernel = NftMemory()
    kernel.refused = "complete"
    with pytest.raises(DataplaneError):
        Bridge(OLD, lambda: kernel).serve([entry(1)], Others())
    kernel.refused = ""

    Bridge(NEW, lambda: kernel).serve([entry(2)], Others())

    assert kernel.tables.keys() == {f"{family} {BRIDGE}" for family in FAMILIES.values()}
    services = kernel.tables[f"ip {BRIDGE}"].sets["services"]
    assert services.keys() == {key_text(virtual(2).key)}
