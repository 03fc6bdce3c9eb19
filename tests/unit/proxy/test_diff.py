"""From what there is to what there should be, step by step."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from svcdns.proxy.diff import changed_keys, diff, diff_in_batches
from svcdns.proxy.model import (
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
from svcdns.proxy.packed_servers import PackedServers
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual

WEB = ServicePortName("shop", "web", "http")
KEY = VirtualKey(TCP, bytes((10, 96, 0, 1)), 80)
FIRST, SECOND, THIRD = (RealServer(bytes((10, 1, 0, last)), 8080) for last in (1, 2, 3))
BUSY = RealizedServer(1, 2, 1)


def virtual(
    *servers: RealServer, key: VirtualKey = KEY, scheduler: str = "rr", flags: int = 0
) -> VirtualServer:
    return VirtualServer(key, Kind.CLUSTER, WEB, scheduler, flags, servers=pack_servers(servers))


def desired(*virtuals: VirtualServer) -> Desired:
    return Desired(
        {one.key: one for one in virtuals}, frozenset(one.key.address for one in virtuals)
    )


def realized(
    servers: dict[RealServer, RealizedServer], key: VirtualKey = KEY, scheduler: str = "rr"
) -> Realized:
    return Realized({key: RealizedVirtual(scheduler, servers=servers)}, frozenset([key.address]))


def test_what_appears_is_complete_before_its_address_is() -> None:
    assert diff(desired(virtual(FIRST)), Realized()) == (
        AddVirtual(virtual(FIRST)),
        AddServer(KEY, FIRST, WEB),
        Bind(KEY.address),
    )


def test_what_disappears_loses_its_address_first() -> None:
    assert diff(Desired(), realized({FIRST: RealizedServer()})) == (
        Unbind(KEY.address),
        DeleteVirtual(KEY),
    )


def test_another_server_comes_before_the_old_one_goes() -> None:
    wanted, there = desired(virtual(SECOND)), realized({FIRST: RealizedServer()})

    assert diff(wanted, there) == (AddServer(KEY, SECOND, WEB), SetWeight(KEY, FIRST, 0))
    assert diff(wanted, there, drains=False) == (
        AddServer(KEY, SECOND, WEB),
        DeleteServer(KEY, FIRST),
    )


def test_a_server_with_connections_finishes_them() -> None:
    wanted = desired(virtual(SECOND))

    assert diff(wanted, realized({FIRST: BUSY, SECOND: BUSY})) == (SetWeight(KEY, FIRST, 0),)
    assert diff(wanted, realized({FIRST: BUSY._replace(weight=0), SECOND: BUSY})) == ()
    assert diff(wanted, realized({FIRST: BUSY, SECOND: BUSY}), drains=False) == (
        DeleteServer(KEY, FIRST),
    )


def test_a_server_that_has_finished_goes() -> None:
    idle = RealizedServer(weight=0)

    assert diff(desired(virtual(SECOND)), realized({FIRST: idle, SECOND: BUSY})) == (
        DeleteServer(KEY, FIRST),
    )


def test_a_server_that_comes_back_takes_connections_again() -> None:
    drained = realized({FIRST: BUSY._replace(weight=0)})

    assert diff(desired(virtual(FIRST)), drained) == (SetWeight(KEY, FIRST, 1),)


def test_udp_and_dh_have_nothing_to_finish() -> None:
    dns = KEY._replace(protocol=UDP)

    assert diff(desired(virtual(key=dns)), realized({FIRST: BUSY}, dns)) == (
        DeleteServer(dns, FIRST),
    )
    assert diff(desired(virtual(scheduler="dh")), realized({FIRST: BUSY}, scheduler="dh")) == (
        DeleteServer(KEY, FIRST),
    )


def test_another_scheduler_keeps_the_servers() -> None:
    wanted = virtual(FIRST, scheduler="lc")

    assert diff(desired(wanted), realized({FIRST: BUSY})) == (SetVirtual(wanted),)


class Kernel:
    """Does what it is told, and only what can be done."""

    def __init__(self, there: Realized) -> None:
        self.virtual = dict(there.virtual_servers)
        self.addresses = set(there.addresses)

    def do(self, operations: Sequence[Operation], surviving: set[VirtualKey]) -> None:
        for operation in operations:
            self._do(operation)
            for key in surviving:
                assert any(one.weight for one in self.virtual[key].servers.values()), operation
            for address in self.addresses:
                assert any(key.address == address for key in self.virtual), operation

    def _do(self, operation: Operation) -> None:
        match operation:
            case AddVirtual(one):
                assert one.key not in self.virtual
                self.virtual[one.key] = RealizedVirtual(one.scheduler, one.flags)
            case SetVirtual(one):
                servers = self.virtual[one.key].servers
                self.virtual[one.key] = RealizedVirtual(
                    one.scheduler, one.flags, one.persistence_timeout, servers
                )
            case DeleteVirtual(key):
                del self.virtual[key]
            case AddServer():
                assert operation.server not in self.virtual[operation.key].servers
                self._set(operation.key, operation.server, RealizedServer())
            case SetWeight():
                before = self.virtual[operation.key].servers[operation.server]
                self._set(operation.key, operation.server, before._replace(weight=operation.weight))
            case DeleteServer():
                assert operation.server in self.virtual[operation.key].servers
                self._set(operation.key, operation.server, None)
            case Bind(address):
                assert address not in self.addresses
                self.addresses.add(address)
            case Unbind(address):
                self.addresses.remove(address)

    def _set(self, key: VirtualKey, server: RealServer, value: RealizedServer | None) -> None:
        there = self.virtual[key]
        servers = {**there.servers}
        if value is None:
            del servers[server]
        else:
            servers[server] = value
        self.virtual[key] = RealizedVirtual(
            there.scheduler, there.flags, there.persistence_timeout, servers
        )


KEYS_IN_ALL = [
    VirtualKey(protocol, bytes((10, 96, 0, last)), 80) for protocol in (TCP, UDP) for last in (1, 2)
]
KEYS = st.sampled_from(KEYS_IN_ALL)
SERVERS = st.sampled_from([FIRST, SECOND, THIRD])
WANTED = st.lists(
    st.builds(
        lambda key, servers, scheduler: virtual(*servers, key=key, scheduler=scheduler),
        KEYS,
        st.lists(SERVERS, max_size=3),
        st.sampled_from(["rr", "sh", "dh"]),
    ),
    max_size=4,
    unique_by=lambda one: one.key,
).map(lambda virtuals: desired(*virtuals))
THERE = st.dictionaries(
    KEYS,
    st.builds(
        lambda scheduler, servers: RealizedVirtual(scheduler, servers=servers),
        st.sampled_from(["rr", "sh", "dh"]),
        st.dictionaries(
            SERVERS,
            st.builds(RealizedServer, st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
        ),
    ),
    max_size=4,
).map(lambda there: Realized(there, frozenset(key.address for key in there)))


@given(WANTED, THERE)
def test_no_step_fails_no_service_is_empty_on_the_way_and_the_end_is_right(
    wanted: Desired, there: Realized
) -> None:
    surviving = {
        key
        for key, one in wanted.virtual_servers.items()
        if one.servers
        and key in there.virtual_servers
        and any(
            weight.weight and server in set(one.real_servers())
            for server, weight in there.virtual_servers[key].servers.items()
        )
    }
    kernel = Kernel(there)

    kernel.do(diff(wanted, there), surviving)
    drained = Realized(kernel.virtual, frozenset(kernel.addresses))
    kernel.do(diff(wanted, drained, drains=False), surviving)

    assert kernel.addresses == wanted.addresses
    assert {
        key: (one.scheduler, one.flags, pack_servers(one.servers))
        for key, one in kernel.virtual.items()
    } == {
        key: (one.scheduler, one.flags, one.servers) for key, one in wanted.virtual_servers.items()
    }
    assert all(
        one.weight == 1 for there in kernel.virtual.values() for one in there.servers.values()
    )
    assert diff(wanted, Realized(kernel.virtual, frozenset(kernel.addresses))) == ()


@given(WANTED, WANTED)
def test_looking_at_what_changed_is_enough_when_the_rest_agrees(
    before: Desired, after: Desired
) -> None:
    kernel = Kernel(Realized())
    kernel.do(diff(before, Realized()), set())
    there = Realized(kernel.virtual, frozenset(kernel.addresses))

    assert diff(after, there, only=changed_keys(before, after)) == diff(after, there)


@given(WANTED, THERE, st.integers(1, 4))
def test_batches_are_the_same_operations_and_each_is_safe(
    wanted: Desired, there: Realized, at_once: int
) -> None:
    batches = list(diff_in_batches(wanted, there, at_once=at_once))
    kernel = Kernel(there)

    for operations in batches:
        kernel.do(operations, set())

    together = [one for operations in batches for one in operations]
    whole = diff(wanted, there)
    assert Counter(map(repr, together)) == Counter(map(repr, whole))
    for key in KEYS_IN_ALL:
        assert [one for one in together if _is_at(one, key)] == [
            one for one in whole if _is_at(one, key)
        ]


def _is_at(operation: Operation, key: VirtualKey) -> bool:
    match operation:
        case AddVirtual(one) | SetVirtual(one):
            return one.key == key
        case Bind(address) | Unbind(address):
            return address == key.address
        case _:
            return operation.key == key


def test_what_is_at_an_address_that_is_not_bound_need_not_be_in_one_batch() -> None:
    keys = [KEY._replace(port=30000 + number) for number in range(3)]
    wanted = Desired({key: virtual(FIRST, key=key) for key in keys})

    batches = list(diff_in_batches(wanted, Realized(), at_once=2))

    assert [len(one) for one in batches] == [2, 2, 2, 0]


def test_an_address_without_virtual_servers_is_in_the_last_batch() -> None:
    other = bytes((10, 96, 0, 9))
    wanted = Desired({KEY: virtual(FIRST)}, frozenset((KEY.address, other)))

    *_, last = diff_in_batches(wanted, Realized(), at_once=1)

    assert last == (Bind(other),)


def test_what_agrees_is_one_batch_of_nothing() -> None:
    assert list(diff_in_batches(Desired(), Realized())) == [()]


@given(WANTED, WANTED)
def test_packed_servers_are_compared_as_any_others(before: Desired, after: Desired) -> None:
    packed, plain = (
        Realized(
            {
                key: RealizedVirtual(one.scheduler, servers=make(one))
                for key, one in before.virtual_servers.items()
            },
            before.addresses,
        )
        for make in (
            lambda one: PackedServers(one.servers, 4),
            lambda one: dict.fromkeys(one.real_servers(), RealizedServer()),
        )
    )

    assert diff(after, packed) == diff(after, plain)
