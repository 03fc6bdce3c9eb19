"""How a resource is listed: as a stream, in pages where there is none, whole or not at all.

See `conftest` for what these tests have in common.
"""

import asyncio

import pytest

from svcdns.source.apiserver.observer import Reason
from svcdns.source.apiserver.resources import SLICES
from tests.support.fakeapi import FakeApi, Fault, objects
from tests.support.followed import Followed, change_service, follow, services_api

# The row "start".


def test_start_streams_a_list_as_new_as_can_be(api: FakeApi) -> None:
    async def scenario(followed: Followed) -> None:
        await followed.agrees(1)
        change_service(api)
        await followed.agrees(1)

    followed = follow(scenario, api)

    assert followed.asked == ["stream"]
    assert followed.recorder.replaced == 1
    assert followed.notes.first("listed")[0] == 3


# The row "WatchList 422/400, any other Status, or no data for 30 s".


@pytest.mark.parametrize("features", [{"watch_list": False}, {"old_etcd": True}])
def test_a_refused_stream_becomes_a_list_in_pages_at_once(features: dict[str, bool]) -> None:
    api = services_api(1_200)
    api.configure(**features)

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        assert asyncio.get_running_loop().time() < 0.2
        await followed.agrees(0)
        change_service(api)
        await followed.agrees(1)

    followed = follow(scenario, api)

    assert followed.asked == ["stream", "list", "page", "page", f"watch {api.version - 1}"]
    assert not followed.notes.of("lost")


@pytest.mark.parametrize("fault", [Fault.HTTP_500, Fault.HTTP_502, Fault.HTTP_504, Fault.HTTP_422])
def test_any_status_for_a_stream_leads_to_a_list(api: FakeApi, fault: Fault) -> None:
    api.fail_next(fault)

    followed = follow(Followed.synced, api)

    assert followed.asked[:2] == ["stream", "list"]


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE_HEAD, Fault.HANG_AFTER_HEAD])
def test_a_stream_that_says_nothing_for_30_s_leads_to_a_list(api: FakeApi, fault: Fault) -> None:
    api.fail_next(fault)

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        assert asyncio.get_running_loop().time() == pytest.approx(30, abs=0.5)

    followed = follow(scenario, api)

    assert followed.asked[:2] == ["stream", "list"]


def test_a_server_that_hangs_from_the_start_is_left_for_another(api: FakeApi) -> None:
    api.fail_next(Fault.HANG_BEFORE_HEAD)
    servers = ("https://192.0.2.1:6443", "https://192.0.2.2:6443")

    follow(Followed.synced, api, connection=api.connection(servers=servers))

    assert [one.server for one in api.received[:2]] == [*servers]


def test_a_server_that_does_not_mark_the_end_of_the_list_is_asked_for_pages(api: FakeApi) -> None:
    api.fail_next(Fault.IGNORED_WATCH_LIST)

    async def scenario(followed: Followed) -> None:
        for _ in range(8):  # a busy one is never silent, but its bookmark gives it away
            change_service(api)
            await asyncio.sleep(10)
        assert followed.reflector.is_synced
        await followed.agrees(1)

    followed = follow(scenario, api)

    assert followed.asked[:2] == ["stream", "list"]


def test_the_next_list_is_asked_for_as_a_stream_again(api: FakeApi) -> None:
    api.fail_next(Fault.HTTP_500)

    async def scenario(followed: Followed) -> None:
        await followed.synced()
        await asyncio.sleep(1)
        api.cut()
        change_service(api)
        api.compact()
        await followed.until(lambda: followed.relisted == [Reason.EXPIRED], 60)

    followed = follow(scenario, api)

    assert followed.asked[:2] == ["stream", "list"]
    assert followed.asked[-1].startswith("stream ")


def test_a_stream_that_ends_before_the_list_is_whole_is_thrown_away() -> None:
    api = services_api(20)
    api.fail_next(Fault.RESET_MID_LINE, after=10)

    async def scenario(followed: Followed) -> None:
        await asyncio.sleep(0.5)
        assert followed.recorder.replaced == 0
        await followed.agrees(10)

    followed = follow(scenario, api)

    assert followed.recorder.replaced == 1


# R34: what a server sends for empty lists.


def test_an_empty_slice_with_null_for_its_lists_is_a_slice() -> None:
    api = FakeApi()
    api.put(objects.endpoint_slice("web-a", "web"))

    async def scenario(followed: Followed) -> None:
        await followed.agrees(1)
        api.put(objects.endpoint_slice("web-a", "web", ["10.1.0.1"]))
        await followed.agrees(1)

    follow(scenario, api, resource=SLICES)
