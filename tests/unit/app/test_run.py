"""A whole life inside this process; what needs one of its own is in tests/e2e."""

import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import dns.message
import dns.query
import dns.rcode
import pytest

from svcdns.app.options import Options
from svcdns.app.run import serve
from svcdns.telemetry.log import Output, output, redirect
from tests.support.live_api import LiveApi, live_api
from tests.support.process import PATIENCE_SECONDS, free_ports, page
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")
WEB = "web.shop.svc.cluster.local."
KUBERNETES = "cluster.local {\n    kubernetes\n}\n"
WHOAMI = ". {\n    whoami\n}\n"
RESOURCES = 3
"""That a plain stanza needs."""
Make = Callable[..., Options]


class Journal(StringIO):
    """The log; `ready` is set when it says that everything is open."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = Event()
        self.waiting = Event()
        self.synced = Event()
        self.refused = Event()

    def write(self, text: str) -> int:
        if "waiting for" in text:
            self.waiting.set()
        if text.count("watch.synced") + self.getvalue().count("watch.synced") == RESOURCES:
            self.synced.set()
        if "reload.refused" in text:
            self.refused.set()
        if "serve.ready" in text:
            self.ready.set()
        return super().write(text)


@pytest.fixture
def journal() -> Iterator[Journal]:
    """What the process logs; afterwards the process is as it was before it served."""
    lines = Journal()
    before = redirect(Output(lines))
    interval = sys.getswitchinterval()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGUSR2)}
    yield lines
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.unfreeze()
    sys.setswitchinterval(interval)
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


def test_a_corefile_that_is_refused_does_not_choose_what_is_logged(
    make: Make, journal: Journal, tmp_path: Path
) -> None:
    file = tmp_path / "Corefile"
    file.write_text(WHOAMI)
    options = replace(make(WHOAMI), corefile=str(file), corefile_text=None)
    is_debug: list[bool] = []

    def edit() -> None:
        file.write_text(". {\n    debug\n    bind 192.0.2.77\n    whoami\n}\n")
        os.kill(os.getpid(), signal.SIGUSR1)
        assert journal.refused.wait(PATIENCE_SECONDS)
        is_debug.append(output().debug)

    assert life(options, journal, edit) == 0
    assert is_debug == [False]


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


def test_what_is_merely_odd_in_a_corefile_is_not_said_at_the_start(
    make: Make, journal: Journal
) -> None:
    life(make(f"import *.nothing\n{WHOAMI}", quiet=True), journal, nothing)

    assert [line[:18] for line in journal.getvalue().splitlines()] == [
        "[INFO] serve.ready",
        "[INFO] SIGTERM: Sh",
    ]


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


LIVE = "cluster.local {{\n    kubernetes {{\n        endpoint {url}\n        {option}\n    }}\n}}\n"


@pytest.fixture
def api() -> Iterator[LiveApi]:
    """A small cluster behind a port of loopback."""
    with live_api() as api:
        yield api


def asked(options: Options, found: list[dns.message.Message], name: str = WEB) -> None:
    query = dns.message.make_query(name, "A", use_edns=0)
    found.append(dns.query.udp(query, "127.0.0.1", timeout=5, port=options.port))


def test_a_live_cluster_is_loaded_before_the_sockets_are_read(
    make: Make, journal: Journal, api: LiveApi
) -> None:
    options = make(LIVE.format(url=api.url, option="startup_timeout 20s"))
    found: list[dns.message.Message] = []

    code = life(options, journal, lambda: asked(options, found))

    assert code == 0
    assert found[0].answer[0][0].address == "10.96.4.7"
    lines = journal.getvalue()
    assert lines.index("watch.synced resource=services") < lines.index("serve.ready")
    assert " services=2 slices=1 endpoints=1 " in lines


def test_when_startup_timeout_is_over_names_fail_until_the_cluster_is_loaded(
    make: Make, journal: Journal, api: LiveApi
) -> None:
    options = make(LIVE.format(url=api.url, option="startup_timeout 600ms"))
    found: list[dns.message.Message] = []
    api.do("hang")

    def visit() -> None:
        asked(options, found)
        api.do("resume")
        assert journal.synced.wait(PATIENCE_SECONDS)
        asked(options, found)

    life(options, journal, visit)

    assert found[0].rcode() == dns.rcode.SERVFAIL
    assert "EDE 14" in found[0].options[0].to_text()
    assert found[1].rcode() == dns.rcode.NOERROR
    lines = [line for line in journal.getvalue().splitlines() if "plugin/" in line]
    assert lines == [
        "[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server",
        "[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API",
    ]


def test_a_stop_ends_the_wait_for_the_api_server(
    make: Make, journal: Journal, api: LiveApi
) -> None:
    options = make(LIVE.format(url=api.url, option="startup_timeout 1h"))
    api.do("hang")

    def stop() -> None:
        assert journal.waiting.wait(PATIENCE_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    visitor = Thread(target=stop)
    visitor.start()
    code = serve(options)
    visitor.join(PATIENCE_SECONDS)

    assert code == 0
    assert "unsynced" not in journal.getvalue()
    assert "serve.ready" not in journal.getvalue()
    assert_free(options.port)


def test_a_kubeconfig_that_is_missing_ends_the_start_and_says_what_to_do(
    make: Make, journal: Journal, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = make(KUBERNETES, kubeconfig=str(tmp_path / "nowhere"))

    code = serve(options)

    said = capsys.readouterr().err
    assert code == 1
    assert f"there is no kubeconfig at {tmp_path / 'nowhere'}" in said
    assert "--kubeconfig FILE" in said
    assert journal.getvalue() == ""
    assert_free(options.port)


def test_a_restart_without_an_api_server_answers_from_the_snapshot_at_once(
    make: Make, journal: Journal, api: LiveApi, tmp_path: Path
) -> None:
    text = LIVE.format(url=api.url, option="startup_timeout 1h")
    options = make(text, snapshot=str(tmp_path / "snapshot"))
    found: list[dns.message.Message] = []
    life(options, journal, nothing)
    journal.ready.clear()
    api.do("refuse")

    code = life(options, journal, lambda: asked(options, found))
    asked_for = found[0]

    assert code == 0
    assert asked_for.answer[0][0].address == "10.96.4.7"
    assert "snapshot.read path=" in journal.getvalue()


def test_watches_are_measured(
    make: Make, journal: Journal, api: LiveApi, ports: tuple[int, int]
) -> None:
    text = LIVE.format(url=api.url, option="startup_timeout 20s")
    options = make(f"{text}. {{\n    whoami\n    prometheus 127.0.0.1:{ports[1]}\n}}\n")
    pages: list[str] = []

    life(options, journal, lambda: pages.append(page(ports[1], "/metrics")[1]))

    for name in ("services", "endpointslices", "namespaces"):
        assert f'svcdns_kubernetes_watch_lost_seconds{{resource="{name}"}} 0.0' in pages[0]
        assert f'svcdns_kubernetes_last_contact_seconds{{resource="{name}"}} ' in pages[0]
