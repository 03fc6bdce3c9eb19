"""The API server is away for an hour, in each way it can be: nothing grows, nothing is stormed."""

import asyncio
import gc
import tracemalloc
from random import Random

import pytest

from svcdns.answers.settings import KubernetesSettings
from svcdns.source.apiserver.resources import resources_for
from svcdns.source.apiserver.watch import Watch
from svcdns.wire.name import from_text
from tests.support.fakeapi import Fault, Recorder, most_in_a_minute, objects
from tests.support.followed import Notes, change_service, services_api
from tests.support.virtual_time import run

HOUR = 3_600.0
MOST_REQUESTS = 12
MOST_GROWTH = 4_096
"""Octets in an hour, of what the product itself allocates."""

AWAY = [
    Fault.REFUSED,
    Fault.RESET_BEFORE_HEAD,
    Fault.RESET_AFTER_HEAD,
    Fault.HANG_BEFORE_HEAD,
    Fault.HANG_AFTER_HEAD,
    Fault.HTTP_401,
    Fault.HTTP_403,
    Fault.HTTP_410,
    Fault.HTTP_422,
    Fault.HTTP_429,
    Fault.HTTP_500,
    Fault.HTTP_502,
    Fault.HTTP_503,
    Fault.HTTP_504,
    Fault.PROXY_PAGE,
]
"""What comes instead of any response."""


def allocated() -> int:
    """Return how many octets are in use that svcdns allocated."""
    gc.collect()
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*/svcdns/*")
    statistics = tracemalloc.take_snapshot().filter_traces([ours]).statistics("filename")
    return sum(statistic.size for statistic in statistics)


@pytest.mark.parametrize("fault", AWAY)
def test_an_hour_without_an_api_server_costs_nothing_and_changes_nothing(fault: Fault) -> None:
    api = services_api()
    api.put(objects.namespace("shop"))
    api.put(objects.endpoint_slice("web-a", "web-0", ["10.1.0.1"]))
    resources = resources_for(KubernetesSettings((from_text("cluster.local"),)))
    recorder, notes = Recorder(api), Notes()
    times: dict[str, list[float]] = {one.api_kind: [] for one in resources}
    watch = Watch(api.connection(), resources, recorder, notes, Random(3))  # noqa: S311

    def allocated_by_us() -> int:
        """Empty what the fakes remember first: our strings are in it."""
        for one in api.received:
            times[one.kind].append(one.time)
        api.received.clear()
        notes.told.clear()
        return allocated()

    async def agreement() -> None:
        while any(recorder.differences(one) for one in resources):  # noqa: ASYNC110
            await asyncio.sleep(1)

    async def live() -> tuple[int, int]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watch.run())
            await asyncio.sleep(10)
            assert watch.is_synced
            replaced, known = recorder.replaced, [recorder.objects(one) for one in resources]
            api.faults[fault] = 1.0
            api.cut()
            await asyncio.sleep(HOUR / 6)
            before = allocated_by_us()
            await asyncio.sleep(HOUR)
            assert recorder.replaced == replaced
            assert known == [recorder.objects(one) for one in resources]
            quiet = {"lost", "forbidden", "list_begun", "list_over"}
            assert {one.what for one in notes.told} <= quiet
            after = allocated_by_us()
            api.calm()
            change_service(api)
            async with asyncio.timeout(95):
                await agreement()
            task.cancel()
        return before, after

    tracemalloc.start()
    try:
        before, after = run(live(), limit_seconds=3 * HOUR)
    finally:
        tracemalloc.stop()

    assert after - before < MOST_GROWTH
    for resource in resources:
        assert most_in_a_minute(times[resource.api_kind]) <= MOST_REQUESTS
    recorder.check()
