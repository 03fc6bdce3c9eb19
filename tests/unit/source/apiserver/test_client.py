"""Requests over real sockets: what is sent, over which connections."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from svcdns import __version__
from svcdns.source.apiserver import client
from svcdns.source.apiserver.connection import Get
from svcdns.source.apiserver.destination import Destination
from svcdns.source.apiserver.identity import Papers
from svcdns.source.apiserver.protocol import LostError
from tests.support.authority import Authority, Pair
from tests.support.http_peer import (
    CHUNKED,
    LAST_CHUNK,
    Asked,
    always,
    chunk,
    peer,
    response,
    silent,
)
from tests.support.reaching import PATH, WATCH, body, kubeconfig, lost, pod, reaching, rest
from tests.support.tree import ROOT


async def test_a_request_asks_for_plain_json_and_says_who_asks() -> None:
    async with peer(always(response())) as server, reaching(server.url) as connection:
        assert await body(connection) == b"{}"

    (asked,) = server.asked
    assert asked.target == PATH
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["user-agent"] == f"svcdns/{__version__}"
    assert "authorization" not in asked.headers


async def test_parameters_arrive_as_they_were_given() -> None:
    text = "".join(chr(code) for code in range(32, 127)) + "é"
    query = (("labelSelector", "a in (b,c),!d"), ("continue", "eyJ2Ijo+/=="), ("odd", text))

    async with peer(always(response())) as server, reaching(server.url) as connection:
        await body(connection, query=query)

    assert tuple(parse_qsl(urlsplit(server.asked[0].target).query)) == query


async def test_a_pod_sends_its_token_over_tls(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    async with (
        peer(always(response()), tls=pair) as server,
        reaching(access=pod(tmp_path, authority, server.url, content="abc\n")) as connection,
    ):
        await body(connection)

    assert server.asked[0].headers["authorization"] == "Bearer abc"


async def test_a_token_that_was_rotated_is_sent_with_the_next_request(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    async with (
        peer(always(response()), tls=pair) as server,
        reaching(access=pod(tmp_path, authority, server.url)) as connection,
    ):
        await body(connection)
        (tmp_path / "token").write_text("two\n")
        await body(connection)
        (tmp_path / "token").unlink()
        await body(connection)

    sent = [asked.headers["authorization"] for asked in server.asked]
    assert sent == ["Bearer one", "Bearer two", "Bearer two"]


async def test_a_token_that_was_refused_is_renewed(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        is_known = asked.headers["authorization"] == "Bearer two"
        writer.write(response(200 if is_known else 401))

    async with (
        peer(act, tls=pair) as server,
        reaching(access=pod(tmp_path, authority, server.url)) as connection,
    ):
        reply = await connection.get(PATH, silence_seconds=10)
        assert reply.status == 401
        reply.close()
        (tmp_path / "token").write_text("two")
        await connection.renew_credentials()
        reply = await connection.get(PATH, silence_seconds=10)
        reply.close()

    assert reply.status == 200


async def test_a_password_and_rights_of_somebody_else_are_sent(tmp_path: Path) -> None:
    user: dict[str, object] = {"username": "a", "password": "b", "as": "c", "as-groups": ["d", "e"]}
    async with peer(always(response())) as server:
        access = kubeconfig(tmp_path, server.url, user)
        async with reaching(access=access) as connection:
            await body(connection)

    (asked,) = server.asked
    assert asked.headers["authorization"] == "Basic YTpi"
    assert asked.headers["impersonate-user"] == "c"
    assert asked.headers["impersonate-group"] == "d, e"


async def test_a_plugins_failure_is_never_an_anonymous_request(tmp_path: Path) -> None:
    version = "client.authentication.k8s.io/v1"
    user: dict[str, object] = {"exec": {"command": "false", "apiVersion": version}}
    async with peer(always(response())) as server:
        async with reaching(access=kubeconfig(tmp_path, server.url, user)) as connection:
            assert "'false' failed with code 1" in str(await lost(connection))

        assert server.asked == []


async def test_a_client_certificate_of_a_plugin_is_presented(
    tmp_path: Path, authority: Authority, pair: Pair, ours: Pair
) -> None:
    version = "client.authentication.k8s.io/v1"
    status = {
        "clientCertificateData": ours.certificate.read_text(),
        "clientKeyData": ours.key.read_text(),
    }
    (tmp_path / "credential").write_text(json.dumps({"apiVersion": version, "status": status}))
    described = {
        "command": "cat",
        "args": [str(tmp_path / "credential")],
        "apiVersion": version,
    }
    cluster = {"certificate-authority": str(authority.certificate)}
    async with peer(
        always(response()), tls=pair, clients=cluster["certificate-authority"]
    ) as server:
        access = kubeconfig(tmp_path, server.url, {"exec": described}, **cluster)
        async with reaching(access=access) as connection:
            await body(connection)

    assert server.asked[0].certificate["subject"] == ((("commonName", "svcdns"),),)


async def test_a_proxy_of_the_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        peer(always(response())) as server,
        peer(always(response(502))) as proxy,
        reaching(server.url) as connection,
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await body(connection)

        assert proxy.asked == []


async def test_a_proxy_of_the_kubeconfig_is_taken(tmp_path: Path) -> None:
    async with peer(always(response())) as proxy:
        access = kubeconfig(tmp_path, "http://127.0.0.1:1", {}, **{"proxy-url": proxy.url})
        async with reaching(access=access) as connection:
            await body(connection)

    assert proxy.asked[0].target == f"http://127.0.0.1:1{PATH}"


async def test_a_proxy_that_is_away_is_named(tmp_path: Path) -> None:
    access = kubeconfig(tmp_path, "http://127.0.0.1:1", {}, **{"proxy-url": "http://127.0.0.1:2"})
    async with reaching(access=access) as connection:
        why = await lost(connection)

    assert str(why).startswith("nothing listens at http://127.0.0.1:2 (connection refused)")


async def test_the_pages_of_a_list_share_a_connection() -> None:
    async with peer(always(response())) as server, reaching(server.url) as connection:
        for _ in range(3):
            await body(connection)

    assert [asked.connection for asked in server.asked] == [1, 1, 1]


async def test_a_watch_begins_on_a_new_connection_when_the_one_before_has_ended() -> None:
    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + chunk(b"{}\n") + LAST_CHUNK)
        await writer.drain()
        if asked.headers.get("connection") == "close":
            writer.close()

    async with peer(act) as server, reaching(server.url) as connection:
        for query in (WATCH, WATCH, ()):
            assert await body(connection, query=query) == b"{}\n"

        assert [asked.connection for asked in server.asked] == [1, 2, 3]


async def test_a_closed_reply_closes_its_connection_at_once() -> None:
    async with (
        peer(silent(CHUNKED + chunk(b"{}"))) as server,
        reaching(server.url) as connection,
    ):
        reply = await connection.get(PATH, WATCH, silence_seconds=10)
        assert await reply.read() == b"{}"
        assert server.open_connections == 1

        reply.close()
        reply.close()

    assert server.connections == 1


async def test_a_session_knows_how_many_use_it() -> None:
    ended: list[None] = []
    async with peer(always(response())) as server:
        url = server.url
        session = client.HttpSession(Papers(Destination((url,)), None, ""), strict=True)
        get = Get(url, PATH, (), False, 5, 5, lambda: ended.append(None))
        counts = []
        first, second = await session.get(get, "", ""), await session.get(get, "", "")
        counts.append(session.users)
        await rest(first)
        first.close()
        counts.append(session.users)
        second.close()
        counts.append(session.users)
    with pytest.raises(LostError):
        await session.get(get, "", "")
    await session.close()

    assert [*counts, session.users] == [2, 1, 0, 0]
    assert len(ended) == 2


async def test_a_dead_peer_is_found_by_the_kernel_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        family, kind, protocol, _, address = socket.getaddrinfo(*listener.getsockname()[:2])[0]
        with client._open_socket((family, kind, protocol, "", address)) as opened:  # noqa: SLF001
            options = {
                name: opened.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            }
            keepalive = opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert keepalive == 1
    assert options == {
        "TCP_KEEPIDLE": 15,
        "TCP_KEEPINTVL": 5,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 30_000,
    }


async def test_the_sockets_of_requests_are_such_sockets() -> None:
    async with peer(silent(CHUNKED)) as server, reaching(server.url) as connection:
        reply = await connection.get(PATH, WATCH, silence_seconds=10)

        with client_socket(server.port) as copy:
            assert copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        reply.close()


def client_socket(port: int) -> socket.socket:
    """Return a copy of this process's socket that is connected to a port."""
    for path in Path("/proc/self/fd").iterdir():
        try:
            if not path.readlink().name.startswith("socket:"):
                continue
            copy = socket.socket(fileno=os.dup(int(path.name)))
        except OSError:
            continue
        try:
            if copy.getpeername()[1] == port:
                return copy
        except (OSError, IndexError):
            pass
        copy.close()
    raise AssertionError("no socket is connected to the server")


def test_whoever_serves_manifests_does_not_pay_for_any_of_this() -> None:
    script = (
        "import sys, svcdns.app.run, svcdns.cli.main, svcdns.source.apiserver.access\n"
        "print(sorted({'kubernetes', 'aiohttp'} & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_the_models_of_the_package_are_not_loaded() -> None:
    script = (
        "import sys, svcdns.source.apiserver.client\n"
        "print([name for name in sys.modules if 'core_v1_api' in name])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
