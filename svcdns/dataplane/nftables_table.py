"""Our two tables in the kernel, and what is known of them.

What is remembered is what the kernel has: after a refusal, and whenever the rule set's generation
says that somebody else changed rules, it is read again.

It blocks: use it in `dataplane.worker`'s thread.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import NamedTuple

from svcdns.dataplane import libnftables
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.libnftables import ScriptError, ScriptRunner
from svcdns.dataplane.nftables_entry import NOTHING, Entry, Shape
from svcdns.dataplane.nftables_listing import EMPTY, Contents, Listing, read_listing
from svcdns.dataplane.nftables_script import (
    BRIDGE,
    COMPLETE,
    FAMILIES,
    TABLE,
    Elements,
    chain_script,
    held_names,
    held_start,
    put_difference,
    renamed,
    table_script,
)
from svcdns.proxy.model import VirtualKey
from svcdns.wire.name import address_text

CHUNK = 500
"""Virtual servers in one transaction: larger ones take more memory, and no less time."""
STALE_SECONDS = 1.0
"""Kernels before 6.2 count an element's chain as used for a moment after its deletion."""


class Others(NamedTuple):
    """Addresses in sets that belong to no single virtual server."""

    addresses: AbstractSet[bytes] = frozenset()
    """Closed for what no virtual server serves."""
    hairpins: frozenset[bytes] = frozenset()
    """Of endpoints that may reach themselves."""


class Table:
    """One table for each family."""

    def __init__(
        self,
        options: FilterOptions,
        find_runner: Callable[[], ScriptRunner],
        *,
        name: str = TABLE,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        """Touch nothing yet.

        Args:
            options: whom to masquerade.
            find_runner: what runs scripts.
            name: of both tables.
            stale_seconds: how long a chain of nobody stays.
        """
        self._name = name
        self._stale_seconds = stale_seconds
        self.is_outdated = False
        """Whether one of them is not as we write it. It serves, and is left as it is, until a
        bridge does."""
        self._has_bridge = False
        self.entries: dict[VirtualKey, Entry] = {}
        self.others = Others()
        self._options = options
        self._find_runner = find_runner
        self._runner: ScriptRunner | None = None
        self._generation: int | None = None
        self._chains: dict[int, set[str]] = {width: set() for width in FAMILIES}
        self._held: dict[int, set[str]] = {width: set() for width in FAMILIES}
        self._stale: dict[tuple[int, str], float] = {}
        """Chains of nobody, and since when."""

    def probe(self) -> None:
        """Make the tables under another name, and delete those.

        Raises:
            DataplaneError: it does not work here.
        """
        trial = f"{TABLE}-trial"
        lines = [renamed(table_script(width, self._options), trial) for width in FAMILIES]
        lines += [f"delete table {family} {trial}" for family in FAMILIES.values()]
        try:
            self._change(lines)
        except ScriptError as error:
            raise libnftables.explained("try nftables", error) from error

    def is_as_known(self) -> bool:
        """Return whether nobody else has changed any rule meanwhile."""
        return self._generation is not None and self._running().generation() == self._generation

    def read(self) -> None:
        """Know again what the kernel has; make what is missing, or may be made anew.

        Raises:
            DataplaneError: it cannot be read, or not be made.
        """
        self._generation = self._running().generation()
        bridges = [self._contents(width, BRIDGE) for width in FAMILIES]
        self._has_bridge = any(one is not None for one in bridges)
        is_bridged = all(one is not None and COMPLETE in one.chains for one in bridges)
        self.is_outdated = False
        lists = dict.fromkeys(FAMILIES, EMPTY)
        try:
            for width in FAMILIES:
                found = self._contents(width, TABLE)
                if found is not None and found.is_whole(self._options):
                    lists[width] = self._listing(found, width)
                    if broken := lists[width].broken(width, self._options):
                        self._change(self._mending(width, lists[width], broken))
                elif found is None or is_bridged:
                    self._change([*_deletion(width), table_script(width, self._options)])
                else:
                    self.is_outdated = True
        except ScriptError as error:
            self._generation = None
            raise libnftables.explained(f"make table {TABLE}", error) from error
        self._know(lists)

    def write(self, changes: Sequence[tuple[VirtualKey, Entry]]) -> None:
        """Replace entries, all in one transaction.

        Raises:
            ScriptError: refused; nothing is done.
        """
        self._refuse_if_outdated()
        deleted, added = Elements(), Elements()
        chains: dict[tuple[int, str], Entry] = {}
        for key, entry in changes:
            width = len(key.address)
            put_difference(key, self.entries.get(key, NOTHING), entry, deleted, added)
            if entry.chain and entry.chain not in self._chains[width]:
                chains[width, entry.chain] = entry
        lines = list(deleted.commands("delete"))
        for (width, name), entry in chains.items():
            if shape := Shape.named(name):
                lines += chain_script(width, shape, entry.servers, self._options)
        self._change([*lines, *added.commands("add")])
        for (width, name), entry in chains.items():
            self._chains[width].add(name)
            if shape := Shape.named(name):
                self._held[width] |= held_names(width, shape, entry.servers)
        for key, entry in changes:
            self._remember(key, entry)

    def write_others(self, wanted: Others) -> None:
        """Make the sets that belong to no single virtual server hold exactly these.

        Raises:
            ScriptError: refused; nothing is done.
        """
        self._refuse_if_outdated()
        lines: list[str] = []
        for verb, new, old in (("delete", self.others, wanted), ("add", wanted, self.others)):
            elements = Elements()
            for address in sorted(new.addresses - old.addresses):
                elements.put(len(address), "addresses", address_text(address))
            for address in sorted(new.hairpins - old.hairpins):
                text = address_text(address)
                elements.put(len(address), "hairpins", f"{text} . {text}")
            lines += elements.commands(verb)
        self._change(lines)
        self.others = wanted

    def sweep(self) -> None:
        """Delete chains that nobody has used for a while, and the sets of clients they held."""
        before = time.monotonic() - self._stale_seconds
        ripe = [place for place, since in self._stale.items() if since <= before]
        if not ripe:
            return
        lines = [
            f"{verb} chain {FAMILIES[width]} {TABLE} {name}"
            for width, name in ripe
            for verb in ("flush", "delete")
        ]
        unused = self._unused_sets(ripe)
        for width, names in unused.items():
            lines += [f"delete set {FAMILIES[width]} {TABLE} {name}" for name in sorted(names)]
        with suppress(ScriptError):  # the next one tries again
            self._change(lines)
            for width, name in ripe:
                del self._stale[width, name]
                self._chains[width].discard(name)
            for width, names in unused.items():
                self._held[width] -= names

    def delete_bridge(self) -> None:
        """Delete what served while the tables were made anew."""
        if not self._has_bridge:
            return
        with suppress(ScriptError):  # the next one tries again
            self._change(self._bridge_deletion())
            self._has_bridge = False

    def delete(self) -> None:
        """Delete both tables, and a bridge.

        Raises:
            DataplaneError: they stay.
        """
        lines = [line for width in FAMILIES for line in _deletion(width)]
        try:
            self._change([*lines, *self._bridge_deletion()])
        except ScriptError as error:
            raise libnftables.explained(f"delete table {TABLE}", error) from error
        self._know(dict.fromkeys(FAMILIES, EMPTY))
        self._generation = None
        self.is_outdated = self._has_bridge = False

    def _running(self) -> ScriptRunner:
        if self._runner is None:
            self._runner = self._find_runner()
        return self._runner

    def _change(self, lines: Iterable[str]) -> None:
        if self._name != TABLE:
            lines = (renamed(line, self._name) for line in lines)
        script = "\n".join(lines)
        if script:
            self._running().run(script + "\n")
            if self._generation is not None:
                self._generation += 1

    def _contents(self, width: int, table: str) -> Contents | None:
        try:
            return self._running().contents(width, table)
        except ScriptError as error:
            raise libnftables.explained(f"read table {table}", error) from error

    def _listing(self, found: Contents, width: int) -> Listing:
        try:
            return read_listing(found, width)
        except ScriptError as error:
            raise libnftables.explained(f"read table {TABLE}", error) from error

    def _bridge_deletion(self) -> list[str]:
        # Not added first as ours is: a bridge that is not complete would wake.
        return [
            f"delete table {family} {BRIDGE}"
            for width, family in FAMILIES.items()
            if self._running().contents(width, BRIDGE) is not None
        ]

    def _refuse_if_outdated(self) -> None:
        if self.is_outdated:
            raise ScriptError(f"table {TABLE} is not as svcdns writes it; it is made anew soon")

    def _know(self, lists: dict[int, Listing]) -> None:
        self.entries = {
            key: one for listing in lists.values() for key, one in listing.entries.items()
        }
        self.others = Others(
            frozenset(one for listing in lists.values() for one in listing.addresses),
            frozenset(one for listing in lists.values() for one in listing.hairpins),
        )
        self._stale.clear()
        now = time.monotonic()
        for width, listing in lists.items():
            self._chains[width] = {name for name in listing.chains if Shape.named(name)}
            self._held[width] = set(listing.sets)
            used = {entry.chain for entry in listing.entries.values()}
            for name in self._chains[width] - used:
                if _is_own(name):
                    self._stale[width, name] = now

    def _remember(self, key: VirtualKey, entry: Entry) -> None:
        width, old = len(key.address), self.entries.get(key, NOTHING)
        if old.chain != entry.chain and _is_own(old.chain):
            self._stale[width, old.chain] = time.monotonic()
        self._stale.pop((width, entry.chain), None)
        if entry == NOTHING:
            self.entries.pop(key, None)
        else:
            self.entries[key] = entry

    def _mending(self, width: int, listing: Listing, broken: frozenset[str]) -> list[str]:
        lines: list[str] = []
        servers = {entry.chain: entry.servers for entry in listing.entries.values()}
        for name in sorted(broken):
            if shape := Shape.named(name):
                add, *rules = chain_script(width, shape, servers[name], self._options)
                lines += [add, f"flush chain {FAMILIES[width]} {TABLE} {name}", *rules]
        return lines

    def _unused_sets(self, ripe: Sequence[tuple[int, str]]) -> dict[int, set[str]]:
        """Return the sets of clients that no chain needs once those of `ripe` are gone."""
        unused = {width: set(names) for width, names in self._held.items()}
        if not any(unused.values()):
            return unused
        for key, entry in self.entries.items():
            shape = Shape.named(entry.chain)
            if shape is not None and shape.held:
                width = len(key.address)
                unused[width] -= held_names(width, shape, entry.servers)
        for width, name in self._stale.keys() - set(ripe):
            if shape := Shape.named(name):  # of those the servers are not known any more
                start = held_start(shape)
                unused[width] = {one for one in unused[width] if not one.startswith(start)}
        return unused


def _is_own(chain: str) -> bool:
    return "/" in chain


def _deletion(width: int) -> list[str]:
    # To delete a table that is not there is an error; to add one that is there is none.
    return [f"{verb} table {FAMILIES[width]} {TABLE}" for verb in ("add", "delete")]
