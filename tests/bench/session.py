"""One run of the benchmark, from the world to the findings.

Servers are started one after the other and stay up; then they are measured by turns, a round
after the other, so that a noisy minute of the machine hits all of them.
"""

import itertools
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tests.bench import files, questions
from tests.bench.agreement import Truth, complaints, sample
from tests.bench.figures import Findings, Machine, Server, Traffic, this_machine
from tests.bench.load import Blast, Dnsperf, Generator, Limit, Load, LoadError, measure
from tests.bench.peers import Peer, Site, find_python_with_svcdns, free_port
from tests.bench.questions import Expected, Query
from tests.bench.running import Running, choose_cores, pinned
from tests.bench.starting import (
    Started,
    Starter,
    StartError,
    check_seconds,
    wait_until_open,
)
from tests.bench.telling import advance, say
from tests.bench.world import World, build

LOADS = ("udp", "udp-edns", "tcp")

_ROUNDS_SECONDS = 280.0
"""No round begins after that much time, whatever was asked for."""
_WARM_UP = Limit(seconds=6.0, passes=1)
"""Every name once, so that what a server keeps ready is ready."""
_CHECKS = 5
_FULL_SHARE = 0.85
_SAMPLE = 25
_SHOWN_COMPLAINTS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    rounds: int
    seconds: float
    starts: int
    peers: tuple[Peer, ...]
    loads: tuple[str, ...]
    edns_share: float
    generator: str | None
    """For UDP; None is the best one there is."""


class Contestant(NamedTuple):
    """One server that takes part."""

    server: Server
    running: Running
    port: int


class Session:
    """One run."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._cores = choose_cores()
        self.has_failures = False

    def run(self) -> Findings:
        """Measure everything that the plan asks for and the machine has."""
        machine = this_machine()
        with pinned(self._cores.generator):  # what we do ourselves is not to disturb a server
            return self._run(machine)

    def _run(self, machine: Machine) -> Findings:
        say("building the world")
        world = build()
        queries = questions.workload(world)
        findings = Findings(
            machine, _describe_world(world), _describe_workload(queries), self._method()
        )
        if not self._cores.are_apart:
            findings.notes.append("one core for server and generator: the figures are too high")
        truth = Truth(world)
        dump = self._folder / "objects" / "dump.json"  # alone, because svcdns watches the folder
        dump.parent.mkdir()
        files.write_dump(world, dump)
        site = Site(dump, files.write_zones(world, self._folder))
        loads = self._loads(queries, findings)
        questionnaire = sample(queries, per_kind=_SAMPLE)
        probes = sample(queries, per_kind=1)
        with ExitStack() as stack:
            if any(peer.reads_api and peer.program() for peer in self._plan.peers):
                site = replace(site, api_port=self._serve_api(dump, stack))
            starter = Starter(site, truth, probes, self._cores.server)
            contestants = self._start_all(starter, findings, stack)
            for contestant in contestants:
                say(f"asking {contestant.server.name} what is known")
                wrong = list(complaints(contestant.port, truth, questionnaire))
                contestant.server.complaints += wrong[:_SHOWN_COMPLAINTS]
            self._measure(contestants, loads, findings)
            findings.notes += _weather(findings)
            for contestant in contestants:
                if not contestant.running.ended:
                    contestant.server.megabytes_after = contestant.running.memory_megabytes()
        self._check(findings)
        return findings

    def _method(self) -> str:
        plan, cores = self._plan, self._cores
        return (
            f"{plan.rounds} x {plan.seconds:g} s by turns, "
            f"server on core {cores.server}, generator on core {cores.generator}"
        )

    def _loads(self, queries: list[Query], findings: Findings) -> list[Load]:
        expected = Expected(queries)
        datagrams: Generator | None = None
        if self._plan.generator != "dnsperf":
            datagrams = Blast.build(self._folder, len(queries))
        if datagrams is None and self._plan.generator != "blast":
            datagrams = Dnsperf.find("udp")
        streams = Dnsperf.find("tcp")
        share = self._plan.edns_share
        every: dict[str, tuple[str, float, Generator | None, str]] = {
            "udp": ("UDP", 0, datagrams, "gcc"),
            "udp-edns": (f"UDP, {share:.0%} EDNS", share, datagrams, "gcc"),
            "tcp": ("TCP, pipelined", 0, streams, "dnsperf"),
        }
        loads = []
        for name in self._plan.loads:
            title, edns_share, generator, package = every[name]
            if generator is None:
                findings.skipped.append(f"load {name}: needs the Debian package {package}")
                continue
            path = self._folder / f"queries-{edns_share:g}"
            if not path.exists():
                questions.write_queries(queries, path, edns_share=edns_share)
            loads.append(Load(name, title, path, expected, generator))
            findings.traffic.append(Traffic(name, title, generator.name))
        return loads

    def _serve_api(self, dump: Path, stack: ExitStack) -> int:
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.api_stub", str(dump), str(port)]
        stub = Running(command, core=self._cores.generator, log=self._folder / "api.log")
        stack.callback(stub.stop)
        wait_until_open(stub, port)
        return port

    def _start_all(
        self, starter: Starter, findings: Findings, stack: ExitStack
    ) -> list[Contestant]:
        contestants = []
        for peer in self._plan.peers:
            program = peer.program()
            if program is None:
                findings.skipped.append(f"{peer.name}: not installed; {peer.remedy} brings it")
                continue
            say(f"starting {peer.name}")
            server = Server(peer.name, _version(program, peer))
            try:
                started = self._start(starter, peer, program, server)
            except StartError as error:
                self.has_failures = True
                findings.skipped.append(f"{peer.name}: {error}")
                continue
            stack.callback(started.running.stop)
            findings.servers.append(server)
            contestants.append(Contestant(server, started.running, started.port))
        return contestants

    def _start(self, starter: Starter, peer: Peer, program: str, server: Server) -> Started:
        """Start a server as often as planned; the last one stays."""
        folder = self._folder / peer.name
        for _ in range(self._plan.starts - 1):
            started = starter.start(peer, program, folder)
            server.starts.append(started.start)
            started.running.stop()
        started = starter.start(peer, program, folder)
        server.starts.append(started.start)
        return started

    def _measure(self, servers: list[Contestant], loads: list[Load], findings: Findings) -> None:
        began = time.monotonic()
        for contestant in servers if loads else ():
            self._one(contestant, loads[0], _WARM_UP, None)
        limit = Limit(seconds=self._plan.seconds)
        each = len(loads) * len(servers)
        for number in range(self._plan.rounds):
            if time.monotonic() - began > _ROUNDS_SECONDS:
                findings.notes.append(f"stopped after {number} rounds: the time was up")
                break
            say(f"round {number + 1} of {self._plan.rounds}")
            turn = number % max(1, len(servers))
            pairs = itertools.product(loads, servers[turn:] + servers[:turn])
            for done, (load, contestant) in enumerate(pairs, number * each):
                what = f"measurements, {contestant.server.name}, {load.title}"
                advance(done, self._plan.rounds * each, what)
                self._one(contestant, load, limit, number)

    def _one(self, contestant: Contestant, load: Load, limit: Limit, number: int | None) -> None:
        """Measure one server under one load; without a round's number, only to warm it up."""
        server, running, port = contestant
        try:
            result = measure(running, port, load, limit)
        except (LoadError, OSError) as error:
            server.complaints.append(f"{load.name}: {error}")
            return
        if result.complaint:
            server.complaints.append(f"{load.name}: {result.complaint}")
        if number is not None:
            server.samples.setdefault(load.name, {})[number] = result

    def _check(self, findings: Findings) -> None:
        python = find_python_with_svcdns()
        if python is None or not any(peer.name == "svcdns" for peer in self._plan.peers):
            return
        say("checking a Corefile")
        try:
            for number in range(_CHECKS + 1):
                seconds = check_seconds(python, self._folder / "check", self._cores.server)
                if number:  # the first one may still have to compile its modules
                    findings.check_seconds.append(seconds)
        except StartError as error:
            self.has_failures = True
            findings.skipped.append(str(error))


def _weather(findings: Findings) -> Iterator[str]:
    """Yield a warning if somebody else was at work on the generator's core."""
    shares = [
        sample.generator_share
        for traffic in findings.traffic
        if traffic.generator == "blast"
        for server in findings.servers
        for sample in server.of(traffic.name)
    ]
    if shares and min(shares) < _FULL_SHARE:
        yield (
            f"the generator had {min(shares):.0%} to {max(shares):.0%} of its core: others were at "
            "work, servers slept between queries, the figures of the fast ones are too high"
        )


def _describe_world(world: World) -> str:
    headless = sum(not service.address for service in world.services)
    endpoints = sum(len(service.endpoints) for service in world.services)
    return (
        f"{len(world.services):,} Services ({headless:,} headless) in {len(world.namespaces)} "
        f"namespaces, {endpoints:,} endpoints"
    )


def _describe_workload(queries: list[Query]) -> str:
    kinds = Counter(query.kind for query in queries)
    shares = ", ".join(f"{kind} {count / len(queries):.0%}" for kind, count in kinds.most_common())
    return f"{len(queries):,} queries, {len(set(queries)):,} different: {shares}"


def _version(program: str, peer: Peer) -> str:
    ended = subprocess.run(
        [program, *peer.version], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r"\d+\.\d+[\w.]*", ended.stdout + ended.stderr)
    return found[0] if found else ""
