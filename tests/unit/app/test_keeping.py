"""What is on disk after a watch, and what the next process makes of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from io import StringIO
from pathlib import Path

import pytest

from svcdns.app.feed import Feed
from svcdns.app.keeping import INTERVAL_SECONDS, Keeping
from svcdns.app.live import Live, wait_for_sync
from svcdns.app.options import Options
from svcdns.app.watch_report import WatchReport
from svcdns.cluster.model import Service
from svcdns.source import snapshot
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.connection import ApiServer
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.name import address_text
from tests.support.configured import ask, configured, records
from tests.support.fakeapi import FakeApi, objects
from tests.support.live_api import fill, until
from tests.support.virtual_time import run
from tests.support.watched import watched

ONE = "cluster.local {\n kubernetes\n}\n"
TWO = f"{ONE}b.local {{\n kubernetes {{\n  labels app=web\n }}\n}}\n"
WEB = "web.shop.svc.cluster.local."
URL = "https://192.0.2.1:6443"
PATIENCE_SECONDS = 20


class Server:
    """One process's worth of watches with a snapshot."""

    def __init__(self, url: str, path: Path, text: str = ONE) -> None:
        self.feed = Feed()
        self.exchanges = list(configured(text, self.feed).exchanges.values())
        self.lives = watched(self.feed, Options(servers=(url,)))
        self.keeping = Keeping(str(path), self.lives)
        self.feed.follow(self.keeping.changed)

    async def live(self) -> None:
        """Follow the API server until everything is loaded, then end as a process does."""
        tasks = [asyncio.ensure_future(live.run()) for live in self.lives]
        await wait_for_sync(self.lives, PATIENCE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.keeping.end()
        await self.close()

    async def close(self) -> None:
        for live in self.lives:
            await live.close()


def spoil_file(path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path.write_bytes(spoil(path.read_bytes() if path.exists() else b""))


def octets_of(path: Path) -> bytes:
    return path.read_bytes()


def found_at(path: Path, url: str) -> snapshot.Snapshot | None:
    found = snapshot.read(str(path), snapshot.Identity(url))
    return found if isinstance(found, snapshot.Snapshot) else None


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Where a small cluster's API server listens."""
    async with FakeApi() as api:
        fill(api)
        host, port = await api.serve()
        yield f"http://{host}:{port}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshot"


async def test_the_next_process_answers_before_it_has_asked_anybody(
    url: str, path: Path, log: StringIO
) -> None:
    await Server(url, path).live()
    second = Server(url, path)

    second.keeping.restore()

    assert records(ask(second.exchanges[0], WEB)) == [f"{WEB} 5 IN A 10.96.4.7"]
    reason = ask(second.exchanges[0], f"no-{WEB}").options[0].to_text()
    assert "this is from the snapshot of 20" in reason
    assert f"[INFO] snapshot.read path={path} objects=4 age_seconds=" in log.getvalue()
    await second.close()


async def test_a_first_start_says_that_there_is_none_yet(
    url: str, path: Path, log: StringIO
) -> None:
    server = Server(url, path)

    server.keeping.restore()

    (line,) = log.getvalue().splitlines()
    assert line.startswith(f"[INFO] snapshot.refused path={path} cause=missing what=")
    assert ask(server.exchanges[0], WEB).rcode() == 2
    await server.close()


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        pytest.param(lambda octets: octets[:-9], "torn", id="cut off"),
        pytest.param(lambda octets: octets[:80] + b"?" + octets[81:], "damaged", id="other octets"),
        pytest.param(lambda _: b"a letter", "foreign", id="something else"),
    ],
)
async def test_what_is_no_good_is_refused_with_its_sentence(
    url: str,
    path: Path,
    log: StringIO,
    spoil: Callable[[bytes], bytes],
    cause: str,
) -> None:
    await Server(url, path).live()
    spoil_file(path, spoil)
    server = Server(url, path)

    server.keeping.restore()

    last = log.getvalue().splitlines()[-1]
    assert last.startswith(f"[WARNING] snapshot.refused path={path} cause={cause} what=")
    assert not server.feed.state().synced
    await server.close()


async def test_a_snapshot_of_another_cluster_is_refused(
    url: str, path: Path, log: StringIO
) -> None:
    await Server(url, path).live()
    server = Server("https://192.0.2.1:6443", path)

    server.keeping.restore()

    assert "cause=cluster" in log.getvalue().splitlines()[-1]
    assert "give each cluster a file of its own" in log.getvalue().splitlines()[-1]
    await server.close()


async def test_several_views_have_a_file_each(url: str, path: Path) -> None:
    await Server(url, path, TWO).live()
    second = Server(url, path, TWO)

    second.keeping.restore()

    assert [state.count(Service) for state in second.feed.states()] == [2, 0]
    assert all(state.synced for state in second.feed.states())
    assert path.with_name("snapshot.2").exists()
    await second.close()


async def test_it_is_written_once_everything_is_loaded(url: str, path: Path) -> None:
    server = Server(url, path)
    tasks = [asyncio.ensure_future(loop()) for loop in (server.lives[0].run, server.keeping.run)]
    await until(lambda: found_at(path, url) is not None)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.keeping.end()

    found = found_at(path, url)
    assert found
    assert len(found.objects[Service]) == 2
    await server.close()


class Minutes:
    """A process in virtual time, and when it writes."""

    def __init__(self, path: Path) -> None:
        self.api = FakeApi()
        fill(self.api)
        self.path = path
        self.times: list[float] = []
        """Of each writing."""

    async def write(self, work: Callable[[], int]) -> int:
        """Write at once: virtual time knows no threads."""
        self.times.append(asyncio.get_running_loop().time())
        return work()

    def change(self, number: int) -> None:
        self.api.put(objects.service("web", addresses=[f"10.96.5.{number % 250}"]))

    @property
    def written(self) -> list[str]:
        """The addresses of the Service `web` in the file."""
        found = found_at(self.path, URL)
        assert found
        services = {one.name: one for one in found.objects[Service] if isinstance(one, Service)}
        return [address_text(one) for one in services["web"].addresses]

    def live(self, steps: Callable[["Minutes"], Awaitable[None]]) -> None:
        """Run steps beside the process."""
        run(self._live(steps), limit_seconds=100_000)

    async def _live(self, steps: Callable[["Minutes"], Awaitable[None]]) -> None:
        feed, metrics = Feed(), Metrics()
        configured(ONE, feed)
        ((view, stanzas),) = feed.stanzas().items()
        connection = ApiServer(Access((URL,)), self.api.session, lambda _: None)
        report = WatchReport(metrics, feed.remark, asyncio.get_running_loop().time)
        live = Live(feed, view, stanzas, connection, report)
        keeping = Keeping(str(self.path), [live], self.write)
        feed.follow(keeping.changed)
        tasks = [asyncio.ensure_future(loop()) for loop in (live.run, keeping.run)]
        await steps(self)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await live.close()


def test_what_changes_all_the_time_is_written_once_a_minute(path: Path) -> None:
    async def steps(minutes: Minutes) -> None:
        for second in range(590):
            await asyncio.sleep(1)
            minutes.change(second)

    minutes = Minutes(path)
    minutes.live(steps)

    assert minutes.times == pytest.approx([INTERVAL_SECONDS * n for n in range(10)], abs=0.5)


def test_a_change_soon_after_a_writing_waits_for_its_minute(path: Path) -> None:
    async def steps(minutes: Minutes) -> None:
        await asyncio.sleep(10)
        minutes.change(7)
        await asyncio.sleep(45)
        assert minutes.written == ["10.96.4.7"]
        await asyncio.sleep(10)
        assert minutes.written == ["10.96.5.7"]

    minutes = Minutes(path)
    minutes.live(steps)

    assert minutes.times == pytest.approx([0, INTERVAL_SECONDS], abs=0.5)


def test_a_change_after_a_quiet_time_is_written_at_once_and_no_change_never(path: Path) -> None:
    async def steps(minutes: Minutes) -> None:
        await asyncio.sleep(3_600)
        assert len(minutes.times) == 1
        minutes.change(7)
        await asyncio.sleep(3_600)

    minutes = Minutes(path)
    minutes.live(steps)

    assert minutes.times == pytest.approx([0, 3_600], abs=0.5)


async def test_nothing_is_written_before_everything_is_loaded(path: Path) -> None:
    server = Server("http://127.0.0.1:1", path)
    server.keeping.changed()

    await server.keeping.end()

    assert found_at(path, "") is None
    await server.close()


async def test_what_was_only_restored_is_not_written_as_if_it_were_new(
    url: str, path: Path
) -> None:
    await Server(url, path).live()
    written = found_at(path, url)
    server = Server(url, path)
    server.keeping.restore()

    await server.keeping.end()

    assert found_at(path, url) == written
    await server.close()


async def test_a_place_that_cannot_be_written_to_is_said(
    url: str, tmp_path: Path, log: StringIO
) -> None:
    await Server(url, tmp_path / "nowhere" / "snapshot").live()

    last = log.getvalue().splitlines()[-1]
    assert last.startswith("[ERROR] snapshot.write_failed path=")
    assert 'error="No such file or directory"' in last


async def test_a_file_that_is_no_snapshot_is_left_alone(
    url: str, path: Path, log: StringIO
) -> None:
    spoil_file(path, lambda _: b"a letter")

    await Server(url, path).live()

    assert octets_of(path) == b"a letter"
    assert "snapshot.write_failed" in log.getvalue().splitlines()[-1]
