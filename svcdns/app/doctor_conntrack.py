"""Connection tracking of the kernel: how full it is, and whether packets got lost there.

Lost insertions are what makes DNS over UDP stall for seconds behind a ClusterIP.

Source: nf_conntrack-sysctl; net/netfilter/nf_conntrack_standalone.c (columns of the statistics).
"""

from collections.abc import Iterator
from pathlib import Path

from svcdns.app.doctor_finding import Finding, ok, warn

_NAME = "conntrack"
_FULL = 0.8
_COUNTERS = ("insert_failed", "drop", "early_drop")


def look(proc: str = "/proc") -> Iterator[Finding]:
    """Yield how connection tracking does.

    Args:
        proc: where the kernel's files are.
    """
    settings = Path(proc, "sys/net/netfilter")
    count, most = (_number(settings / f"nf_conntrack_{what}") for what in ("count", "max"))
    if count is None or most is None:
        yield ok(_NAME, "not in use in this network namespace")
        return
    used = f"{count:,} of {most:,} entries"
    if count > most * _FULL:
        yield warn(
            _NAME,
            f"{used}: new connections are dropped when it is full",
            f"sysctl -w net.netfilter.nf_conntrack_max={2 * most}",
        )
    else:
        yield ok(_NAME, used)
    lost = {name: value for name, value in counters(proc).items() if value}
    if lost:
        words = ", ".join(f"{name} {value:,}" for name, value in lost.items())
        yield warn(
            f"{_NAME} losses",
            f"{words} since the machine started: DNS over UDP may have stalled for seconds",
            "serve DNS without NAT where it can be: svcdns proxy, NodeLocal DNS, or over TCP; "
            "watch it: conntrack -S",
        )


def counters(proc: str = "/proc") -> dict[str, int]:
    """Return what was lost since the start, by its name in the kernel, over all processors."""
    try:
        text = Path(proc, "net/stat/nf_conntrack").read_text(encoding="ascii")
    except OSError:
        return {}
    rows = [line.split() for line in text.splitlines() if line.strip()]
    head = rows[0] if rows else []
    total = dict.fromkeys(_COUNTERS, 0)
    for row in rows[1:]:
        for name, value in zip(head, row, strict=False):
            if name in total:
                total[name] += int(value, 16)
    return total


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
