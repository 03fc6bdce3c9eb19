"""python -m tests.bench.cluster - svcdns and CoreDNS on a real API server, one after the other.

What a start costs, how soon a change is answered, and what a full relist does to memory and to
those who ask meanwhile. One server runs at a time, on a core of its own; the API server, etcd and
the measuring have the other one. `storming` has the other experiment, 500 changes a second, which
come from the fake. `make bench` runs both where `make apiserver` has been.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import cluster_figures, plane, questions, storming
from tests.bench.agreement import Truth, sample
from tests.bench.cluster_figures import ClusterFindings, Relist, Round, Server
from tests.bench.cluster_peers import ClusterPeer, Follower, peers, version
from tests.bench.figures import this_machine
from tests.bench.freshness import Asker, Changes, StaleError, measure
from tests.bench.pace import Pace, PaceError, mistakes
from tests.bench.peers import free_port
from tests.bench.questions import Query
from tests.bench.running import choose_cores, pinned
from tests.bench.starting import StartError
from tests.bench.storm import ENDPOINTS
from tests.bench.telling import say
from tests.bench.world import build
from tests.support.apiserver import ControlPlane
from tests.support.fakeapi.objects import service

_SETTLE_SECONDS = 2.0
_RELIST_RATE = 2_000
_RELIST_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_USER = "svcdns"
_RELISTED = "watch.relisted resource=endpointslices"
_FAILURES = (StartError, StaleError, PaceError, OSError)


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What to measure."""

    rounds: int = 3
    changes: int = 200
    """In each round, while nothing else happens."""
    storm_seconds: float = 10.0


QUICK = ClusterPlan(1, 50, 3.0)


def run(plan: ClusterPlan, folder: Path) -> ClusterFindings | str:
    """Measure; return what was found, or what is missing here."""
    machine = this_machine()
    if lacking := plane.missing():
        return lacking
    world = build(endpoints=ENDPOINTS)
    queries = questions.workload(world)
    path = folder / "cluster-queries"
    questions.write_queries(queries, path, edns_share=0.0)
    pace = Pace.build(folder)
    assert pace, "missing() has found a compiler"
    cores = choose_cores()
    count = len(world.services)
    findings = ClusterFindings(
        machine,
        f"{count:,} Services, {count:,} EndpointSlices, {ENDPOINTS:,} endpoints",
        f"{plan.rounds} rounds; server on core {cores.server}, all else on core {cores.generator}",
    )
    with pinned(cores.generator):
        say("starting an API server, which takes a minute")
        try:
            started = plane.start(folder / "plane", world)
        except (AssertionError, OSError) as error:
            return f"the API server does not start: {error}"
        try:
            stage = Stage(started, folder, Truth(world), queries, path, pace, cores.server)
            _by_turns(stage, plan, findings)
        finally:
            started.stop()
        for server, peer in zip(findings.servers, peers(), strict=True):
            if peer.name != cluster_figures.OURS:
                continue  # CoreDNS does not complete its first list from the fake
            say(f"changes and queries for {peer.name}")
            try:
                storming.measure(
                    server, peer, folder, pace, queries, path, plan.storm_seconds, cores.server
                )
            except _FAILURES as error:
                server.complaints.append(f"storm: {error or type(error).__name__}")
    return findings


def _by_turns(stage: "Stage", plan: ClusterPlan, findings: ClusterFindings) -> None:
    contestants = [(peer, Server(peer.name, version(peer))) for peer in peers()]
    findings.servers += [server for _, server in contestants]
    for number in range(plan.rounds):
        turn = number % max(1, len(contestants))
        for peer, server in contestants[turn:] + contestants[:turn]:
            say(f"round {number + 1} of {plan.rounds}, {peer.name}")
            server.rounds[number] = done = Round()
            try:
                stage.play(peer, done, plan.changes)
            except _FAILURES as error:
                server.complaints.append(f"round {number + 1}: {error or type(error).__name__}")


class Stage:
    """One API server, and everybody who has a part."""

    def __init__(
        self,
        control_plane: ControlPlane,
        folder: Path,
        truth: Truth,
        queries: Sequence[Query],
        path: Path,
        pace: Pace,
        core: int,
    ) -> None:
        """Take what was made.

        Args:
            control_plane: has the world.
            folder: for files.
            truth: about the world.
            queries: of the file at `path`.
            path: messages for `pace`.
            pace: the generator.
            core: of the server.
        """
        self._plane = control_plane
        self._access = f"kubeconfig {control_plane.kubeconfig(_USER, token=_USER)}"
        self._folder = folder
        self._truth = truth
        self._queries = queries
        self._probes = sample(queries, per_kind=1)
        self._path = path
        self._pace = pace
        self._core = core
        self._changes = Changes(control_plane)
        self._late = 0

    def play(self, peer: ClusterPeer, done: Round, changes: int) -> None:
        """Measure one life of one server.

        Raises:
            StartError: it did not start.
            StaleError: it did not answer what it should.
            PaceError, OSError: the measuring failed.
        """
        plane.wait_until_quiet()
        folder = self._folder / f"cluster-{peer.name}"
        follower = Follower(peer, folder, self._access, core=self._core, port=free_port())
        try:
            done.start = follower.wait(self._truth, self._probes)
            time.sleep(_SETTLE_SECONDS)
            done.settled_megabytes = follower.memory_megabytes()
            done.fresh = measure(self._changes, follower.port, changes)
            done.relist = self._relist(follower)
            if peer.name == cluster_figures.OURS and _RELISTED not in follower.log.read_text():
                raise StaleError("it has not read everything again")
        finally:
            follower.stop()

    def _relist(self, follower: Follower) -> Relist:
        """Let the API server forget its history while the server does not look."""
        follower.freeze()
        self._plane.etcd.compact()
        self._plane.restart_apiserver()
        self._changes.connect()
        with self._changes.next() as (address, _, _):
            pass
        self._late += 1
        late = f"late-{self._late}"
        self._plane.put(service(late, plane.NAMESPACE, addresses=()) | {"spec": _SPEC})
        plane.wait_until_quiet()
        before = follower.memory_megabytes()
        follower.forget_peak()
        owner = f"{late}.{plane.NAMESPACE}.svc.cluster.local."
        asking = self._pace.asking(follower.port, self._path, _RELIST_RATE, _RELIST_SECONDS)
        with Asker(follower.port) as probe, Asker(follower.port, owner) as newcomer:
            follower.thaw()
            began = time.time()
            probe.ask()
            with asking as records:
                probe.wait_for(address)
                newcomer.wait_for(1)
                ended = time.time()
                time.sleep(_LOOK_SECONDS)
        answers = records.read()
        wrong, lost = mistakes(answers, self._queries)
        if wrong or lost:
            raise StaleError(f"of {len(answers)} queries in a relist {lost} lost, {wrong} wrong")
        meanwhile = [one for one in answers if one.sent_at <= ended]
        return Relist(
            ended - began,
            before,
            follower.peak_megabytes(),
            tuple(one.seconds for one in meanwhile if one.seconds is not None),
        )


_SPEC = {"ports": [{"name": "http", "port": 80}], "type": "ClusterIP"}


def read_plan(arguments: Sequence[str] | None) -> ClusterPlan:
    """Return what to measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cluster", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="lives of each server (3)")
    parser.add_argument("--changes", type=int, default=200, help="single changes in each (200)")
    parser.add_argument("--storm", type=float, default=10.0, help="seconds of many changes (10)")
    parser.add_argument("--quick", action="store_true", help="1 round, 50 changes, 3 s")
    given = parser.parse_args(arguments)
    if min(given.rounds, given.changes) < 1 or given.storm <= 0:
        parser.error("rounds, changes and seconds are positive")
    return QUICK if given.quick else ClusterPlan(given.rounds, given.changes, given.storm)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return 0 measured, 1 something was answered wrongly or is missing."""
    plan = read_plan(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="svcdns-cluster-") as folder:
        found = run(plan, Path(folder))
    sys.stdout.write(cluster_figures.page(found))
    return 1 if isinstance(found, str) or found.has_complaints else 0


if __name__ == "__main__":
    sys.exit(main())
