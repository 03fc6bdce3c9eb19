"""One attempt follows another for ever, at a pace, and what it tells is what happened.

What it does in each case is in tests/apiserver and in test_course.py.
"""

import asyncio

import pytest

from svcdns.source.apiserver.course import Move
from svcdns.source.apiserver.protocol import Connection, Query, Reply
from tests.support.fakeapi import FakeApi, Fault, User, objects
from tests.support.followed import Followed, change_service, follow, services_api


class Wrapped:
    """A connection that another one stands behind."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.renewals = 0
        self.moves = 0

    @property
    def server(self) -> str:
        return self.connection.server

    async def get(self, path: str, query: Query = (), *, silence_seconds: float) -> Reply:
        return await self.connection.get(path, query, silence_seconds=silence_seconds)

    async def renew_credentials(self) -> None:
        self.renewals += 1
        await self.connection.renew_credentials()

    def next_server(self) -> None:
        self.moves += 1
        self.connection.next_server()


def test_it_says_what_it_has() -> None:
    api = services_api()

    async def scenario(followed: Followed) -> None:
        reflector = followed.reflector
        assert (reflector.is_synced, reflector.resource_version, reflector.count) == (False, 0, 0)
        await followed.synced()
        assert (reflector.resource_version, reflector.count) == (api.version, 3)
        version = change_service(api)
        await asyncio.sleep(0.1)
        assert reflector.resource_version == version
        assert reflector.counts[Move.STREAM] == 1
        assert reflector.counts["MODIFIED"] == 1

    follow(scenario, api)


def test_a_pause_that_is_told_is_kept() -> None:
    api = services_api()
    api.refuse()

    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(300)
        await api.accept()
        await followed.agrees(61)

    followed = follow(scenario, api)

    told = followed.notes.of("lost")
    assert len(told) == len(api.received) - 1
    for one, request in zip(told, api.received[1:], strict=True):
        seconds = one.how[2]
        assert isinstance(seconds, float)
        assert request.time == pytest.approx(one.time + seconds)


def test_what_was_lost_is_recovered_once() -> None:
    api = services_api()

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.REFUSED, times=3)
        api.cut()
        await asyncio.sleep(60)

    followed = follow(scenario, api)

    whats = [told.what for told in followed.notes.told if told.what in {"lost", "recovered"}]
    assert whats == ["lost"] * 4 + ["recovered"]


def test_only_who_failed_at_a_server_leaves_it() -> None:
    api = services_api()
    servers = ("https://192.0.2.1:6443", "https://192.0.2.2:6443")
    connection = Wrapped(api.connection(servers=servers))

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.HANG_BEFORE_HEAD)
        api.cut()
        await asyncio.sleep(5)
        connection.connection.next_server()  # another resource has seen it already
        await asyncio.sleep(60)

    follow(scenario, api, connection=connection)

    assert connection.moves == 0


def test_credentials_are_renewed_before_the_next_attempt() -> None:
    api = services_api()
    api.let_in(User("svcdns"), token="right")  # noqa: S106
    connection = Wrapped(api.connection(token="wrong"))  # noqa: S106

    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(100)
        assert not followed.reflector.is_synced

    follow(scenario, api, connection=connection)

    assert connection.renewals == len(api.received)


def test_nothing_is_left_open_when_its_task_ends() -> None:
    api = FakeApi()
    api.put(objects.service("web"))

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        assert api.under_way == 1

    follow(scenario, api)

    assert api.under_way == 0
