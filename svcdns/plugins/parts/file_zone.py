"""One zone that `file` serves: read when the block is built, and again when its file changes.

A version that is no good is named and left alone: the one before goes on being served. Which
questions are for the zone is `file`'s business, its answers are `answers.zone`'s.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.zone import Zone
from svcdns.route.directive import Scope
from svcdns.source.text_file import Stamp
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, to_text
from svcdns.wire.rrset import RRset
from svcdns.wire.zone_file import read_zone

LISTED = 10
"""Bad lines of one file that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Access:
    """How files are read."""

    read: Callable[[str], str]
    """Returns the text of a file, or raises OSError."""
    stamp: Callable[[str], Stamp | None]
    """Returns what changes when the file does."""


class Version(NamedTuple):
    """What a file has to say at one moment."""

    zone: Zone | None
    """None: it cannot be used."""
    remarks: tuple[str, ...]
    """Ready lines for the log."""
    stamps: dict[str, Stamp | None]
    """Of every file that was read, by its path."""


class FileZone:
    """One zone and the version of it that is in use."""

    def __init__(self, name: OwnerName, path: str, scope: Scope, access: Access) -> None:
        self.name = name
        self.path = path
        self._scope = scope
        self._access = access
        self.zone: Zone | None = None
        """None: no version was good yet."""
        version = self._version()
        self._stamps = version.stamps
        self._say(version.remarks)
        self.zone = version.zone

    @property
    def serial(self) -> int:
        """Of the version in use; 0 without one."""
        return self.zone.serial if self.zone is not None else 0

    def rrsets(self) -> Iterator[RRset]:
        """Return all RRsets of the version in use, the SOA first; none without one."""
        return self.zone.rrsets() if self.zone is not None else iter(())

    async def follow(self, seconds: float, *, by_mtime: bool) -> None:
        """Take new versions of the file into use.

        Args:
            seconds: between two looks at the file.
            by_mtime: whether a version counts that has the serial of the one in use.
        """
        while True:
            await asyncio.sleep(seconds)
            if await asyncio.to_thread(self._has_changed):
                version = await asyncio.to_thread(self._version)
                self._stamps = version.stamps
                self._say(version.remarks)
                if version.zone is not None:
                    self._use(version.zone, by_mtime=by_mtime)

    def _use(self, zone: Zone, *, by_mtime: bool) -> None:
        where = f'zone "{to_text(self.name)}" in "{self.path}"'
        if self.zone is not None and zone.serial == self.serial and not by_mtime:
            problem = f"has changed, but its serial is still {zone.serial}: it is not loaded"
            hint = "raise the serial, or set reload_by_mtime"
            self._say((f"[WARNING] plugin/file: {where} {problem}; {hint}",))
            return
        self.zone = zone
        self._scope.forget()
        loaded = f"Successfully reloaded {where} with {zone.serial} SOA serial"
        self._say((f"[INFO] plugin/file: {loaded}",))

    def unavailable(self) -> Answer:
        """Return the answer for names of a zone of which no version was good yet."""
        why = Reason(InfoCode.NOT_READY, _not_loaded, (self.name, self.path))
        return Answer(RCode.SERVFAIL, authoritative=False, reason=why, written_by="file")

    def _say(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._scope.log(line)

    def _has_changed(self) -> bool:
        return any(self._access.stamp(path) != stamp for path, stamp in self._stamps.items())

    def _version(self) -> Version:
        """Return what the file has now. Blocks, and changes nothing here."""
        stamps = {self.path: self._access.stamp(self.path)}
        name = to_text(self.name)
        try:
            text = self._access.read(self.path)
        except OSError as error:
            problem = f'Failed to open zone "{name}" in "{self.path}": {error}'
            return Version(None, (f"[ERROR] plugin/file: {problem}",), stamps)
        read = read_zone(text, self.path, self.name, self._access.read)
        stamps |= {path: self._access.stamp(path) for path in read.files[1:]}
        mistakes = list(read.mistakes)
        remarks: list[str] = []
        zone: Zone | None = None
        try:
            zone = Zone(self.name, read.records)
        except ValueError as error:
            mistakes.append(f"{self.path}: {error}")
        else:
            if zone.outside:
                remarks.append(f"{zone.outside} records are not of this zone and are left out")
            if read.unsigned:
                remarks.append(f"{read.unsigned} signatures are left out: it is served unsigned")
        if not mistakes:
            return Version(zone, tuple(map(self._remark, remarks)), stamps)
        complaints = mistakes[:LISTED]
        if len(mistakes) > LISTED:
            complaints.append(f"{len(mistakes) - LISTED} more lines have mistakes")
        lines = (f'[ERROR] plugin/file: Parsing zone "{name}": {each}' for each in complaints)
        return Version(None, tuple(lines), stamps)

    def _remark(self, text: str) -> str:
        return f'[WARNING] plugin/file: zone "{to_text(self.name)}" in "{self.path}": {text}'


def _not_loaded(zone: OwnerName, path: str) -> str:
    return f"the zone {to_text(zone)} could not be read from {path}; the log of the server says why"
