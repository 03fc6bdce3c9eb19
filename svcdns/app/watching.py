"""Which clusters are followed: those that the configuration in use, or the next one, asks for.

A configuration that is reloaded keeps the watches it has; only what it sees anew is loaded, and
what nobody sees any more is let go when the new one is in use.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from types import MappingProxyType

from svcdns.answers.settings import KubernetesSettings
from svcdns.app.feed import Feed, View
from svcdns.app.keeping import Keeping
from svcdns.app.live import Live, Remarks, lives_of
from svcdns.app.measure import measure_lives
from svcdns.app.options import Options
from svcdns.app.supervise import keep_running
from svcdns.app.watch_report import CollectorRest, WatchReport
from svcdns.source.apiserver.resources import resources_for
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status

Stanzas = Mapping[View, Sequence[KubernetesSettings]]


class Watching:
    """All watches of one process."""

    def __init__(
        self,
        feed: Feed,
        options: Options,
        environment: Mapping[str, str],
        metrics: Metrics,
        status: Status,
        also: Stanzas = MappingProxyType({}),
    ) -> None:
        """Follow nothing yet.

        Args:
            feed: gets the objects.
            options: the command line's.
            environment: of the process.
            metrics: gets the numbers.
            status: is told of loops of ours that fail.
            also: is followed whatever the configuration asks for.
        """
        self.on_trigger: Callable[[Sequence[float]], None] | None = None
        """Is called with the Unix times of changes of endpoints when they come in."""
        self._also = also
        self._feed = feed
        self._options = options
        self._environment = environment
        self._metrics = metrics
        self._status = status
        self._lives: dict[View, Live] = {}
        self._tasks: dict[Live, asyncio.Task[None]] = {}
        self._numbers = count()
        self._retired: list[Live] = []
        self._remarks, self._rest = Remarks(feed.remark), CollectorRest()
        self._keeping: Keeping | None = None
        self._writing: asyncio.Task[None] | None = None
        self._feed.follow(self._changed)

    def begin(self, stanzas: Stanzas) -> list[Live]:
        """Follow what `stanzas` see too; return what has to be loaded first.

        Raises:
            StartError: a kubeconfig, token or certificate is missing or wrong.
        """
        seen = self._with_more(stanzas)
        wanted = {view: own for view, own in seen.items() if not self._is_followed(view, own)}
        clock = asyncio.get_running_loop().time
        lives = lives_of(
            self._feed,
            wanted,
            self._options,
            self._environment,
            lambda view: WatchReport(
                self._metrics,
                partial(self._remarks.set, view),
                clock,
                self._rest,
                self.on_trigger if view in self._also else None,
            ),
        )
        for live in lives:
            before = self._lives.pop(live.view, None)
            if before is not None:
                self._retired.append(before)
            self._lives[live.view] = live
        if lives:
            measure_lives(self._metrics, list(self._lives.values()))
            self._keep()
        for live in lives:
            room = f"watch-{next(self._numbers)}"
            self._tasks[live] = asyncio.get_running_loop().create_task(
                keep_running(room, live.run, self._status)
            )
        return lives

    async def settle(self, stanzas: Stanzas) -> None:
        """Let go what `stanzas`, the ones in use from now on, do not see."""
        seen = self._with_more(stanzas)
        for view in [view for view in self._lives if view not in seen]:
            self._retired.append(self._lives.pop(view))
            self._remarks.set(view, "")
        if self._retired:
            await self._let_go()
            measure_lives(self._metrics, list(self._lives.values()))
            self._keep()

    async def close(self) -> None:
        """Follow nothing any more; what is known is written down once more."""
        self._retired += self._lives.values()
        self._lives.clear()
        for task in self._tasks.values():
            task.cancel()
        if self._writing is not None:
            self._writing.cancel()
        if self._keeping is not None:
            await self._keeping.end()
        await self._let_go()

    def is_synced(self, view: View) -> bool:
        """Return whether the API server itself has said everything about a view."""
        live = self._lives.get(view)
        return live is not None and live.is_synced

    def _with_more(self, stanzas: Stanzas) -> Stanzas:
        """Return `stanzas` and what is followed besides; what both see they share."""
        if not self._also:
            return stanzas
        views = dict.fromkeys((*stanzas, *self._also))
        return {view: (*stanzas.get(view, ()), *self._also.get(view, ())) for view in views}

    def _is_followed(self, view: View, stanzas: Sequence[KubernetesSettings]) -> bool:
        live = self._lives.get(view)
        needed = {resource.name for one in stanzas for resource in resources_for(one)}
        return live is not None and needed <= set(live.resources)

    async def _let_go(self) -> None:
        retired, self._retired = self._retired, []
        for live in retired:
            task = self._tasks.pop(live)
            task.cancel()
            await asyncio.wait((task,))
            await live.close()

    def _keep(self) -> None:
        """Keep the last known state of what is followed now on disk."""
        if not self._options.snapshot:
            return
        if self._writing is not None:
            self._writing.cancel()
        first = self._keeping is None
        self._keeping = Keeping(self._options.snapshot, list(self._lives.values()))
        if first:
            self._keeping.restore()
        self._writing = asyncio.get_running_loop().create_task(
            keep_running("keeping", self._keeping.run, self._status)
        )

    def _changed(self) -> None:
        if self._keeping is not None:
            self._keeping.changed()
