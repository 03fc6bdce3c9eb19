"""Which manifest files there are below some paths, and what octets they hold.

A folder is searched whole: `.yaml`, `.yml` and `.json`, also with `.gz`. What begins with a dot
or `#` is somebody's editor or a volume's machinery and is left alone; the visible names in a
ConfigMap volume are symbolic links into it and are followed. A file that is named itself is
read whatever it is called.
"""

import gzip
import os
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

STANDARD_INPUT = "-"

_SUFFIXES = tuple(
    suffix + packed for suffix in (".yaml", ".yml", ".json") for packed in ("", ".gz")
)
_GZIP = b"\x1f\x8b"


def find(path: str) -> list[str] | None:
    """Return the files below a path, in the order in which a later one wins over an earlier.

    None: the path does not exist.
    """
    if path == STANDARD_INPUT or Path(path).is_file():
        return [path]
    return _below(path) if Path(path).is_dir() else None


def _below(root: str) -> list[str]:
    found = []
    entered = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in entered:  # a link to a folder above
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(folder, name)
            for name in names
            if name.lower().endswith(_SUFFIXES) and not name.startswith((".", "#"))
        ]
    return [str(file) for file in sorted(found, key=lambda file: file.parts)]


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
    for file in (file for path in paths for file in find(path) or ()):
        try:
            status = Path(file).stat()
        except OSError:  # it went away just now, or it is standard input
            continue
        found.append((file, status.st_mtime_ns, status.st_size, status.st_ino))
    return found


def folders_of(paths: Iterable[str]) -> list[str]:
    """Return the folders to watch: that of a file too, because editors put a new file there."""
    named = [Path(path) for path in paths if path != STANDARD_INPUT]
    folders = [path if path.is_dir() else path.parent for path in named]
    return [str(folder) for folder in dict.fromkeys(folders) if folder.is_dir()]
