"""The last known state on disk: read before the first contact, written while it changes.

A server that starts while the API server is away answers from it. How the file looks and why one
is refused is `source.snapshot`'s business; what is logged and when it is written is decided here.
Several views have a file each, the second one's is called `FILE.2`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from svcdns.app.live import Live
from svcdns.source import snapshot
from svcdns.telemetry.log import get_log

INTERVAL_SECONDS = 60.0
"""The shortest time between two writings, but for the first and the last one."""

_log = get_log("source")


class Keeping:
    """The snapshots of all watches of one process."""

    def __init__(
        self,
        path: str,
        lives: Sequence[Live],
        apart: Callable[[Callable[[], int]], Coroutine[Any, Any, int]] = asyncio.to_thread,
    ) -> None:
        """Begin without looking at any file.

        Args:
            path: of the first one's snapshot.
            lives: what is kept, in the order of the Corefile.
            apart: does the writing where it holds nobody up.
        """
        self._kept = [
            _Kept(path if number == 1 else f"{path}.{number}", live)
            for number, live in enumerate(lives, 1)
        ]
        self._apart = apart
        self._due = asyncio.Event()
        self._writing: asyncio.Future[int] | None = None
        for live in lives:
            live.on_sync = self._due.set

    def restore(self) -> None:
        """Let every watch begin with what was known last; what cannot be used is logged."""
        for kept in self._kept:
            kept.restore()

    def changed(self) -> None:
        """Write soon; to be called after every change."""
        self._due.set()

    async def run(self) -> None:
        """Write what has changed, for ever, but not more than once in `INTERVAL_SECONDS`."""
        while True:
            await self._due.wait()
            if self._due_now():
                self._due.clear()
                await self._write()
                await asyncio.sleep(INTERVAL_SECONDS)
            else:  # nothing is complete yet, and the next change or load says when
                self._due.clear()

    async def end(self) -> None:
        """Write once more; `run` must have been cancelled."""
        if self._writing is not None:
            await asyncio.wait((self._writing,))
        if self._due_now():
            await self._write()

    def _due_now(self) -> bool:
        return any(kept.live.is_synced for kept in self._kept)

    async def _write(self) -> None:
        for kept in self._kept:
            if kept.live.is_synced:
                await kept.write(self._in_thread)

    async def _in_thread(self, work: Callable[[], int]) -> int:
        """Return what `work` returns; it goes on to its end though the waiting task is ended."""
        self._writing = asyncio.ensure_future(self._apart(work))
        return await asyncio.shield(self._writing)


class _Kept:
    """One watch and its file."""

    def __init__(self, path: str, live: Live) -> None:
        self.path = path
        self.live = live
        self._identity = snapshot.Identity(
            live.server, live.view.labels, live.view.namespace_labels
        )

    def restore(self) -> None:
        started = time.perf_counter()
        found = snapshot.read(self.path, self._identity, self.live.kinds)
        if isinstance(found, snapshot.Refusal):
            say = _log.info if found.cause is snapshot.Cause.MISSING else _log.warning
            say("snapshot.refused", path=self.path, cause=found.cause.value, what=str(found))
            return
        self.live.restore(found.objects, found.saved_at)
        _log.info(
            "snapshot.read",
            path=self.path,
            objects=sum(map(len, found.objects.values())),
            age_seconds=max(0, int(time.time()) - found.saved_at),
            seconds=round(time.perf_counter() - started, 3),
        )

    async def write(self, in_thread: Callable[[Callable[[], int]], Awaitable[int]]) -> None:
        """Write what is known now, as of the last contact if there is none."""
        live = self.live
        objects = {kind: tuple(live.state.objects(kind)) for kind in live.kinds}
        lost = max(map(live.lost_seconds, live.resources))
        work = partial(snapshot.write, self.path, objects, int(time.time() - lost), self._identity)
        try:
            size = await in_thread(work)
        except OSError as error:
            _log.error(
                "snapshot.write_failed",
                path=self.path,
                error=error.strerror or str(error),
                next="let svcdns write to this file and its folder, or name another one",
            )
        else:
            _log.debug("snapshot.written", path=self.path, octets=size)
