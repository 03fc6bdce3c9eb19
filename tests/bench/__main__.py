"""python -m tests.bench - what an answer costs svcdns, and what it costs other DNS servers.

Builds one world, lets every server that is installed serve it, and measures them by turns. Prints
figures and whether the budget is met; it never fails because of a figure. Exit codes: 0 measured,
1 a server answered wrongly or did not start, 2 the command line is wrong.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from tests.bench import report
from tests.bench.peers import PEERS
from tests.bench.session import LOADS, Plan, Session


def read_plan(arguments: Sequence[str] | None) -> tuple[Plan, str]:
    """Return what to measure and the form to print it in."""
    names = ", ".join(peer.name for peer in PEERS)
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="rounds of measurement (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (3)")
    parser.add_argument("--starts", type=int, help="starts of each server (3)")
    parser.add_argument(
        "--only",
        metavar="NAMES",
        type=_names([peer.name for peer in PEERS]),
        help=f"some of {names}, separated by commas",
    )
    parser.add_argument(
        "--loads", metavar="NAMES", type=_names(LOADS), help=f"some of {', '.join(LOADS)}"
    )
    parser.add_argument(
        "--edns-share", type=float, default=1.0, help="share of EDNS queries in udp-edns (1)"
    )
    parser.add_argument(
        "--generator", choices=("blast", "dnsperf"), help="for UDP (blast if there is a compiler)"
    )
    parser.add_argument("--quick", action="store_true", help="1 round of 0.5 s, 1 start")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    given = parser.parse_args(arguments)
    rounds, seconds, starts = (1, 0.5, 1) if given.quick else (5, 3.0, 3)
    plan = Plan(
        rounds=given.rounds or rounds,
        seconds=given.seconds or seconds,
        starts=given.starts or starts,
        peers=tuple(
            peer for peer in PEERS if (peer.name in given.only if given.only else peer.by_default)
        ),
        loads=tuple(given.loads or LOADS),
        edns_share=given.edns_share,
        generator=given.generator,
    )
    if plan.rounds < 1 or plan.seconds <= 0 or plan.starts < 1 or not 0 <= plan.edns_share <= 1:
        parser.error("rounds, seconds and starts are positive, a share is between 0 and 1")
    return plan, given.output


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a reader of names separated by commas, each of a known set."""

    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := [name for name in given if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
        return given

    return names


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # so that what we have started is ended on the way out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    plan, form = read_plan(arguments)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    with TemporaryDirectory(prefix="svcdns-bench-") as folder:
        session = Session(plan, Path(folder))
        findings = session.run()
    write = report.as_json if form == "json" else report.page
    sys.stdout.write(write(findings))
    return 1 if findings.has_complaints or session.has_failures else 0


if __name__ == "__main__":
    sys.exit(main())
