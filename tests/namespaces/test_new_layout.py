"""Clients connect while svcdns is replaced by a version that writes its table otherwise.

All servers listen all the time, and the Service that is asked is written last of many: a client
that is refused, or waits in vain, came while the table was made anew.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

import pytest

from svcdns.dataplane import libnftables, nftables_script
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.libnftables import ScriptRunner
from svcdns.dataplane.nftables import Nftables
from svcdns.dataplane.nftables_listing import Contents
from svcdns.proxy.diff import diff
from svcdns.proxy.model import (
    TCP,
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.wire.name import pack_address
from tests.support.knocking import accepting, connecting, going_on
from tests.support.namespaces import Network, join

VIP, PORT, TARGET = "10.96.255.1", 80, 8080
SERVERS = ("10.1.0.1", "10.1.0.2", "10.1.0.3")
UPGRADES = 3
_PATIENCE_SECONDS = 0.9
"""Less than it takes until a client tries once more by itself."""


class EndedError(Exception):
    """The program has ended."""


class Mortal:
    """Runs scripts on this kernel, until the program ends."""

    def __init__(self, transactions: int) -> None:
        self._left = transactions
        self._runner = libnftables.find_runner()

    def run(self, script: str) -> str:
        if not self._left:
            raise EndedError
        self._left -= 1
        return self._runner.run(script)

    def generation(self) -> int | None:
        return self._runner.generation()

    def contents(self, width: int, table: str) -> Contents | None:
        return self._runner.contents(width, table)


@pytest.mark.parametrize("scheduler", ["random", "rr"])
def test_nobody_is_refused_while_another_version_takes_over(
    monkeypatch: pytest.MonkeyPatch, scheduler: str
) -> None:
    wanted = a_cluster(scheduler, others=2000)

    with clients(wanted) as said:
        for layout in range(UPGRADES):
            monkeypatch.setattr(nftables_script, "_LAYOUT", f"another {layout}")
            take_over(wanted)

    assert said.keys() == {"connected"}, said


def test_nobody_is_refused_wherever_a_version_ends_that_takes_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = a_cluster("random", others=600)
    ends = 0

    with clients(wanted) as said:
        for transactions in count():
            monkeypatch.setattr(nftables_script, "_LAYOUT", f"another {transactions}")
            try:
                take_over(wanted, partial(Mortal, transactions))
            except EndedError:
                ends += 1
            else:
                break
            take_over(wanted)

    assert ends > len(("trial", "bridge", "wake", "anew", "fill", "bridge goes"))
    assert said.keys() == {"connected"}, said


@contextmanager
def clients(wanted: Desired) -> Iterator[Counter[str]]:
    """Serve with the layout of this version, and have somebody connect as long as the block."""
    said: Counter[str] = Counter()
    knocking = connecting((VIP, PORT), said, _PATIENCE_SECONDS)
    with Network() as node, Network() as client:
        join(client, node, 1)
        node.configure(*(f"addr add {one}/32 dev lo" for one in (VIP, *SERVERS)))
        with node.inside(), socket.create_server(("", TARGET), backlog=512) as listener:
            listener.settimeout(1)
            take_over(wanted)
            with going_on(node, accepting(listener)), going_on(client, knocking):
                yield said


def take_over(
    wanted: Desired, find_runner: Callable[[], ScriptRunner] = libnftables.find_runner
) -> None:
    """Do what a version does that starts on this node, up to the moment it is in sync."""

    async def bring() -> None:
        backend = Nftables(FilterOptions(), find_runner=find_runner)
        try:
            await backend.probe()
            await backend.setup()
            needed = diff(wanted, await backend.read(), drains=False)
            assert await backend.apply(needed, wanted) == ()
            assert diff(wanted, await backend.read(), drains=False) == ()
        finally:
            backend.close()

    asyncio.run(bring())


def a_cluster(scheduler: str, *, others: int) -> Desired:
    """Return many Services with the same servers, and last of all the one that is asked."""
    addresses = [f"10.96.{n // 200}.{n % 200}" for n in range(others)]
    rows = pack_servers(RealServer(pack_address(one), TARGET) for one in SERVERS)
    virtual = {}
    for address in (*addresses, VIP):
        key = VirtualKey(TCP, pack_address(address), PORT)
        name = ServicePortName("shop", address, "http")
        virtual[key] = VirtualServer(key, Kind.CLUSTER, name, scheduler, 0, 0, rows)
    return Desired(virtual, frozenset(key.address for key in virtual))
