"""A whole life inside this process; what needs one of its own is in tests/e2e."""

import gc
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import dns.message
import dns.query
import pytest

from svcdns.app.options import Options
from svcdns.app.run import serve
from svcdns.telemetry.log import Output, redirect
from tests.support.process import PATIENCE_SECONDS, free_ports
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")
WEB = "web.shop.svc.cluster.local."
KUBERNETES = "cluster.local {\n    kubernetes\n}\n"
WHOAMI = ". {\n    whoami\n}\n"
Make = Callable[..., Options]


class Journal(StringIO):
    """The log; `ready` is set when it says that everything is open."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = Event()

    def write(self, text: str) -> int:
        if "serve.ready" in text:
            self.ready.set()
        return super().write(text)


@pytest.fixture
def journal() -> Iterator[Journal]:
    """What the process logs; afterwards the process is as it was before it served."""
    lines = Journal()
    before = redirect(Output(lines))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGUSR2)}
    yield lines
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.unfreeze()
    redirect(before)


@pytest.fixture
def ports() -> tuple[int, int]:
    """For DNS, and for the probes."""
    dns_port, probes = free_ports(2)
    return dns_port, probes


@pytest.fixture
def make(ports: tuple[int, int]) -> Make:
    """Options with a Corefile and a port that is free."""

    def options(text: str, **others: object) -> Options:
        return Options("Corefile", text, bind="127.0.0.1", port=ports[0], **others)  # type: ignore[arg-type]

    return options


def life(options: Options, journal: Journal, visit: Callable[[], None]) -> int:
    """Serve, visit the server when it is ready, stop it; return the exit code."""

    def meanwhile() -> None:
        assert journal.ready.wait(PATIENCE_SECONDS)
        try:
            visit()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    visitor = Thread(target=meanwhile)
    visitor.start()
    try:
        return serve(options)
    finally:
        visitor.join(PATIENCE_SECONDS)


def nothing() -> None:
    """Visit nobody."""


def assert_free(*ports: int) -> None:
    for port in ports:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as ours:
                ours.bind(("127.0.0.1", port))


def test_it_answers_until_it_is_asked_to_stop(make: Make, journal: Journal) -> None:
    options = make(KUBERNETES, manifests=SHOP)
    found: list[str] = []

    def ask() -> None:
        query = dns.message.make_query(WEB, "A")
        for over in (dns.query.udp, dns.query.tcp):
            response = over(query, "127.0.0.1", timeout=5, port=options.port)
            found.append(response.answer[0][0].address)

    code = life(options, journal, ask)

    assert code == 0
    assert found == ["10.96.4.7", "10.96.4.7"]
    assert_free(options.port)


def test_the_log_of_a_life_is_short(make: Make, journal: Journal) -> None:
    options = make(KUBERNETES, manifests=SHOP)

    life(options, journal, nothing)

    first, second, zone, _version, _machine, ready, stop = journal.getvalue().splitlines()
    assert first.startswith(f'[INFO] manifests.read path={SHOP} what="12 Services, 31 endpoints')
    assert second.startswith(f"[INFO] manifests.read path={SHOP} ")
    assert zone == f"cluster.local.:{options.port} on 127.0.0.1"
    assert ready.startswith(
        "[INFO] serve.ready zones=cluster.local. listeners=2 services=12 slices=12 endpoints=31 "
    )
    assert stop == "[INFO] SIGTERM: Shutting down servers then terminating"


def test_a_port_that_the_system_chose_is_named(make: Make, journal: Journal) -> None:
    life(replace(make(WHOAMI), port=0), journal, nothing)

    zone = journal.getvalue().splitlines()[0]
    assert re.fullmatch(r"\.:[1-9]\d+ on 127\.0\.0\.1", zone)


def test_quiet_leaves_zones_and_version_out(make: Make, journal: Journal) -> None:
    life(make(WHOAMI, quiet=True), journal, nothing)

    assert [line[:18] for line in journal.getvalue().splitlines()] == [
        "[INFO] serve.ready",
        "[INFO] SIGTERM: Sh",
    ]


def test_the_process_id_is_written_where_that_is_wanted(
    make: Make, journal: Journal, tmp_path: Path
) -> None:
    file = tmp_path / "pid"

    life(make(WHOAMI, pidfile=str(file)), journal, nothing)

    assert file.read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize(
    ("text", "manifests", "said"),
    [
        pytest.param(". {\n    whoamI\n}\n", None, "Corefile:2:5: ", id="unknown directive"),
        pytest.param(". {\n    log {\n        class x\n    }\n}\n", None, "log: ", id="bad option"),
        pytest.param("", None, "has no server block", id="nothing to serve"),
        pytest.param(KUBERNETES, None, "--manifests", id="no objects"),
        pytest.param(KUBERNETES, "/nowhere", "/nowhere: does not exist", id="no such folder"),
    ],
)
def test_what_cannot_start_says_why_and_ends_with_1(
    make: Make,
    journal: Journal,
    capsys: pytest.CaptureFixture[str],
    text: str,
    manifests: str | None,
    said: str,
) -> None:
    options = make(text, manifests=manifests)

    code = serve(options)

    assert code == 1
    assert said in capsys.readouterr().err
    assert journal.getvalue() == ""
    assert_free(options.port)


def test_blocks_that_collide_at_the_port_of_the_command_line_are_a_mistake(
    make: Make, capsys: pytest.CaptureFixture[str], ports: tuple[int, int]
) -> None:
    code = serve(make(f"{WHOAMI}.:{ports[0]} {{\n    whoami\n}}\n"))

    assert code == 1
    assert "it is already defined at Corefile:1" in capsys.readouterr().err


@pytest.mark.parametrize("taken", [0, 1], ids=["of DNS", "of the probes"])
def test_when_a_port_is_taken_the_others_are_given_back(
    make: Make,
    ports: tuple[int, int],
    journal: Journal,
    capsys: pytest.CaptureFixture[str],
    taken: int,
) -> None:
    options = make(f". {{\n    whoami\n    health 127.0.0.1:{ports[1]}\n}}\n")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", ports[taken]))
        holder.listen()

        code = serve(options)

    assert code == 1
    assert f"tcp 127.0.0.1:{ports[taken]}: the port is in use by" in capsys.readouterr().err
    assert journal.getvalue() == ""
    assert_free(*ports)


def test_a_process_id_that_cannot_be_written_ends_the_start(
    make: Make,
    ports: tuple[int, int],
    journal: Journal,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    options = make(
        f". {{\n    whoami\n    health 127.0.0.1:{ports[1]}\n}}\n",
        pidfile=str(tmp_path / "missing" / "pid"),
    )

    code = serve(options)

    assert code == 1
    assert capsys.readouterr().err == (
        f"cannot write the pid file '{options.pidfile}': No such file or directory\n"
    )
    assert journal.getvalue() == ""
    assert_free(*ports)


def test_a_corefile_that_cannot_be_read_ends_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = tmp_path / "Corefile"
    large.touch()
    os.truncate(large, 17 * 1024 * 1024)

    codes = [serve(Options(str(path))) for path in (tmp_path / "missing", large)]

    assert codes == [1, 1]
    assert capsys.readouterr().err.splitlines() == [
        f"cannot read the Corefile '{tmp_path / 'missing'}': No such file or directory",
        f"cannot read the Corefile '{large}': larger than 16 MiB",
    ]


def test_lines_are_objects_when_that_is_wanted(make: Make, journal: Journal) -> None:
    life(make(WHOAMI, log_json=True), journal, nothing)

    assert all(line.startswith('{"level": ') for line in journal.getvalue().splitlines())
