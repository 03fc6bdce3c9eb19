"""Certificates of both sides, with real TLS: accepted, refused, renewed."""

import asyncio
from pathlib import Path

from tests.support.authority import CA_OF_OLD, Authority, Pair
from tests.support.http_peer import CHUNKED, LAST_CHUNK, Asked, always, chunk, peer, response
from tests.support.reaching import (
    PATH,
    WATCH,
    body,
    kubeconfig,
    lost,
    pod,
    reaching,
    rest,
    with_certificate,
)
from tests.support.streams import until


async def test_a_server_without_tls_says_which_scheme_is_meant() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(response(400))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with reaching(url) as connection:
            why = await lost(connection)

    assert str(why).startswith(f"{url} does not speak TLS: write http://")


async def test_a_certificate_of_an_unknown_authority_proves_nothing(
    tmp_path: Path, pair: Pair, ours: Pair
) -> None:
    other = Authority(tmp_path / "other")
    async with (
        peer(always(response()), tls=pair) as server,
        reaching(access=with_certificate(other, ours, server.url)) as connection,
    ):
        why = await lost(connection)

        assert str(why).startswith(
            f"the certificate of {server.url} is not from {other.certificate} ("
        )
        assert server.asked == []


async def test_a_certificate_that_expired_proves_nothing(authority: Authority, ours: Pair) -> None:
    expired = authority.issue("IP:127.0.0.1", days=-1)
    async with (
        peer(always(response()), tls=expired) as server,
        reaching(access=with_certificate(authority, ours, server.url)) as connection,
    ):
        why = await lost(connection)

    assert str(why).startswith(f"the certificate of {server.url} has expired")


async def test_a_certificate_for_another_name_proves_nothing(
    authority: Authority, ours: Pair
) -> None:
    elsewhere = authority.issue("IP:10.0.0.1", "DNS:api.example")
    async with (
        peer(always(response()), tls=elsewhere) as server,
        reaching(access=with_certificate(authority, ours, server.url)) as connection,
    ):
        why = await lost(connection)

    assert str(why).startswith(
        f"the certificate of {server.url} is for other names (IP address mismatch, certificate"
        " is not valid for '127.0.0.1')"
    )


async def test_the_name_of_the_kubeconfig_is_the_one_a_certificate_must_have(
    tmp_path: Path, authority: Authority
) -> None:
    named = authority.issue("DNS:kubernetes.default.svc")
    cluster = {
        "certificate-authority": str(authority.certificate),
        "tls-server-name": "kubernetes.default.svc",
    }
    async with peer(always(response()), tls=named) as server:
        access = kubeconfig(tmp_path, server.url, {}, **cluster)
        async with reaching(access=access) as connection:
            assert await body(connection) == b"{}"

    assert server.asked[0].server_name == "kubernetes.default.svc"


async def test_a_learnt_server_may_have_the_name_of_the_first(
    authority: Authority, ours: Pair
) -> None:
    first = authority.issue("DNS:localhost")
    async with (
        peer(always(response()), tls=first) as server,
        reaching(access=with_certificate(authority, ours, "https://localhost:1")) as connection,
    ):
        connection.learn([f"127.0.0.1:{server.port}"])
        await lost(connection)
        connection.next_server()

        assert await body(connection) == b"{}"

    assert server.asked[0].server_name == "localhost"


async def test_verification_can_be_left_out(tmp_path: Path, pair: Pair) -> None:
    async with peer(always(response()), tls=pair) as server:
        access = kubeconfig(tmp_path, server.url, {}, **{"insecure-skip-tls-verify": True})
        async with reaching(access=access) as connection:
            assert await body(connection) == b"{}"


async def test_a_client_certificate_is_presented(
    authority: Authority, pair: Pair, ours: Pair
) -> None:
    async with (
        peer(always(response()), tls=pair, clients=str(authority.certificate)) as server,
        reaching(access=with_certificate(authority, ours, server.url)) as connection,
    ):
        await body(connection)

    assert server.asked[0].certificate["subject"] == ((("commonName", "svcdns"),),)


async def test_a_client_certificate_of_another_authority_is_not_accepted(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    foreign = Authority(tmp_path / "other").issue(subject="/CN=somebody")
    async with (
        peer(always(response()), tls=pair, clients=str(authority.certificate)) as server,
        reaching(access=with_certificate(authority, foreign, server.url)) as connection,
    ):
        why = await lost(connection)

        assert "not accept" in str(why)
        assert server.asked == []


async def test_a_new_client_certificate_is_presented_while_a_watch_goes_on(
    tmp_path: Path, authority: Authority, pair: Pair, ours: Pair
) -> None:
    held = Pair(tmp_path / "tls.crt", tmp_path / "tls.key")
    for source, target in zip(ours, held, strict=True):
        target.write_bytes(source.read_bytes())
    renewed = authority.issue(subject="/CN=renewed")

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if "watch" not in asked.target:
            writer.write(response())
            return
        writer.write(CHUNKED)
        await writer.drain()
        await until(lambda: len(server.asked) == 2)
        writer.write(chunk(b"{}\n") + LAST_CHUNK)

    async with (
        peer(act, tls=pair, clients=str(authority.certificate)) as server,
        reaching(access=with_certificate(authority, held, server.url)) as connection,
    ):
        watch = await connection.get(PATH, WATCH, silence_seconds=10)
        for source, target in zip(renewed, held, strict=True):
            source.rename(target)
        await body(connection)

        assert await rest(watch) == b"{}\n"

    subjects = [asked.certificate["subject"][0][0][1] for asked in server.asked]
    assert subjects == ["svcdns", "renewed"]


async def test_a_new_authority_is_trusted_once_it_is_in_the_file(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    other = Authority(tmp_path / "other")
    async with (
        peer(always(response()), tls=pair) as server,
        reaching(access=pod(tmp_path, other, server.url)) as connection,
    ):
        await lost(connection)

        (tmp_path / "ca.crt").write_bytes(authority.certificate.read_bytes())

        assert await body(connection) == b"{}"


async def test_an_authority_of_old_is_trusted_and_that_is_told(
    tmp_path: Path,
) -> None:
    old = Authority(tmp_path / "old", CA_OF_OLD)
    served = old.issue("IP:127.0.0.1")
    async with (
        peer(always(response()), tls=served) as server,
        reaching(access=pod(tmp_path, old, server.url)) as connection,
    ):
        assert await body(connection) == b"{}"

        assert f"the certificate of {server.url} or of its authority is not as" in connection.remark


async def test_an_authority_under_another_is_trusted_by_itself(
    tmp_path: Path, authority: Authority
) -> None:
    lower = Authority(tmp_path / "lower", under=authority)
    served = lower.issue("IP:127.0.0.1")
    async with (
        peer(always(response()), tls=served) as server,
        reaching(access=pod(tmp_path, lower, server.url)) as connection,
    ):
        assert await body(connection) == b"{}"

        assert connection.remark == ""


async def test_an_authority_as_they_are_made_now_needs_no_remark(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    async with (
        peer(always(response()), tls=pair) as server,
        reaching(access=pod(tmp_path, authority, server.url)) as connection,
    ):
        await body(connection)

        assert connection.remark == ""
