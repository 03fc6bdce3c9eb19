import asyncio
import threading

import pytest

from svcdns.dataplane.worker import KernelThread


async def test_calls_are_done_in_order_in_one_other_thread() -> None:
    worker = KernelThread()
    seen: list[tuple[int, int]] = []

    def note(number: int) -> int:
        seen.append((number, threading.get_ident()))
        return number

    results = await asyncio.gather(*(worker.call(note, number) for number in range(5)))
    worker.close()

    assert results == [0, 1, 2, 3, 4]
    assert [number for number, _ in seen] == results
    assert {ident for _, ident in seen} - {threading.get_ident()}
    assert len({ident for _, ident in seen}) == 1


async def test_what_a_call_raises_arrives() -> None:
    worker = KernelThread()

    with pytest.raises(OSError, match="no"):
        await worker.call(_fail)
    worker.close()


async def test_a_call_that_nobody_waits_for_is_done_nevertheless() -> None:
    worker = KernelThread()
    started, free, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        free.wait()
        done.set()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(worker.call(slow))
        await asyncio.to_thread(started.wait)
        task.cancel()
        free.set()
    worker.close()

    assert done.is_set()


def _fail() -> None:
    raise OSError("no")
