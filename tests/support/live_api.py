"""A fake API server over HTTP for a server in this process: it has a thread and a loop of its own.

The thread is there because `svcdns.app.run.serve` wants the main one, for signals.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Any

from tests.support.fakeapi import FakeApi, objects

_PATIENCE_SECONDS = 20


class LiveApi:
    """A fake API server; its own methods are called by `do`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.api = FakeApi()
        self.url = ""
        self._loop = loop

    def do(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of the fake in its loop; return what it returns."""

        async def call() -> Any:
            found = getattr(self.api, name)(*arguments, **named)
            return await found if asyncio.iscoroutine(found) else found

        future: Future[Any] = asyncio.run_coroutine_threadsafe(call(), self._loop)
        return future.result(_PATIENCE_SECONDS)


def fill(api: FakeApi) -> None:
    """Put in a Namespace, a Service with a ClusterIP and a headless one with an endpoint."""
    api.put(objects.namespace("shop"))
    api.put(objects.service("web", addresses=["10.96.4.7"]))
    api.put(objects.service("db", addresses=[]))
    api.put(objects.endpoint_slice("db-1", "db", ["10.1.0.3"]))


async def until(is_so: Callable[[], bool]) -> None:
    """Return when something is so."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110  there is nobody who would tell
            await asyncio.sleep(0.01)


@contextmanager
def live_api() -> Iterator[LiveApi]:
    """Serve a small cluster over HTTP on loopback."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    live = LiveApi(loop)
    fill(live.api)
    try:
        host, port = live.do("serve")
        live.url = f"http://{host}:{port}"
        yield live
    finally:
        live.do("close")
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_SECONDS)
        loop.close()
