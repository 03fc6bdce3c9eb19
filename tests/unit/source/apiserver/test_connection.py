"""Which server is asked, as whom and when; the session is a fake in memory."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.connection import ApiServer, Get, Request
from svcdns.source.apiserver.identity import Papers
from svcdns.source.apiserver.protocol import LostError
from tests.support.authority import Authority
from tests.support.virtual_time import run

A, B = "https://10.0.0.1:6443", "https://10.0.0.2:6443"
WATCH = (("watch", "true"),)


class Reply:
    """A response without a body."""

    def __init__(self, session: "Session", get: Get, status: int) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {}
        self._end: Callable[[], None] | None = get.done
        self._session = session

    async def read(self) -> bytes:
        self.close()
        return b""

    def close(self) -> None:
        if self._end:
            self._session.users -= 1
            self._end()
            self._end = None


class Session:
    """Does what the world says."""

    def __init__(self, world: "World", papers: Papers, *, strict: bool) -> None:
        self.users = 0
        self.papers = papers
        self.strict = strict
        self.is_closed = False
        self._world = world

    async def get(self, get: Get, tls_name: str, authorization: str) -> Reply:
        assert not self.is_closed
        self._world.asked.append((get.url, tls_name, authorization, self.strict))
        await asyncio.sleep(self._world.seconds)
        status = self._world.act(get.url, tls_name, self.strict)
        if isinstance(status, Exception):
            raise status
        self.users += 1
        return Reply(self, get, status)

    async def close(self) -> None:
        self.is_closed = True


Act = Callable[[str, str, bool], int | Exception]


def always(status: int | Exception) -> Act:
    return lambda _url, _name, _strict: status


class World:
    """All sessions, and what they were asked: URL, TLS name, Authorization, strictness."""

    def __init__(self, act: Act | None = None, seconds: float = 0.0) -> None:
        self.act = act or always(200)
        self.seconds = seconds
        self.asked: list[tuple[str, str, str, bool]] = []
        self.sessions: list[Session] = []
        self.measured: list[Request] = []

    def open(self, papers: Papers, *, strict: bool) -> Session:
        self.sessions.append(Session(self, papers, strict=strict))
        return self.sessions[-1]

    def connect(self, *servers: str, access: Access | None = None) -> ApiServer:
        return ApiServer(access or Access(servers), self.open, self.measured.append)


def finding(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "something."
    return error


async def test_the_first_server_is_asked_under_its_own_name() -> None:
    world = World()
    connection = world.connect(A, B)

    reply = await connection.get("/api", silence_seconds=1)

    assert reply.status == 200
    assert connection.server == A
    assert world.asked == [(A, "10.0.0.1", "", True)]


async def test_the_next_server_is_used_when_the_reflector_says_so() -> None:
    world = World(lambda url, *_: LostError("away") if url == A else 200)
    connection = world.connect(A, B)
    with pytest.raises(LostError, match="away"):
        await connection.get("/api", silence_seconds=1)
    assert connection.server == A

    connection.next_server()
    await connection.get("/api", silence_seconds=1)

    assert connection.server == B


async def test_a_learnt_server_is_used_once_the_named_one_is_lost() -> None:
    world = World(lambda url, *_: LostError("away") if url == A else 200)
    connection = world.connect(A)
    connection.learn(["10.0.0.2:6443"])
    with pytest.raises(LostError):
        await connection.get("/api", silence_seconds=1)

    connection.next_server()
    await connection.get("/api", silence_seconds=1)

    assert world.asked[-1][:2] == (B, "10.0.0.1")


async def test_a_certificate_may_be_for_another_name_of_the_server() -> None:
    world = World(lambda _, name, __: 200 if name == "10.0.0.2" else finding(64))
    connection = world.connect(A)
    connection.learn(["10.0.0.2:6443"])
    with pytest.raises(LostError, match="is for other names"):
        await connection.get("/api", silence_seconds=1)
    connection.next_server()

    for _ in range(2):
        await connection.get("/api", silence_seconds=1)

    names = [name for url, name, *_ in world.asked if url == B]
    assert names == ["10.0.0.1", "10.0.0.2", "10.0.0.2"]


async def test_strictness_is_given_up_only_where_it_is_all_that_is_missing() -> None:
    world = World(lambda *asked: finding(85) if asked[-1] else 200)
    connection = world.connect(A)

    for _ in range(2):
        await connection.get("/api", silence_seconds=1)

    assert [strict for *_, strict in world.asked] == [True, False, False]
    assert "(something) and is checked without VERIFY_X509_STRICT" in connection.remark


async def test_requests_that_come_at_once_give_strictness_up_together() -> None:
    world = World(lambda *asked: finding(85) if asked[-1] else 200)
    connection = world.connect(A)

    replies = await asyncio.gather(*(connection.get("/api", silence_seconds=1) for _ in range(3)))

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert len(world.sessions) == 2


async def test_new_certificates_are_read_strictly_again(tmp_path: Path) -> None:
    old, new = (Authority(tmp_path / name).certificate for name in ("old", "new"))
    (tmp_path / "ca.crt").write_bytes(old.read_bytes())
    (tmp_path / "token").write_text("one")
    world = World(lambda *asked: finding(85) if asked[-1] else 200)
    connection = world.connect(access=Access((A,), service_account=str(tmp_path)))
    await connection.get("/api", silence_seconds=1)
    assert connection.remark

    (tmp_path / "ca.crt").write_bytes(new.read_bytes())
    world.act = always(200)
    await connection.get("/api", silence_seconds=1)

    assert [strict for *_, strict in world.asked] == [True, False, True]
    assert connection.remark == ""


async def test_without_need_strictness_is_kept_and_there_is_nothing_to_remark() -> None:
    world = World()
    connection = world.connect(A)

    await connection.get("/api", silence_seconds=1)

    assert connection.remark == ""


async def test_an_unknown_authority_is_not_made_known_by_less_strictness() -> None:
    world = World(lambda *asked: finding(85) if asked[-1] else finding(20))
    connection = world.connect(A)

    with pytest.raises(LostError, match="is not from an authority that this system trusts"):
        await connection.get("/api", silence_seconds=1)
    assert connection.remark == ""


async def test_new_certificates_come_with_a_new_session_and_the_old_one_is_closed_at_its_end(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path / "ca")
    pair, other = authority.issue(), authority.issue()
    files = (str(pair.certificate), str(pair.key), str(authority.certificate))
    world = World()
    connection = world.connect(access=Access((A,), tls=files))
    watch = await connection.get("/api", WATCH, silence_seconds=1)

    other.certificate.rename(pair.certificate)
    other.key.rename(pair.key)
    (await connection.get("/api", silence_seconds=1)).close()
    old, new = world.sessions
    assert not old.is_closed
    watch.close()
    (await connection.get("/api", silence_seconds=1)).close()

    assert old.is_closed
    assert not new.is_closed
    assert new.papers.certificate == (pair.certificate.read_bytes(), pair.key.read_bytes())
    await connection.close()
    assert new.is_closed


async def test_a_new_token_needs_no_new_session(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority(tmp_path / "ca").certificate.read_bytes())
    token = tmp_path / "token"
    token.write_text("one")
    world = World()
    connection = world.connect(access=Access((A,), service_account=str(tmp_path)))
    await connection.get("/api", silence_seconds=1)

    token.write_text("two")
    await connection.get("/api", silence_seconds=1)

    assert [authorization for _, _, authorization, _ in world.asked] == ["Bearer one", "Bearer two"]
    assert len(world.sessions) == 1


async def test_a_refused_token_is_told_once_and_then_tried_again(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority(tmp_path / "ca").certificate.read_bytes())
    (tmp_path / "token").write_text("one")
    world = World(always(401))
    connection = world.connect(access=Access((A,), service_account=str(tmp_path)))
    await connection.get("/api", silence_seconds=1)

    await connection.renew_credentials()

    with pytest.raises(LostError, match=r"does not accept the service account token .* \(401\)"):
        await connection.get("/api", silence_seconds=1)
    assert (await connection.get("/api", silence_seconds=1)).status == 401
    assert len(world.asked) == 2


async def test_servers_that_the_kubeconfig_names_anew_are_used_and_learnt_ones_are_kept(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config"
    text = (
        "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
        "clusters: [{name: b, cluster: {server: '%s', insecure-skip-tls-verify: true}}]\n"
    )
    file.write_text(text % A)
    world = World()
    connection = world.connect(access=Access(kubeconfig=(str(file),)))
    connection.learn(["10.0.0.9:6443"])

    file.write_text(text % f"{B}/")
    await connection.get("/api", silence_seconds=1)
    world.act = always(LostError("away"))
    with pytest.raises(LostError):
        await connection.get("/api", silence_seconds=1)
    connection.next_server()

    assert connection.server == "https://10.0.0.9:6443"


def test_the_throttle_holds_requests_back_and_watches_never() -> None:
    world = World(seconds=2.0)

    async def crowd() -> None:
        connection = world.connect(access=Access((A,), qps=1, burst=1, max_inflight=1))

        async def one(query: tuple[tuple[str, str], ...]) -> None:
            reply = await connection.get("/api", query, silence_seconds=1)
            reply.close()

        async with asyncio.TaskGroup() as group:
            for query in ((), WATCH, (), WATCH, ()):
                group.create_task(one(query))

    run(crowd(), limit_seconds=60)

    assert [each.waited for each in world.measured if each.is_watch] == [0, 0]
    assert [each.waited for each in world.measured if not each.is_watch] == [0, 2, 4]


def test_a_request_that_failed_or_was_given_up_gives_its_place_back() -> None:
    world = World(always(LostError("away")), seconds=1.0)

    async def failures() -> None:
        connection = world.connect(access=Access((A,), max_inflight=1))
        with pytest.raises(LostError):
            await connection.get("/api", silence_seconds=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await connection.get("/api", silence_seconds=1)
        world.act = always(200)
        await connection.get("/api", silence_seconds=1)

    run(failures(), limit_seconds=60)

    assert [each.waited for each in world.measured] == [0, 0, 0]


def test_every_request_is_measured() -> None:
    world = World(seconds=0.25)

    async def requests() -> None:
        connection = world.connect(A)
        await connection.get("/api", silence_seconds=1)
        world.act = always(403)
        await connection.get("/api", WATCH, silence_seconds=1)
        world.act = always(LostError("away"))
        with pytest.raises(LostError):
            await connection.get("/api", silence_seconds=1)

    run(requests(), limit_seconds=60)

    assert world.measured == [
        Request("10.0.0.1:6443", "200", is_watch=False, seconds=0.25, waited=0),
        Request("10.0.0.1:6443", "403", is_watch=True, seconds=0.25, waited=0),
        Request("10.0.0.1:6443", "<error>", is_watch=False, seconds=0.25, waited=0),
    ]
