"""The loop in virtual time, over the strict fake."""

import asyncio
import errno
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.reconcile import Reconciler
from svcdns.dataplane.sync_report import SyncReport
from svcdns.proxy.model import UDP, Desired, VirtualKey, VirtualServer
from svcdns.proxy.operations import AddServer, AddVirtual, Bind, DeleteServer, Operation, SetWeight
from svcdns.proxy.realized import Realized
from svcdns.telemetry.log import Output, redirect
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.proxy_metrics import PAGE
from tests.support import virtual_time
from tests.support.reconciling import Driven, Watched, drive, key, nothing, server, virtual


@pytest.fixture(autouse=True)
def log() -> Iterator[StringIO]:
    stream = StringIO()
    before = redirect(Output(stream))
    yield stream
    redirect(before)


def test_nothing_is_done_before_the_first_wake() -> None:
    async def story(driven: Driven) -> None:
        driven.loop.look_again()
        await asyncio.sleep(600)
        assert driven.asked == 0
        assert driven.backend.reads == []

    drive(story)


def test_what_is_wanted_is_made(log: StringIO) -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2), virtual(2, 3))
        await asyncio.sleep(0.1)
        assert driven.agrees
        assert driven.loop.waiting_since is None
        assert driven.backend.remarks == []

    drive(story)
    assert "[INFO] proxy.synced virtual_servers=2 addresses=2" in log.getvalue()


def test_changes_of_a_moment_are_one_batch() -> None:
    async def story(driven: Driven) -> None:
        for number in range(1, 11):
            driven.want(*(virtual(one, 1) for one in range(1, number + 1)))
            await asyncio.sleep(0.004)
        await asyncio.sleep(0.06)
        assert driven.agrees
        assert len(driven.backend.batches) == 1
        assert driven.asked == 1

    drive(story)


def test_very_many_operations_are_not_made_at_once() -> None:
    servers = range(1, 81)

    async def story(driven: Driven) -> None:
        driven.want(*(virtual(number, *servers) for number in range(1, 251)))
        await asyncio.sleep(1)
        assert driven.agrees
        assert driven.backend.remarks == []
        assert len(driven.backend.batches) == 3
        assert not driven.backend.is_amid

        driven.want(*(virtual(number, 81) for number in range(1, 251)))
        await asyncio.sleep(1)
        assert len(driven.backend.batches) == 6
        assert not driven.backend.is_amid
        await asyncio.sleep(10)
        assert driven.agrees

    drive(story)


def test_what_is_refused_in_one_batch_of_many_is_tried_again() -> None:
    refused = {"is": True}

    def refuse(operation: Operation) -> int:
        is_first = isinstance(operation, AddVirtual) and operation.virtual.key == key(1)
        return errno.ENOMEM if is_first and refused["is"] else 0

    async def story(driven: Driven) -> None:
        driven.want(*(virtual(number, *range(1, 81)) for number in range(1, 251)))
        await asyncio.sleep(2)
        assert driven.loop.troubled == 1
        refused["is"] = False
        await asyncio.sleep(31)
        assert driven.agrees
        assert driven.loop.troubled == 0

    drive(story, Watched(refuse))


def test_a_change_is_applied_without_reading() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1), virtual(2, 1))
        await asyncio.sleep(1)
        reads = len(driven.backend.reads)

        driven.want(virtual(1, 1, 2), virtual(2, 1))
        await asyncio.sleep(0.1)

        assert driven.agrees
        assert len(driven.backend.reads) == reads
        assert driven.backend.applied[-1] == AddServer(key(1), server(2), virtual(1).service)

    drive(story)


def test_flows_go_on_to_a_server_that_answers_still_until_it_is_gone() -> None:
    dns = virtual(1, 1, 2)
    dns = replace(dns, key=dns.key._replace(protocol=UDP))
    one, two = dns.servers[:6], dns.servers[6:]

    async def story(driven: Driven) -> None:
        found = []
        leaving, gone = replace(dns, servers=one, ending=two), replace(dns, servers=one)
        for state in (dns, leaving, gone):
            driven.want(state, virtual(2, 1))
            await asyncio.sleep(1)
            found.append(driven.backend.may_go_on)
            driven.backend.may_go_on = {}
        driven.want(gone, virtual(2, 1, 2))
        await asyncio.sleep(1)

        assert found == [{dns.key: one + two}, {dns.key: one + two}, {dns.key: one}]
        assert driven.backend.may_go_on == {}

    drive(story)


def test_a_state_that_is_there_already_needs_no_operation() -> None:
    backend = Watched()

    async def first(driven: Driven) -> None:
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)

    async def second(driven: Driven) -> None:
        driven.want(virtual(1, 1))
        await asyncio.sleep(100)
        assert driven.agrees

    drive(first, backend)
    before = len(backend.applied)
    drive(second, backend)
    assert len(backend.applied) == before


def test_somebody_elses_change_is_put_right_by_the_next_audit(log: StringIO) -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1), virtual(2, 1))
        await asyncio.sleep(1)
        driven.backend.hold(Realized({}, driven.backend.realized().addresses))
        await asyncio.sleep(31)
        assert driven.agrees
        assert driven.audits("repaired") == 1

    drive(story)
    assert "[WARNING] proxy.repaired operations=4 objects=" in log.getvalue()


def test_a_second_look_can_be_asked_for() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)
        driven.backend.hold(Realized())
        driven.loop.look_again()
        await asyncio.sleep(0.01)
        assert driven.agrees

    drive(story)


def test_what_drains_is_looked_at_and_nothing_else() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2), virtual(2, 1))
        await asyncio.sleep(1)
        assert driven.backend.looked_at == []
        reads = len(driven.backend.reads)
        driven.backend.connect(key(1), server(2), active=1)

        driven.want(virtual(1, 1), virtual(2, 1))
        await asyncio.sleep(20)

        assert len(driven.backend.reads) == reads
        assert driven.backend.looked_at == [key(1)] * 4  # after 1, 6, 11 and 16 seconds
        driven.backend.connect(key(1), server(2))
        await asyncio.sleep(5)
        assert driven.agrees
        looks = len(driven.backend.looked_at)
        await asyncio.sleep(60)
        assert len(driven.backend.looked_at) == looks

    drive(story)


def test_a_comparison_looks_closely_and_a_look_at_drains_does_not() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        first = driven.backend.close_looks
        driven.backend.connect(key(1), server(2), active=1)
        driven.want(virtual(1, 1))
        await asyncio.sleep(20)
        assert len(driven.backend.looked_at) > 2
        assert driven.backend.close_looks == first
        driven.loop.look_again()
        await asyncio.sleep(0.01)
        assert driven.backend.close_looks == first + 1
        await asyncio.sleep(31)
        assert driven.backend.close_looks == first + 2

    drive(story)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPERM, "only CAP_NET_ADMIN may (EPERM)"),
        (errno.ENOMEM, "the kernel has no memory left (ENOMEM)"),
        (errno.ENOBUFS, "the kernel had no room for its answer"),
        (errno.EEXIST, "it is there already (EEXIST)"),
        (errno.ENOENT, "this kernel has no scheduler rr (ENOENT)"),
    ],
)
def test_what_the_kernel_refuses_is_named_tried_again_and_compared(
    number: int, words: str, log: StringIO
) -> None:
    refused = {"is": True}

    def refuse(operation: Operation) -> int:
        is_first = isinstance(operation, AddVirtual) and operation.virtual.key == key(1)
        return number if is_first and refused["is"] else 0

    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1), virtual(2, 1))
        await asyncio.sleep(2)
        assert key(2) in driven.backend.realized().virtual_servers
        assert len(driven.backend.reads) >= 2  # before each new try, and at once after a surprise
        refused["is"] = False
        await asyncio.sleep(31)
        assert driven.agrees

    drive(story, Watched(refuse))
    assert log.getvalue().count(words) == 1
    assert "retry_seconds=" in log.getvalue()


def test_a_surprise_brings_a_second_look_at_once(log: StringIO) -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)
        driven.backend.hold(Realized())

        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(0.1)

        assert driven.agrees

    drive(story)
    assert "proxy.failed" not in log.getvalue()


def test_what_is_refused_holds_up_nothing_and_is_tried_again(log: StringIO) -> None:
    refused = {"is": True}

    def refuse(operation: Operation) -> int:
        is_first = isinstance(operation, AddVirtual) and operation.virtual.key == key(1)
        return errno.ENOMEM if is_first and refused["is"] else 0

    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1), virtual(2, 1))
        await asyncio.sleep(20)
        assert key(2) in driven.backend.realized().virtual_servers
        tries = sum(one == AddVirtual(virtual(1, 1)) for one in driven.backend.applied)
        assert 4 <= tries <= 6  # at 0, 1, 3, 7, 15 seconds
        driven.want(virtual(1, 1), virtual(2, 1), virtual(3, 1))
        await asyncio.sleep(0.1)
        assert key(3) in driven.backend.realized().virtual_servers
        refused["is"] = False
        await asyncio.sleep(31)
        assert driven.agrees

    drive(story, Watched(refuse))
    assert log.getvalue().count("[WARNING] proxy.failed object=10.96.0.1:80/TCP") == 1


def test_what_is_refused_is_tried_at_once_when_it_changes() -> None:
    def refuse(operation: Operation) -> int:
        return errno.EINVAL if operation == AddServer(key(1), server(9), virtual(1).service) else 0

    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 9))
        await asyncio.sleep(20)
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(0.1)
        assert driven.agrees

    drive(story, Watched(refuse))


def test_a_backend_that_is_out_of_order_is_asked_later_each_time(log: StringIO) -> None:
    async def story(driven: Driven) -> None:
        driven.backend.is_out_of_order = True
        driven.want(virtual(1, 1))
        await asyncio.sleep(100)
        assert driven.loop.waiting_since == pytest.approx(0)
        assert len(driven.backend.reads) <= 9
        driven.backend.is_out_of_order = False
        await asyncio.sleep(31)
        assert driven.agrees
        assert driven.loop.waiting_since is None

    drive(story)
    assert log.getvalue().count("[ERROR] proxy.broken") == 1
    assert log.getvalue().count("[INFO] proxy.mended") == 1


def test_a_server_with_connections_finishes_them() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        driven.backend.connect(key(1), server(2), active=3)

        driven.want(virtual(1, 1))
        await asyncio.sleep(60)
        assert driven.loop.draining == 1
        servers = driven.backend.realized().virtual_servers[key(1)].servers
        assert servers[server(2)].weight == 0
        assert driven.audits("repaired") == 0

        driven.backend.connect(key(1), server(2))
        await asyncio.sleep(6)
        assert driven.agrees
        assert driven.loop.draining == 0

    drive(story)


def test_a_server_without_connections_goes_soon() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        driven.want(virtual(1, 1))
        await asyncio.sleep(1.1)
        assert driven.agrees

    drive(story)


def test_connections_that_are_ending_get_a_moment() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        driven.backend.connect(key(1), server(2), inactive=3)
        driven.want(virtual(1, 1))
        await asyncio.sleep(10)
        assert not driven.agrees
        await asyncio.sleep(11)
        assert driven.agrees

    drive(story)


def test_a_server_does_not_drain_for_ever() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        driven.backend.connect(key(1), server(2), active=3)
        driven.want(virtual(1, 1))
        await asyncio.sleep(55)
        assert not driven.agrees
        await asyncio.sleep(11)
        assert driven.agrees

    drive(story, drain_seconds=60)


def test_a_server_that_comes_back_serves_again() -> None:
    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        driven.backend.connect(key(1), server(2), active=3)
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(100)
        assert driven.agrees
        assert driven.loop.draining == 0
        assert DeleteServer(key(1), server(2)) not in driven.backend.applied

    drive(story)


def test_what_drained_before_the_start_is_found() -> None:
    backend = Watched()

    async def first(driven: Driven) -> None:
        driven.want(virtual(1, 1, 2))
        await asyncio.sleep(1)
        backend.connect(key(1), server(2), active=1)
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)
        assert SetWeight(key(1), server(2), 0) in backend.applied

    async def second(driven: Driven) -> None:
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)
        assert driven.loop.draining == 1
        backend.connect(key(1), server(2))
        await asyncio.sleep(6)
        assert driven.agrees

    drive(first, backend)
    drive(second, backend)


def test_nothing_is_taken_away_at_the_end() -> None:
    backend = Watched()

    async def story(driven: Driven) -> None:
        driven.want(virtual(1, 1))
        await asyncio.sleep(1)

    drive(story, backend)
    assert key(1) in backend.realized().virtual_servers
    assert backend.realized().addresses


def test_without_its_own_scheduler_nothing_starts() -> None:
    async def begin() -> None:
        await Reconciler(Watched(), nothing, SyncReport(Metrics(PAGE))).begin("nosuch")

    with pytest.raises(DataplaneError, match="choose one of"):
        virtual_time.run(begin(), limit_seconds=1)


def test_each_sync_is_told_to_whoever_serves_health() -> None:
    async def story(driven: Driven) -> None:
        told: list[Desired] = []
        driven.loop.on_sync = told.append
        driven.want(virtual(1, 1))
        await asyncio.sleep(0.1)
        assert told == [driven.wanted]

    drive(story)


WISHES = st.lists(
    st.tuples(st.integers(1, 4), st.sets(st.integers(1, 4))),
    max_size=4,
    unique_by=lambda one: one[0],
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("want", "want", "connect", "drift", "refuse", "wait")),
        WISHES,
        st.sampled_from((0.0, 0.02, 0.2, 1.5, 40.0)),
    ),
    max_size=12,
)


@given(events=EVENTS)
@settings(max_examples=60)
def test_whatever_happens_it_comes_to_what_is_wanted(
    events: list[tuple[str, list[tuple[int, set[int]]], float]],
) -> None:
    refused: set[VirtualKey] = set()

    def refuse(operation: Operation) -> int:
        match operation:
            case AddServer(to) | DeleteServer(to):
                return errno.ENOMEM if to in refused else 0
            case Bind(address):
                return errno.ENOBUFS if any(one.address == address for one in refused) else 0
        return 0

    async def story(driven: Driven) -> None:
        driven.want()
        for what, wishes, seconds in events:
            made = [virtual(number, *servers) for number, servers in wishes]
            if what == "refuse":
                refused.symmetric_difference_update(one.key for one in made)
            else:
                happen(driven, what, made)
            await asyncio.sleep(seconds)
        refused.clear()
        await asyncio.sleep(400)
        assert driven.agrees

    drive(story, Watched(refuse))


def happen(driven: Driven, what: str, made: list[VirtualServer]) -> None:
    """Let one thing happen: another wish, somebody else's deletions, clients."""
    there = driven.backend.realized()
    if what == "want":
        driven.want(*made)
    elif what == "drift":
        gone = {one.key for one in made}
        left = {at: one for at, one in there.virtual_servers.items() if at not in gone}
        driven.backend.hold(replace(there, virtual_servers=left))
    elif what == "connect":
        for at, one in there.virtual_servers.items():
            for to in one.servers:
                driven.backend.connect(at, to, active=len(made) % 2)
