"""A cluster from manifest files: read them once, or follow them as they change.

Folders, files and standard input (`-`) of Kubernetes objects, `kubectl get -o yaml` dumps as
they are. A file that cannot be read keeps what it said before, an object that cannot be used is
left out; both are named in `Snapshot.problems`. Only files whose octets changed are parsed
again. Which objects follow from the entries is decided in `assembly`.

The only door to watchfiles.
"""

import asyncio
import hashlib
import operator
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from svcdns.cluster.model import Object
from svcdns.cluster.selector import parse_selector
from svcdns.source.assembly import Cluster, assemble
from svcdns.source.documents import BrokenFileError, Contents, read_contents
from svcdns.source.files import find, folders_of, in_order, is_read_once, load, signature
from svcdns.source.offline_addresses import DEFAULT_RANGES, read_ranges
from svcdns.source.problem import Problem

# A group of changes ends when nothing has changed for the shorter, at the latest after the longer.
_QUIET_MILLISECONDS = 50
_LONGEST_MILLISECONDS = 1600


class FileState(NamedTuple):
    """One file as it was read last."""

    digest: bytes
    """Of its octets; empty when they could not be read, so that they are read again."""
    contents: Contents
    """The last ones that could be used."""
    broken: Problem | None = None
    """Why `contents` are older than the file."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The cluster as the files describe it at one moment."""

    paths: tuple[str, ...] = ()
    ranges: tuple[str, ...] = DEFAULT_RANGES
    files: Mapping[str, FileState] = field(default_factory=dict)
    faults: tuple[Problem, ...] = ()
    """Paths and files that could not be read as a whole."""
    cluster: Cluster = field(default_factory=Cluster)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong now; who logs tells only what the snapshot before had not."""
        found = [problem for state in self.files.values() for problem in state.contents.problems]
        return (*self.faults, *found, *self.cluster.problems)

    @property
    def summary(self) -> tuple[str, ...]:
        """A few lines for the log: what there is, and what was left out on purpose."""
        return self.cluster.summary

    @property
    def is_readable(self) -> bool:
        """Whether a server can start on it: something was read, or there was nothing to read."""
        return not self.faults or any(not state.broken for state in self.files.values())

    def says_the_same_as(self, other: "Snapshot") -> bool:
        """Return whether the same files with the same octets were read the same way."""
        same = self.paths == other.paths and self.ranges == other.ranges
        states = (self.files.values(), other.files.values())
        return (
            same
            and self.faults == other.faults
            and list(self.files) == list(other.files)
            and all(map(operator.is_, *states))
        )

    def objects(self, labels: str = "", namespace_labels: str = "") -> list[Object]:
        """Return the objects that a stanza with these selectors sees.

        Args:
            labels: of Services, EndpointSlices and Pods; empty for all.
            namespace_labels: of Namespaces; empty for all.

        Raises:
            ValueError: not a selector.
        """
        return self.cluster.select(parse_selector(labels), parse_selector(namespace_labels))


def read(
    paths: Sequence[str],
    previous: Snapshot | None = None,
    *,
    ranges: Sequence[str] = DEFAULT_RANGES,
) -> Snapshot:
    """Return the snapshot of these paths, `previous` itself when nothing has changed.

    Standard input and pipes are read once; later snapshots keep what they said.

    Args:
        paths: folders, files, or `-`; of two entries for one object the later wins.
        previous: of the same paths.
        ranges: to give out ClusterIPs from, at most one a family; empty gives none.

    Raises:
        ValueError: not a range; see `offline_addresses.read_ranges`.
    """
    known = previous or Snapshot()
    files: dict[str, FileState] = {}
    faults: list[Problem] = []
    for path in paths:
        search = find(path)
        kept = {file for file in known.files for fault in search.faults if _is_within(file, fault)}
        for fault, why in search.faults.items():
            last_good = "; what was there is kept" if kept else ""
            faults.append(Problem(fault, f"{why}{last_good}"))
        for file in in_order({*search.files, *kept}):
            state = known.files.get(file)
            if state is None or file not in kept:
                state = _read_file(file, state)
            files[file] = state
    faults += [state.broken for state in files.values() if state.broken]
    snapshot = Snapshot(tuple(paths), tuple(ranges), files, tuple(faults))
    if previous and snapshot.says_the_same_as(previous):
        return previous
    cluster = assemble(
        {file: state.contents for file, state in files.items()},
        read_ranges(ranges),
        known.cluster.assigned,
    )
    return replace(snapshot, cluster=cluster)


async def watch(
    paths: Sequence[str],
    previous: Snapshot,
    *,
    polling: bool = False,
    rescan_seconds: float = 1.0,
) -> AsyncIterator[Snapshot]:
    """Yield a new snapshot each time the files say something else than before.

    Files are read in a thread. Besides the kernel's notices, which some file systems do not
    send, names and times of the files are compared every `rescan_seconds`: whatever changed
    between `previous` and the first notice is found by that too.

    Args:
        paths: as for `read`.
        previous: the snapshot to begin from.
        polling: look at every file a few times a second instead of waiting for notices.
        rescan_seconds: upper bound for a change without a notice.
    """
    # Not needed by a server without manifests, and `svcdns check` should start fast.
    from watchfiles import awatch  # noqa: PLC0415

    snapshot = previous
    seen: list[tuple[str, int, int, int]] = []
    notices = awatch(
        *folders_of(paths),
        watch_filter=None,
        debounce=_LONGEST_MILLISECONDS,
        step=_QUIET_MILLISECONDS,
        rust_timeout=max(1, round(rescan_seconds * 1000)),
        yield_on_timeout=True,
        force_polling=polling or None,
        ignore_permission_denied=True,
    )
    async with aclosing(notices):
        async for notice in notices:
            found = await asyncio.to_thread(signature, paths)
            if found == seen and not notice:
                continue
            seen = found
            newer = await asyncio.to_thread(read, paths, snapshot, ranges=snapshot.ranges)
            if newer is not snapshot:
                snapshot = newer
                yield snapshot


def _read_file(file: str, known: FileState | None) -> FileState:
    if known and is_read_once(file):
        return known
    before = known.contents if known else Contents()
    try:
        octets = load(file)
    except OSError as error:
        problem = Problem(file, f"cannot be read: {error.strerror or error}")
        return known if known and known.broken == problem else FileState(b"", before, problem)
    digest = hashlib.blake2b(octets, digest_size=16).digest()
    if known and known.digest == digest:
        return known
    try:
        return FileState(digest, read_contents(file, octets))
    except BrokenFileError as error:
        return FileState(digest, before, error.problem)


def _is_within(file: str, path: str) -> bool:
    return file == path or file.startswith(path.rstrip(os.sep) + os.sep)
