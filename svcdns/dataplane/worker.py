"""The one thread in which the kernel is spoken to.

Netlink and libnftables calls take up to a second; the event loop answers DNS meanwhile. One
thread, so that nothing has to be locked and no two changes overtake each other.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class KernelThread:
    """A queue of blocking calls, done in order."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kernel")

    async def call(
        self,
        function: Callable[_Arguments, _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result:
        """Return what `function` returns, or raise what it raises.

        Who is cancelled meanwhile does not stop it: the kernel has got the request.
        """
        future = self._pool.submit(function, *args, **kwargs)
        return await asyncio.shield(asyncio.wrap_future(future))

    def close(self) -> None:
        """Let what runs end, take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
