"""From what the kernel has in the table to entries: the way back from `nftables_script`.

Pure. Source: nf_tables.h; nft(8), SETS, on concatenations.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import NEAR, PROTOCOLS, Entry, Shape
from svcdns.dataplane.nftables_messages import Element
from svcdns.dataplane.nftables_script import chain_script, layout_name
from svcdns.proxy.model import VirtualKey

FIXED_RULES = {
    "refuse": 2,
    "services": 1,
    "allowed": 2,
    "ranged": 1,
    "refused": 1,
    "closed": 1,
    "nat-prerouting": 1,
    "nat-prerouting-again": 1,
    "nat-output": 1,
    "nat-output-again": 1,
    "nat-postrouting": 3,
    "filter-prerouting": 1,
    "filter-input": 2,
    "filter-forward": 2,
    "filter-output": 2,
    "filter-translated": 1,
}
"""Rules of each chain of `table_script`."""

_PART = 4
"""Each part of a key or value fills so many octets, or a multiple."""


class Contents(NamedTuple):
    """One table as the kernel tells it."""

    chains: Mapping[str, int]
    """Rules by chain."""
    sets: frozenset[str]
    elements: Callable[[str], Iterable[Element]]
    """Of the set or map of that name."""

    def is_whole(self, options: FilterOptions) -> bool:
        """Return whether the fixed chains are those that `table_script` makes."""
        fixed = {name: self.chains.get(name) for name in FIXED_RULES}
        return layout_name(options) in self.chains and fixed == FIXED_RULES


class Listing(NamedTuple):
    """One family's table as it is in the kernel."""

    entries: Mapping[VirtualKey, Entry]
    addresses: frozenset[bytes]
    hairpins: frozenset[bytes]
    chains: Mapping[str, int]
    """Rules by chain."""
    sets: frozenset[str]
    """Sets of clients that stay with a server."""

    def broken(self, width: int, options: FilterOptions) -> frozenset[str]:
        """Return the chains in use that have lost rules, or got more."""
        wrong = set()
        for entry in self.entries.values():
            shape = Shape.named(entry.chain)
            if shape is None or entry.chain in wrong:
                continue
            script = chain_script(width, shape, entry.servers, options)
            rules = sum(line.startswith("add rule") for line in script)
            if self.chains.get(entry.chain) != rules:
                wrong.add(entry.chain)
        return frozenset(wrong)


EMPTY = Listing({}, frozenset(), frozenset(), {}, frozenset())


def read_listing(contents: Contents, width: int) -> Listing:
    """Return what a table holds, as entries.

    Args:
        contents: of the table.
        width: octets of an address of its family.
    """

    def elements(name: str) -> Iterable[Element]:
        return contents.elements(name) if name in contents.sets else ()

    servers: dict[VirtualKey, tuple[bytes, bytes]] = {}
    for number, protocol in PROTOCOLS.items():
        maps = [one for one in contents.sets if one.startswith(f"turns-{protocol}-")]
        rows = map(elements, (f"servers-{protocol}", *maps))
        servers |= _servers(number, chain.from_iterable(rows), width)
    ranges = _ranges(elements("ranges"), width)
    entries = {}
    for one in elements("services"):
        key = _key(one.key, width)
        low, high = servers.get(key, (b"", b""))
        entries[key] = Entry(one.verdict.removeprefix("goto "), "", low, high, ranges.get(key, ()))
    for one in elements("refused"):
        key = _key(one.key, width)
        entries[key] = Entry("", one.verdict, b"", b"", ranges.get(key, ()))
    return Listing(
        entries,
        frozenset(one.key[:width] for one in elements("addresses")),
        frozenset(one.key[:width] for one in elements("hairpins")),
        contents.chains,
        frozenset(name for name in contents.sets if name.startswith("held/")),
    )


def _key(octets: bytes, width: int) -> VirtualKey:
    """Return the place that a key begins with: address, protocol, port."""
    port = int.from_bytes(octets[width + _PART : width + _PART + 2])
    return VirtualKey(octets[width], octets[:width], port)


def _servers(
    number: int, elements: Iterable[Element], width: int
) -> dict[VirtualKey, tuple[bytes, bytes]]:
    """Return rows of servers in the order of their numbers: the plain ones and the near ones.

    Zeros stand for a number that is missing.
    """
    step, end = width + 2, width + _PART
    found: dict[bytes, tuple[bytearray, bytearray]] = {}
    for key, _, value, _ in elements:
        at = int.from_bytes(key[end : end + _PART], sys.byteorder)
        low, high = found.setdefault(key[:end], (bytearray(), bytearray()))
        rows, at = (low, at) if at < NEAR else (high, at - NEAR)
        rows.extend(bytes(max(0, (at + 1) * step - len(rows))))
        rows[at * step : (at + 1) * step] = value[:step]
    return {
        VirtualKey(number, place[:width], int.from_bytes(place[width : width + 2])): (
            bytes(low),
            bytes(high),
        )
        for place, (low, high) in found.items()
    }


def _ranges(
    elements: Iterable[Element], width: int
) -> dict[VirtualKey, tuple[tuple[bytes, int], ...]]:
    found: dict[VirtualKey, list[tuple[bytes, int]]] = {}
    for key, end, _, _ in elements:
        first, last = key[-width:], end[-width:] or key[-width:]
        differing = int.from_bytes(first) ^ int.from_bytes(last)
        prefix = 8 * width - differing.bit_length()
        found.setdefault(_key(key, width), []).append((first, prefix))
    return {key: tuple(sorted(ranges)) for key, ranges in found.items()}
