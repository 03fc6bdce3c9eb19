"""A shell into which commands of documents are typed, one after the other.

What a command may end with and which ones stay until Ctrl-C is said here; where a command is
typed, its caller says.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.process import PATIENCE_SECONDS, Output
from tests.support.shown import Command, differences

SECONDS = 60
STAYING = r"serve\.ready|proxy\.synced|^Ctrl-C stops"
"""What a command says that then goes on until Ctrl-C."""

_STAYS = re.compile(r"svcdns (?:serve|proxy(?! (?:list|diff|cleanup)\b))(?!.*--dry-run)")
_FINDINGS = {0, 1}
"""Exit codes of a command that may have something to say of what it looked at."""
_FINDERS = re.compile(r"\bsvcdns (query|check|proxy diff|doctor|migrate)\b")
_ASKERS = re.compile(r"\b(svcdns (query|proxy diff)|dig|curl)\b")
"""What may be typed again until the answer is as shown: changes are followed within a second."""


class Shell:
    """A shell in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        entering: Sequence[str] = (),
        replacing: Mapping[str, str] | None = None,
    ) -> None:
        """Start nothing.

        Args:
            folder: where commands are typed.
            entering: words before each command line, `nsenter` and the like.
            replacing: words that a reader replaces, and with what.
        """
        self.folder = folder
        self._entering = entering
        self._replacing = replacing or {}
        tools = Path(sys.executable).parent
        self.variables = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "KUBECONFIG": "",
            "NO_COLOR": "1",
            "COLUMNS": "120",
        }

    def start(self, text: str) -> subprocess.Popen[str]:
        """Start a command line."""
        words = [self._replacing.get(word, word) for word in text.split(" ")]
        return subprocess.Popen(
            [*self._entering, "bash", "-c", " ".join(words)],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def type(self, command: Command) -> None:
        """Type a command and fail unless it does what the document says."""
        if _STAYS.search(command.text):
            self._start_and_stop(command)
            return
        until = time.monotonic() + PATIENCE_SECONDS
        code, printed = self._run(command)
        while differences(command, printed) and _ASKERS.search(command.text):
            if time.monotonic() > until:
                break
            code, printed = self._run(command)
        said = f"{command}\n{printed}"
        assert code in (_FINDINGS if _FINDERS.search(command.text) else {0}), said
        assert "Traceback" not in printed, said
        assert not differences(command, printed), said

    def _run(self, command: Command) -> tuple[int, str]:
        with self.start(command.text) as child:
            try:
                printed = self.finished(child)
            finally:
                child.kill()
        return child.returncode, printed

    def finished(self, child: subprocess.Popen[str]) -> str:
        """Return all that a command prints, when it has ended."""
        return child.communicate(timeout=SECONDS)[0]

    @contextmanager
    def running(self, text: str) -> Iterator[Output]:
        """Run a command that goes on until Ctrl-C, which comes at the end."""
        with self.start(text) as child:
            assert child.stdout is not None
            output = Output(child.stdout)
            try:
                output.line(STAYING)
                yield output
                os.killpg(child.pid, signal.SIGINT)
                code = child.wait(SECONDS)
                output.end()
            finally:
                child.kill()
        assert code == 0, f"{text}\n{output}"

    def _start_and_stop(self, command: Command) -> None:
        with self.running(command.text) as output:
            pass
        shown = command._replace(output=(*command.output, "...")) if command.output else command
        assert not differences(shown, str(output)), f"{command}\n{output}"
