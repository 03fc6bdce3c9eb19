"""What comes that should not: repetitions, halves, strangers, monsters.

See `conftest` for what these tests have in common.
"""

import asyncio

import pytest

from svcdns.source.apiserver.observer import Reason
from svcdns.source.apiserver.resources import SERVICES
from tests.support.fakeapi import FakeApi, Fault
from tests.support.followed import Followed, change_service, follow

# The row "event or bookmark that is not newer".


def test_events_that_come_again_are_dropped(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.DUPLICATE, times=5)
        for _ in range(5):
            change_service(api)
            await asyncio.sleep(1)
        await followed.agrees(0)

    followed = follow(scenario, api)

    assert followed.reflector.counts["repeated"] == 5
    assert followed.recorder.applied == 5


def test_a_bookmark_of_an_older_version_leads_to_a_list(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.LOWER_BOOKMARK)
        await followed.until(lambda: bool(followed.relisted), 70)

    followed = follow(scenario, api)

    assert followed.relisted == [Reason.REWOUND]
    assert followed.asked == ["stream", "stream"]


# The row "a line without an end".


def test_a_line_without_its_end_is_never_read(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        version = api.version
        api.fail_next(Fault.END_MID_LINE)
        await asyncio.sleep(5)
        change_service(api)
        await followed.agrees(1)
        assert followed.asked == ["stream", "probe", f"watch {version}"]

    follow(scenario, api)


# The row "an object that does not fit".


def test_an_object_that_does_not_fit_is_left_out_and_the_watch_goes_on(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.ILL_TYPED)
        api.store.tick(5)
        change_service(api)
        await followed.agrees(0.2)

    followed = follow(scenario, api)

    assert followed.asked == ["stream"]
    (told,) = followed.notes.of("rejected")
    assert "Service shop/ill-typed: metadata.labels: expected a mapping" in str(told.how[0])


@pytest.mark.parametrize("fault", [Fault.UNKNOWN_TYPE, Fault.UNKNOWN_FIELDS, Fault.CRLF])
def test_what_a_later_server_may_send_is_passed_over(api: FakeApi, fault: Fault) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(fault)
        change_service(api)
        await followed.agrees(0.2)

    assert follow(scenario, api).asked == ["stream"]


@pytest.mark.parametrize("fault", [Fault.LINE_OF_5_MB, Fault.LINE_OF_40_MB])
def test_a_long_line_does_not_stop_the_watch(api: FakeApi, fault: Fault) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(fault)
        change_service(api)
        change_service(api, 1)
        await asyncio.sleep(1)
        is_left_out = fault is Fault.LINE_OF_40_MB
        assert len(followed.recorder.differences(SERVICES)) == is_left_out
        assert len(followed.notes.of("rejected")) == is_left_out

    assert follow(scenario, api).asked == ["stream"]


def test_a_deletion_that_is_too_long_to_keep_leads_to_a_list(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        version = api.version
        api.fail_next(Fault.LINE_OF_40_MB)
        api.delete("Service", "shop", "web-1")
        await followed.agrees(1)
        assert followed.asked == ["stream", f"stream {version}"]

    followed = follow(scenario, api)

    assert followed.relisted == [Reason.GAP]
    assert not followed.notes.of("lost")


def test_a_line_that_is_no_event_is_one_clear_reason(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.synced()
        api.fail_next(Fault.HTML_LINE)
        change_service(api)
        await followed.agrees(2)

    followed = follow(scenario, api)

    (lost,) = followed.notes.of("lost")
    assert "a line of the watch is no event: '<html><body>" in str(lost.how[1])


@pytest.mark.parametrize("fault", [Fault.PROXY_PAGE, Fault.END_MID_LIST, Fault.TRUNCATED_GZIP])
def test_what_is_not_from_an_api_server_is_one_clear_reason(api: FakeApi, fault: Fault) -> None:
    api.configure(watch_list=False)
    api.fail_next(fault, verb="list")

    followed = follow(lambda followed: followed.agrees(3), api)

    (lost,) = followed.notes.of("lost")
    expected = {Fault.PROXY_PAGE: "the response is text/html, not JSON"}
    assert str(lost.how[1]).startswith(expected.get(fault, "this is no list: '{"))
