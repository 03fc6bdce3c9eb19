"""python -m tests.bench.proxy [SERVICES ...] - what the service proxy takes on a node.

IPVS is measured in a kernel of its own (User Mode Linux, one processor), with ipvsadm beside
it; nftables and the memory of a whole process on this machine, in network namespaces, which
needs root and nft. Prints figures and whether the budget is met; it never fails because of a
figure. Exit codes: 0 measured, 1 the kernel did not start.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from tests.support.tree import ROOT

_LONGEST_SECONDS = 900
_SIZES = ("1000", "10000")
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"

Figures = dict[str, dict[str, float]]


class Budget(NamedTuple):
    """What one figure may be, in seconds, pieces or MB."""

    size: str
    figures: tuple[str, ...]
    """Their sum counts."""
    most: float


_NFTABLES = ("nftables 10000 random", "nftables 10000 rr")
BUDGETS = (
    Budget("1000", ("program from empty",), 0.4),
    Budget("10000", ("program from empty",), 8.0),
    Budget("10000", ("read back", "compare"), 3.0),
    Budget("10000", ("operations in sync",), 0),
    Budget("10000", ("one change: plan", "one change: compare", "one change: apply"), 0.005),
    Budget("10000", ("one change: whole turn",), 0.005),
    Budget("10000", ("look at what drains",), 0.05),
    *(Budget(one, ("program from empty",), 12.0) for one in _NFTABLES),
    *(Budget(one, ("one change",), 0.08) for one in _NFTABLES),
    Budget("process", ("MB most of all",), 150.0),
)


def table(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the lines of a table: one of each figure, with its size."""
    lines: list[str] = []
    for size, figures in found.items():
        lines.append(f"{size} Services" if size.isdecimal() else size)
        for name, value in figures.items():
            is_count = name.split(": ")[-1].startswith("operations") or name == "queries"
            is_count = is_count or "MB " in name or "MiB" in name
            text = f"{value:10.0f}  " if is_count else f"{value * 1000:10.1f} ms"
            lines.append(f"  {name:28}{text}")
    return lines


def verdicts(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a line for each budget whose figures were measured."""
    lines: list[str] = []
    for budget in BUDGETS:
        figures = found.get(budget.size, {})
        if not set(budget.figures) <= figures.keys():
            continue
        total = sum(figures[name] for name in budget.figures)
        word = "met   " if total <= budget.most else "MISSED"
        what = " + ".join(budget.figures)
        size = f"{budget.size} Services" if budget.size.isdecimal() else budget.size
        lines.append(f"{word} {size}, {what}: {total:.4g} (at most {budget.most})")
    return lines


def main(arguments: list[str]) -> int:
    """Measure; return the exit code."""
    done = subprocess.run(
        [
            *(str(ROOT / "tests/support/run_in_uml.sh"), "-t", str(_LONGEST_SECONDS), "-m", "1G"),
            *("--", sys.executable, "-m", "tests.bench.proxy_ipvs", *(arguments or _SIZES)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        return 1
    found = json.loads(done.stdout)
    if os.geteuid() == 0 and shutil.which("nft", path=_PATH):
        rules = _here("proxy_rules", "nftables", "10000")
        found |= {f"nftables {name}": figures for name, figures in rules.items()}
        found |= _here("proxy_node", "nftables")
    print("\n".join([*table(found), "", *verdicts(found)]))  # noqa: T201
    return 0


def _here(module: str, *arguments: str) -> Figures:
    """Return what a module measures in a network namespace of its own."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", f"tests.bench.{module}", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: Figures = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
