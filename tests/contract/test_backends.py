"""What every backend does alike: one suite, one column for each of tests/support/backends.py."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from svcdns.dataplane.backend import Backend
from svcdns.proxy.diff import diff
from svcdns.proxy.model import (
    PERSISTENT,
    TCP,
    UDP,
    Desired,
    Kind,
    RealServer,
    ServicePortName,
    VirtualKey,
    VirtualServer,
    pack_servers,
)
from svcdns.proxy.operations import AddVirtual, SetWeight
from svcdns.proxy.realized import Realized
from svcdns.wire.name import pack_address
from tests.support import backends

WEB = ServicePortName("shop", "web", "http")
NODE = pack_address("192.0.2.1")


def servers(*addresses: str, port: int = 8080) -> bytes:
    return pack_servers(RealServer(pack_address(one), port) for one in addresses)


def virtual(
    address: str = "10.96.0.1",
    port: int = 80,
    rows: bytes = b"",
    protocol: int = TCP,
    *,
    scheduler: str = "rr",
    affinity_seconds: int = 0,
    kind: Kind = Kind.CLUSTER,
) -> VirtualServer:
    flags = PERSISTENT if affinity_seconds else 0
    key = VirtualKey(protocol, pack_address(address), port)
    return VirtualServer(key, kind, WEB, scheduler, flags, affinity_seconds, rows)


def desired(*virtual_servers: VirtualServer) -> Desired:
    return Desired(
        {one.key: one for one in virtual_servers},
        frozenset(one.key.address for one in virtual_servers if one.kind is not Kind.NODE),
        node_addresses=(NODE,),
    )


ONE = virtual(rows=servers("10.1.0.1"))
TWO = virtual(rows=servers("10.1.0.1", "10.1.0.2"))
OTHER = virtual("10.96.0.2", 443, servers("10.1.0.3", port=8443))

STATES = {
    "nothing": Desired(),
    "one endpoint": desired(ONE),
    "two endpoints": desired(TWO),
    "other endpoints": desired(virtual(rows=servers("10.1.0.7", "10.1.0.8"))),
    "another target port": desired(virtual(rows=servers("10.1.0.1", port=8081))),
    "no endpoint": desired(virtual()),
    "affinity": desired(virtual(rows=servers("10.1.0.1", "10.1.0.2"), affinity_seconds=60)),
    "longer affinity": desired(virtual(rows=servers("10.1.0.1", "10.1.0.2"), affinity_seconds=90)),
    "two Services": desired(ONE, OTHER),
    "two ports of an address": desired(ONE, virtual(port=81, rows=servers("10.1.0.1"))),
    "UDP beside TCP": desired(ONE, virtual(rows=servers("10.1.0.1", port=53), protocol=UDP)),
    "both families": desired(ONE, virtual("fd96::1", rows=servers("fd01::1", "fd01::2"))),
    "a node port": desired(ONE, virtual("192.0.2.1", 30080, servers("10.1.0.1"), kind=Kind.NODE)),
}


@pytest.fixture(params=sorted(backends.BACKENDS))
def kind(request: pytest.FixtureRequest) -> backends.Kind:
    found = backends.BACKENDS[request.param]
    if why := found.missing():
        pytest.skip(why)
    return found


@pytest.fixture
async def backend(kind: backends.Kind, tmp_path: Path) -> AsyncIterator[Backend]:
    """One that is set up; what it made is taken away in the end."""
    made = kind.make(tmp_path)
    await made.probe()
    await made.setup()
    yield made
    await made.cleanup()
    kind.close(made)


async def settle(backend: Backend, wanted: Desired) -> None:
    """Bring a backend to a state, and nothing may fail."""
    operations = diff(wanted, await backend.read(), drains=False)

    assert await backend.apply(operations, wanted) == ()


async def agrees(backend: Backend, wanted: Desired) -> bool:
    """Whether there is nothing left to do."""
    return diff(wanted, await backend.read(), drains=False) == ()


async def test_it_has_a_name_and_round_robin(kind: backends.Kind, backend: Backend) -> None:
    found = await backend.probe()

    assert backends.BACKENDS[backend.name] is kind
    assert "rr" in found.schedulers


async def test_there_is_nothing_at_first(backend: Backend) -> None:
    assert await backend.read() == Realized()


async def test_what_is_set_up_twice_is_set_up(backend: Backend) -> None:
    await settle(backend, STATES["two Services"])

    await backend.setup()

    assert await agrees(backend, STATES["two Services"])


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", ["nothing", "two endpoints", "affinity", "both families"])
async def test_operations_lead_from_one_state_to_another(
    backend: Backend, before: str, after: str
) -> None:
    await settle(backend, STATES[before])

    await settle(backend, STATES[after])

    assert await agrees(backend, STATES[after])


async def test_what_is_there_can_be_read_in_full(kind: backends.Kind, backend: Backend) -> None:
    wanted = STATES["affinity"]
    await settle(backend, wanted)

    found = await backend.read()

    (there,) = found.virtual_servers.values()
    assert there.servers.keys() == set(TWO.real_servers())
    assert {one.weight for one in there.servers.values()} == {1}
    assert (there.scheduler, there.flags, there.persistence_timeout) == ("rr", PERSISTENT, 60)
    if kind.addresses:
        assert found.addresses == wanted.addresses


async def test_an_unknown_scheduler_fails_by_itself(backend: Backend) -> None:
    odd = virtual("10.96.0.9", rows=servers("10.1.0.1"), scheduler="nosuch")
    wanted = desired(odd, OTHER)

    failures = await backend.apply(diff(wanted, await backend.read()), wanted)

    assert AddVirtual(odd) in [failure.operation for failure in failures]
    assert all("nosuch" in one.cause for one in failures if one.operation == AddVirtual(odd))
    found = await backend.read()
    assert OTHER.key in found.virtual_servers
    assert odd.key not in found.virtual_servers


async def test_a_server_of_weight_0_stays_until_it_is_deleted(
    kind: backends.Kind, backend: Backend
) -> None:
    if not kind.weights:
        pytest.skip(f"{backend.name} leaves old connections to conntrack")
    await settle(backend, desired(TWO))
    leaving = RealServer(pack_address("10.1.0.2"), 8080)

    failures = await backend.apply([SetWeight(TWO.key, leaving, 0)], desired(ONE))

    assert failures == ()
    found = (await backend.read()).virtual_servers[TWO.key].servers
    assert {server: one.weight for server, one in found.items()}[leaving] == 0
    idle = {TWO.key: {leaving: found[leaving]}}
    assert await backend.read_idle([TWO.key, OTHER.key]) == idle
    assert await backend.read_idle([OTHER.key]) == {}
    await settle(backend, desired(ONE))
    assert await agrees(backend, desired(ONE))


async def test_the_next_one_finds_everything_unless_it_ends_with_its_process(
    kind: backends.Kind, backend: Backend, tmp_path: Path
) -> None:
    await settle(backend, STATES["two Services"])

    after = kind.make(tmp_path)
    await after.probe()
    await after.setup()

    assert await agrees(after, STATES["two Services"] if kind.stays else desired())
    kind.close(after)


async def test_nothing_of_ours_is_left_after_cleanup(backend: Backend) -> None:
    await settle(backend, STATES["both families"])

    await backend.cleanup()
    await backend.cleanup()
    await backend.setup()

    assert await backend.read() == Realized()


async def test_many_services_come_and_go_in_one_batch(backend: Backend) -> None:
    many = desired(
        *(
            virtual(f"10.96.{number}.1", rows=servers(f"10.1.{number}.1", f"10.1.{number}.2"))
            for number in range(200)
        )
    )

    await settle(backend, many)
    assert await agrees(backend, many)
    await settle(backend, Desired())

    assert await backend.read() == Realized()
