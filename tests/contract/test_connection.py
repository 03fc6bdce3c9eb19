"""What every Connection does, the fake in memory as the client over HTTP and over TLS."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Protocol

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.client import connect
from svcdns.source.apiserver.protocol import Connection, LostError
from svcdns.source.apiserver.resources import SERVICES, SLICES
from svcdns.source.apiserver.watch import Watch
from tests.support import virtual_time
from tests.support.authority import Authority
from tests.support.fakeapi import FakeApi, Recorder, User, objects
from tests.support.fakeapi.tls import server_context
from tests.support.followed import Notes
from tests.support.reaching import kubeconfig
from tests.support.watching import PATHS, WATCH_LIST, Events, fetch, read_all

Scenario = Callable[["Cluster"], Awaitable[None]]


class Cluster:
    """A fake with two addresses, and the connection to it."""

    def __init__(self, api: FakeApi, token: Path, servers: tuple[str, ...]) -> None:
        self.api = api
        self.token = token
        self.servers = servers
        self.connection: Connection


class Way(Protocol):
    """How the connection is made."""

    silence_seconds: float

    def run(self, steps: Scenario, folder: Path) -> None:
        """Run a scenario."""
        ...


class Memory:
    """Without sockets, in virtual time."""

    silence_seconds = 70.0

    def run(self, steps: Scenario, folder: Path) -> None:
        token = folder / "token"
        token.write_text("strong")
        servers = ("https://192.0.2.1:6443", "https://192.0.2.2:6443")
        cluster = Cluster(known_to_some(), token, servers)
        cluster.connection = cluster.api.connection(token.read_text, servers)
        virtual_time.run(self._run(steps, cluster), limit_seconds=3_600)

    async def _run(self, steps: Scenario, cluster: Cluster) -> None:
        await steps(cluster)


class Client:
    """The product's client on the loopback."""

    silence_seconds = 0.3

    def __init__(self, *, has_tls: bool) -> None:
        self._has_tls = has_tls

    def run(self, steps: Scenario, folder: Path) -> None:
        asyncio.run(self._run(steps, folder))

    async def _run(self, steps: Scenario, folder: Path) -> None:
        token = folder / "token"
        token.write_text("strong\n")
        authority = Authority(folder) if self._has_tls else None
        tls = server_context(authority) if authority else None
        known = {"certificate-authority": str(authority.certificate)} if authority else {}
        scheme = "https" if authority else "http"
        async with known_to_some() as api:
            addresses = [await api.serve(tls) for _ in range(2)]
            servers = tuple(f"{scheme}://{host}:{port}" for host, port in addresses)
            access = kubeconfig(folder, servers[0], {"tokenFile": "token"}, **known)
            cluster = Cluster(api, token, servers)
            connection = connect(Access(servers, access.kubeconfig))
            cluster.connection = connection
            try:
                await steps(cluster)
            finally:
                await connection.close()


def known_to_some() -> FakeApi:
    api = FakeApi()
    api.let_in(User("strong"), token="strong")  # noqa: S106
    api.put(objects.service("web"))
    return api


async def until(is_so: Callable[[], bool], *, within_seconds: float) -> None:
    """Return when something is so."""
    async with asyncio.timeout(within_seconds):
        while not is_so():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0.01)


WAYS: dict[str, Way] = {
    "memory": Memory(),
    "http": Client(has_tls=False),
    "https": Client(has_tls=True),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def test_a_response_has_a_status_headers_and_a_body_with_an_end(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        reply = await cluster.connection.get(PATHS["Service"], silence_seconds=10)

        assert reply.status == 200
        assert reply.headers["content-type"] == "application/json"
        assert b'"name":"web"' in (await read_all(reply)).replace(b" ", b"")
        reply.close()

    way.run(steps, tmp_path)


def test_a_refusal_is_a_response_too(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        reply = await cluster.connection.get("/nothing", silence_seconds=10)

        assert reply.status == 404
        assert await read_all(reply)

    way.run(steps, tmp_path)


def test_a_closed_reply_ends_the_request(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        async with Events(cluster.connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            assert cluster.api.under_way == 1

        await until(lambda: not cluster.api.under_way, within_seconds=10)

    way.run(steps, tmp_path)


def test_where_nothing_listens_nothing_was_lost(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        cluster.api.refuse()

        with pytest.raises(LostError) as caught:
            await cluster.connection.get(PATHS["Service"], silence_seconds=10)

        assert caught.value.refused

    way.run(steps, tmp_path)


def test_a_connection_that_breaks_is_a_loss(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        async with Events(cluster.connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            cluster.api.cut()

            with pytest.raises(LostError) as caught:
                await anext(events)

        assert not caught.value.refused

    way.run(steps, tmp_path)


def test_silence_has_an_end(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        seconds = way.silence_seconds
        watch = (("watch", "true"),)
        reply = await cluster.connection.get(PATHS["Service"], watch, silence_seconds=seconds)
        assert await reply.read()
        cluster.api.hang()

        with pytest.raises(LostError):
            await reply.read()
        with pytest.raises(LostError):
            await cluster.connection.get(PATHS["Service"], silence_seconds=seconds)
        cluster.api.resume()

    way.run(steps, tmp_path)


def test_servers_are_used_one_after_the_other(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        first, second = cluster.servers
        cluster.api.refuse(first)
        seen = [cluster.connection.server]
        with pytest.raises(LostError):
            await fetch(cluster.connection, "Service")

        cluster.connection.next_server()
        seen.append(cluster.connection.server)
        status, _ = await fetch(cluster.connection, "Service")
        cluster.connection.next_server()
        seen.append(cluster.connection.server)

        assert status == 200
        assert seen == [first, second, first]

    way.run(steps, tmp_path)


def test_renewed_credentials_are_those_of_the_file(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        assert (await fetch(cluster.connection, "Service"))[0] == 200
        cluster.api.let_in(User("other"), token="other")  # noqa: S106
        cluster.api.revoke("strong")
        assert (await fetch(cluster.connection, "Service"))[0] == 401

        cluster.token.write_text("other")
        await cluster.connection.renew_credentials()

        assert (await fetch(cluster.connection, "Service"))[0] == 200

    way.run(steps, tmp_path)


def test_a_permission_that_is_missing_is_a_403(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        cluster.api.let_in(User("strong", frozenset()), token="strong")  # noqa: S106

        status, refusal = await fetch(cluster.connection, "Service")

        assert (status, refusal["code"]) == (403, 403)
        assert 'User "strong" cannot list' in refusal["message"]

    way.run(steps, tmp_path)


@pytest.mark.parametrize("name", ["http", "https"])
def test_a_403_for_nobody_is_a_401_for_us(name: str, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        cluster.api.configure(allows_anonymous=True)
        cluster.api.let_in(User("other"), token="other")  # noqa: S106
        cluster.api.revoke("strong")
        status, refusal = await fetch(cluster.connection, "Service")
        assert (status, refusal["code"]) == (401, 401)
        assert "not known there" in refusal["message"]

        await cluster.connection.renew_credentials()
        with pytest.raises(LostError, match="takes us for system:anonymous"):
            await fetch(cluster.connection, "Service")
        cluster.token.write_text("other")
        await cluster.connection.renew_credentials()

        assert (await fetch(cluster.connection, "Service"))[0] == 200

    WAYS[name].run(steps, tmp_path)


def test_a_watch_outlives_its_token(way: Way, tmp_path: Path) -> None:
    async def steps(cluster: Cluster) -> None:
        async with Events(cluster.connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            cluster.api.revoke("strong")
            cluster.api.put(objects.service("late"))

            event = await anext(events)

        assert event["object"]["metadata"]["name"] == "late"

    way.run(steps, tmp_path)


def test_a_cluster_is_followed_through_a_bad_day(way: Way, tmp_path: Path) -> None:
    """A new token, broken connections, a server that is gone: the sink has what the server has."""

    async def steps(cluster: Cluster) -> None:
        api, notes = cluster.api, Notes()
        recorder = Recorder(api)
        watch = Watch(cluster.connection, (SERVICES, SLICES), recorder, notes, Random(7))  # noqa: S311

        async def agrees() -> None:
            resources = (SERVICES, SLICES)
            await until(lambda: not any(map(recorder.differences, resources)), within_seconds=60)

        following = asyncio.ensure_future(watch.run())
        try:
            api.put(objects.endpoint_slice("web-1", "web", ["10.1.0.1"]))
            await agrees()
            api.let_in(User("other"), token="other")  # noqa: S106
            api.revoke("strong")
            cluster.token.write_text("other")
            api.refuse(cluster.servers[0])
            api.cut()
            api.put(objects.service("late"))
            api.delete("EndpointSlice", "shop", "web-1")
            await agrees()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

        recorder.check()
        assert not notes.of("failed")
        assert watch.is_synced
        assert cluster.connection.server == cluster.servers[1]

    way.run(steps, tmp_path)
