"""The whole process beside an API server that comes, goes, and forgets."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.fakeapi import objects
from tests.support.live_api import LiveApi, live_api
from tests.support.pods import answering, pod
from tests.support.process import ServerProcess, free_ports, page, run, running

HOSTS = ("127.0.0.2", "127.0.0.3")


class World:
    """An API server with one Service, and its pods."""

    def __init__(self, api: LiveApi) -> None:
        self.api = api
        self.port, self.target, self.healthz = free_ports(3)
        self.arguments = (
            *("proxy", "--mode", "userspace", "--listen", "127.0.0.1", "--node", "node-a"),
            *("--apiserver", api.url, "--metrics-bind-address", ""),
            *("--healthz-bind-address", f"127.0.0.1:{self.healthz}"),
        )
        api.do("put", objects.service("echo", ports={"http": self.port}))
        self.pods_are(HOSTS[0])

    def pods_are(self, *hosts: str) -> None:
        ports = {"http": self.target}
        self.api.do("put", objects.endpoint_slice("echo-1", "echo", hosts, ports=ports))

    def ask(self) -> str:
        return answering(self.port)


@pytest.fixture
def world() -> Iterator[World]:
    with live_api() as api, ExitStack() as stack:
        made = World(api)
        for host in HOSTS:
            stack.enter_context(pod(host, made.target))
        yield made


@pytest.fixture
def proxy(world: World) -> Iterator[ServerProcess]:
    with running(*world.arguments, ready="ENDPOINTS") as process:
        process.line("^shop/echo:http")
        yield process
        assert "Traceback" not in str(process.output)


def test_what_the_api_server_says_is_followed(world: World, proxy: ServerProcess) -> None:
    assert world.ask() == HOSTS[0]

    world.pods_are(HOSTS[1])
    while world.ask() != HOSTS[1]:
        pass

    assert page(world.healthz, "/healthz")[0] == 200
    assert proxy.end()[0] == 0


def test_nothing_ends_while_the_api_server_is_away(world: World, proxy: ServerProcess) -> None:
    world.api.do("refuse")
    world.api.do("cut")
    proxy.line("watch.lost resource=endpointslices")

    assert world.ask() == HOSTS[0]
    assert page(world.healthz, "/healthz")[0] == 200

    world.api.do("accept")
    world.pods_are(HOSTS[1])
    proxy.line("watch.recovered resource=endpointslices")
    while world.ask() != HOSTS[1]:
        pass


def test_without_an_api_server_nothing_is_opened(world: World) -> None:
    world.api.do("refuse")
    with running(*world.arguments, ready="watch.lost resource=services") as process:
        assert page(world.healthz, "/healthz")[0] == 503
        assert page(world.healthz, "/livez")[0] == 503
        with pytest.raises(ConnectionRefusedError):
            world.ask()
        world.api.do("accept")
        process.line("^shop/echo:http")
        assert world.ask() == HOSTS[0]
        assert page(world.healthz, "/healthz")[0] == 200


def test_a_signal_ends_it_at_once(proxy: ServerProcess) -> None:
    code, text = proxy.end(signal.SIGTERM)

    assert code == 0
    assert text.endswith("[INFO] proxy.stopping signal=SIGTERM")


def test_manifests_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    line = ("proxy", "--mode", "userspace", "--listen", "127.0.0.1")
    ended = run(*line, "--manifests", str(tmp_path / "nothing"))

    assert ended.returncode == 1
    assert "no Kubernetes objects can be read" in ended.stderr
    assert "Traceback" not in ended.stderr
