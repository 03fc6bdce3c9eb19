"""The fake behind a port: what only a socket has. The rest is in tests/contract."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from svcdns.source.apiserver.protocol import LostError, Query
from tests.support.authority import Authority
from tests.support.fakeapi import FakeApi, Fault, User, objects
from tests.support.fakeapi.tls import renew, server_context
from tests.support.http_connection import HttpConnection
from tests.support.watching import PATHS, WATCH_LIST, Events, fetch, read_all

PATH = PATHS["Service"]
STREAM: Query = (
    ("watch", "true"),
    *((name, str(value).lower()) for name, value in WATCH_LIST.items() if value is True),
    ("resourceVersionMatch", "NotOlderThan"),
)


def live(steps: Callable[[FakeApi, HttpConnection], Awaitable[None]]) -> None:
    async def main() -> None:
        async with FakeApi() as api:
            api.put(objects.service("web"))
            await steps(api, HttpConnection(*await api.serve()))

    asyncio.run(main())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - it is told by nobody
            await asyncio.sleep(0)


def test_a_connection_serves_one_request_after_the_other() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        assert connection.server.startswith("http://127.0.0.1:")
        host, port = connection.server.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in range(3):
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert await reader.readexactly(2) == b"ok"
        writer.close()
        assert len(api.received) == 3

    live(steps)


def test_a_watch_list_is_compressed_flush_by_flush() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        reply = await connection.ask("GET", PATH, STREAM, accept_encoding="gzip, deflate")
        assert reply.headers["content-encoding"] == "gzip"
        first = await reply.read()
        api.put(objects.service("mail"))
        second = await reply.read()
        reply.close()
        for member, kind in ((first, b'"ADDED"'), (second, b'"ADDED"')):
            inflating = zlib.decompressobj(31)
            assert kind in inflating.decompress(member)
            assert inflating.eof
            assert not inflating.unused_data

    live(steps)


def test_only_a_long_list_is_compressed() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        short = await connection.ask("GET", PATH, accept_encoding="gzip")
        for number in range(200):
            api.put(objects.service(f"web-{number}"))
        long = await connection.ask("GET", PATH, accept_encoding="gzip")
        assert "content-encoding" not in short.headers
        assert (await read_all(short)).startswith(b"{")
        assert gzip.decompress(await read_all(long)).count(b'"clusterIPs"') == 201

    live(steps)


def test_a_list_can_end_in_the_middle_of_its_compression() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        api.fail_next(Fault.TRUNCATED_GZIP)
        reply = await connection.ask("GET", PATH, accept_encoding="gzip")
        with pytest.raises(EOFError):
            gzip.decompress(await read_all(reply))

    live(steps)


def test_a_client_that_has_gone_is_noticed_while_nothing_is_sent() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        async with Events(connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            assert api.under_way == 1
        await until(lambda: api.under_way == 0)

    live(steps)


def test_a_port_that_refuses_leaves_connections_alone_and_is_the_same_later() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        async with Events(connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            api.refuse(connection.server)
            with pytest.raises(LostError) as lost:
                await fetch(connection, "Service")
            assert lost.value.refused
            api.put(objects.service("mail"))
            assert (await anext(events))["type"] == "ADDED"
        await api.accept(connection.server)
        assert (await fetch(connection, "Service"))[0] == 200

    live(steps)


def test_a_cut_is_a_reset_of_the_connection() -> None:
    async def steps(api: FakeApi, connection: HttpConnection) -> None:
        async with Events(connection, "Service", **WATCH_LIST) as events:
            await events.until_synced()
            api.cut()
            with pytest.raises(LostError, match="reset by peer"):
                await anext(events)

    live(steps)


def test_the_server_shows_a_certificate_that_can_be_renewed(tmp_path: Path) -> None:
    first, second = Authority(tmp_path / "first"), Authority(tmp_path / "second")

    async def steps(api: FakeApi, _: HttpConnection) -> None:
        context = server_context(first)
        host, port = await api.serve(context)

        def trusting(authority: Authority) -> HttpConnection:
            tls = ssl.create_default_context(cafile=authority.certificate)
            return HttpConnection(host, port, tls=tls)

        assert (await fetch(trusting(first), "Service"))[0] == 200
        renew(context, second)
        assert (await fetch(trusting(second), "Service"))[0] == 200
        with pytest.raises(LostError, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch(trusting(first), "Service")

    live(steps)


def test_a_user_can_be_known_by_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def steps(api: FakeApi, _: HttpConnection) -> None:
        api.let_in(User("operator"), certificate="operator")
        host, port = await api.serve(server_context(authority))
        tls = ssl.create_default_context(cafile=authority.certificate)
        connection = HttpConnection(host, port, tls=tls)
        assert (await fetch(connection, "Service"))[0] == 403

        tls.load_cert_chain(*authority.issue(subject="/CN=operator"))
        assert (await fetch(connection, "Service"))[0] == 200

    live(steps)
