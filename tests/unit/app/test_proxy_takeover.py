"""One proxy a node, and what another mode left goes when ours works."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO

import pytest

from svcdns.app.proxy_backend import backend_of
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.proxy_takeover import Takeover
from svcdns.app.start_error import StartError
from tests.support.namespaces import Network
from tests.support.tools import require

NFTABLES = ProxySettings(mode="nftables")
LISTENING = ProxySettings(mode="userspace", listen="127.0.0.1")


@pytest.fixture
def node() -> Iterator[None]:
    """This thread, and those it starts, are in a namespace of the test's own."""
    with Network() as network, network.inside():
        yield


@pytest.mark.usefixtures("node")
async def test_a_node_has_one_proxy_and_the_next_one_when_that_is_gone() -> None:
    first, second = Takeover(), Takeover()
    await first.begin(NFTABLES)
    with pytest.raises(StartError, match="another svcdns is: process"):
        await second.begin(NFTABLES)
    first.close()

    await second.begin(NFTABLES)
    second.close()


@pytest.mark.usefixtures("node")
async def test_any_number_may_listen_at_ports_of_their_own() -> None:
    takeovers = [Takeover(), Takeover()]
    for one in takeovers:
        await one.begin(LISTENING)

    with closing(backend_of(LISTENING)) as backend:
        assert backend.name == "userspace"
    for one in takeovers:
        one.close()


@pytest.fixture
def leftover(node: None) -> Callable[[], bool]:  # noqa: ARG001 - it is there
    """A chain of mode iptables; returns whether it is still there."""
    save = require("iptables-save", package="iptables")
    restore = require("iptables-restore", package="iptables")
    subprocess.run([restore], input="*nat\n:SVCDNS-SERVICES -\nCOMMIT\n", text=True, check=True)

    def is_there() -> bool:
        done = subprocess.run([save], capture_output=True, text=True, check=True)
        return "SVCDNS-SERVICES" in done.stdout

    return is_there


async def test_what_another_mode_left_goes_once_ours_works_and_not_before(
    leftover: Callable[[], bool], log: StringIO
) -> None:
    takeover = Takeover()
    with closing(backend_of(NFTABLES)) as backend:
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
            task = tasks.create_task(takeover.finish(NFTABLES, backend))
            await asyncio.sleep(0)
            was_there = leftover()
            takeover.works()
            while "proxy.taken_over" not in log.getvalue():  # noqa: ASYNC110 - in a thread
                await asyncio.sleep(0.01)
            task.cancel()

    assert was_there
    assert not leftover()
    assert 'mode=nftables removed="the rules of mode iptables"' in log.getvalue()
