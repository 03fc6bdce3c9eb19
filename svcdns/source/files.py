"""Which manifest files there are below some paths, and what octets they hold.

A folder is searched whole: `.yaml`, `.yml` and `.json`, also with `.gz`. What begins with a dot
or `#` is somebody's editor or a volume's machinery and is left alone; the visible names in a
ConfigMap volume are symbolic links into it and are followed. A file that is named itself is
read whatever it is called.
"""

import gzip
import os
import stat
import sys
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

STANDARD_INPUT = "-"

_SUFFIXES = tuple(
    suffix + packed for suffix in (".yaml", ".yml", ".json") for packed in ("", ".gz")
)
_GZIP = b"\x1f\x8b"


class Search(NamedTuple):
    """What was found below one path."""

    files: tuple[str, ...]
    """In the order in which a later one wins over an earlier."""
    faults: Mapping[str, str]
    """The path itself or folders below it that could not be entered, and why."""


def find(path: str) -> Search:
    """Return the files below a path."""
    if path == STANDARD_INPUT:
        return Search((path,), {})
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return Search((), {path: "does not exist"})
    except OSError as error:
        return Search((), {path: f"cannot be read: {error.strerror}"})
    return _below(path) if stat.S_ISDIR(mode) else Search((path,), {})


def in_order(files: Iterable[str]) -> tuple[str, ...]:
    """Return files of one folder sorted name by name: `a/z.yaml` before `a-b.yaml`."""
    return tuple(sorted(files, key=lambda file: Path(file).parts))


def _below(root: str) -> Search:
    found: list[str] = []
    faults: dict[str, str] = {}

    def fault(error: OSError) -> None:
        faults[str(error.filename)] = f"cannot be read: {error.strerror}"

    entered = set()
    for folder, folders, names in os.walk(root, followlinks=True, onerror=fault):
        place = os.path.realpath(folder)
        if place in entered:  # a link to a folder above
            folders.clear()
            continue
        entered.add(place)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            file
            for name in names
            if name.lower().endswith(_SUFFIXES)
            and not name.startswith((".", "#"))
            and stat.S_ISREG(_mode(file := str(Path(folder, name))))
        ]
    return Search(in_order(found), faults)


def is_read_once(file: str) -> bool:
    """Return whether a second reading would find nothing: standard input, a pipe."""
    return file == STANDARD_INPUT or stat.S_ISFIFO(_mode(file))


def _mode(path: str) -> int:
    """Return what kind of file it is; 0, which is none, when nobody can tell."""
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0


def load(file: str) -> bytes:
    """Return what a file holds, decompressed.

    Raises:
        OSError: it cannot be read, or its compression is broken.
    """
    octets = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
    if not octets.startswith(_GZIP):
        return octets
    try:
        return gzip.decompress(octets)
    except (EOFError, zlib.error) as error:
        raise OSError(f"no good gzip file, {error}") from None


def signature(paths: Iterable[str]) -> list[tuple[str, int, int, int]]:
    """Return what differs once a file came, went or was written: cheaper than reading all."""
    found = []
    for file in (file for path in paths for file in find(path).files):
        try:
            status = Path(file).stat()
        except OSError:  # it went away just now, or it is standard input
            continue
        found.append((file, status.st_mtime_ns, status.st_size, status.st_ino))
    return found


def folders_of(paths: Iterable[str]) -> list[str]:
    """Return the folders to watch: that of a file too, because editors put a new file there."""
    named = [path for path in paths if not is_read_once(path)]
    folders = [path if stat.S_ISDIR(_mode(path)) else str(Path(path).parent) for path in named]
    return [folder for folder in dict.fromkeys(folders) if stat.S_ISDIR(_mode(folder))]
