"""What the kernel refuses the fake refuses, and what traffic would notice it remarks upon."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.dataplane.fake import Fake
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
from svcdns.proxy.operations import (
    AddServer,
    AddVirtual,
    Bind,
    DeleteServer,
    DeleteVirtual,
    Operation,
    SetVirtual,
    SetWeight,
    Unbind,
)
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from svcdns.wire.name import pack_address
from tests.support.proxied import READY, endpoints, service, state_of

ADDRESS = pack_address("10.96.0.1")
KEY = VirtualKey(TCP, ADDRESS, 80)
WEB = ServicePortName("shop", "web", "http")
SERVER = RealServer(pack_address("10.1.0.1"), 8080)
OTHER = RealServer(pack_address("10.1.0.2"), 8080)
VIRTUAL = VirtualServer(KEY, Kind.CLUSTER, WEB)
ODD = VirtualServer(KEY, Kind.CLUSTER, WEB, scheduler="nosuch")
THERE = Realized(
    {KEY: RealizedVirtual("rr", servers={SERVER: RealizedServer()})}, frozenset((ADDRESS,))
)


async def failing(operation: Operation, there: Realized = THERE) -> str:
    fake = Fake()
    fake.hold(there)

    (failure,) = await fake.apply([operation], Desired())

    assert failure.operation == operation
    assert fake.realized() == there
    return failure.cause


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        (AddVirtual(VIRTUAL), errno.EEXIST),
        (SetVirtual(ODD), errno.ENOENT),
        (AddServer(KEY, SERVER, WEB), errno.EEXIST),
        (AddServer(KEY, RealServer(bytes(16), 80), WEB), errno.EINVAL),
        (SetWeight(KEY, OTHER, 0), errno.ENOENT),
        (SetWeight(KEY, SERVER, -1), errno.ERANGE),
        (DeleteServer(KEY, OTHER), errno.ENOENT),
        (Bind(ADDRESS), errno.EEXIST),
        (Unbind(pack_address("10.96.0.9")), errno.EADDRNOTAVAIL),
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused(operation: Operation, number: int) -> None:
    assert errno.errorcode[number] in await failing(operation)


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        (AddVirtual(ODD), errno.ENOENT),
        (AddVirtual(VirtualServer(KEY._replace(port=0), Kind.CLUSTER, WEB)), errno.EINVAL),
        (SetVirtual(VIRTUAL), errno.ESRCH),
        (DeleteVirtual(KEY), errno.ESRCH),
        (AddServer(KEY, SERVER, WEB), errno.ESRCH),
        (SetWeight(KEY, SERVER, 0), errno.ESRCH),
        (DeleteServer(KEY, SERVER), errno.ESRCH),
    ],
    ids=str,
)
async def test_without_its_virtual_server_nothing_works(operation: Operation, number: int) -> None:
    assert errno.errorcode[number] in await failing(operation, Realized())


async def test_a_virtual_server_of_somebody_else_is_in_the_way() -> None:
    fake = Fake(foreign={KEY: RealizedVirtual("rr")})

    (failure,) = await fake.apply([AddVirtual(VIRTUAL)], Desired())

    assert failure.is_surprise
    assert await fake.read() == Realized()


async def test_an_unknown_scheduler_is_no_surprise_and_names_its_module() -> None:
    (failure,) = await Fake().apply([AddVirtual(ODD)], Desired())

    assert not failure.is_surprise
    assert "modprobe ip_vs_nosuch" in failure.cause


async def test_one_failure_stops_nothing() -> None:
    fake = Fake()

    failures = await fake.apply(
        [DeleteVirtual(KEY), AddVirtual(VIRTUAL), AddServer(KEY, SERVER, WEB)], Desired()
    )

    assert [one.operation for one in failures] == [DeleteVirtual(KEY)]
    assert list(fake.realized().virtual_servers[KEY].servers) == [SERVER]


async def test_an_operation_can_be_made_to_fail() -> None:
    fake = Fake(refuse=lambda one: errno.ENOBUFS if isinstance(one, Bind) else 0)

    failures = await fake.apply([AddVirtual(VIRTUAL), Bind(ADDRESS)], Desired())

    assert [(one.operation, one.is_surprise) for one in failures] == [(Bind(ADDRESS), True)]
    assert len(fake.applied) == 2


async def test_a_change_of_scheduler_keeps_servers_and_connections() -> None:
    fake = Fake()
    fake.hold(THERE)
    fake.connect(KEY, SERVER, active=3, inactive=1)
    other = VirtualServer(KEY, Kind.CLUSTER, WEB, "lc", PERSISTENT, 60)

    assert await fake.apply([SetVirtual(other)], Desired()) == ()

    assert fake.realized().virtual_servers[KEY] == RealizedVirtual(
        "lc", PERSISTENT, 60, {SERVER: RealizedServer(1, 3, 1)}
    )


async def test_what_traffic_would_notice_is_remarked_upon() -> None:
    fake = Fake()
    fake.hold(THERE)

    await fake.apply([DeleteServer(KEY, SERVER), Unbind(ADDRESS)], Desired())
    await fake.apply([DeleteVirtual(KEY), Bind(ADDRESS)], Desired())

    assert fake.remarks == [
        "10.96.0.1:80/TCP has no real server any more",
        "10.96.0.1 is unbound with 1 virtual servers left",
        "10.96.0.1 is bound before its virtual servers",
    ]


async def test_what_was_read_does_not_change_with_the_kernel() -> None:
    fake = Fake()
    fake.hold(THERE)
    before = await fake.read()

    await fake.apply([DeleteServer(KEY, SERVER)], Desired())
    await fake.cleanup()

    assert before == THERE
    assert await fake.read() == Realized()


SERVERS = st.sets(
    st.builds(RealServer, st.sampled_from([bytes((10, 1, 0, n)) for n in range(4)]), st.just(8080))
).map(pack_servers)
VIRTUALS = st.builds(
    VirtualServer,
    st.builds(
        VirtualKey,
        st.just(TCP),
        st.sampled_from([bytes((10, 96, 0, n)) for n in range(3)]),
        st.sampled_from([80, 443]),
    ),
    st.just(Kind.CLUSTER),
    st.just(WEB),
    st.sampled_from(["rr", "lc"]),
    servers=SERVERS,
)


def desired(virtual_servers: list[VirtualServer]) -> Desired:
    return Desired(
        {one.key: one for one in virtual_servers},
        frozenset(one.key.address for one in virtual_servers),
    )


STATES = st.lists(VIRTUALS, max_size=5).map(desired)


@given(before=STATES, after=STATES, drains=st.booleans())
async def test_no_operation_of_a_diff_fails_and_nothing_is_left_to_do(
    *, before: Desired, after: Desired, drains: bool
) -> None:
    fake = Fake()
    assert await fake.apply(diff(before, fake.realized()), before) == ()

    assert await fake.apply(diff(after, fake.realized(), drains=drains), after) == ()
    # Servers without a connection go when they are seen to have none.
    assert await fake.apply(diff(after, fake.realized()), after) == ()

    assert diff(after, fake.realized()) == ()


@given(STATES, STATES)
async def test_a_service_that_stays_is_never_empty_on_the_way(
    before: Desired, after: Desired
) -> None:
    fake = Fake()
    await fake.apply(diff(before, fake.realized()), before)
    stays = {
        key: one.servers and after.virtual_servers[key].servers
        for key, one in before.virtual_servers.items()
        if key in after.virtual_servers
    }

    for operation in diff(after, fake.realized(), drains=False):
        await fake.apply([operation], after)
        there = fake.realized().virtual_servers
        assert all(there[key].servers for key, has_servers in stays.items() if has_servers)


async def test_a_node_without_ipv4_gets_what_its_services_have_of_ipv6() -> None:
    address = pack_address("2001:db8::1")
    web = service("web", "fd00:96::1", kind="NodePort", node_ports=(30080,))
    state = state_of(web, endpoints("web", ("fd00:1::2", READY, "here")))
    desired = Plan(ProxyOptions(node="here", node_addresses=(address,))).rebuild(state)
    kernel = Fake()

    failures = await kernel.apply(diff(desired, kernel.realized()), desired)

    assert failures == ()
    assert kernel.remarks == []
    assert kernel.realized().virtual_servers.keys() == {
        VirtualKey(TCP, pack_address("fd00:96::1"), 80),
        VirtualKey(TCP, address, 30080),
    }
    assert diff(desired, kernel.realized()) == ()
