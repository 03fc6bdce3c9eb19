"""The last known state of a cluster on disk, for a start while the API server is away.

Writing is for a thread. The objects are frozen values, so the loop may go on changing its state
meanwhile, and it never waits for the writer longer than a part takes (`snapshot_file`). Reading
is for the start of a process: a snapshot that is not good is refused with a sentence, never with
an exception, and the process starts without it.

How often to write, and what to do with an old one, is decided by whoever calls.
"""

import errno
import os
import stat
import time
from collections.abc import Collection, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from svcdns.cluster.model import Object
from svcdns.source.replacing import replacing
from svcdns.source.snapshot_file import (
    NAME,
    Cause,
    FormatError,
    Identity,
    Snapshot,
    parse,
    parts,
)

__all__ = ["Cause", "Identity", "Refusal", "Snapshot", "read", "write"]

MAX_OCTETS = 1 << 30
"""Of a file that is read; 150,000 endpoints take 3 million."""

# Between two parts: without it the loop would now and then wait for the writer to be switched off.
_REST_SECONDS = 0.0005

_WILL_BE_WRITTEN = "nothing to do: it is written once the API server has answered"
_WILL_BE_REPLACED = "nothing to do: it is replaced once the API server has answered"
_REMEDIES = {
    Cause.MISSING: _WILL_BE_WRITTEN,
    Cause.UNREADABLE: "let the user that svcdns runs as read and write it",
    Cause.FOREIGN: "name another file: this one is left as it is",
    Cause.CLUSTER: "give each cluster a file of its own",
}


class Refusal(NamedTuple):
    """A snapshot that is not used."""

    file: str
    cause: Cause
    problem: str
    """What is wrong with it, to be read behind the file's name."""

    @property
    def remedy(self) -> str:
        """What to do."""
        return _REMEDIES.get(self.cause, _WILL_BE_REPLACED)

    def __str__(self) -> str:
        return f"the snapshot '{self.file}' {self.problem}; {self.remedy}"


def write(
    path: str, objects: Mapping[type, Sequence[Object]], saved_at: int, identity: Identity
) -> int:
    """Put a snapshot in the place of the one before; return how many octets it has.

    Whoever reads, even after a crash, finds the old or the new one. Only the owner may read it.
    Waits for the disk: call it in a thread.

    Args:
        path: its folder has to be there.
        objects: by class in `cluster.model`, with an empty list for a kind without objects.
        saved_at: Unix seconds.
        identity: as `read` will be asked for.

    Raises:
        OSError: it cannot be written, or there is a file that is no snapshot. What was at
            `path` stays.
    """
    _keep_foreign_file(path)
    size = 0
    with replacing(path) as file:
        for part in parts(objects, saved_at, identity):
            size += file.write(part)
            time.sleep(_REST_SECONDS)
    return size


def read(path: str, identity: Identity, kinds: Collection[type] = ()) -> Snapshot | Refusal:
    """Return the snapshot at `path`, or why it is not used; never an exception.

    Args:
        path: as for `write`.
        identity: whose objects are wanted.
        kinds: classes in `cluster.model` that have to be in it, be it without objects.
    """
    try:
        snapshot = parse(_load(path))
        _check(snapshot, identity, kinds)
    except FileNotFoundError:
        return Refusal(path, Cause.MISSING, "does not exist")
    except OSError as error:
        return Refusal(path, Cause.UNREADABLE, f"cannot be read ({error.strerror or error})")
    except FormatError as error:
        return Refusal(path, error.cause, str(error))
    return snapshot


def _check(snapshot: Snapshot, wanted: Identity, kinds: Collection[type]) -> None:
    found = snapshot.identity
    if found.cluster != wanted.cluster:
        problem = f"is of the cluster {found.cluster!r}, not of {wanted.cluster!r}"
        raise FormatError(Cause.CLUSTER, problem)
    if found != wanted:
        problem = f"holds the objects of {_selectors(found)}, not of {_selectors(wanted)}"
        raise FormatError(Cause.SELECTORS, problem)
    missing = sorted(kind.__name__ for kind in kinds if kind not in snapshot.objects)
    if missing:
        problem = f"has no {' and no '.join(missing)} objects, which are needed now"
        raise FormatError(Cause.KINDS, problem)


def _selectors(identity: Identity) -> str:
    return f"labels {identity.labels!r}, namespace_labels {identity.namespace_labels!r}"


def _load(path: str) -> bytes:
    with _opened(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_OCTETS:
            raise FormatError(Cause.FOREIGN, f"is larger than {MAX_OCTETS:,} octets")
        return file.read(MAX_OCTETS)


def _keep_foreign_file(path: str) -> None:
    """Refuse to replace a file that was named by mistake.

    Raises:
        OSError: it is no snapshot.
    """
    try:
        with _opened(path) as file:
            start = file.read(len(NAME))
    except FileNotFoundError:
        return
    except FormatError as error:
        raise FileExistsError(errno.EEXIST, str(error), path) from None
    if not NAME.startswith(start):  # a torn one may be replaced
        raise FileExistsError(errno.EEXIST, "is no snapshot and is left as it is", path)


def _opened(path: str) -> BinaryIO:
    """Open a file, and only that: a pipe would keep us waiting.

    Raises:
        OSError: it cannot be opened.
        FormatError: it is something else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FormatError(Cause.FOREIGN, "is no regular file")
    return open(descriptor, "rb")  # noqa: PTH123 - it is open already
