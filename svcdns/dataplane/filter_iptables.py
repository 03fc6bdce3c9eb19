"""The packet filter of IPVS through ipset and iptables, for kernels or hosts without nftables.

The rules are written once and never change with Services; what changes are entries of sets.
"""

from collections.abc import Iterable

from svcdns.dataplane import iptables_text as text
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.ipset import Sets
from svcdns.dataplane.iptables_programs import Programs, find_programs
from svcdns.proxy.filter_rows import Row


class IptablesFilter:
    """The `PacketFilter` that writes iptables rules and ipsets."""

    name = "iptables"

    def __init__(self, options: FilterOptions) -> None:
        self._options = options
        self._sets = Sets()
        self._programs: Programs | None = None
        self._is_fresh = False
        """Whether the rules were written a moment ago."""

    def probe(self) -> None:
        """Find the programs and try them."""
        self._sets.probe()
        self._found()

    def setup(self) -> None:
        """Make the sets that are missing, keep what the others hold, and write the rules."""
        self._sets.make()
        programs = self._found()
        for family, width in text.FAMILIES.items():
            programs.restore(width, text.rules(self._options, family, programs.save(width)))
        self._is_fresh = True

    def load(self, rows: Iterable[Row]) -> None:
        """Let the sets hold exactly these rows; what they hold already is not touched."""
        wanted = frozenset(rows)
        there = self._there()
        if there is None:
            self.setup()
            there = self._sets.read() or frozenset()
        self._sets.change(wanted - there, there - wanted)

    def change(self, added: Iterable[Row], removed: Iterable[Row]) -> None:
        """Add and delete entries of sets; the rules stay as they are."""
        self._sets.change(added, removed)

    def read(self) -> frozenset[Row] | None:
        """Return the rows in the kernel; None when a set or a rule is missing."""
        self._is_fresh = False
        return self._there()

    def remove(self) -> None:
        """Take away our jumps, chains and sets."""
        programs = self._found()
        for width in text.FAMILIES.values():
            programs.restore(width, text.no_rules(programs.save(width)))
        self._sets.remove()

    def _there(self) -> frozenset[Row] | None:
        if not self._is_fresh:
            programs = self._found()
            for family, width in text.FAMILIES.items():
                if not text.is_whole(self._options, family, programs.save(width)):
                    return None
        self._is_fresh = False
        return self._sets.read()

    def _found(self) -> Programs:
        if self._programs is None:
            self._programs = find_programs()
        return self._programs
