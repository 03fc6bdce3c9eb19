"""A fake API server over HTTP, and what a feed has of it."""

import asyncio
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest

from svcdns.app.feed import Feed, View
from svcdns.app.live import Live, first_load, wait_for_sync
from svcdns.app.options import Options
from svcdns.app.start_error import StartError
from svcdns.cluster.model import EndpointSlice, Namespace, Pod, Service
from svcdns.source.apiserver.servers import addresses_of
from svcdns.telemetry.catalogue import API_REQUESTS
from svcdns.telemetry.metrics import Metrics
from tests.support.configured import ask, configured, records
from tests.support.fakeapi import FakeApi, User, objects
from tests.support.followed import words
from tests.support.live_api import fill, until
from tests.support.watched import watched

KUBECONFIG = """
current-context: weak
clusters: [{{name: fake, cluster: {{server: "{url}"}}}}]
users: [{{name: weak, user: {{token: weak-token}}}}]
contexts: [{{name: weak, context: {{cluster: fake, user: weak}}}}]
"""
ONE = "cluster.local {\n kubernetes\n}\n"
WEB = "web.shop.svc.cluster.local."
NOPE = "nope.shop.svc.cluster.local."
PATIENCE_SECONDS = 20


class Server:
    """Blocks of a Corefile, and the watches that feed them."""

    def __init__(self, text: str, url: str, **options: str) -> None:
        self.feed = Feed()
        self.metrics = Metrics()
        self.exchanges = list(configured(text, self.feed).exchanges.values())
        wanted = Options(servers=(url,), **options)  # type: ignore[arg-type]
        self.lives = watched(self.feed, wanted, self.metrics)


class Running:
    """Runs watches until the block ends."""

    def __init__(self, *lives: Live) -> None:
        self._lives = lives
        self._tasks: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.ensure_future(live.run()) for live in self._lives]

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for live in self._lives:
            await live.close()


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    """A small cluster."""
    async with FakeApi() as api:
        fill(api)
        yield api


@pytest.fixture
async def url(api: FakeApi) -> str:
    """Where it listens."""
    host, port = await api.serve()
    return f"http://{host}:{port}"


async def test_what_the_api_server_has_is_answered_and_so_is_what_changes(
    api: FakeApi, url: str
) -> None:
    server = Server(ONE, url)
    (exchange,) = server.exchanges
    async with Running(*server.lives):
        assert await wait_for_sync(server.lives, PATIENCE_SECONDS)
        before = records(ask(exchange, WEB))
        api.put(objects.service("web", addresses=["10.96.4.8"]))
        await until(lambda: records(ask(exchange, WEB)) != before)

    assert before == [f"{WEB} 5 IN A 10.96.4.7"]
    assert records(ask(exchange, WEB)) == [f"{WEB} 5 IN A 10.96.4.8"]


async def test_before_everything_is_loaded_names_fail_with_not_ready(
    api: FakeApi, url: str
) -> None:
    api.hang()
    server = Server(ONE, url)
    (exchange,) = server.exchanges

    async with Running(*server.lives):
        await until(lambda: api.under_way > 0)
        assert not await wait_for_sync(server.lives, 0)
        response = ask(exchange, WEB)

    assert response.rcode() == 2
    assert "EDE 14" in response.options[0].to_text()


async def test_waiting_says_what_coredns_says(api: FakeApi, url: str, log: StringIO) -> None:
    api.hang()
    server = Server(ONE, url)

    async with Running(*server.lives):
        await wait_for_sync(server.lives, 0.7)

    assert [line for line in log.getvalue().splitlines() if "plugin/" in line] == [
        "[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server",
        "[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API",
    ]


async def test_waiting_ends_with_a_stop(api: FakeApi, url: str, log: StringIO) -> None:
    api.hang()
    server = Server("cluster.local {\n kubernetes {\n  startup_timeout 1h\n }\n}\n", url)
    stop = asyncio.Event()
    stop.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await first_load(server.lives, stop)

    assert server.lives[0].patience_seconds == 3600
    assert log.getvalue() == ""
    await server.lives[0].close()


async def test_without_watches_there_is_nothing_to_wait_for(log: StringIO) -> None:
    await first_load([], asyncio.Event())

    assert log.getvalue() == ""


async def test_only_what_the_stanza_needs_is_asked_for(api: FakeApi, url: str) -> None:
    stanzas = "a.local {\n kubernetes {\n  noendpoints\n }\n}\n"
    server = Server(stanzas, url)

    async with Running(*server.lives):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)

    assert server.lives[0].resources == ("services", "namespaces")
    assert {one.kind for one in api.received} == {"Service", "Namespace"}


async def test_stanzas_with_one_view_share_a_watch_that_has_what_either_needs(
    api: FakeApi, url: str
) -> None:
    text = f"{ONE}b.local {{\n kubernetes {{\n  pods verified\n }}\n}}\n"
    server = Server(text, url)

    async with Running(*server.lives):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)

    (live,) = server.lives
    assert live.kinds == (Service, EndpointSlice, Namespace, Pod)
    assert len(words(api.received)) == 4


async def test_stanzas_with_other_selectors_have_watches_of_their_own(
    api: FakeApi, url: str
) -> None:
    text = f"{ONE}b.local {{\n kubernetes {{\n  labels app=web\n }}\n}}\n"
    api.put(objects.service("labelled", addresses=["10.96.4.9"], labels={"app": "web"}))
    server = Server(text, url)

    async with Running(*server.lives):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)

    counts = [server.feed.state(view).count(Service) for view in (View(), View("app=web"))]
    assert counts == [3, 1]


async def test_a_resource_that_is_forbidden_does_not_stop_the_others(
    api: FakeApi, url: str, log: StringIO, tmp_path: Path
) -> None:
    grants = frozenset(
        (verb, name) for verb in ("list", "watch") for name in ("services", "namespaces")
    )
    api.let_in(User("weak", grants), token="weak-token")  # noqa: S106
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(url=url), encoding="ascii")
    server = Server(ONE, url, kubeconfig=str(kubeconfig))

    async with Running(*server.lives):
        await until(lambda: "watch.forbidden" in log.getvalue())
        await until(lambda: server.feed.state().count(Service) == 2)
        # The reason is complete when the last watch has been refused.
        await until(
            lambda: "endpointslices" in str(ask(server.exchanges[0], NOPE).options[0].to_text())
        )

    assert not server.lives[0].is_synced


async def test_a_loss_is_in_the_reasons_until_it_is_over(api: FakeApi, url: str) -> None:
    server = Server(ONE, url)
    (exchange,) = server.exchanges

    def why() -> str:
        return str(ask(exchange, NOPE).options[0].to_text())

    async with Running(*server.lives):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)
        assert "out of reach" not in why()
        api.refuse()
        api.cut()
        await until(lambda: "out of reach" in why())
        lost = server.lives[0].lost_seconds("services")
        await api.accept()
        await until(lambda: "out of reach" not in why())

    assert lost > 0
    assert server.lives[0].lost_seconds("services") == 0


async def test_contact_is_measured_from_the_start_until_there_is_some(url: str) -> None:
    server = Server(ONE, url)
    (live,) = server.lives
    live._began -= 1_000  # noqa: SLF001  nobody waits for so long
    before = live.silent_seconds("services")

    async with Running(live):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)
        after = live.silent_seconds("services")

    assert before >= 1_000
    assert after < 1_000


async def test_requests_are_counted(url: str) -> None:
    server = Server(ONE, url)

    async with Running(*server.lives):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)

    (labels,) = server.metrics.numbers[API_REQUESTS.name]
    assert labels == ("200", "GET", url.removeprefix("http://"))


async def test_what_was_known_once_is_answered_until_there_is_news(url: str, log: StringIO) -> None:
    server = Server(ONE, url)
    (live,), (exchange,) = server.lives, server.exchanges
    live.restore({Namespace: [Namespace("shop")], Service: []}, saved_at=1_700_000_000)
    said = ask(exchange, WEB)
    assert await wait_for_sync(server.lives, 0)  # nothing to wait for

    async with Running(live):
        await until(lambda: live.is_synced)
        fresh = records(ask(exchange, WEB))

    assert said.rcode() == 3
    assert "snapshot of 2023-11-14 22:13:20 UTC" in said.options[0].to_text()
    assert fresh == [f"{WEB} 5 IN A 10.96.4.7"]
    assert "snapshot" not in ask(exchange, NOPE).options[0].to_text()
    assert "plugin/kubernetes" not in log.getvalue()


async def test_somebody_is_told_when_everything_is_loaded(url: str) -> None:
    server = Server(ONE, url)
    told: list[bool] = []
    server.lives[0].on_sync = lambda: told.append(True)

    async with Running(*server.lives):
        await until(lambda: bool(told))

    assert told == [True]


async def test_further_api_servers_are_those_of_the_service_kubernetes(
    api: FakeApi, url: str
) -> None:
    api.put(objects.namespace("default"))
    api.put(objects.service("kubernetes", "default", addresses=["10.96.0.1"]))
    server = Server(ONE, url)

    async with Running(*server.lives):
        await wait_for_sync(server.lives, PATIENCE_SECONDS)
        api.put(
            objects.endpoint_slice(
                "kubernetes", "kubernetes", ["10.0.0.9"], "default", ports={"https": 6443}
            )
        )
        state = server.lives[0].state
        await until(lambda: bool(state.slices("default", "kubernetes")))

    assert addresses_of(state.slices("default", "kubernetes")) == ("10.0.0.9:6443",)


async def test_a_kubeconfig_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    feed = Feed()
    configured(ONE, feed)
    missing = str(tmp_path / "nowhere")

    with pytest.raises(StartError) as caught:
        watched(feed, Options(kubeconfig=missing))

    assert missing in str(caught.value)
    assert "name one with --kubeconfig FILE" in str(caught.value)


async def test_a_corefile_without_kubernetes_needs_no_api_server() -> None:
    feed = Feed()
    configured(". {\n whoami\n}\n", feed)

    assert watched(feed, Options(kubeconfig="/nowhere")) == []
