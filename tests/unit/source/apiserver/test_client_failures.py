"""What becomes of a request when the server or the network does not do what it should."""

import socket

import pytest

from svcdns.source.apiserver.protocol import LostError
from tests.support.http_peer import (
    CHUNKED,
    LAST_CHUNK,
    always,
    broken,
    chunk,
    peer,
    response,
    silent,
)
from tests.support.reaching import PATH, WATCH, body, lost, reaching, rest


async def test_where_nothing_listens_nothing_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with reaching(f"http://127.0.0.1:{port}") as connection:
        why = await lost(connection)

    assert why.refused
    assert str(why).startswith(f"nothing listens at http://127.0.0.1:{port} (connection refused)")


async def test_after_a_refusal_the_next_server_answers() -> None:
    async with (
        peer(always(response())) as server,
        reaching("http://127.0.0.1:1", server.url) as connection,
    ):
        await lost(connection)
        connection.next_server()

        assert await body(connection) == b"{}"
        assert connection.server == server.url


async def test_a_server_that_does_not_take_the_connection_is_given_up() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()):  # now its queue is full
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            async with reaching(url, connect_seconds=0.2) as connection:
                why = await lost(connection)

    assert str(why).startswith(f"{url} did not answer within 0.2 s")


async def test_a_server_that_takes_a_request_and_says_nothing_is_given_up() -> None:
    async with peer(silent(b"")) as server, reaching(server.url) as connection:
        why = await lost(connection, silence_seconds=0.2)

    assert str(why).startswith(f"{server.url} said nothing for 0.2 s")


async def test_a_watch_that_falls_silent_is_given_up() -> None:
    async with (
        peer(silent(CHUNKED + chunk(b"{}\n"))) as server,
        reaching(server.url) as connection,
    ):
        reply = await connection.get(PATH, WATCH, silence_seconds=0.2)
        assert await reply.read() == b"{}\n"

        with pytest.raises(LostError, match=r"said nothing for 0\.2 s"):
            await reply.read()


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(CHUNKED + chunk(b"{}"), id="between two chunks"),
        pytest.param(CHUNKED + chunk(b"{}") + b"5\r\nab", id="in a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", id="before its length"),
    ],
)
async def test_a_response_that_breaks_off_is_told_from_one_that_ends(octets: bytes) -> None:
    async with peer(broken(octets)) as server, reaching(server.url) as connection:
        reply = await connection.get(PATH, WATCH, silence_seconds=10)

        with pytest.raises(LostError, match="broke off in the middle of a response"):
            await rest(reply)


@pytest.mark.parametrize("octets", [b"", b"HTTP/1.1 200", b"no HTTP at all\r\n\r\n"])
async def test_what_is_no_response_is_a_lost_server(octets: bytes) -> None:
    async with peer(broken(octets)) as server, reaching(server.url) as connection:
        why = await lost(connection)

    assert str(why).startswith(f"{server.url} gave no response (")
    assert "\n" not in str(why)


@pytest.mark.parametrize("status", [204, 400, 401, 403, 410, 429, 500, 503])
async def test_any_status_is_a_response(status: int) -> None:
    fields = ("Retry-After: 7", "X-Odd: a")
    async with (
        peer(always(response(status, b"", *fields))) as server,
        reaching(server.url) as connection,
    ):
        reply = await connection.get(PATH, silence_seconds=10)
        reply.close()

    assert reply.status == status
    assert reply.headers["retry-after"] == "7"


async def test_somebody_who_sends_us_elsewhere_is_no_api_server() -> None:
    async with peer(always(response(200, b"<html>"))) as login:
        away = response(302, b"", f"Location: {login.url}/login")
        async with peer(always(away)) as server, reaching(server.url) as connection:
            why = await lost(connection)

    assert str(why).startswith(f"{server.url} sends us on to {login.url}/login")


async def test_a_name_that_does_not_resolve_is_named() -> None:
    async with reaching("https://no-such-host.invalid:6443") as connection:
        why = await lost(connection)

    assert str(why).startswith("the name no-such-host.invalid of https://no-such-host.invalid:6443")


async def test_a_large_line_is_only_octets() -> None:
    line = b"x" * 9_000_000 + b"\n"
    async with (
        peer(always(CHUNKED + chunk(line) + LAST_CHUNK)) as server,
        reaching(server.url) as connection,
    ):
        assert await body(connection, query=WATCH) == line
