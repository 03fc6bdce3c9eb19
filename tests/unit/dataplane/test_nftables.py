from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.backend import Failure
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables import Nftables
from svcdns.proxy.diff import diff
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
from svcdns.proxy.operations import Bind, Operation
from svcdns.wire.name import pack_address
from tests.support.nft_memory import MemoryTable, NftMemory

WEB = ServicePortName("shop", "web", "http")
TABLE = "ip svcdns"


def virtual(
    *servers: str,
    address: str = "10.96.0.1",
    scheduler: str = "random",
    kind: Kind = Kind.CLUSTER,
    affinity: int = 0,
    local: bool = False,
) -> VirtualServer:
    rows = pack_servers(RealServer(pack_address(one), 8080) for one in servers)
    key = VirtualKey(TCP, pack_address(address), 80)
    flags = PERSISTENT if affinity else 0
    return VirtualServer(
        key, kind, WEB, scheduler, flags, affinity, rows, external_local=local, drops=local
    )


def desired(*some: VirtualServer) -> Desired:
    return Desired({one.key: one for one in some}, frozenset(one.key.address for one in some))


@pytest.fixture
def kernel() -> NftMemory:
    return NftMemory()


@pytest.fixture
async def backend(kernel: NftMemory) -> Nftables:
    return await started(kernel)


async def started(kernel: NftMemory) -> Nftables:
    made = Nftables(FilterOptions(), find_runner=lambda: kernel)
    await made.probe()
    await made.setup()
    return made


async def settle(backend: Nftables, wanted: Desired) -> tuple[Failure, ...]:
    return await backend.apply(diff(wanted, await backend.read(), drains=False), wanted)


async def operations(backend: Nftables, wanted: Desired) -> tuple[Operation, ...]:
    return diff(wanted, await backend.read(), drains=False)


async def test_a_trial_leaves_nothing_and_a_set_up_makes_both_tables(
    backend: Nftables, kernel: NftMemory
) -> None:
    assert kernel.tables.keys() == {"ip svcdns", "ip6 svcdns"}
    backend.close()


async def test_virtual_servers_of_one_shape_share_a_chain(
    backend: Nftables, kernel: NftMemory
) -> None:
    wanted = desired(virtual("10.1.0.1"), virtual("10.1.0.2", address="10.96.0.2"))

    assert await settle(backend, wanted) == ()

    chains = set(kernel.tables[TABLE].sets["services"].values())
    assert chains == {"goto plain-random-1-tcp"}
    backend.close()


async def test_what_is_in_sync_changes_nothing(backend: Nftables, kernel: NftMemory) -> None:
    wanted = desired(virtual("10.1.0.1"))
    await settle(backend, wanted)
    before = len(kernel.scripts)

    assert await operations(backend, wanted) == ()
    assert await settle(backend, wanted) == ()

    assert len(kernel.scripts) == before
    backend.close()


async def test_a_restart_changes_nothing(backend: Nftables, kernel: NftMemory) -> None:
    wanted = desired(virtual("10.1.0.1", scheduler="rr"), virtual(address="10.96.0.2"))
    await settle(backend, wanted)
    before = kernel.generation()

    again = Nftables(FilterOptions(), find_runner=lambda: kernel)
    await again.setup()
    await settle(again, wanted)

    assert kernel.generation() == before
    again.close()
    backend.close()


async def test_other_options_are_another_table(backend: Nftables, kernel: NftMemory) -> None:
    wanted = desired(virtual("10.1.0.1"))
    await settle(backend, wanted)

    again = Nftables(FilterOptions(masquerade_all=True), find_runner=lambda: kernel)
    await again.setup()

    assert await operations(again, wanted)
    again.close()
    backend.close()


async def test_a_change_by_somebody_else_is_read(backend: Nftables, kernel: NftMemory) -> None:
    wanted = desired(virtual("10.1.0.1"))
    await settle(backend, wanted)
    kernel.tables[TABLE].sets["services"].clear()
    assert await operations(backend, wanted) == ()  # no generation says so
    kernel.touch()

    assert await operations(backend, wanted)
    assert await settle(backend, wanted) == ()
    assert await operations(backend, wanted) == ()
    backend.close()


async def test_a_chain_that_lost_rules_is_mended(backend: Nftables, kernel: NftMemory) -> None:
    await settle(backend, desired(virtual("10.1.0.1")))
    kernel.tables[TABLE].chains["plain-random-1-tcp"].clear()
    kernel.touch()

    await backend.read()

    assert len(kernel.tables[TABLE].chains["plain-random-1-tcp"]) == 1
    backend.close()


async def test_a_table_without_its_hooks_is_made_anew(backend: Nftables, kernel: NftMemory) -> None:
    wanted = desired(virtual("10.1.0.1"))
    await settle(backend, wanted)
    kernel.tables[TABLE].chains["nat-prerouting"].clear()
    kernel.touch()

    assert await operations(backend, wanted)
    await settle(backend, wanted)

    assert await operations(backend, wanted) == ()
    backend.close()


async def test_one_that_is_refused_fails_alone(backend: Nftables, kernel: NftMemory) -> None:
    wanted = desired(virtual("10.1.0.1"), virtual("10.1.0.2", address="10.96.0.2"))
    kernel.refused = "10.96.0.2 . tcp"

    failures = await settle(backend, wanted)

    assert {one.cause for one in failures} == {"refused: 10.96.0.2 . tcp"}
    assert (await backend.read()).virtual_servers.keys() == {virtual().key}
    backend.close()


async def test_addresses_that_are_refused_are_a_failure_of_theirs(
    backend: Nftables, kernel: NftMemory
) -> None:
    wanted = desired(virtual("10.1.0.1"))
    kernel.refused = "svcdns addresses"

    (failure,) = await settle(backend, wanted)

    assert failure.operation == Bind(pack_address("10.96.0.1"))
    backend.close()


async def test_policy_local_has_servers_for_the_node_beside_its_own(
    backend: Nftables, kernel: NftMemory
) -> None:
    balancer = virtual(address="203.0.113.9", kind=Kind.BALANCER, local=True)

    await settle(backend, desired(virtual("10.1.0.1"), balancer))

    servers = kernel.tables[TABLE].sets["servers-tcp"]
    assert servers["203.0.113.9 . 80 . 32768"] == "10.1.0.1 . 8080"
    await settle(backend, desired(virtual(), balancer))
    assert kernel.tables[TABLE].sets["refused"] == {
        "10.96.0.1 . tcp . 80": "goto refuse",
        "203.0.113.9 . tcp . 80": "drop",
    }
    backend.close()


async def test_cleanup_deletes_both_tables(backend: Nftables, kernel: NftMemory) -> None:
    await settle(backend, desired(virtual("10.1.0.1")))

    await backend.cleanup()

    assert kernel.tables == {}
    backend.close()


def a_state(
    servers: list[list[str]], externals: list[list[str] | None], schedulers: list[str]
) -> Desired:
    """Services whose cluster and external addresses have these servers; None: no address."""
    some = []
    services = zip(servers, externals, schedulers, strict=True)
    for number, (inside, outside, scheduler) in enumerate(services):
        name = ServicePortName("shop", f"s{number}", "")
        cluster = virtual(*inside, address=f"10.96.0.{number}", scheduler=scheduler)
        some.append(replace(cluster, service=name))
        if outside is not None:
            one = virtual(
                *outside, address=f"203.0.113.{number}", kind=Kind.EXTERNAL, local=number % 2 == 0
            )
            some.append(replace(one, service=name, scheduler=scheduler))
    return desired(*some)


HOSTS = st.lists(st.sampled_from(["10.1.0.1", "10.1.0.2", "10.1.0.3"]), max_size=2, unique=True)
STATES = st.builds(
    a_state,
    st.lists(HOSTS, min_size=3, max_size=3),
    st.lists(st.none() | HOSTS, min_size=3, max_size=3),
    st.lists(st.sampled_from(["random", "rr"]), min_size=3, max_size=3),
)


@given(states=st.lists(STATES, min_size=1, max_size=4))
async def test_what_changed_alone_is_written_and_the_table_is_as_if_all_of_it_were(
    states: list[Desired],
) -> None:
    one_by_one, at_once = NftMemory(), NftMemory()
    backend, other = await started(one_by_one), await started(at_once)

    for state in states:
        assert await backend.apply((), state) == ()
    assert await other.apply((), states[-1]) == ()

    for name, table in at_once.tables.items():
        assert elements_of(one_by_one.tables[name]) == elements_of(table)
    backend.close()
    other.close()


def elements_of(table: MemoryTable) -> dict[str, dict[str, str]]:
    """Elements by set; one that is empty is as good as none."""
    return {name: elements for name, elements in table.sets.items() if elements}


async def test_after_a_refusal_everything_is_looked_at(
    backend: Nftables, kernel: NftMemory
) -> None:
    wanted = desired(virtual("10.1.0.1"))
    kernel.refused = "10.96.0.1"
    refused = await settle(backend, wanted)
    kernel.refused = ""

    assert refused
    assert await backend.apply((), wanted) == ()
    assert await operations(backend, wanted) == ()
    backend.close()
