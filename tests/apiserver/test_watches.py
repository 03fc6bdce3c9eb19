"""How a watch ends, and how it goes on.

See `conftest` for what these tests have in common.
"""

import asyncio

import pytest

from svcdns.source.apiserver.observer import Reason
from svcdns.source.apiserver.requests import WATCH_SILENCE_SECONDS
from tests.support.fakeapi import FakeApi, Fault, most_in_a_minute
from tests.support.followed import Followed, change_service, follow

# The row "clean end of a watch".


def test_after_its_time_a_watch_goes_on_at_once_from_the_last_version(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await followed.until(lambda: followed.asked[-1].startswith("watch"), 601)
        change_service(api)
        await followed.agrees(0.2)
        # The probes are audits.
        assert {word.split()[0] for word in followed.asked} == {"stream", "probe", "watch"}
        assert followed.reflector.counts["probe"] == 0

    assert not follow(scenario, api).notes.of("lost")


def test_a_watch_that_ends_before_its_time_goes_on_at_once_if_the_history_is_ours(
    api: FakeApi,
) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(5)
        version = change_service(api)
        await asyncio.sleep(1)
        api.end_watches()
        change_service(api)
        await followed.agrees(0.2)
        assert followed.asked == ["stream", "probe", f"watch {version}"]

    assert not follow(scenario, api).notes.of("lost")


def test_a_server_that_was_shut_down_for_a_restore_is_found_out_at_once(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        backup = api.backup()
        for number in range(3):
            change_service(api, number)
        await asyncio.sleep(5)
        api.store.restore(backup)
        api.end_watches()
        await followed.agrees(0.2)

    followed = follow(scenario, api)

    assert followed.asked == ["stream", "probe", "stream"]
    assert followed.relisted == [Reason.REWOUND]


def test_watches_that_end_at_once_are_never_a_hot_loop(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        for _ in range(36_000):
            api.end_watches()
            await asyncio.sleep(0.1)

    followed = follow(scenario, api)

    assert most_in_a_minute(one.time for one in api.received) <= 12
    assert len(api.received) < 200
    assert followed.notes.of("lost")
    assert Reason.FAILURES in followed.relisted  # as nothing else brings what happens


# The row "transport error".


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE_EVENT, Fault.RESET_MID_LINE])
def test_after_a_reset_the_history_is_compared_before_the_watch_goes_on(
    api: FakeApi, fault: Fault
) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        version = api.version
        api.fail_next(fault)
        change_service(api)
        await followed.agrees(2)
        assert followed.asked == ["stream", "probe", f"watch {version}"]

    followed = follow(scenario, api)

    assert followed.relisted == []
    assert followed.notes.of("recovered")


def test_a_server_whose_history_was_rewound_is_listed_anew(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        backup = api.backup()
        for number in range(3):
            change_service(api, number)
        await followed.agrees(1)
        api.restore(backup)
        await followed.agrees(3)

    followed = follow(scenario, api)

    assert followed.asked == ["stream", "probe", "stream"]
    assert followed.relisted == [Reason.REWOUND]


def test_a_refused_connection_is_tried_again_later_each_time_and_at_another_address(
    api: FakeApi,
) -> None:
    servers = ("https://192.0.2.1:6443", "https://192.0.2.2:6443")

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.refuse(servers[0])
        api.cut()
        change_service(api)
        await followed.agrees(6)

    followed = follow(scenario, api, connection=api.connection(servers=servers))

    assert [one.server for one in api.received] == [
        servers[0],
        servers[0],  # the probe that was refused
        servers[1],
        servers[1],
    ]
    assert [told.how[0] for told in followed.notes.of("lost")] == [servers[0], servers[0]]


# The row "no octet for 70 s".


def test_a_half_open_connection_is_left_after_70_s(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.HALF_OPEN)
        version = api.version
        change_service(api)
        await followed.agrees(71)
        assert followed.asked == ["stream", f"watch {version}"]

    followed = follow(scenario, api)

    assert followed.relisted == []


def test_a_server_that_is_shut_down_and_keeps_its_watches_is_left_for_the_next_one(
    api: FakeApi,
) -> None:
    first, second = servers = ("https://192.0.2.1:6443", "https://192.0.2.2:6443")

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(5)
        version = change_service(api)
        await asyncio.sleep(25)
        api.linger(first)
        change_service(api)
        # The last octets were those of the change before.
        await asyncio.sleep(WATCH_SILENCE_SECONDS - 26)
        assert len(followed.asked) == 1
        await followed.agrees(3)
        assert followed.asked == ["stream", f"watch {version}", "probe", f"watch {version}"]

    followed = follow(scenario, api, connection=api.connection(servers=servers))

    assert [one.server for one in api.received] == [first, first, second, second]
    assert followed.relisted == []
    assert [told.how[0] for told in followed.notes.of("lost")] == [first, first]
    assert len(followed.notes.of("recovered")) == 1


def test_a_second_silence_in_a_row_leads_to_a_new_list(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        backup = api.backup()
        for number in range(3):
            change_service(api, number)
        await followed.agrees(1)
        version = api.version
        api.fail_next(Fault.HALF_OPEN)
        change_service(api)
        # The next watch is from the future, and the server says nothing about that.
        api.store.restore(backup)
        await followed.agrees(145)
        assert followed.asked == ["stream", f"watch {version}", "stream"]

    followed = follow(scenario, api)

    assert followed.relisted == [Reason.SILENT]


# Away for longer than a server keeps its history.


def test_after_longer_than_a_server_keeps_its_history_there_is_a_list(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.refuse()
        api.cut()
        await asyncio.sleep(600)
        change_service(api)
        await api.accept()
        await followed.agrees(61)

    assert follow(scenario, api).relisted == [Reason.AWAY]
