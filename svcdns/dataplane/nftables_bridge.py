"""A second table that serves while ours is made anew, so that an upgrade refuses nobody.

A table as another version writes it, or a damaged one, is deleted and filled again. With ten
thousand Services that takes seconds, and all in one transaction hundreds of MiB. So everything is
written twice:

1. into the bridge, which is dormant meanwhile: the table that was there serves;
2. the bridge wakes with all its rules, and is complete;
3. our table is made anew in one transaction, and filled: what it has not yet, the bridge serves;
4. the bridge goes.

Of two tables at one hook the one that translates a connection first decides, and both do the same.
Whenever the process ends meanwhile, one of them is complete, and the next process goes on: with
step 3 if the bridge is, with step 1 if not; and with step 4 if our table is as we write it.

It blocks: use it in `dataplane.worker`'s thread. Source: nft(8), TABLES, on the flag dormant.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from svcdns.dataplane import libnftables
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.libnftables import ScriptError, ScriptRunner
from svcdns.dataplane.nftables_entry import Entry
from svcdns.dataplane.nftables_script import BRIDGE, COMPLETE, FAMILIES, table_script
from svcdns.dataplane.nftables_table import CHUNK, Others, Table
from svcdns.proxy.model import VirtualKey


class Bridge(Table):
    """One table for each family, besides ours."""

    def __init__(self, options: FilterOptions, find_runner: Callable[[], ScriptRunner]) -> None:
        """Touch nothing yet.

        Args:
            options: whom to masquerade.
            find_runner: what runs scripts.
        """
        super().__init__(options, find_runner, name=BRIDGE)

    def serve(self, entries: Sequence[tuple[VirtualKey, Entry]], others: Others) -> None:
        """Serve all of these from one moment on. What is refused is left out.

        Raises:
            DataplaneError: nothing can be served.
        """
        try:
            self._begin()
            for at in range(0, len(entries), CHUNK):
                self._take_in(entries[at : at + CHUNK])
            with suppress(ScriptError):
                self.write_others(others)
            self._wake()
        except ScriptError as error:
            raise libnftables.explained(f"make table {BRIDGE}", error) from error

    def _begin(self) -> None:
        dormant = [
            table_script(width, self._options).replace("{", "{\n  flags dormant;", 1)
            for width in FAMILIES
        ]
        self._change([*self._bridge_deletion(), *dormant])

    def _take_in(self, chunk: Sequence[tuple[VirtualKey, Entry]]) -> None:
        try:
            self.write(chunk)
        except ScriptError:
            for one in chunk:
                with suppress(ScriptError):
                    self.write([one])

    def _wake(self) -> None:
        # A table that is added without the flag is dormant no more.
        lines: list[str] = []
        for family in FAMILIES.values():
            lines += [f"add table {family} {BRIDGE}", f"add chain {family} {BRIDGE} {COMPLETE}"]
        self._change(lines)
