"""A reflector that follows the fake API server in virtual time, and all that it tells.

def test_...() -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        followed.api.compact()
        ...

    follow(scenario)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import NamedTuple

from svcdns.cluster.object_error import ObjectError
from svcdns.source.apiserver.observer import Finding, Reason
from svcdns.source.apiserver.protocol import Connection, Resource
from svcdns.source.apiserver.reflector import Reflector
from svcdns.source.apiserver.resources import SERVICES
from tests.support.fakeapi import FakeApi, Recorder, objects
from tests.support.fakeapi.calls import Received
from tests.support.virtual_time import run


class Told(NamedTuple):
    """One call of an observer."""

    time: float
    what: str
    resource: str
    how: tuple[object, ...] = ()


class Notes:
    """An `Observer` that remembers."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def of(self, what: str) -> list[Told]:
        """Return the calls of one method."""
        return [told for told in self.told if told.what == what]

    def first(self, what: str) -> tuple[object, ...]:
        """Return the arguments of the first call of a method."""
        return self.of(what)[0].how

    def list_begun(self, resource: Resource) -> None:
        self._note("list_begun", resource)

    def list_over(self, resource: Resource) -> None:
        self._note("list_over", resource)

    def listed(self, resource: Resource, count: int, seconds: float) -> None:
        self._note("listed", resource, count, seconds)

    def relisted(self, resource: Resource, reason: Reason) -> None:
        self._note("relisted", resource, reason)

    def applied(self, resource: Resource, count: int, trigger_times: tuple[str, ...]) -> None:
        self._note("applied", resource, count, trigger_times)

    def lost(self, resource: Resource, server: str, why: str, retry_seconds: float) -> None:
        self._note("lost", resource, server, why, retry_seconds)

    def forbidden(self, resource: Resource, verb: str, message: str, times: int) -> None:
        self._note("forbidden", resource, verb, message, times)

    def recovered(self, resource: Resource) -> None:
        self._note("recovered", resource)

    def rejected(self, resource: Resource, problem: ObjectError | str) -> None:
        self._note("rejected", resource, str(problem))

    def reduced(self, resource: Resource, problem: ObjectError) -> None:
        self._note("reduced", resource, str(problem))

    def audited(self, resource: Resource, finding: Finding) -> None:
        self._note("audited", resource, finding)

    def failed(self, resource: Resource, error: Exception, retry_seconds: float) -> None:
        self._note("failed", resource, error, retry_seconds)

    def _note(self, what: str, resource: Resource, *how: object) -> None:
        self.told.append(Told(_now(), what, resource.name, how))


class Followed:
    """One resource of a fake API server, and its reflector."""

    def __init__(self, api: FakeApi, resource: Resource, connection: Connection) -> None:
        self.api = api
        self.resource = resource
        self.notes = Notes()
        self.recorder = Recorder(api)
        random = Random(7)  # noqa: S311 - to be repeated
        self.reflector = Reflector(resource, connection, self.recorder, self.notes, random)

    @property
    def asked(self) -> list[str]:
        """The requests so far; see `words`."""
        return words(self.api.received)

    @property
    def relisted(self) -> list[object]:
        """Why it was listed again, each time."""
        return [told.how[0] for told in self.notes.of("relisted")]

    async def synced(self) -> None:
        """Return when the first list is in."""
        await self.until(lambda: self.reflector.is_synced, 60)

    async def agrees(self, within_seconds: float) -> None:
        """Return when the sink has what the server has; fail if that takes too long."""
        await self.until(lambda: not self.recorder.differences(self.resource), within_seconds)

    async def until(self, is_so: Callable[[], bool], within_seconds: float) -> None:
        """Return when something is so; fail if that takes too long."""
        clock = asyncio.get_running_loop().time
        limit = clock() + within_seconds
        while not is_so():
            assert clock() < limit, f"not within {within_seconds} s; asked: {self.asked[-9:]}"
            await asyncio.sleep(0.1)


def _now() -> float:
    """Return the loop's time, 0 outside of one."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


def words(received: Iterable[Received]) -> list[str]:
    """Return what each request asked for: `stream`, `watch`, `list`, `page` or `probe`.

    Behind `stream` and `watch` stands the resource version that it named, if any.
    """
    found = []
    for _, _, request, _ in received:
        options = request.options
        version = options.get("resourceVersion", "")
        if request.is_watch:
            word = "stream" if "sendInitialEvents" in options else "watch"
            found.append(f"{word} {version}".strip())
        elif "continue" in options:
            found.append("page")
        else:
            found.append("probe" if options.get("limit") == "1" else "list")
    return found


def follow(
    scenario: Callable[[Followed], Awaitable[None]],
    api: FakeApi | None = None,
    *,
    resource: Resource = SERVICES,
    connection: Connection | None = None,
    limit_seconds: float = 1_000_000,
) -> Followed:
    """Run a scenario beside a reflector, and return both when the scenario has ended.

    Args:
        scenario: does things to the server, and looks.
        api: whose objects; without one, it has none.
        resource: what is followed.
        connection: the way to the server; without one, in memory and at once.
        limit_seconds: how much virtual time it may take.
    """
    api = api or FakeApi()
    followed = Followed(api, resource, connection or api.connection())

    failures: list[AssertionError] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(followed.reflector.run())
            try:
                await scenario(followed)
            except AssertionError as failure:
                failures.append(failure)  # raised below, not as a part of a group
            task.cancel()

    run(main(), limit_seconds=limit_seconds)
    if failures:
        raise failures[0]
    followed.recorder.check()
    return followed


def services_api(count: int = 3) -> FakeApi:
    """Return a server with some Services in Namespace `shop`: `web-0`, `web-1` …"""
    api = FakeApi()
    for number in range(count):
        address = f"10.96.{number // 250}.{number % 250}"
        api.put(objects.service(f"web-{number}", addresses=(address,)))
    return api


def change_service(api: FakeApi, number: int = 0) -> int:
    """Give one of these Services an address it did not have; return the resource version."""
    return api.put(objects.service(f"web-{number}", addresses=(f"10.97.0.{api.version % 250}",)))
