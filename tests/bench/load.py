"""One measured load: a generator keeps one server busy, the server's CPU is divided by answers.

Over UDP `blast` is used when a C compiler is there: dnsperf takes 6 to 7 µs a query itself, so a
server that is faster sleeps between its packets and is charged for waking up. Over TCP it is
dnsperf for everybody. Both read the same file of messages and both send it in order, so the
rcodes that have to come back are known to the last one.
"""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.bench.agreement import Transport
from tests.bench.questions import Expected
from tests.bench.running import Running, children_seconds

_CONNECTIONS = 20
_OUTSTANDING = {"udp": 128, "tcp": 400}
_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_GRACE_SECONDS = 30.0
_TOLERABLE_LOSS = 0.02
_ENOUGH_ANSWERS = 2000
_ATTEMPTS = 3


class LoadError(Exception):
    """The generator cannot run or did not finish; somebody has to look at the machine."""


class Limit(NamedTuple):
    """When a generator stops: after some time or after a number of passes through the file."""

    seconds: float = 0.0
    passes: int = 0


class Outcome(NamedTuple):
    """What a generator counted."""

    sent: int
    answered: int
    seconds: float
    rcodes: Counter[str]


class Generator(Protocol):
    """Sends a file of messages to a port of 127.0.0.1."""

    @property
    def name(self) -> str: ...

    def run(self, port: int, queries: Path, limit: Limit) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Blast:
    """Our own generator; UDP only."""

    program: Path
    pass_length: int
    """Messages in one pass through a file."""
    name: str = "blast"

    @classmethod
    def build(cls, folder: Path, pass_length: int) -> "Blast | None":
        """Compile it; None when there is no C compiler."""
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        source, program = Path(__file__).with_name("blast.c"), folder / "blast"
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
        return cls(program, pass_length)

    def run(self, port: int, queries: Path, limit: Limit) -> Outcome:
        """Send; see `Generator`."""
        count = limit.passes * self.pass_length
        command = [str(self.program), str(port), str(queries), str(count), str(limit.seconds)]
        sent, answered, _lost, _strange, seconds, *rcodes = _output(command, limit).split()
        by_number = Counter(
            {_rcode(n): int(times) for n, times in enumerate(rcodes) if times > "0"}
        )
        return Outcome(int(sent), int(answered), float(seconds), by_number)


@dataclass(frozen=True, slots=True)
class Dnsperf:
    """DNS-OARC's generator."""

    program: str
    transport: Transport
    name: str = "dnsperf"

    @classmethod
    def find(cls, transport: Transport) -> "Dnsperf | None":
        """Look for it; None when it is not installed."""
        program = shutil.which("dnsperf")
        return cls(program, transport) if program else None

    def run(self, port: int, queries: Path, limit: Limit) -> Outcome:
        """Send; see `Generator`."""
        outstanding = str(_OUTSTANDING[self.transport])
        stop = ["-n", str(limit.passes)] if limit.passes else ["-l", str(limit.seconds)]
        command = [self.program, "-B", "-d", str(queries), "-m", self.transport]
        command += ["-s", "127.0.0.1", "-p", str(port), "-t", "1"]
        command += ["-c", str(_CONNECTIONS), "-q", outstanding, *stop]
        return read_dnsperf(_output(command, limit))


def read_dnsperf(text: str) -> Outcome:
    """Return the outcome that dnsperf printed.

    Raises:
        LoadError: it printed something else.
    """
    sent = re.search(r"Queries sent:\s+(\d+)", text)
    answered = re.search(r"Queries completed:\s+(\d+)", text)
    seconds = re.search(r"Run time \(s\):\s+([\d.]+)", text)
    if not (sent and answered and seconds):
        raise LoadError(f"dnsperf printed no statistics: {text.strip()[-200:]}")
    codes = re.search(r"Response codes:\s+(.*)", text)
    rcodes = re.findall(r"(\w+) (\d+) \(", codes[1]) if codes else []
    return Outcome(
        int(sent[1]),
        int(answered[1]),
        float(seconds[1]),
        Counter({rcode: int(times) for rcode, times in rcodes}),
    )


def _rcode(number: int) -> str:
    return _RCODES[number] if number < len(_RCODES) else f"RCODE{number}"


def _output(command: list[str], limit: Limit) -> str:
    try:
        return subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=limit.seconds + _GRACE_SECONDS,
        ).stdout
    except subprocess.TimeoutExpired:
        raise LoadError(f"{command[0]} did not finish") from None
    except subprocess.CalledProcessError as error:
        raise LoadError(f"{command[0]} failed: {error.stderr.strip()}") from None


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of traffic."""

    name: str
    title: str
    queries: Path
    expected: Expected
    generator: Generator


class Sample(NamedTuple):
    """One measurement of one server under one load."""

    microseconds: float
    """Server CPU an answer."""
    answers_a_second: float
    lost: int
    generator_share: float
    """How much of its core the generator used; `blast` takes all it can get."""
    complaint: str
    """What was wrong with the rcode totals; empty when they are right."""


def measure(running: Running, port: int, load: Load, limit: Limit) -> Sample:
    """Put one load on one server; the generator runs where we run.

    dnsperf 2.10 sometimes waits for most of a second after its first answers over TCP (seen with
    Knot); a run that gave too few answers to divide by is therefore repeated.

    Raises:
        LoadError: the generator failed, or too little was answered again and again.
        OSError: the server ended meanwhile.
    """
    for _ in range(_ATTEMPTS):
        sample, answered = _measure_once(running, port, load, limit)
        if answered >= _ENOUGH_ANSWERS or sample.complaint:
            return sample
    raise LoadError(f"only {answered} queries were answered at the last of {_ATTEMPTS} attempts")


def _measure_once(running: Running, port: int, load: Load, limit: Limit) -> tuple[Sample, int]:
    """Return one sample and how many answers it stands on."""
    before, generator_before = running.cpu_seconds(), children_seconds()
    outcome = load.generator.run(port, load.queries, limit)
    used, generator_used = running.cpu_seconds() - before, children_seconds() - generator_before
    sample = Sample(
        used / max(1, outcome.answered) * 1e6,
        outcome.answered / outcome.seconds,
        outcome.sent - outcome.answered,
        generator_used / outcome.seconds,
        judge(outcome, load.expected),
    )
    return sample, outcome.answered


def judge(outcome: Outcome, expected: Expected) -> str:
    """Return what is wrong with a run's rcode totals, or nothing.

    A lost query may lack in any total; beyond that the totals are exact.
    """
    right = expected.totals(outcome.sent)
    surplus = outcome.rcodes - right
    if surplus:
        return ", ".join(f"{count} {rcode} too many" for rcode, count in surplus.items())
    lost = outcome.sent - outcome.answered
    if lost > outcome.sent * _TOLERABLE_LOSS:
        return f"{lost} of {outcome.sent} queries lost"
    return ""
