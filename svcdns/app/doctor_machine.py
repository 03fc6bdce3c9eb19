"""What the machine gives every process: files that may be open, and a clock that is right.

Source: getrlimit(2), adjtimex(2).
"""

import ctypes
import struct
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

from svcdns.app.doctor_finding import Finding, fail, ok, warn

ENOUGH_FILES = 4096
_TIMEX_OCTETS = 512
_UNSYNCHRONIZED = 5
_SKEW_SECONDS, _BAD_SKEW_SECONDS = 5, 60


def look_at_files(limit: int | None = None) -> Iterator[Finding]:
    """Yield whether enough files may be open.

    Args:
        limit: the soft limit; None: this process's.
    """
    soft = getrlimit(RLIMIT_NOFILE)[0] if limit is None else limit
    if soft == RLIM_INFINITY or soft >= ENOUGH_FILES:
        text = "no limit" if soft == RLIM_INFINITY else f"{soft:,} may be open"
        yield ok("files", text)
        return
    yield warn(
        "files",
        f"only {soft:,} may be open: TCP clients and upstreams are limited by it",
        f"ulimit -n {16 * ENOUGH_FILES}; of a container: the runtime's LimitNOFILE",
    )


def look_at_clock(state: int | None = None) -> Iterator[Finding]:
    """Yield whether the kernel takes its clock for right.

    Args:
        state: what adjtimex returns; None: ask the kernel.
    """
    found = _clock_state() if state is None else state
    if found == _UNSYNCHRONIZED:
        yield warn(
            "clock",
            "no time service keeps it: certificates and tokens seem to be of another time",
            "timedatectl set-ntp true, or start chrony; in a virtual machine its host's will do",
        )
    else:
        yield ok("clock", "synchronized" if found >= 0 else "the kernel does not say")


def skew(date: str, now: float) -> Finding | None:
    """Return how far the clock is from that of an API server; None when it does not say.

    Args:
        date: its header `Date`, whole seconds.
        now: Unix time of this machine.
    """
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    seconds = now - theirs
    if abs(seconds) <= _SKEW_SECONDS:
        return ok("clock skew", "none: the API server has the same time")
    way = "ahead of" if seconds > 0 else "behind"
    finding = fail if abs(seconds) > _BAD_SKEW_SECONDS else warn
    return finding(
        "clock skew",
        f"this clock is {abs(seconds):,.0f} s {way} the API server's",
        "let both follow the same time service: timedatectl, chronyc tracking",
    )


def _clock_state() -> int:
    """Return what adjtimex(2) does; -1 where it is forbidden. Nothing is set: modes is 0."""
    timex = ctypes.create_string_buffer(struct.pack("I", 0), _TIMEX_OCTETS)
    return int(ctypes.CDLL(None).adjtimex(timex))
