"""What a check-up finds, and how checks are run: side by side, each for a bounded time.

A check that hangs or breaks is a finding like any other; the rest goes on without it. Threads
are not waited for in the end: what hangs in the kernel must not hold the whole program.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import NamedTuple

PATIENCE_SECONDS = 2.0
_THREAD = "svcdns-check"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One line of the outcome."""

    level: Level
    name: str
    """What was looked at: `port 53`."""
    text: str
    remedy: tuple[str, ...] = ()
    """What to do, a line each; empty where there is nothing to do."""
    section: str = ""


class Check(NamedTuple):
    """One look at something."""

    section: str
    name: str
    look: Callable[[], Iterable[Finding]]


def ok(name: str, text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, name, text)


def warn(name: str, text: str, *remedy: str) -> Finding:
    """Return that something works and should be mended."""
    return Finding(Level.WARN, name, text, remedy)


def fail(name: str, text: str, *remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(Level.FAIL, name, text, remedy)


def examine(
    checks: Sequence[Check],
    seconds: float = PATIENCE_SECONDS,
    done: Callable[[int, int], None] = lambda count, total: None,  # noqa: ARG005
) -> list[Finding]:
    """Return what all checks find, in their order.

    Args:
        checks: run at the same time.
        seconds: for each of them.
        done: told how many are over, and of how many.
    """
    found: dict[int, tuple[Finding, ...]] = {}
    ended: SimpleQueue[tuple[int, tuple[Finding, ...]]] = SimpleQueue()
    for number, check in enumerate(checks):
        Thread(target=_look, args=(number, check, ended), name=_THREAD, daemon=True).start()
    deadline = time.monotonic() + seconds
    while len(found) < len(checks):
        try:
            number, findings = ended.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        found[number] = findings
        done(len(found), len(checks))
    return list(_in_order(checks, found, seconds))


def is_hanging() -> bool:
    """Return whether a check that was given up still runs; what it waits for may take minutes."""
    return any(thread.name == _THREAD and thread.is_alive() for thread in enumerate_threads())


def _look(number: int, check: Check, ended: "SimpleQueue[tuple[int, tuple[Finding, ...]]]") -> None:
    try:
        findings = tuple(check.look())
    except Exception as error:  # noqa: BLE001  whatever it is, the other checks go on
        what = f"the check broke: {type(error).__name__}: {error}"
        findings = (fail(check.name, what, "report it, with this line"),)
    ended.put((number, findings))


def _in_order(
    checks: Sequence[Check], found: dict[int, tuple[Finding, ...]], seconds: float
) -> Iterator[Finding]:
    for number, check in enumerate(checks):
        late = fail(check.name, f"no answer within {seconds:g} s", "give it longer: --timeout")
        for finding in found.get(number, (late,)):
            yield finding._replace(section=check.section)
