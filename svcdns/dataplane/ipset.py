"""The sets of the packet filter in the kernel: made by the program ipset, filled over netlink.

It blocks: use it in `dataplane.worker`'s thread.
"""

import errno
import shutil
import subprocess
from collections.abc import Iterable

from svcdns.dataplane import ipset_messages as messages
from svcdns.dataplane import iptables_text as text
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.kernel_error import explained
from svcdns.dataplane.netlink import NetlinkSocket, Request
from svcdns.proxy.filter_rows import Purpose, Row

_NETLINK_NETFILTER = 12
_PATH = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"
_ENVIRONMENT = {"PATH": _PATH, "LC_ALL": "C"}
_PATIENCE_SECONDS = 60
_FULL = 4352
_MODULES = (
    "modprobe -a ip_set_hash_ip ip_set_hash_ipport ip_set_hash_ipportip ip_set_hash_ipportnet"
)


class Sets:
    """All sets of ours."""

    def probe(self) -> None:
        """Return when the program is there and works.

        Raises:
            DataplaneError: it is not installed, or the kernel has no sets.
        """
        self._run("list", "-name")

    def make(self) -> None:
        """Make those that are missing; what is in the others stays.

        Raises:
            DataplaneError: one cannot be made.
        """
        self._run("-exist", "restore", typed=text.sets_made())

    def read(self) -> frozenset[Row] | None:
        """Return the rows of all sets; None when a set is missing.

        Raises:
            DataplaneError: the kernel does not say.
        """
        by_name = {
            text.set_name(purpose, family): purpose
            for purpose in Purpose
            for family in text.FAMILIES
        }
        missing = set(by_name)
        rows: set[Row] = set()
        try:
            with NetlinkSocket(_NETLINK_NETFILTER) as sock:
                dumped = sock.dump(Request(messages.LIST, messages.listing()))
        except OSError as error:
            raise explained("read sets", error.errno or errno.EIO, str(error)) from error
        for payload in dumped:
            name, entries = messages.read_listing(payload)
            purpose = by_name.get(name)
            if purpose is not None:
                missing.discard(name)
                rows.update(messages.read_entry(purpose, octets) for octets in entries)
        return None if missing else frozenset(rows)

    def change(self, added: Iterable[Row], removed: Iterable[Row]) -> None:
        """Add and delete entries; what is there already, or gone already, is no error.

        What lets packets in is added before what keeps the others out, and deleted after it.

        Raises:
            DataplaneError: an entry is refused; the others are done.
        """
        coming = sorted(added, key=lambda row: row.purpose in text.CLOSING)
        going = sorted(removed, key=lambda row: row.purpose not in text.CLOSING)
        wanted = [(messages.ADD, row) for row in coming] + [(messages.DELETE, row) for row in going]
        try:
            with NetlinkSocket(_NETLINK_NETFILTER) as sock:
                refused = sock.batch(
                    Request(
                        command, messages.change(text.set_name(row.purpose, family), row, family)
                    )
                    for command, row in wanted
                    for family in text.families(row)
                )
        except OSError as error:
            raise explained("change sets", error.errno or errno.EIO, str(error)) from error
        for verdict in refused.values():
            if verdict.number == _FULL:
                raise DataplaneError("change sets", f"a set has {text.MOST_ENTRIES} entries", "")
            raise explained("change sets", *verdict)

    def remove(self) -> bool:
        """Delete all sets of ours, which no rule may use any more; return if there were any.

        Raises:
            DataplaneError: one is still used.
        """
        names = [
            name for name in self._run("list", "-name").split() if name.startswith(text.PREFIX)
        ]
        self._run("restore", typed="".join(f"destroy {name}\n" for name in names))
        return bool(names)

    def _run(self, *arguments: str, typed: str = "") -> str:
        program = shutil.which("ipset", path=_PATH)
        if program is None:
            raise DataplaneError("run ipset", "it is not installed", "apt-get install ipset")
        try:
            done = subprocess.run(  # noqa: S603 - a program found in the system's folders
                [program, *arguments],
                input=typed,
                capture_output=True,
                text=True,
                env=_ENVIRONMENT,
                timeout=_PATIENCE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DataplaneError("run ipset", str(error)) from error
        if done.returncode:
            said = " ".join(done.stderr.split())
            is_denied = "not permitted" in said or "Permission denied" in said
            remedy = "add the capability NET_ADMIN" if is_denied else _MODULES
            raise DataplaneError("run ipset", said or "it failed without a word", remedy)
        return done.stdout
