from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.backend import Failure
from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.iptables import Iptables
from svcdns.dataplane.iptables_programs import Programs
from svcdns.dataplane.iptables_rules import chain_name
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
from svcdns.proxy.operations import Bind, Operation
from svcdns.wire.name import pack_address
from tests.support.iptables_memory import IptablesMemory

WEB = ServicePortName("shop", "web", "http")


def virtual(
    *servers: str,
    address: str = "10.96.0.1",
    kind: Kind = Kind.CLUSTER,
    scheduler: str = "random",
    local: bool = False,
) -> VirtualServer:
    rows = pack_servers(RealServer(pack_address(one), 8080) for one in servers)
    key = VirtualKey(TCP, pack_address(address), 80)
    return VirtualServer(key, kind, WEB, scheduler, servers=rows, external_local=local, drops=local)


def desired(*some: VirtualServer) -> Desired:
    return Desired({one.key: one for one in some}, frozenset(one.key.address for one in some))


ONE, OTHER = virtual("10.1.0.1"), virtual("10.1.0.2", address="10.96.0.2")


@pytest.fixture
def kernel() -> IptablesMemory:
    return IptablesMemory()


@pytest.fixture
async def backend(kernel: IptablesMemory) -> Iptables:
    return await started(kernel)


@pytest.fixture(autouse=True)
def _ended(backend: Iptables) -> Iterator[None]:
    yield
    backend.close()


async def started(kernel: IptablesMemory) -> Iptables:
    made = Iptables(FilterOptions(), find=lambda: cast("Programs", kernel))
    await made.probe()
    await made.setup()
    return made


async def operations(backend: Iptables, wanted: Desired) -> tuple[Operation, ...]:
    return diff(wanted, await backend.read(), drains=False)


async def settle(backend: Iptables, wanted: Desired) -> tuple[Failure, ...]:
    return await backend.apply(await operations(backend, wanted), wanted)


async def test_what_did_not_change_is_not_in_the_input(
    backend: Iptables, kernel: IptablesMemory
) -> None:
    await settle(backend, desired(ONE, OTHER))

    await settle(backend, desired(virtual("10.1.0.1", "10.1.0.3"), OTHER))

    assert chain_name("SVC", ONE.key) in kernel.inputs[-1]
    assert chain_name("SVC", OTHER.key) not in kernel.inputs[-1]
    assert await operations(backend, desired(virtual("10.1.0.1", "10.1.0.3"), OTHER)) == ()


async def test_what_is_in_sync_changes_nothing(backend: Iptables, kernel: IptablesMemory) -> None:
    await settle(backend, desired(ONE))
    before = len(kernel.inputs)

    assert await settle(backend, desired(ONE)) == ()

    assert len(kernel.inputs) == before


async def test_a_restart_finds_everything(backend: Iptables, kernel: IptablesMemory) -> None:
    wanted = desired(ONE, virtual(address="10.96.0.3"))
    await settle(backend, wanted)
    rules = kernel.save(4)

    again = await started(kernel)

    assert await operations(again, wanted) == ()
    assert await settle(again, wanted) == ()
    assert sorted(kernel.save(4).splitlines()) == sorted(rules.splitlines())
    again.close()


async def test_chains_of_what_went_while_nobody_looked_go(
    backend: Iptables, kernel: IptablesMemory
) -> None:
    await settle(backend, desired(ONE, OTHER))
    again = await started(kernel)

    await settle(again, desired(ONE))

    assert chain_name("SVC", OTHER.key) not in kernel.save(4)
    again.close()


async def test_rules_that_somebody_took_away_are_put_back(
    backend: Iptables, kernel: IptablesMemory
) -> None:
    await settle(backend, desired(ONE, OTHER))
    rules = kernel.save(4)
    for chain in ("SVCDNS-SERVICES", "SVCDNS-POSTROUTING", chain_name("SVC", ONE.key)):
        kernel.tables[4]["nat"][chain].clear()

    await settle(backend, desired(ONE, OTHER))

    assert sorted(kernel.save(4).splitlines()) == sorted(rules.splitlines())


async def test_a_server_chain_that_lost_a_rule_is_put_back(
    backend: Iptables, kernel: IptablesMemory
) -> None:
    await settle(backend, desired(ONE))
    (chain,) = [name for name in kernel.tables[4]["nat"] if "-SEP-" in name]
    del kernel.tables[4]["nat"][chain][0]

    await settle(backend, desired(ONE))

    assert len(kernel.tables[4]["nat"][chain]) == 2


async def test_one_that_is_refused_fails_alone(backend: Iptables, kernel: IptablesMemory) -> None:
    await settle(backend, Desired())
    kernel.refused = "10.96.0.2"

    failures = await settle(backend, desired(ONE, OTHER))

    failed = {one.operation for one in failures if not isinstance(one.operation, Bind)}
    assert {getattr(one, "key", None) or one.virtual.key for one in failed} == {OTHER.key}  # type: ignore[union-attr]
    kernel.refused = ""
    assert await settle(backend, desired(ONE, OTHER)) == ()
    assert await operations(backend, desired(ONE, OTHER)) == ()


async def test_all_of_very_many_fail_together(backend: Iptables, kernel: IptablesMemory) -> None:
    many = desired(*(virtual("10.1.0.1", address=f"10.96.1.{n}") for n in range(150)))
    kernel.refused = "10.96.1.7/32"

    failures = await settle(backend, many)

    assert len(failures) == 450
    kernel.refused = ""
    assert await settle(backend, many) == ()


async def test_the_short_cut_of_policy_local_follows_the_cluster_address(
    backend: Iptables, kernel: IptablesMemory
) -> None:
    balancer = virtual(address="203.0.113.9", kind=Kind.BALANCER, local=True)
    near = chain_name("SVC", ONE.key)
    ext = chain_name("EXT", balancer.key)
    await settle(backend, desired(ONE, balancer))
    assert any(rule.endswith(near) for rule in kernel.tables[4]["nat"][ext])

    assert await settle(backend, desired(virtual(), balancer)) == ()

    assert ext not in kernel.tables[4]["nat"]
    assert near not in kernel.tables[4]["nat"]


async def test_cleanup_leaves_what_others_have(backend: Iptables, kernel: IptablesMemory) -> None:
    kernel.tables[4]["nat"]["OTHER"] = ["-j ACCEPT"]
    kernel.tables[4]["nat"]["OUTPUT"].append("-j OTHER")
    await settle(backend, desired(ONE))

    await backend.cleanup()

    assert "SVCDNS" not in kernel.save(4)
    assert "-A OUTPUT -j OTHER" in kernel.save(4)


def a_state(servers: list[list[str]], outside: list[list[str] | None]) -> Desired:
    """Services whose cluster and external addresses have these servers; None: no address."""
    some = []
    for number, (inside, others) in enumerate(zip(servers, outside, strict=True)):
        name = ServicePortName("shop", f"s{number}", "")
        some.append(replace(virtual(*inside, address=f"10.96.0.{number}"), service=name))
        if others is not None:
            one = virtual(*others, address=f"203.0.113.{number}", kind=Kind.EXTERNAL, local=True)
            some.append(replace(one, service=name))
    return desired(*some)


HOSTS = st.lists(st.sampled_from(["10.1.0.1", "10.1.0.2", "10.1.0.3"]), max_size=2, unique=True)
STATES = st.builds(
    a_state,
    st.lists(HOSTS, min_size=2, max_size=2),
    st.lists(st.none() | HOSTS, min_size=2, max_size=2),
)


@given(states=st.lists(STATES, min_size=1, max_size=4), refused=st.none() | st.integers(0, 3))
async def test_what_changed_alone_is_written_and_the_rules_are_as_if_all_of_it_were(
    states: list[Desired], refused: int | None
) -> None:
    one_by_one, at_once = IptablesMemory(), IptablesMemory()
    backend, other = await started(one_by_one), await started(at_once)

    for number, state in enumerate(states):
        one_by_one.refused = "10.96.0.1" if number == refused else ""
        await backend.apply((), state)
    one_by_one.refused = ""
    assert await backend.apply((), states[-1]) == ()
    assert await other.apply((), states[-1]) == ()

    assert rules_in(one_by_one) == rules_in(at_once)
    backend.close()
    other.close()


def rules_in(kernel: IptablesMemory) -> dict[tuple[int, str, str], list[str]]:
    """Rules by family, table and chain; in what order shared chains have them does not matter."""
    return {
        (width, table, chain): sorted(rules)
        for width, tables in kernel.tables.items()
        for table, chains in tables.items()
        for chain, rules in chains.items()
    }
