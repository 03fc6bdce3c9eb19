"""Clients connect while a Service's servers change all the time, in mode nftables.

All servers listen all the time, so a client that is refused met rules of one moment and maps of
another. As it is, one in 50,000 would; here rules that do nothing make packets slow just where a
change must not meet them.

Source: the kernel's nf_tables_core.c, where a base chain looks once which rules are in use, and
nft_lookup.c, where each look into a map asks anew.
"""

import asyncio
import socket
import subprocess
from collections import Counter
from collections.abc import Iterable
from itertools import combinations, cycle, islice

import pytest

from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables import Nftables
from svcdns.dataplane.nftables_entry import entry_of
from svcdns.proxy.model import (
    PERSISTENT,
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
from tests.support.tools import require

VIP, PORT, TARGET = "10.96.0.1", 80, 8080
SERVERS = tuple(f"10.1.0.{n}" for n in range(1, 13))
FEW, MANY = SERVERS[:1], SERVERS[:5]
OPTIONS = FilterOptions(cluster_networks=((pack_address("198.18.0.0"), 15),))
CHANGES = 200
SLOW = 1000
"""Rules that do nothing, in front of one."""


def balanced(servers: tuple[str, ...], scheduler: str, held: int = 0) -> VirtualServer:
    key = VirtualKey(TCP, pack_address(VIP), PORT)
    name = ServicePortName("shop", "web", "http")
    rows = pack_servers(RealServer(pack_address(one), TARGET) for one in servers)
    flags = PERSISTENT if held else 0
    return VirtualServer(key, Kind.CLUSTER, name, scheduler, flags, held, rows)


CASES = {
    "drawn": [balanced(some, "random") for some in (FEW, MANY)],
    "in turn": [balanced(some, "rr") for some in (FEW, MANY)],
    # For affinity each list of servers has a chain of its own.
    "held": [balanced(some, "random", held=30) for some in combinations(SERVERS, 3)],
}


@pytest.mark.parametrize("case", CASES)
def test_nobody_is_refused_while_servers_come_and_go(case: str) -> None:
    states = CASES[case]
    said: Counter[str] = Counter()
    knocking = connecting((VIP, PORT), said)
    slow = ["services"] if case == "held" else [chain_of(one) for one in states]

    with Network() as node, Network() as client:
        join(client, node, 1)
        node.configure(*(f"addr add {one}/32 dev lo" for one in (VIP, *SERVERS)))
        with node.inside(), socket.create_server(("", TARGET), backlog=512) as listener:
            listener.settimeout(1)
            backend = Nftables(OPTIONS)
            asyncio.run(backend.setup())
            bring(backend, states[:2])
            slow_down(node, slow)
            with going_on(node, accepting(listener)), going_on(client, knocking):
                bring(backend, islice(cycle(states), CHANGES))
            backend.close()

    assert said.keys() == {"connected"}, said


def chain_of(one: VirtualServer) -> str:
    return entry_of(one, b"", OPTIONS).chain


def bring(backend: Nftables, states: Iterable[VirtualServer]) -> None:
    """Bring a node to one state after the other."""

    async def apply_all() -> None:
        for one in states:
            desired = Desired({one.key: one}, frozenset({one.key.address}))
            assert await backend.apply((), desired) == ()

    asyncio.run(apply_all())


def slow_down(network: Network, chains: list[str]) -> None:
    """Put rules that do nothing before all others of these chains."""
    rules = [f"insert rule ip svcdns {one} meta mark set meta mark\n" for one in chains]
    enter = (require("nsenter", package="util-linux"), f"--net={network.path}")
    subprocess.run(
        [*enter, require("nft", package="nftables"), "-f", "-"],
        input="".join(rules) * SLOW,
        text=True,
        check=True,
    )
