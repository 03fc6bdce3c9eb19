"""The packet filter of IPVS through nftables. The text is made in `filter_nftables_script`.

Source: nft(8).
"""

from collections.abc import Callable, Iterable, Sequence

from svcdns.dataplane import libnftables
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.filter_nftables_script import (
    TABLE,
    apart,
    chains_of,
    element_commands,
    read_element,
    table_script,
)
from svcdns.dataplane.libnftables import ScriptError, ScriptRunner
from svcdns.dataplane.nftables_script import FAMILIES
from svcdns.dataplane.nftables_sections import sections
from svcdns.proxy.filter_rows import Purpose, Row

_CHUNK = 5000
_TRIAL = f"{TABLE}-trial"
_PURPOSES = {purpose.value: purpose for purpose in Purpose}


class NftablesFilter:
    """The `PacketFilter` that writes nftables tables."""

    name = "nftables"

    def __init__(
        self,
        options: FilterOptions,
        *,
        find_runner: Callable[[], ScriptRunner] = libnftables.find_runner,
    ) -> None:
        """Touch nothing yet.

        Args:
            options: what the rules depend on.
            find_runner: what runs scripts.
        """
        self._options = options
        self._find_runner = find_runner
        self._runner: ScriptRunner | None = None
        self._rows: set[Row] = set()
        """As they were asked for: in the kernel, ranges that overlap are one."""
        self._ranges: dict[Row, frozenset[Row]] = {}
        """Those of them that are ranges, by place."""

    def probe(self) -> None:
        """Load the tables under another name, and take them away again."""
        names = [f"{family} {_TRIAL}" for family in FAMILIES.values()]
        made = [
            table_script(width, self._options).replace(f" {TABLE} {{", f" {_TRIAL} {{", 1)
            for width in FAMILIES
        ]
        self._run("try nftables", [*made, *(f"delete table {name}" for name in names)])

    def setup(self) -> None:
        """Do nothing: `load` makes the tables with their rows, in one transaction."""

    def load(self, rows: Iterable[Row]) -> None:
        """Replace the tables in one transaction; with very many rows, those are added after."""
        self._know(rows)
        wanted = list(apart(self._rows))
        made = [table_script(width, self._options) for width in FAMILIES]
        first = element_commands("add", wanted[:_CHUNK])
        self._run("load the packet filter", [*self._deletion(), *made, *first])
        for at in range(_CHUNK, len(wanted), _CHUNK):
            more = element_commands("add", wanted[at : at + _CHUNK])
            self._run("load the packet filter", list(more))

    def change(self, added: Iterable[Row], removed: Iterable[Row]) -> None:
        """Add and delete elements in one transaction."""
        coming = frozenset(added)
        going = self._rows.intersection(removed) - coming
        # Of a place whose ranges change all are looked at again.
        places = {_place(row) for row in coming | going if row.purpose is Purpose.RANGE}
        touched = going.union(*(self._ranges.get(place, ()) for place in places))
        before, after = apart(touched), apart((touched - going) | coming)
        deleted = element_commands("delete", before - after)
        lines = [*deleted, *element_commands("add", after - before)]
        if lines:
            self._run("change the packet filter", lines)
        self._rows -= going
        self._rows |= coming
        for place in places:
            self._ranges[place] = frozenset(
                row
                for row in (touched | coming) & self._rows
                if row.purpose is Purpose.RANGE and _place(row) == place
            )

    def read(self) -> frozenset[Row] | None:
        """Return the rows in the kernel; None when a chain is not as it was written."""
        found: set[Row] = set()
        for width, family in FAMILIES.items():
            try:
                printed = self._running().run(f"list table {family} {TABLE}\n")
            except ScriptError as error:
                if error.is_denied:
                    raise libnftables.explained("read the packet filter", error) from error
                return None
            chains: dict[str, int] = {}
            for section in sections(printed):
                if section.kind == "chain":
                    chains[section.name] = section.rules()
                elif section.name in _PURPOSES:
                    purpose = _PURPOSES[section.name]
                    found.update(read_element(purpose, one) for one in section.elements())
            if chains != chains_of(width, self._options):
                return None
        rows = frozenset(found)
        return frozenset(self._rows) if rows == apart(self._rows) else rows

    def remove(self) -> None:
        """Delete our tables."""
        self._run("remove the packet filter", self._deletion())
        self._know(())

    def _know(self, rows: Iterable[Row]) -> None:
        self._rows = set(rows)
        ranges: dict[Row, set[Row]] = {}
        for row in self._rows:
            if row.purpose is Purpose.RANGE:
                ranges.setdefault(_place(row), set()).add(row)
        self._ranges = {place: frozenset(some) for place, some in ranges.items()}

    def _deletion(self) -> list[str]:
        # To delete a table that is not there is an error; to add one that is there is none.
        return [
            f"{verb} table {family} {TABLE}"
            for family in FAMILIES.values()
            for verb in ("add", "delete")
        ]

    def _running(self) -> ScriptRunner:
        if self._runner is None:
            self._runner = self._find_runner()
        return self._runner

    def _run(self, operation: str, lines: Sequence[str]) -> None:
        try:
            self._running().run("\n".join(lines) + "\n")
        except ScriptError as error:
            raise libnftables.explained(operation, error) from error


def _place(row: Row) -> Row:
    return row._replace(source=b"", prefix=0)
