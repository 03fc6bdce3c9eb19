"""A directive that follows a file: a file system in memory, and a way to wait for its word."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from svcdns.route.stages import Steps
from svcdns.source.text_file import Stamp
from tests.support.directives import FixedScope


class MemoryFiles:
    """Files that change when a test says so."""

    def __init__(self, **texts: str) -> None:
        self._texts: dict[str, tuple[str | None, int]] = {}
        for name, text in texts.items():
            self.write(name, text)

    def write(self, name: str, text: str | None) -> None:
        """Give a file a new version; None: it is there, but cannot be read."""
        version = self._texts[name][1] + 1 if name in self._texts else 1
        self._texts[name] = (text, version)

    def remove(self, name: str) -> None:
        del self._texts[name]

    def read(self, path: str) -> str:
        text, _ = self._texts.get(path, (None, 0))
        if text is None:
            raise OSError("no such file or directory")
        return text

    def stamp(self, path: str) -> Stamp | None:
        found = self._texts.get(path)
        return None if found is None else Stamp(found[1], 0, 0)


class TellingScope(FixedScope):
    """A scope that lets tests wait until a directive has logged or forgotten something."""

    def __init__(self) -> None:
        super().__init__()
        self._told = asyncio.Event()

    def forget(self) -> None:
        super().forget()
        self._told.set()

    def log(self, line: str) -> None:
        super().log(line)
        self._told.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a word from the directive makes `condition` true."""
        async with asyncio.timeout(10):
            while not condition():
                await self._told.wait()
                self._told.clear()


@contextmanager
def running(steps: Steps) -> Iterator[None]:
    """Let `steps` run beside the test."""
    assert steps.run is not None
    task: asyncio.Future[Any] = asyncio.ensure_future(steps.run())
    try:
        yield
    finally:
        task.cancel()
