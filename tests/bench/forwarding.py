"""python -m tests.bench.forwarding - what it costs to ask another DNS server, and what it disturbs.

Knot or NSD is the other server. Four experiments: names that nobody has asked for yet, beside
CoreDNS and dnsmasq; names that are kept, beside names of the cluster; names of the cluster while a
thousand questions wait for an upstream that says nothing; a hundred reloads under load.
"""

import argparse
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import files, forwarding_figures, questions
from tests.bench.agreement import Truth, ask, sample
from tests.bench.figures import this_machine
from tests.bench.forwarding_figures import KINDS, OURS, ForwardFindings, Reloads, Silence
from tests.bench.load import Blast, Limit, Load, LoadError, measure
from tests.bench.pace import Answered, Pace, PaceError, mistakes
from tests.bench.peers import DNSMASQ, PEERS, Peer, Site, free_port
from tests.bench.questions import Expected, Query
from tests.bench.running import Running, choose_cores, pinned
from tests.bench.starting import StartError, wait_until_open
from tests.bench.telling import say
from tests.bench.waiting import SILENT, waiting_questions
from tests.bench.world import World, build

_ZONE = "elsewhere.test."
_ZONE_TEXT = f"""\
$ORIGIN {_ZONE}
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
* A 192.0.2.1
* A 192.0.2.2
*.alias CNAME target
target A 192.0.2.1
target A 192.0.2.2
"""
_MISSES = dict(zip(KINDS, (("A", ""), ("AAAA", ""), ("A", "alias.")), strict=True))
"""TYPE of names that nobody has asked for yet, and below what they are."""
_NAMES = 150_000
"""More than anybody answers in one measurement, so none is asked for twice."""
_KEPT = 8_000
"""Fewer than `cache` has room for; each is asked for a few times a second."""
_POPULAR = 200
_WARM_UP = 4_000
_IN_FLIGHT = 1_000
_RATE = 2_000
_WARM_RELOADS = 25
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.01
_SETTLE_SECONDS = 2.0
_FAILURES = (StartError, LoadError, PaceError, OSError)


@dataclass(frozen=True, slots=True)
class ForwardPlan:
    """What to measure."""

    rounds: int = 5
    seconds: float = 2.0
    reloads: int = 100


QUICK = ForwardPlan(1, 0.5, 10)


def run(plan: ForwardPlan, folder: Path) -> ForwardFindings | str:
    """Measure; return what was found, or what is missing here."""
    upstream = next(
        (peer for peer in PEERS if peer.name in ("knot", "nsd") and peer.program()), None
    )
    if upstream is None:
        return "neither Knot nor NSD is installed; Debian packages knot and nsd"
    machine = this_machine()
    folder = folder / "forwarding"
    folder.mkdir()
    cores = choose_cores()
    with pinned(cores.generator), ExitStack() as stack:
        blast, pace = Blast.build(folder, _NAMES), Pace.build(folder)
        if blast is None or pace is None:
            return "there is no C compiler; Debian package gcc"
        findings = ForwardFindings(
            machine,
            f"{plan.rounds} x {plan.seconds:g} s by turns; server on core {cores.server}, "
            f"generator and {upstream.name} on core {cores.generator}",
        )
        stage = Stage(folder, upstream, blast, pace, stack, cores.server, cores.generator)
        for experiment in (stage.misses, stage.hits, stage.silence, stage.reloads):
            say(f"forwarding: {experiment.__name__}")
            try:
                experiment(plan, findings)
            except _FAILURES as error:
                name = experiment.__name__
                findings.complaints.append(f"{name}: {error or type(error).__name__}")
    return findings


class Stage:
    """One world, the server that is asked, and those who ask it."""

    def __init__(
        self,
        folder: Path,
        upstream: Peer,
        blast: Blast,
        pace: Pace,
        stack: ExitStack,
        core: int,
        generator_core: int,
    ) -> None:
        """Start the server that is asked.

        Args:
            folder: for files.
            upstream: it.
            blast: the generator that saturates.
            pace: the other one.
            stack: ends what has been started.
            core: of the servers that are measured.
            generator_core: of everybody else.
        """
        self._folder = folder
        self._blast = blast
        self._pace = pace
        self._stack = stack
        self._core = core
        self._generator_core = generator_core
        self._world: World = build()
        self._truth = Truth(self._world)
        dump = folder / "objects" / "dump.json"
        dump.parent.mkdir()
        files.write_dump(self._world, dump)
        zone = folder / "zone"
        zone.write_text(_ZONE_TEXT)
        self._site = Site(dump, {_ZONE: zone}, upstream=free_port())
        self._start(upstream, generator_core, self._site.upstream)
        queries = questions.workload(self._world, count=50_000)
        self._cluster_queries, self._cluster_path = queries, folder / "cluster"
        questions.write_queries(queries, self._cluster_path, edns_share=0.0)

    def misses(self, plan: ForwardPlan, findings: ForwardFindings) -> None:
        """Names that nobody has asked for yet."""
        servers: list[tuple[str, Running, int]] = []
        for peer in (*PEERS, DNSMASQ):
            if peer.name not in (OURS, "coredns-kubeadm", DNSMASQ.name):
                continue
            if peer.program() is None:
                findings.skipped.append(f"{peer.name} is not installed; {peer.remedy} brings it")
                continue
            if peer.reads_api and self._site.api_port is None:
                self._site = replace(self._site, api_port=self._serve_api())
            running, port = self._start(peer, self._core)
            self._wait(running, port, is_cluster=peer is not DNSMASQ)
            servers.append((peer.name, running, port))
        limit = Limit(seconds=plan.seconds)
        for kind, (rrtype, below) in _MISSES.items():
            found = findings.misses[kind] = {}
            for number in range(plan.rounds):
                load = self._load(f"{kind}{number}", _NAMES, rrtype, below)
                turn = number % len(servers)
                for name, running, port in servers[turn:] + servers[:turn]:
                    sample = measure(running, port, load, limit)
                    found.setdefault(name, {})[number] = sample
                    if sample.complaint:
                        findings.complaints.append(f"miss, {kind}, {name}: {sample.complaint}")
                load.queries.unlink()
        for _, running, _ in servers:
            running.stop()

    def hits(self, plan: ForwardPlan, findings: ForwardFindings) -> None:
        """Names that are kept, beside names of the cluster."""
        running, port = self._ours()
        services = [one for one in self._world.services if one.address][:_KEPT]
        cluster = [Query("A", one.owner, "A", "NOERROR") for one in services]
        loads = (
            self._as_load("cluster", cluster),
            self._load("forwarded", _KEPT),
            self._load("forwarded-popular", _POPULAR),
        )
        for number in range(plan.rounds):
            for load in loads[:: 1 if number % 2 else -1]:
                # Each time: what was asked for in the round before may have come to its end.
                measure(running, port, load, Limit(passes=_WARM_UP // load.expected.length + 1))
                found = measure(running, port, load, Limit(seconds=plan.seconds))
                findings.hits.setdefault(load.name, {})[number] = found
                if found.complaint:
                    findings.complaints.append(f"hit, {load.name}: {found.complaint}")
        running.stop()

    def silence(self, plan: ForwardPlan, findings: ForwardFindings) -> None:
        """Names of the cluster, while others wait for an upstream that says nothing."""
        with socket.socket(type=socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            block = f"{SILENT} {{\n    forward . 127.0.0.1:{silent.getsockname()[1]}\n}}\n"
            running, port = self._ours(block)
            for _ in range(plan.rounds):
                alone = self._asking(port, plan.seconds)
                with waiting_questions(port, _IN_FLIGHT):
                    time.sleep(_SETTLE_SECONDS)
                    beside = self._asking(port, plan.seconds)
                time.sleep(_SETTLE_SECONDS)
                findings.silences.append(
                    Silence(self._seconds(alone, findings), self._seconds(beside, findings))
                )
            running.stop()

    def reloads(self, plan: ForwardPlan, findings: ForwardFindings) -> None:
        """Many reloads under load."""
        running, port = self._ours()
        corefile = running.log.parent / "Corefile"
        text = corefile.read_text()

        def reload(number: int) -> None:
            corefile.write_text(f"{text}# {number}\n")
            before = running.log.read_text().count("Reloading complete")
            running.signal(signal.SIGUSR1)
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while running.log.read_text().count("Reloading complete") == before:
                if running.ended or time.monotonic() > deadline:
                    raise StartError(f"it does not reload: {running.last_words()}")
                time.sleep(_PAUSE_SECONDS)

        # What is kept ready of answers is no growth.
        whole = replace(self._blast, pass_length=len(self._cluster_queries))
        whole.run(port, self._cluster_path, Limit(seconds=plan.seconds, passes=1))
        seconds = _PATIENCE_SECONDS + plan.reloads
        with self._pace.asking(port, self._cluster_path, _RATE, seconds) as records:
            for number in range(_WARM_RELOADS):
                reload(number)
            before, files_before = running.memory_megabytes(), running.open_files()
            for number in range(plan.reloads):
                reload(_WARM_RELOADS + number)
            after, files_after = running.memory_megabytes(), running.open_files()
        answers = records.read()
        wrong, lost = mistakes(answers, self._cluster_queries)
        took = tuple(one.seconds for one in answers if one.seconds is not None)
        findings.reloads = Reloads(
            plan.reloads, len(answers), lost, wrong, took, before, after, files_before, files_after
        )
        if wrong:
            findings.complaints.append(f"reloads: {wrong} wrong answers")
        running.stop()

    def _asking(self, port: int, seconds: float) -> list[Answered]:
        with self._pace.asking(port, self._cluster_path, _RATE, seconds) as records:
            time.sleep(seconds)
        return records.read()

    def _seconds(self, answers: list[Answered], findings: ForwardFindings) -> tuple[float, ...]:
        wrong, lost = mistakes(answers, self._cluster_queries)
        if wrong or lost:
            findings.complaints.append(f"silence: {wrong} wrong answers, {lost} lost")
        return tuple(one.seconds for one in answers if one.seconds is not None)

    def _ours(self, block: str = "") -> tuple[Running, int]:
        """Start svcdns, with one more server block."""
        peer = next(peer for peer in PEERS if peer.name == OURS)
        running, port = self._start(peer, self._core, block=block)
        self._wait(running, port, is_cluster=True)
        return running, port

    def _start(
        self, peer: Peer, core: int, port: int | None = None, block: str = ""
    ) -> tuple[Running, int]:
        program = peer.program()
        assert program, "who is missing has been left out"
        port = port or free_port()
        folder = self._folder / f"{peer.name}-{port}"
        folder.mkdir()
        command = peer.command(program, self._site, folder, port)
        if block:
            with (folder / "Corefile").open("a") as file:
                file.write(block)
        running = Running(command, core=core, log=folder / "log")
        self._stack.callback(running.stop)
        return running, port

    def _wait(self, running: Running, port: int, *, is_cluster: bool) -> None:
        """Return once a server answers what it should.

        Raises:
            StartError: it does not.
        """
        probes = sample(self._cluster_queries, per_kind=1) if is_cluster else []
        deadline = time.monotonic() + _PATIENCE_SECONDS
        elsewhere = Query("A", f"ready.{_ZONE}", "A", "NOERROR").wire(edns=False)
        while not _is_answered(port, elsewhere) or any(
            ask(port, self._truth, probe, transport="udp", edns=False) for probe in probes
        ):
            if running.ended or time.monotonic() > deadline:
                raise StartError(f"it does not answer: {running.last_words()}")
            time.sleep(_PAUSE_SECONDS)

    def _serve_api(self) -> int:
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.api_stub", str(self._site.dump), str(port)]
        stub = Running(command, core=self._generator_core, log=self._folder / "api.log")
        self._stack.callback(stub.stop)
        wait_until_open(stub, port)
        return port

    def _load(self, name: str, count: int, rrtype: str = "A", below: str = "") -> Load:
        """Return a load of names that are the other server's."""
        owners = (f"{name}-{n}.{below}{_ZONE}" for n in range(count))
        asked = [Query(rrtype, owner, rrtype, "NOERROR") for owner in owners]
        return self._as_load(name, asked)

    def _as_load(self, name: str, asked: Sequence[Query]) -> Load:
        path = self._folder / f"queries-{name}"
        questions.write_queries(asked, path, edns_share=0.0)
        blast = replace(self._blast, pass_length=len(asked))
        return Load(name, name, path, Expected(asked), blast)


def _is_answered(port: int, message: bytes) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        sock.connect(("127.0.0.1", port))
        try:
            sock.send(message)
            return not sock.recv(4096)[3] & 0x0F
        except OSError:
            return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return 0 measured, 1 something was answered wrongly or is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.forwarding", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 round of 0.5 s, 10 reloads")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="svcdns-forwarding-") as folder:
        found = run(QUICK if given.quick else ForwardPlan(), Path(folder))
    sys.stdout.write(forwarding_figures.page(found))
    return 1 if isinstance(found, str) or found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
