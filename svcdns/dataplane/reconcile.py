"""The loop of the service proxy: what there should be against what there is, again and again.

Whoever changes something wakes it; how often, or why, does not matter. Changes are gathered for
a moment, then what differs is applied in a safe order. Now and then, and at once after anything
unexpected, everything is read back and compared. An object that is refused is tried again, later
each time, and holds up no other one.

Nothing is done before the first wake: whoever wakes knows that the cluster is known completely.
Nothing is taken away when the loop ends.

Source: docs/proxy.md.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from svcdns.dataplane.backend import Backend, DataplaneError
from svcdns.dataplane.drains import Drains, believed, idle_servers
from svcdns.dataplane.retries import Retries, Subject, subject
from svcdns.dataplane.sync_report import SyncReport
from svcdns.proxy.diff import changed_keys, diff_in_batches
from svcdns.proxy.model import UDP, Desired, VirtualKey
from svcdns.proxy.operations import DeleteServer, Operation

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

_FEW = 500
"""Real servers that are compared at once, in a millisecond."""

Apart = Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]]


class Pace(NamedTuple):
    """How fast the loop is."""

    gather_seconds: float = 0.05
    """Changes are gathered for so long after the first one."""
    audit_seconds: float = 30.0
    """Everything is read back at least so often."""
    drain_seconds: float = 300.0
    """How long a real server that is gone may keep its connections."""


class Reconciler:
    """Keeps one backend at what is wanted."""

    def __init__(
        self,
        backend: Backend,
        wanted: Callable[[], Awaitable[Desired]],
        report: SyncReport,
        pace: Pace = Pace(),  # noqa: B008  a tuple, never changed
        apart: Apart = asyncio.to_thread,
    ) -> None:
        """Do nothing yet; `begin` and `run` follow.

        Args:
            backend: is driven by this loop alone.
            wanted: returns what there should be now; asked after a wake.
            report: is told what happens.
            pace: how fast.
            apart: does long computations where they hold nobody up.
        """
        self.on_sync: Callable[[Desired], None] | None = None
        """Is called after each sync, with what there should be now."""
        self._backend = backend
        self._wanted = wanted
        self._report = report
        self._pace = pace
        self._apart = apart
        self.schedulers: frozenset[str] = frozenset()
        """Those the backend can keep to here."""
        self._woken = asyncio.Event()
        self._desired: Desired | None = None
        """What was wanted last."""
        self._done = Desired()
        """What the backend has, but for what `_retries` and `_drains` know of."""
        self._retries = Retries()
        self._drains = Drains(pace.drain_seconds)
        self._audit_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self._is_broken = False
        """Whether the backend as a whole did not work the last time."""
        self.waiting_since: float | None = None
        """When the oldest change came in that is not applied yet, seconds of the loop's clock;
        None: there is none."""

    @property
    def draining(self) -> int:
        """Real servers that only finish what they have."""
        return len(self._drains)

    @property
    def troubled(self) -> int:
        """Virtual servers and addresses that are refused."""
        return len(self._retries)

    @property
    def done(self) -> Desired:
        """What the node was brought to last."""
        return self._done

    def wake(self) -> None:
        """Say that something has changed, and that everything is known that matters."""
        if self.waiting_since is None:
            self.waiting_since = asyncio.get_running_loop().time()
        self._report.queued()
        self._woken.set()

    def look_again(self) -> None:
        """Say that the node is not as it was left: everything is compared at once."""
        if self._desired is not None:
            self._audit_at = 0.0
            self._woken.set()

    async def begin(self, scheduler: str) -> tuple[str, ...]:
        """See whether the backend works here; return what should still be mended.

        Args:
            scheduler: of Services that do not choose one.

        Raises:
            DataplaneError: it does not work; says what is missing.
        """
        found = await self._backend.probe()
        self.schedulers = found.schedulers
        if scheduler not in found.schedulers:
            raise DataplaneError(
                f"use scheduler {scheduler}",
                f"mode {self._backend.name} cannot do it here",
                f"choose one of {', '.join(sorted(found.schedulers))}",
            )
        await self._backend.setup()
        return found.remarks

    async def run(self) -> None:
        """Keep the backend at what is wanted, for ever."""
        self._audit_at = 0.0
        if self.waiting_since is not None:
            self._woken.set()
        while True:
            await self._wait()
            waiting_since, self.waiting_since = self.waiting_since, None
            try:
                await self._turn(is_woken=waiting_since is not None)
            except BaseException as error:
                now = asyncio.get_running_loop().time()
                self.waiting_since = now if waiting_since is None else waiting_since
                if not isinstance(error, DataplaneError):
                    raise
                self._report.broken(error, self._pause)
                self._audit_at = now + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
                self._is_broken = True

    async def _wait(self) -> None:
        """Wait until there is something to do."""
        loop = asyncio.get_running_loop()
        if self._is_broken:
            await asyncio.sleep(self._audit_at - loop.time())
            return
        due: float | None = None
        if self._desired is not None:
            times = (self._audit_at, self._retries.due, self._drains.look_at)
            due = min(one for one in times if one is not None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._woken.wait()
            if self.waiting_since is not None:
                await asyncio.sleep(self.waiting_since + self._pace.gather_seconds - loop.time())

    async def _turn(self, *, is_woken: bool) -> None:
        """Do what is to be done now."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._woken.clear()
        if is_woken or self._desired is None:
            self._desired = await self._wanted()
            self._report.planned(self._desired)
        desired = self._desired
        retry_at = self._retries.due
        if self._audit_at <= now or (retry_at is not None and retry_at <= now):
            await self._audit(desired)
        elif desired is not self._done:
            await self._follow(desired)
        look_at = self._drains.look_at
        if look_at is not None and look_at <= loop.time():
            await self._look_at_drains(desired)
        self._report.synced(desired, len(self._drains), loop.time() - now)
        if self.on_sync is not None:
            self.on_sync(desired)

    async def _follow(self, desired: Desired) -> None:
        """Apply what has changed since the last time, without reading anything."""
        keys = changed_keys(self._done, desired)
        troubled = [key for key in keys if key in self._retries]
        if troubled:  # what they have is not known
            self._retries.hasten(troubled, asyncio.get_running_loop().time())
            await self._audit(desired)
            return
        there = desired.virtual_servers
        is_long = sum(len(there[key]) for key in keys if key in there) > _FEW
        apart = self._apart if is_long else _at_once
        found = await apart(lambda: believed(self._done, self._drains, keys))
        await self._bring(diff_in_batches(desired, found, only=keys), desired, apart)
        await self._forget_flows(keys, desired)
        self._done = desired

    async def _audit(self, desired: Desired) -> None:
        """Read everything back, and put right whatever differs."""
        loop = asyncio.get_running_loop()
        if self._is_broken:
            await self._backend.setup()
        self._backend.look_closely()
        realized = await self._backend.read()
        # Of a hundred thousand real servers this takes long enough to be noticed.
        idle = await self._apart(lambda: list(idle_servers(desired, realized)))
        now = loop.time()
        self._drains.find(idle, now)
        over = set(self._retries)
        drift: Counter[Subject] = Counter()
        touched: set[Subject] = set(changed_keys(self._done, desired))

        def due(needed: Sequence[Operation]) -> Sequence[Operation]:
            touched.update(map(subject, needed))
            if desired is self._done:
                drift.update(map(subject, self._drift(needed)))
            over.difference_update(self._retries.among(needed))
            return self._retries.allowed(needed, now)

        await self._bring(diff_in_batches(desired, realized), desired, self._apart, due)
        await self._forget_flows(touched, desired)
        self._retries.forget(over)
        self._report.audited(drift)
        self._done = desired
        self._audit_at = loop.time() + self._pace.audit_seconds
        if self._is_broken:
            self._is_broken = False
            self._pause = FIRST_PAUSE_SECONDS
            self._report.mended()

    async def _forget_flows(self, subjects: Iterable[Subject], desired: Desired) -> None:
        """Let UDP flows end whose server is gone."""
        serving = flows_that_go_on(subjects, desired)
        if serving:
            await self._backend.forget_flows(serving)

    async def _look_at_drains(self, desired: Desired) -> None:
        """Take away what has finished."""
        idle = await self._backend.read_idle(self._drains.keys)
        over = self._drains.over(idle, asyncio.get_running_loop().time())
        if over:
            await self._apply(over, desired)

    async def _bring(
        self,
        batches: Iterator[Sequence[Operation]],
        desired: Desired,
        apart: Apart,
        due: Callable[[Sequence[Operation]], Sequence[Operation]] = lambda one: one,
    ) -> None:
        """Apply one batch after the other; the next one is made when its turn comes.

        Args:
            batches: are made with `apart`.
            desired: what they lead to.
            apart: where they are made.
            due: returns those of a batch that may be tried now.
        """
        batch = await apart(lambda: next(batches, None))
        while batch is not None:
            following = await apart(lambda: next(batches, None))
            await self._apply(due(batch), desired, rest=following is not None)
            batch = following

    async def _apply(
        self, operations: Sequence[Operation], desired: Desired, *, rest: bool = False
    ) -> None:
        failures = await self._backend.apply(operations, desired, rest=rest)
        now = asyncio.get_running_loop().time()
        refused = {id(failure.operation) for failure in failures}
        worked = [one for one in operations if id(one) not in refused] if refused else operations
        self._drains.note(worked, now)
        self._report.applied(worked, failures, self._retries.note(operations, failures, now))

    def _drift(self, operations: Sequence[Operation]) -> list[Operation]:
        """Return what somebody else has caused."""
        return [
            one
            for one in operations
            if subject(one) not in self._retries
            and not (isinstance(one, DeleteServer) and one.server in self._drains.of(one.key))
        ]


def flows_that_go_on(subjects: Iterable[Subject], desired: Desired) -> dict[VirtualKey, bytes]:
    """Return rows of the servers that keep their UDP flows, by virtual server among `subjects`.

    One that gets no new ones keeps those it has; where nobody serves nothing is said.
    """
    return {
        key: one.servers + one.ending
        for key in subjects
        if isinstance(key, VirtualKey)
        and key.protocol == UDP
        and (one := desired.virtual_servers.get(key)) is not None
        and one.servers
    }


async def _at_once(work: Callable[[], Any]) -> Any:
    return work()
