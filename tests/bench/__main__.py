"""python -m tests.bench - what an answer costs svcdns, and what it costs other DNS servers.

Builds one world, lets every server that is installed serve it, and measures them by turns. Then
what it costs to ask another DNS server (`forwarding`), and, if `make apiserver` has been here, how
svcdns and CoreDNS follow a real API server (`cluster`). Prints
figures and whether the budget is met; it never fails because of a figure. Exit codes: 0 measured,
1 a server answered wrongly or did not start, 2 the command line is wrong.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NamedTuple

from tests.bench import cluster, cluster_figures, forwarding, forwarding_figures, report
from tests.bench.cluster_figures import ClusterFindings
from tests.bench.forwarding_figures import ForwardFindings
from tests.bench.peers import PEERS
from tests.bench.session import LOADS, Plan, Session
from tests.bench.telling import hush

_LEFT_OUT = "left out"


class Order(NamedTuple):
    """What the command line asks for."""

    plan: Plan
    cluster: cluster.ClusterPlan | None
    """None: leave the real API server out."""
    forwarding: forwarding.ForwardPlan | None
    """None: leave it out."""
    form: str
    """`table` or `json`."""


def read_order(arguments: Sequence[str] | None) -> Order:
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
    parser.add_argument(
        "--no-cluster",
        action="store_true",
        help="leave the real API server out, which takes minutes; so do --only and --loads",
    )
    parser.add_argument(
        "--no-forwarding", action="store_true", help="leave it out; so do --only and --loads"
    )
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
    following = cluster.QUICK if given.quick else cluster.ClusterPlan()
    asking = forwarding.QUICK if given.quick else forwarding.ForwardPlan()
    is_special = given.only or given.loads
    return Order(
        plan,
        None if given.no_cluster or is_special else following,
        None if given.no_forwarding or is_special else asking,
        given.output,
    )


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a reader of names separated by commas, each of a known set."""

    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := [name for name in given if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
        return given

    return names


def _end(number: int, _frame: FrameType | None) -> None:
    hush()
    raise SystemExit(128 + number)  # so that what we have started is ended on the way out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    order = read_order(arguments)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    with TemporaryDirectory(prefix="svcdns-bench-") as folder:
        session = Session(order.plan, Path(folder))
        findings = session.run()
        hush()
        if order.form == "table":
            sys.stdout.write(report.page(findings))
            sys.stdout.flush()
        forwarded = (
            forwarding.run(order.forwarding, Path(folder)) if order.forwarding else _LEFT_OUT
        )
        hush()
        if order.form == "table" and order.forwarding:
            sys.stdout.write("\n" + forwarding_figures.page(forwarded))
            sys.stdout.flush()
        followed = cluster.run(order.cluster, Path(folder)) if order.cluster else _LEFT_OUT
        hush()
    has_complaints = findings.has_complaints or session.has_failures
    if isinstance(forwarded, ForwardFindings):
        has_complaints = has_complaints or bool(forwarded.complaints)
    if isinstance(followed, ClusterFindings):
        has_complaints = has_complaints or followed.has_complaints
    if order.form == "json":
        whole = {
            **json.loads(report.as_json(findings)),
            "forwarding": forwarding_figures.as_document(forwarded),
            "cluster": cluster_figures.as_document(followed),
        }
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
    elif order.cluster:
        sys.stdout.write("\n" + cluster_figures.page(followed))
    return 1 if has_complaints else 0


if __name__ == "__main__":
    sys.exit(main())
