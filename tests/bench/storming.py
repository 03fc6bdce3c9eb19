"""One server while 500 slices a second change and 10,000 queries a second come.

The changes are replayed from the fake API server, in a program of its own (`storm`), which leaves
those who measure more of their core than a real API server and its etcd would.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tests.bench.cluster_figures import Server, Stormy
from tests.bench.cluster_peers import ClusterPeer, Follower
from tests.bench.freshness import Asker, StaleError
from tests.bench.pace import Answered, Pace, mistakes
from tests.bench.peers import free_port
from tests.bench.plane import FIRST_ADDRESS
from tests.bench.questions import Query

CHANGES = 500
QUERIES = 10_000
_WARM_UP_SECONDS = 2.0
_TOLERABLE_LOSS = 0.001


def measure(
    server: Server,
    peer: ClusterPeer,
    folder: Path,
    pace: Pace,
    queries: Sequence[Query],
    path: Path,
    seconds: float,
    core: int,
) -> None:
    """Add what was found to a server.

    Args:
        server: gets it.
        peer: the same.
        folder: for files.
        pace: the generator.
        queries: of the file at `path`.
        path: messages.
        seconds: how long.
        core: of the server.

    Raises:
        StaleError: a change was never answered, or many queries were not.
        PaceError, OSError: the measuring failed.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.storm", str(CHANGES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as storm:
        assert storm.stdin
        assert storm.stdout
        try:
            port = int(storm.stdout.readline().split()[1])
            access = f"endpoint http://127.0.0.1:{port}"
            follower = Follower(
                peer, folder / f"storm-{peer.name}", access, core=core, port=free_port()
            )
            try:
                with Asker(follower.port) as asker:
                    _wait(asker, follower)
                    asking = pace.asking(follower.port, path, QUERIES, seconds * 3)
                    with asking as records:
                        time.sleep(_WARM_UP_SECONDS)
                        began = time.time()
                        storm.stdin.write("go\n")
                        storm.stdin.flush()
                        fresh = _follow(storm.stdout, asker, seconds)
                        ended = time.time()
                answers = records.read()
                server.storms.append(Stormy(tuple(fresh), _meanwhile(answers, began, ended)))
                _judge(server, answers, queries)
            finally:
                follower.stop()
        finally:
            storm.kill()


def _wait(asker: Asker, follower: Follower) -> None:
    deadline = time.monotonic() + 60.0
    while True:
        try:
            if asker.address() >= FIRST_ADDRESS:
                return
        except OSError:  # its port is still closed
            pass
        if follower.ended or time.monotonic() > deadline:
            raise StaleError(f"it does not serve: {follower.last_words()}")
        time.sleep(0.02)


def _follow(told: IO[str], asker: Asker, seconds: float) -> list[float]:
    """Return how long each change of the probe took, for so long."""
    found, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        address, accepted = told.readline().split()
        found.append(asker.wait_for(int(address)) - float(accepted))
    return found


def _meanwhile(answers: Sequence[Answered], began: float, ended: float) -> tuple[float, ...]:
    return tuple(
        one.seconds for one in answers if one.seconds is not None and began <= one.sent_at <= ended
    )


def _judge(server: Server, answers: Sequence[Answered], queries: Sequence[Query]) -> None:
    wrong, lost = mistakes(answers, queries)
    if wrong or lost > _TOLERABLE_LOSS * len(answers):
        server.complaints.append(f"storm: of {len(answers)} queries {lost} lost, {wrong} wrong")
