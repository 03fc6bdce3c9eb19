"""A program of somebody else that tests start, stop, freeze and kill.

It dies with the tests, whatever ends them, and writes what it prints to a file, which
`tests/conftest.py` shows when a test fails.
"""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.tools import require

PATIENCE_SECONDS = 60.0
POLITE_SECONDS = 20.0

running: dict[str, Path] = {}
"""Log files by the name of the program, of all that run now."""


class Program:
    """One program, which may be started again and again."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, line: list[str], is_up: Callable[[], bool]) -> None:
        """Start it, and return when it is up."""
        assert not self.is_running
        # The signal comes when the thread that starts it ends: tests run in the main thread.
        dying_with_us = [require("setpriv", package="util-linux"), "--pdeathsig", "KILL", "--"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*dying_with_us, *line],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running[self.name] = self._log
        self.wait_until(is_up)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that this program brings about."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert self.is_running, f"{self.name} has ended:\n{tail(self._log)}"
            assert time.monotonic() < deadline, f"{self.name} is not there yet:\n{tail(self._log)}"
            time.sleep(0.02)

    def freeze(self) -> None:
        """Let it hold its connections and say nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once; its connections are reset."""
        self._signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> None:
        """End it as an operator would; after 20 seconds at once."""
        if not self.is_running:
            return
        self.thaw()
        self._signal(signal.SIGTERM)
        try:
            self._wait(POLITE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self, seconds: float | None = None) -> None:
        assert self._process is not None
        self._process.wait(seconds)
        running.pop(self.name, None)


def tail(log: Path, lines: int = 20) -> str:
    """Return the end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
