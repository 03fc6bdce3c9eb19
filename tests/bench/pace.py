"""Queries at a steady pace, and how long each answer took.

`pace.c` sends them; here it is built, started and ended, and what it recorded is read. `load` has
the other kind of load, which keeps a server as busy as it can be.
"""

import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import NamedTuple

from tests.bench.questions import Query

_RECORD = struct.Struct("=qqq")
_CODES = {"NOERROR": 0, "NXDOMAIN": 3}
_PATIENCE_SECONDS = 30.0


class PaceError(Exception):
    """The generator cannot run or did not finish; somebody has to look at the machine."""


class Answered(NamedTuple):
    """One query."""

    sent_at: float
    """Seconds of `time.time`."""
    seconds: float | None
    """Until its response arrived; None: none came."""
    rcode: int


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of at least one value does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def read_records(octets: bytes) -> list[Answered]:
    """Return what `pace` wrote, in the order of the queries."""
    return [
        Answered(sent_at / 1e9, None if took < 0 else took / 1e9, rcode)
        for sent_at, took, rcode in _RECORD.iter_unpack(octets)
    ]


def mistakes(answers: Iterable[Answered], queries: Sequence[Query]) -> tuple[int, int]:
    """Return how many answers have a wrong RCODE, and how many queries were lost.

    Args:
        answers: from the first one on.
        queries: of the file, which was sent round and round.
    """
    wrong = lost = 0
    for number, answered in enumerate(answers):
        if answered.seconds is None:
            lost += 1
        elif answered.rcode != _CODES[queries[number % len(queries)].rcode]:
            wrong += 1
    return wrong, lost


class Pace:
    """A generator that has been built."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder

    @classmethod
    def build(cls, folder: Path) -> "Pace | None":
        """Compile it into a folder; None when there is no C compiler."""
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        program = folder / "pace"
        source = str(Path(__file__).with_name("pace.c"))
        subprocess.run([compiler, "-O2", "-o", str(program), source], check=True)
        return cls(program, folder)

    @contextmanager
    def asking(self, port: int, queries: Path, rate: int, seconds: float) -> Iterator["Records"]:
        """Ask so many queries a second meanwhile, for so long at most.

        The records can be read afterwards.

        Raises:
            PaceError: it failed.
        """
        path = self._folder / "records"
        command = [str(self._program), str(port), str(queries), str(rate), str(seconds)]
        with path.open("wb") as output:
            generator = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE)
        try:
            yield Records(path)
        finally:
            generator.terminate()
            try:
                _, words = generator.communicate(timeout=_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                generator.kill()
                generator.wait()
                raise PaceError("pace did not finish") from None
        if generator.returncode:
            raise PaceError(f"pace failed: {words.decode(errors='replace').strip()}")


class Records:
    """What one run of the generator wrote, once it has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Answered]:
        """Return every query, in the order in which they were sent."""
        return read_records(self._path.read_bytes())
