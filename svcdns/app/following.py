"""Objects from manifests: read before the first query, followed afterwards.

The source says what is wrong as values; here it is logged, each problem once, and counted.
"""

import time
from collections.abc import Iterable

from svcdns.app.feed import Feed
from svcdns.app.start_error import StartError
from svcdns.source.manifests import Snapshot, read, watch
from svcdns.source.problem import Problem
from svcdns.telemetry.catalogue import MANIFEST_PROBLEMS
from svcdns.telemetry.log import get_log
from svcdns.telemetry.metrics import Metrics

_log = get_log("source")


def read_once(path: str) -> Snapshot:
    """Return the objects at `path`.

    Raises:
        StartError: nothing there can be read.
    """
    snapshot = read([path])
    if not snapshot.is_readable:
        problems = "\n".join(f"  {problem}" for problem in snapshot.problems)
        raise StartError(f"no Kubernetes objects can be read from '{path}':\n{problems}")
    return snapshot


def read_some(path: str) -> Snapshot:
    """Return the objects at `path` for one who reads once: a server waits for those to come.

    Raises:
        StartError: nothing there can be read, or there are none.
    """
    snapshot = read_once(path)
    if not snapshot.problems and not any(snapshot.cluster.objects.values()):
        raise StartError(
            f"there are no Kubernetes objects in '{path}'\n"
            "  next  name a folder of .yaml, .yml or .json files, or such a file: --manifests DIR"
        )
    return snapshot


class Manifests:
    """A folder of manifests and the feed that has to agree with it."""

    def __init__(self, path: str, feed: Feed, metrics: Metrics) -> None:
        self._path = path
        self._feed = feed
        self._metrics = metrics
        self._snapshot = Snapshot()

    def read_first(self) -> tuple[str, ...]:
        """Bring the feed to what the files say now; return a few lines about what that is.

        Raises:
            StartError: nothing there can be read.
        """
        snapshot = read_once(self._path)
        self._take(snapshot)
        return snapshot.summary

    def repeat(self) -> None:
        """Bring states that have come since to what the files said last."""
        self._feed.apply(self._snapshot, int(time.time()))

    async def follow(self) -> None:
        """Bring the feed to what the files say, each time they say something else."""
        async for snapshot in watch([self._path], self._snapshot):
            started = time.perf_counter()
            changes = self._take(snapshot)
            seconds = round(time.perf_counter() - started, 4)
            _log.info("manifests.changed", path=self._path, changes=changes, seconds=seconds)

    def _take(self, snapshot: Snapshot) -> int:
        before, after = set(self._snapshot.problems), snapshot.problems
        self._complain(problem for problem in after if problem not in before)
        gone = len(before.difference(after))
        if gone:
            _log.info("manifests.mended", path=self._path, problems=gone, left=len(after))
        self._metrics.set(MANIFEST_PROBLEMS, len(after))
        self._snapshot = snapshot
        return self._feed.apply(snapshot, int(time.time()))

    def _complain(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            _log.finding("manifests.problem", what=str(problem))
