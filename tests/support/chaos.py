"""A bad day in the life of a cluster: objects change, the API server fails in every way it can.

One number makes the whole day, so that a day that went wrong can be had again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from svcdns.source.apiserver.protocol import Resource
from svcdns.source.apiserver.requests import PAGE_SIZE
from svcdns.source.apiserver.resources import NAMESPACES, PODS, SERVICES, SLICES
from svcdns.source.apiserver.watch import Watch
from tests.support.fakeapi import CHAOS, FakeApi, Recorder, User, most_in_a_minute, objects
from tests.support.fakeapi.store import Backup
from tests.support.followed import Notes
from tests.support.virtual_time import jump, run

DAY_SECONDS = 1_500.0
SETTLE_SECONDS = 700.0
"""The longest that a fault lasts unseen: a watch without events that does not say so."""
LIST_SECONDS = 16 * 3_600.0
"""After a restore that left no sign, only the list that is due twice a day helps."""

_SERVERS = ("https://192.0.2.1:6443", "https://192.0.2.2:6443")
_SPACES = ("shop", "mail")
_OBJECTS = 20
"""Names there are."""
_ACCIDENTS = 0.02
"""Chance of one, every two seconds."""
_DELETES = 0.25


@dataclass
class Day:
    """How a day is, as its number says."""

    seed: int
    features: dict[str, bool]
    resources: tuple[Resource, ...]
    has_restores: bool
    has_pages: bool
    """Whether a list does not fit on one page."""

    @classmethod
    def of(cls, seed: int) -> "Day":
        """Return the day of that number; consecutive ones have all combinations."""
        lists = ({}, {"watch_list": False}, {"old_etcd": True})[seed % 3]
        selector = "" if seed % 4 else "tier!=hidden"
        labelled = [one._replace(label_selector=selector) for one in (SERVICES, SLICES)]
        pods = PODS._replace(field_selector="status.phase!=Succeeded,status.phase!=Failed")
        resources = (*labelled, NAMESPACES, pods)
        return cls(
            seed, lists, resources, has_restores=seed % 2 == 1, has_pages=seed % 12 in (1, 4)
        )


@dataclass
class Outcome:
    """What came of it."""

    day: Day
    api: FakeApi
    recorder: Recorder
    notes: Notes
    watch: Watch
    settled_seconds: float | None = None
    """From the end of all faults until everything was right; None: it never was."""
    fresh_seconds: float | None = None
    """From the changes after that until they were known."""

    @property
    def most_requests(self) -> int:
        """Requests for one resource within a minute; further pages do not count."""
        received = [one for one in self.api.received if "continue" not in one.request.options]
        return max(
            most_in_a_minute(one.time for one in received if one.kind == resource.api_kind)
            for resource in self.day.resources
        )

    @property
    def differences(self) -> list[str]:
        """How the sink differs from the server."""
        return [line for one in self.day.resources for line in self.recorder.differences(one)]


def live_through(day: Day) -> Outcome:
    """Return what came of a day."""
    return run(_Living(day).live(), limit_seconds=10 * LIST_SECONDS)


class _Living:
    """One day under way."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._random = Random(day.seed)  # noqa: S311 - to be repeated
        self._api = FakeApi(day.seed, faults=CHAOS, history=500, latency_seconds=0.005)
        self._api.configure(**day.features)
        self._backup: Backup | None = None
        self._tokens = 0
        self._rotate_token()

    async def live(self) -> Outcome:
        for _ in range(5 * _OBJECTS):
            self._put()
        for number in range(2 * PAGE_SIZE if self._day.has_pages else 0):
            address = f"10.97.{number // 250}.{number % 250}"
            self._api.put(objects.service(f"many-{number}", addresses=(address,)))
        api, notes = self._api, Notes()
        random = Random(self._day.seed)  # noqa: S311 - to be repeated
        recorder = Recorder(api)
        connection = api.connection(token=lambda: f"token-{self._tokens}", servers=_SERVERS)
        watch = Watch(connection, self._day.resources, recorder, notes, random)
        outcome = Outcome(self._day, api, recorder, notes, watch)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watch.run())
            await self._go_wrong()
            api.calm()
            await api.accept()
            outcome.settled_seconds = await self._settled(outcome)
            for _ in range(10):
                self._change()
            outcome.fresh_seconds = await self._settled(outcome)
            task.cancel()
        return outcome

    async def _go_wrong(self) -> None:
        clock, random = asyncio.get_running_loop().time, self._random
        accidents = self._accidents()
        while clock() < DAY_SECONDS:
            for _ in range(random.randrange(4)):
                self._change()
            if random.random() < _ACCIDENTS:
                await random.choice(accidents)()
            await asyncio.sleep(random.expovariate(1 / 2.0))

    async def _settled(self, outcome: Outcome) -> float | None:
        clock = asyncio.get_running_loop().time
        begun_at = clock()
        limit = LIST_SECONDS if self._day.has_restores else SETTLE_SECONDS
        while (passed := clock() - begun_at) < limit:
            if outcome.watch.is_synced and not outcome.differences:
                return passed
            await asyncio.sleep(1 if passed < SETTLE_SECONDS else 60)
        return None

    # What people do.

    def _put(self) -> None:
        random, number = self._random, self._random.randrange(_OBJECTS)
        name, space = f"web-{number}", random.choice(_SPACES)
        labels = {"tier": random.choice(("hidden", "front", "back"))}
        match random.randrange(8):
            case 0:
                self._api.put(objects.namespace(random.choice((*_SPACES, name))))
            case 1 | 2:
                address = f"10.96.{number}.{random.randrange(1, 250)}"
                self._api.put(objects.service(name, space, addresses=(address,), labels=labels))
            case 3 | 4:
                phase = random.choice(("Running", "Running", "Pending", "Succeeded", "Failed"))
                address = "" if phase == "Pending" else f"10.2.{number}.{random.randrange(1, 250)}"
                self._api.put(objects.pod(name, address, space, phase=phase, labels=labels))
            case _:
                addresses = {
                    f"10.1.{number}.{random.randrange(1, 250)}" for _ in range(random.randrange(6))
                }
                document = objects.endpoint_slice(
                    f"{name}-a", name, sorted(addresses), space, labels=labels
                )
                self._api.put(document)

    def _delete(self) -> None:
        kind = self._random.choice(self._day.resources).api_kind
        keys = sorted(self._api.documents(kind))
        if len(keys) > 3:
            self._api.delete(kind, *self._random.choice(keys))

    def _change(self) -> None:
        if self._random.random() < _DELETES:
            self._delete()
        else:
            self._put()

    # What happens to the API server, and on the way there.

    def _accidents(self) -> list[Callable[[], Awaitable[None]]]:
        accidents: list[Callable[[], Awaitable[None]]] = [
            self._compact,
            self._restart,
            self._be_away,
            self._linger,
            self._hang,
            self._storm,
            self._suspend,
            self._renew_token,
        ]
        return [*accidents, self._back_up, self._restore] if self._day.has_restores else accidents

    async def _compact(self) -> None:
        self._api.compact()

    async def _restart(self) -> None:
        self._api.restart(gracefully=self._random.random() < 0.5)

    async def _be_away(self) -> None:
        server = self._random.choice(("", *_SERVERS))
        self._api.refuse(server)
        self._api.cut(server=server)
        await asyncio.sleep(self._random.uniform(0, 90))
        self._change()
        await self._api.accept(server)

    async def _linger(self) -> None:
        server = self._random.choice(_SERVERS)
        self._api.linger(server)
        self._change()
        await asyncio.sleep(self._random.uniform(0, 90))
        self._api.cut(server=server)
        await self._api.accept(server)

    async def _hang(self) -> None:
        self._api.hang()
        await asyncio.sleep(self._random.uniform(0, 200))
        self._api.resume()

    async def _storm(self) -> None:
        self._api.end_watches()

    async def _suspend(self) -> None:
        jump(self._random.uniform(0, 300))

    async def _renew_token(self) -> None:
        self._rotate_token()

    async def _back_up(self) -> None:
        self._backup = self._api.backup()

    async def _restore(self) -> None:
        if self._backup:
            self._api.restore(self._backup, overtaking=self._random.random() < 0.5)

    def _rotate_token(self) -> None:
        if self._tokens:
            self._api.revoke(f"token-{self._tokens}")
        self._tokens += 1
        self._api.let_in(User("svcdns"), token=f"token-{self._tokens}")
