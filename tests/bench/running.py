"""Programs the benchmark has started: pinned to a core, weighed, ended by their own ids.

CPU is read from the clock that the kernel keeps for each process. It counts nanoseconds over all
threads, ended ones too, and is exact where the ticks of /proc/PID/stat are not.

Source: clock_getcpuclockid(3), proc(5), include/linux/posix-timers.h for the number of a clock.
"""

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_CPU_CLOCK = 2
_LAST_LINES = 4
_POLITE_SECONDS = 3.0


class Cores(NamedTuple):
    """Where the two sides of a measurement run."""

    server: int
    generator: int

    @property
    def are_apart(self) -> bool:
        """Whether the sides disturb each other only through memory and the loopback device."""
        return self.server != self.generator


def choose_cores() -> Cores:
    """Return two of the cores we may use; the same one twice when there is no second."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[min(1, len(allowed) - 1)])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on one core meanwhile; what is started there stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time one process has used so far, over all its threads.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK)


def children_seconds() -> float:
    """Return the CPU time of all our children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def environment() -> Mapping[str, str]:
    """Return our environment without what points a program at a real cluster."""
    cluster = ("KUBERNETES_", "KUBECONFIG")
    return {key: value for key, value in os.environ.items() if not key.startswith(cluster)}


class Running:
    """One started program and its descendants."""

    def __init__(self, command: Sequence[str], *, core: int, log: Path) -> None:
        self.log = log
        self.started_at = time.monotonic()
        with log.open("ab") as output, pinned(core):
            self._main = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(),
            )

    @property
    def ended(self) -> bool:
        """Whether the program has ended by itself."""
        return self._main.poll() is not None

    def last_words(self) -> str:
        """Return the end of what the program wrote, as one line."""
        return last_lines(self.log.read_text(errors="replace"))

    def cpu_seconds(self) -> float:
        """Return the CPU time of the whole family; that of ended children is not in it."""
        return sum(cpu_seconds(pid) for pid in self._family())

    def memory_megabytes(self) -> float:
        """Return the resident memory of the family; pages shared by forks count once."""
        family = self._family()
        if len(family) == 1:
            return _status_kilobytes(Path(f"/proc/{family[0]}/status"), "VmRSS:") / 1024
        rollups = (Path(f"/proc/{pid}/smaps_rollup") for pid in family)
        return sum(_status_kilobytes(rollup, "Pss:") for rollup in rollups) / 1024

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself."""
        self._main.send_signal(number)

    def open_files(self) -> int:
        """Return how many files the program itself has open."""
        return len(os.listdir(f"/proc/{self._main.pid}/fd"))  # noqa: PTH208  only the number

    def stop(self) -> None:
        """End the family: politely, then what is left of it."""
        if self.ended:
            return
        # A descriptor stands for the very process we started, also when its id is used again.
        family = [descriptor for pid in self._family() for descriptor in _descriptors(pid)]
        self._main.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._main.wait(_POLITE_SECONDS)
        for descriptor in family:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)
        self._main.wait()

    def _family(self) -> list[int]:
        """Return our process and its descendants, parents first."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except OSError:  # it ended between the listing and the reading
                continue
            parent = int(text.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
        family = [self._main.pid]
        for pid in family:
            family += children.get(pid, [])
        return family


def last_lines(text: str) -> str:
    """Return the end of what a program wrote, as one line."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return " | ".join(lines[-_LAST_LINES:]) or "(it wrote nothing)"


def _descriptors(pid: int) -> Iterator[int]:
    """Yield a descriptor of a process, or nothing when it has ended meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        yield os.pidfd_open(pid)


def _status_kilobytes(file: Path, field: str) -> int:
    """Return a field of a /proc file, or 0 when the process has ended meanwhile."""
    try:
        text = file.read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(field)), 0)
