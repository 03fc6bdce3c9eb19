"""Replace a file as a whole: whoever reads it, even after a crash, finds the old or the new one.

The new file grows beside the old one under a name of its own, is brought to the disk, and takes
the old one's name. Of two writers the last one wins; neither sees the other's octets.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_SUFFIX = ".tmp"
# Nobody writes one file for so long: its writer was killed.
_LEFT_BEHIND_SECONDS = 600.0


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Give a file to write to that is at `path` once the block has ended well.

    Only its owner may read it. When the block raises, `path` stays as it was. What a writer
    that was killed left behind is removed by the next one.

    Raises:
        OSError: the folder is not there, cannot be written to or is full.
    """
    folder, name = os.path.split(path)
    folder = folder or os.curdir
    # Made with mode 0600, whatever the umask.
    descriptor, fresh = tempfile.mkstemp(_SUFFIX, f".{name}.", folder)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
            made = os.fstat(descriptor).st_mtime
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)  # noqa: PTH105 - paths are text all the way
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)  # noqa: PTH108
        raise
    _sync(folder)
    _sweep(folder, f".{name}.", made)


def _sync(folder: str) -> None:
    """Bring the names in a folder to the disk; some file systems cannot, and need not."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(folder: str, prefix: str, now: float) -> None:
    """Remove what killed writers left behind; `now` by the clock of the file system."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.name.endswith(_SUFFIX):
                with suppress(OSError):
                    if now - entry.stat(follow_symlinks=False).st_mtime > _LEFT_BEHIND_SECONDS:
                        os.unlink(entry.path)  # noqa: PTH108
