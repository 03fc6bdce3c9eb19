"""From what nftables prints of the table to entries: the way back from `nftables_script`.

Pure. Source: nft(8), LIST.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import NEAR, PROTOCOLS, Entry, Shape
from svcdns.dataplane.nftables_script import chain_script, layout_name
from svcdns.dataplane.nftables_sections import Section, sections
from svcdns.proxy.model import VirtualKey
from svcdns.wire.name import pack_address

FIXED_RULES = {
    "refuse": 2,
    "services": 1,
    "allowed": 2,
    "ranged": 1,
    "refused": 1,
    "closed": 1,
    "nat-prerouting": 1,
    "nat-output": 1,
    "nat-postrouting": 3,
    "filter-prerouting": 1,
    "filter-input": 2,
    "filter-forward": 2,
    "filter-output": 2,
    "filter-translated": 1,
}
"""Rules of each chain of `table_script`."""

_NUMBERS = {text: number for number, text in PROTOCOLS.items()}
_Parts = Mapping[str, Section]


class Listing(NamedTuple):
    """One family's table as it is in the kernel."""

    entries: Mapping[VirtualKey, Entry]
    addresses: frozenset[bytes]
    hairpins: frozenset[bytes]
    chains: Mapping[str, int]
    """Rules by chain."""
    sets: frozenset[str]
    """Sets of clients that stay with a server."""

    def is_whole(self, options: FilterOptions) -> bool:
        """Return whether the fixed chains are those that `table_script` makes."""
        fixed = {name: self.chains.get(name) for name in FIXED_RULES}
        return layout_name(options) in self.chains and fixed == FIXED_RULES

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


def read_listing(text: str) -> Listing:
    """Return what `list table` printed, as entries.

    Elements that cannot be ours, like a service without a chain, are left out.
    """
    parts: dict[str, Section] = {}
    chains: dict[str, int] = {}
    held = set()
    for part in sections(text):
        if part.kind == "chain":
            chains[part.name] = part.rules()
        elif part.name.startswith("held/"):
            held.add(part.name)
        else:
            parts[part.name] = part
    servers = _servers(parts)
    ranges = _ranges(parts)
    entries = {}
    for key, verdict in _keyed(parts, "services"):
        low, high = servers.get(key, (b"", b""))
        chain = verdict.removeprefix("goto ")
        entries[key] = Entry(chain, "", low, high, ranges.get(key, ()))
    for key, verdict in _keyed(parts, "refused"):
        entries[key] = Entry("", verdict, b"", b"", ranges.get(key, ()))
    return Listing(
        entries,
        frozenset(map(_packed, _elements(parts, "addresses"))),
        frozenset(_packed(one.partition(" . ")[0]) for one in _elements(parts, "hairpins")),
        chains,
        frozenset(held),
    )


def _elements(parts: _Parts, name: str) -> Iterator[str]:
    return parts[name].elements() if name in parts else iter(())


def _keyed(parts: _Parts, name: str) -> Iterator[tuple[VirtualKey, str]]:
    for one in _elements(parts, name):
        key, _, verdict = one.partition(" : ")
        host, protocol, port = key.split(" . ")
        yield VirtualKey(_NUMBERS[protocol], _packed(host), int(port)), verdict


def _servers(parts: _Parts) -> dict[VirtualKey, tuple[bytes, bytes]]:
    """Return rows of servers in the order of their numbers: the plain ones and the near ones."""
    found: dict[tuple[int, str, str], list[tuple[int, bytes]]] = {}
    for number, protocol in PROTOCOLS.items():
        for one in _elements(parts, f"servers-{protocol}"):
            key, _, goal = one.partition(" : ")
            host, port, at = key.split(" . ")
            to, to_port = goal.split(" . ")
            row = _packed(to) + int(to_port).to_bytes(2)
            found.setdefault((number, host, port), []).append((int(at), row))
    return {
        VirtualKey(number, _packed(host), int(port)): (
            _in_order((at, row) for at, row in rows if at < NEAR),
            _in_order((at - NEAR, row) for at, row in rows if at >= NEAR),
        )
        for (number, host, port), rows in found.items()
    }


def _in_order(rows: Iterator[tuple[int, bytes]]) -> bytes:
    """Return the rows in the order of their numbers; zeros where one is missing."""
    by_number = dict(rows)
    if not by_number:
        return b""
    gap = bytes(len(next(iter(by_number.values()))))
    return b"".join(by_number.get(at, gap) for at in range(max(by_number) + 1))


def _ranges(parts: _Parts) -> dict[VirtualKey, tuple[tuple[bytes, int], ...]]:
    found: dict[VirtualKey, list[tuple[bytes, int]]] = {}
    for one in _elements(parts, "ranges"):
        host, protocol, port, network = one.split(" . ")
        address, _, prefix = network.partition("/")
        packed = _packed(address)
        key = VirtualKey(_NUMBERS[protocol], _packed(host), int(port))
        found.setdefault(key, []).append((packed, int(prefix or len(packed) * 8)))
    return {key: tuple(sorted(ranges)) for key, ranges in found.items()}


# The same endpoints and virtual addresses come again and again.
_packed = lru_cache(maxsize=4096)(pack_address)
