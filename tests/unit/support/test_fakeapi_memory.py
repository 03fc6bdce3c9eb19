"""The fake as a connection in memory: waiting, closing, cutting, credentials, addresses."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcdns.source.apiserver.protocol import LostError
from tests.support.fakeapi import FakeApi, User, most_in_a_minute, objects
from tests.support.virtual_time import run
from tests.support.watching import PATHS, WATCH_LIST, Events, fetch, summary

PATH = PATHS["Service"]


def live(steps: Callable[[FakeApi], Awaitable[None]], *, latency_seconds: float = 0.0) -> None:
    async def main() -> None:
        api = FakeApi(latency_seconds=latency_seconds)
        api.put(objects.service("web"))
        await steps(api)
        assert api.under_way == 0

    run(main(), limit_seconds=10_000)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_hanging_server_is_lost_after_the_silence_that_is_allowed() -> None:
    async def steps(api: FakeApi) -> None:
        api.hang()
        with pytest.raises(LostError, match="nothing for 7 s"):
            await api.connection().get(PATH, silence_seconds=7)
        assert now() == 7

    live(steps)


def test_a_server_that_goes_on_after_a_while_says_what_was_to_be_said() -> None:
    async def steps(api: FakeApi) -> None:
        async with Events(api.connection(), "Service", **WATCH_LIST) as events:
            await events.until_synced()
            api.hang()
            api.put(objects.service("mail"))
            asyncio.get_running_loop().call_later(60, api.resume)
            assert summary(await anext(events)) == ("ADDED", "mail")
            assert now() == 60

    live(steps)


def test_all_connections_can_be_cut_at_once() -> None:
    async def steps(api: FakeApi) -> None:
        async def broken() -> None:
            async with Events(api.connection(), "Service", **WATCH_LIST) as events:
                await events.until_synced()
                with pytest.raises(LostError, match="reset"):
                    await anext(events)

        async with asyncio.TaskGroup() as group:
            for _ in range(1000):
                group.create_task(broken())
            await asyncio.sleep(1)
            assert api.cut(kind="Pod") == 0
            assert api.cut(kind="Service") == 1000

    live(steps)


def test_closing_wakes_who_reads() -> None:
    async def steps(api: FakeApi) -> None:
        options = (("watch", "true"), ("resourceVersion", str(api.version)))
        reply = await api.connection().get(PATH, options, silence_seconds=70)
        asyncio.get_running_loop().call_later(5, reply.close)
        for _ in range(2):
            with pytest.raises(LostError, match="closed"):
                await reply.read()
        assert now() == 5

    live(steps)


def test_nobody_listens_where_connections_are_refused() -> None:
    async def steps(api: FakeApi) -> None:
        connection = api.connection(servers=("https://a", "https://b"))
        api.refuse("https://a")
        with pytest.raises(LostError) as lost:
            await fetch(connection, "Service")
        assert lost.value.refused

        connection.next_server()
        assert connection.server == "https://b"
        assert (await fetch(connection, "Service"))[0] == 200

        connection.next_server()
        await api.accept("https://a")
        assert (await fetch(connection, "Service"))[0] == 200

    live(steps)


def test_a_server_that_lingers_lets_nobody_in_and_its_watches_say_nothing_until_they_break() -> (
    None
):
    async def steps(api: FakeApi) -> None:
        first, second = ("https://a", "https://b")
        connection = api.connection(servers=(first, second))
        async with Events(connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            api.linger(first)
            api.put(objects.service("mail"))
            with pytest.raises(LostError) as refused:
                await connection.get(PATH, silence_seconds=7)
            connection.next_server()
            assert (await fetch(connection, "Service"))[0] == 200

            loop = asyncio.get_running_loop()
            loop.call_later(60, api.cut)
            with pytest.raises(LostError, match="reset"):
                await anext(events)
            assert now() == 60

        assert refused.value.refused
        assert len(api.received) == 3

    live(steps)


def test_a_token_is_read_again_when_told_to() -> None:
    async def steps(api: FakeApi) -> None:
        old, new = "first", "second"
        file = [old]
        api.let_in(User("svcdns", frozenset({("list", "services")})), token=old)
        connection = api.connection(token=lambda: file[0])
        assert (await fetch(connection, "Service"))[0] == 200
        assert (await fetch(connection, "Pod"))[0] == 403

        api.let_in(User("svcdns"), token=new)
        api.revoke(old)
        file[0] = new
        assert (await fetch(connection, "Service"))[0] == 401
        await connection.renew_credentials()
        assert (await fetch(connection, "Pod"))[0] == 200

        file[0] = ""
        await connection.renew_credentials()
        assert (await fetch(connection, "Service"))[1]["message"].startswith(
            'services is forbidden: User "system:anonymous"'
        )

    live(steps)


def test_requests_take_their_time_and_are_written_down() -> None:
    async def steps(api: FakeApi) -> None:
        for _ in range(100):
            await fetch(api.connection(), "Service")
        assert 5 < now() < 15
        assert {one.kind for one in api.received} == {"Service"}
        assert most_in_a_minute(one.time for one in api.received) == 100

    live(steps, latency_seconds=0.1)


def test_the_busiest_minute_is_found() -> None:
    assert most_in_a_minute([]) == 0
    assert most_in_a_minute([0, 59, 60, 61, 200]) == 3
