"""Text files that are read again when they change: their octets, and whether they are new.

What is written in them is `wire.zone_file`'s and `answers.hosts`'s business. All of this
blocks: once queries are being answered it is called in a thread.
"""

import os
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

MAX_OCTETS = 256 * 1024 * 1024
"""Of one file: enough for any zone, too little to fill the memory by mistake."""


class Stamp(NamedTuple):
    """What tells one version of a file from the next without reading it."""

    modified: int
    """Nanoseconds."""
    size: int
    inode: int
    """Another one when a mounted ConfigMap was replaced."""


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of the file at `path`; None if there is no file that can be looked at."""
    try:
        status = os.stat(path)  # noqa: PTH116  the path is a word of the Corefile
    except (OSError, ValueError):
        return None
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


def read_text(path: str) -> str:
    """Return the text of a file; octets that are not UTF-8 survive as surrogates.

    Raises:
        OSError: it cannot be read, is no regular file, or larger than `MAX_OCTETS`. The text of
            the error is what the system says, without the path.
    """
    try:
        with Path(path).open("rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError("it is not a regular file")  # noqa: TRY301  told like all others
            octets = file.read(MAX_OCTETS + 1)
    except ValueError:
        raise OSError("its name is not one that a file can have") from None
    except OSError as error:
        raise OSError((error.strerror or str(error)).lower()) from None
    if len(octets) > MAX_OCTETS:
        raise OSError(f"it is larger than {MAX_OCTETS} octets")
    return octets.decode("utf-8", "surrogateescape")
