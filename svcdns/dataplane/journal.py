"""Which virtual servers are ours: a file, as the kernel keeps no owner.

A key is written, and on disk, before its virtual server is made, so that a crash in between
leaves a key without virtual server and never the reverse. The file lies in memory (/run): a
reboot clears both.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from svcdns.dataplane.backend import DataplaneError
from svcdns.proxy.model import VirtualKey

PLACE = Path("/run/svcdns/ipvs-keys")

_FEWEST_TO_COMPACT = 1000


class Journal:
    """The keys of virtual servers that this program made, kept over its restarts."""

    def __init__(self, place: Path = PLACE) -> None:
        self._place = place
        self._lines = 0
        self.keys: set[VirtualKey] = set()
        """Never changed from outside."""

    def open(self) -> None:
        """Read what an earlier run has left. A line that was cut off by a crash is passed over.

        Raises:
            DataplaneError: the file cannot be read, or its folder not made.
        """
        self.keys.clear()
        self._lines = 0
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            text = self._place.read_text() if self._place.exists() else ""
        except OSError as error:
            raise self._refused("read", error) from error
        *lines, torn = text.split("\n")
        for line in lines:
            self._lines += 1
            key = _read(line[2:])
            if key is not None and line[:2] == "+ ":
                self.keys.add(key)
            elif key is not None and line[:2] == "- ":
                self.keys.discard(key)
        if torn:
            self._rewrite()

    def add(self, keys: Iterable[VirtualKey]) -> None:
        """Write keys; when this returns, they are on disk.

        Raises:
            DataplaneError: they are not; make no virtual server.
        """
        fresh = [key for key in dict.fromkeys(keys) if key not in self.keys]
        self._append("+", fresh, durable=True)
        self.keys.update(fresh)

    def discard(self, keys: Iterable[VirtualKey]) -> None:
        """Write that the virtual servers of these keys are gone.

        Raises:
            DataplaneError: the file cannot be written.
        """
        gone = [key for key in dict.fromkeys(keys) if key in self.keys]
        self._append("-", gone, durable=False)
        self.keys.difference_update(gone)

    def compact(self, existing: Iterable[VirtualKey]) -> None:
        """Forget keys that do not exist; write the file anew when most of it is history.

        Raises:
            DataplaneError: the file cannot be written; the old one is still there.
        """
        self.discard(self.keys.difference(existing))
        if self._lines >= _FEWEST_TO_COMPACT and self._lines >= 2 * len(self.keys):
            self._rewrite()

    def delete(self) -> None:
        """Take the file away: nothing is ours any more."""
        try:
            self._place.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused("delete", error) from error
        self.keys.clear()
        self._lines = 0

    def _rewrite(self) -> None:
        beside = self._place.with_suffix(".new")
        try:
            with beside.open("w") as file:
                file.writelines(f"+ {_text(key)}\n" for key in sorted(self.keys))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._place)
        except OSError as error:
            raise self._refused("write", error) from error
        self._lines = len(self.keys)

    def _append(self, sign: str, keys: list[VirtualKey], *, durable: bool) -> None:
        if not keys:
            return
        try:
            with self._place.open("a") as file:
                file.writelines(f"{sign} {_text(key)}\n" for key in keys)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
        except OSError as error:
            raise self._refused("write", error) from error
        self._lines += len(keys)

    def _refused(self, verb: str, error: OSError) -> DataplaneError:
        cause = error.strerror or str(error)
        return DataplaneError(f"{verb} {self._place}", cause, "mount a writable folder there")


def _text(key: VirtualKey) -> str:
    return f"{key.protocol} {key.address.hex()} {key.port}"


def _read(text: str) -> VirtualKey | None:
    try:
        protocol, address, port = text.split(" ")
        key = VirtualKey(int(protocol), bytes.fromhex(address), int(port))
    except ValueError:
        return None
    return key if len(key.address) in {4, 16} else None
