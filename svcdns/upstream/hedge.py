"""Ask a second upstream when the first takes longer than usual, and take who answers first."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from svcdns.upstream.failure import UpstreamError

T = TypeVar("T")

Ask = Callable[[], Coroutine[Any, Any, T]]


async def first_of(first: Ask[T], second: Ask[T], patience: float) -> T:
    """Return what `first` returns, or `second` if that is earlier.

    Args:
        first: asked at once.
        second: asked after `patience` seconds, or when the first has failed before.
        patience: seconds.

    Raises:
        UpstreamError: both failed; the first one's error.
    """
    tasks = [asyncio.ensure_future(first())]
    try:
        done, waiting = await asyncio.wait(tasks, timeout=patience)
        if done and tasks[0].exception() is None:
            return tasks[0].result()
        tasks.append(asyncio.ensure_future(second()))
        waiting = {*waiting, tasks[1]}
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not isinstance(task.exception(), UpstreamError):
                    return task.result()
        return tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
