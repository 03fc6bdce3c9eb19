"""An API server that scenarios can be run against: the fake in memory, over HTTP, or a real one.

A scenario is an async function of a `Cluster`. Each kind of server decides how its loop runs: in
memory it is virtual time, so waiting costs nothing. A real server is one more `ApiServer`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from svcdns.source.apiserver.protocol import Connection
from tests.support import virtual_time
from tests.support.fakeapi import FakeApi, User, objects
from tests.support.http_connection import HttpConnection

_LIMIT_SECONDS = 3_600.0
_USERS = {
    "strong": User("strong"),
    "weak": User("weak", frozenset()),
}


class Cluster(Protocol):
    """What a scenario may do. The namespace `shop` exists and is empty at its start."""

    def connection(self, *, is_weak: bool = False) -> Connection:
        """Return a connection of a user who may do everything, or of `weak`, who may nothing."""
        ...

    async def put(self, document: Mapping[str, Any]) -> None:
        """Create an object or replace it, and return when watches can see it."""
        ...

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object at once."""
        ...

    async def forget_history(self) -> None:
        """Let every resourceVersion before now be too old; connections may end by it."""
        ...

    async def turn_watch_list_off(self) -> None:
        """Turn the feature gate WatchList off, until the scenario is over."""
        ...


Scenario = Callable[[Cluster], Coroutine[Any, Any, None]]


class ApiServer(Protocol):
    """One kind of API server."""

    def run(self, scenario: Scenario) -> None:
        """Run a scenario against an empty cluster; fail as it fails."""
        ...


async def put_slices(cluster: Cluster, *names: str) -> None:
    """Put one EndpointSlice of the Service `web` for each name."""
    for name in names:
        await cluster.put(objects.endpoint_slice(name, "web", ["10.1.0.1"]))


def scenario(steps: Scenario) -> Callable[[ApiServer], None]:
    """Make a test of a scenario: what pytest sees is a function of the fixture `api`."""

    def test(api: ApiServer) -> None:
        api.run(steps)

    test.__name__ = steps.__name__
    test.__doc__ = steps.__doc__
    return test


class FakeInMemory:
    """The fake without sockets, in virtual time."""

    def run(self, scenario: Scenario) -> None:
        api = _fake()
        cluster = _FakeCluster(api, api.connection)
        virtual_time.run(scenario(cluster), limit_seconds=_LIMIT_SECONDS)


class FakeOverHttp:
    """The fake behind a port of loopback."""

    def run(self, scenario: Scenario) -> None:
        asyncio.run(self._run(scenario))

    async def _run(self, scenario: Scenario) -> None:
        async with _fake() as api:
            host, port = await api.serve()
            await scenario(_FakeCluster(api, lambda token: HttpConnection(host, port, token=token)))


class _FakeCluster:
    """`Cluster` of a fake."""

    def __init__(self, api: FakeApi, connect: Callable[[str], Connection]) -> None:
        self._api = api
        self._connect = connect

    def connection(self, *, is_weak: bool = False) -> Connection:
        return self._connect("weak" if is_weak else "strong")

    async def put(self, document: Mapping[str, Any]) -> None:
        self._api.put(document)

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        self._api.delete(kind, namespace, name)

    async def forget_history(self) -> None:
        self._api.store.tick()
        self._api.compact()
        self._api.restart(gracefully=True)

    async def turn_watch_list_off(self) -> None:
        self._api.configure(watch_list=False)


def _fake() -> FakeApi:
    api = FakeApi()
    for token, user in _USERS.items():
        api.let_in(user, token=token)
    api.put(objects.namespace("shop"))
    return api
