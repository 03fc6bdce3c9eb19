"""What the packet filter has, against what a desired state asks of it.

Only rows of what is another object than before are looked at: at ten thousand Services one
change must not cost as much as all of them. The first time, and after anything went wrong,
everything is written anew.

It blocks: use it in `dataplane.worker`'s thread.
"""

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.filter import PacketFilter
from svcdns.proxy.filter_rows import Row, all_rows, changed_rows
from svcdns.proxy.model import Desired


class FilterKeeper:
    """Writes the rows of one desired state after the other."""

    def __init__(self, packet_filter: PacketFilter) -> None:
        self._filter = packet_filter
        self._written: Desired | None = None
        """Whose rows are in the kernel; None: not known."""
        self._removed: frozenset[Row] = frozenset()

    def before(self, desired: Desired) -> DataplaneError | None:
        """Add rows that `desired` has more than the last one; return what went wrong.

        The rows it has no more stay until `after`, however often this is called meanwhile.
        """
        if desired is self._written:
            return None
        self._removed = frozenset()
        try:
            if self._written is None or self._written.node_addresses != desired.node_addresses:
                self._filter.load(frozenset(all_rows(desired)))
            else:
                added, removed = changed_rows(self._written, desired)
                if added:
                    self._filter.change(added, ())
                self._removed = removed
        except DataplaneError as error:
            self._written = None
            return error
        self._written = desired
        return None

    def after(self) -> DataplaneError | None:
        """Take away the rows that `before` left; return what went wrong."""
        removed, self._removed = self._removed, frozenset()
        try:
            if removed:
                self._filter.change((), removed)
        except DataplaneError as error:
            self._written = None
            return error
        return None

    def audit(self) -> bool:
        """Return whether the kernel had what was written; write it anew if not.

        What cannot be mended now is tried again by the next `before`.
        """
        if self._written is None:
            return True
        try:
            wanted = frozenset(all_rows(self._written))
            if self._filter.read() == wanted:
                return True
            self._filter.load(wanted)
        except DataplaneError:
            self._written = None
        return False
