"""A node passes from one proxy to the next, and has one at a time."""

import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.driven_mode import NODE_ADDRESSES
from tests.support.ipvs_world import reached, shell
from tests.support.one_service import service_text, slice_text
from tests.support.process import ServerProcess, run, running

VIP = "10.96.77.1"
"""Nobody's before: a connection that another test made without a proxy is remembered for minutes,
and a port of the client that is used again would share its fate."""
TRACES = {"nftables": "table ip svcdns\n", "iptables": ":SVCDNS-SERVICES "}


@pytest.fixture(autouse=True)
def _rules_only(mode: str) -> None:
    if mode not in {"nftables", "iptables-nft"}:
        pytest.skip("the modes of this machine's own rules take over from each other")


@pytest.fixture
def folder(world: None, tmp_path: Path) -> Iterator[Path]:  # noqa: ARG001 - it is there
    """Manifests of one Service; what the programs leave is taken away."""
    (tmp_path / "service.yaml").write_text(service_text(VIP))
    (tmp_path / "slice.yaml").write_text(slice_text("10.1.1.2", "10.1.2.2"))
    yield tmp_path
    done = run("proxy", "cleanup")
    assert done.returncode == 0, done.stderr
    assert left() == set()


def words(mode: str, folder: Path) -> tuple[str, ...]:
    return (
        *("proxy", "--mode", mode, "--manifests", str(folder), "--node", "here"),
        *("--node-address", NODE_ADDRESSES[0], "--cluster-cidr", "10.1.0.0/16"),
    )


def program(mode: str, folder: Path) -> AbstractContextManager[ServerProcess]:
    return running(*words(mode, folder), ready="proxy.synced")


def left() -> set[str]:
    """Modes that have something in the kernel."""
    found = shell("nft list tables", "iptables-nft-save")
    return {mode for mode, trace in TRACES.items() if trace in found}


@contextmanager
def clients() -> Iterator[Counter[str]]:
    """Somebody connects all the time; who answered is counted."""
    found: Counter[str] = Counter()
    over = threading.Event()

    def connect() -> None:
        while not over.is_set():
            found.update(reached(VIP, count=1))

    thread = threading.Thread(target=connect)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_a_mode_takes_over_from_another_one_without_a_gap(mode: str, folder: Path) -> None:
    after = mode.partition("-")[0]
    (before,) = TRACES.keys() - {after}
    with program(before, folder):
        assert left() == {before}
    with clients() as answered, program(after, folder) as second:
        line = second.line("proxy.taken_over")
        meanwhile = left()

    assert f"mode={after}" in line
    assert before in line
    assert meanwhile == {after}
    assert answered.keys() == {"b1", "b2"}  # nobody was refused, nor had to wait
    assert reached(VIP, count=2).keys() <= {"b1", "b2"}


def test_the_second_proxy_of_a_node_does_not_start(mode: str, folder: Path) -> None:
    with program(mode.partition("-")[0], folder) as first:
        done = run(*words("nftables", folder), "--healthz-bind-address", "")
        cleaned = run("proxy", "cleanup")
        spared = run("proxy", "cleanup", "--kube-proxy")

        assert (done.returncode, cleaned.returncode, spared.returncode) == (1, 1, 0)
        assert left() == {mode.partition("-")[0]}
        for one in (done, cleaned):
            assert f"another svcdns is: process {first.process.pid} (" in one.stderr
            assert f"  next  stop it: kill {first.process.pid}" in one.stderr


def test_no_proxy_starts_beside_kube_proxy(mode: str, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "kube-proxy"
    shutil.copy(shutil.which("sleep") or "", other)
    with subprocess.Popen([other, "60"]) as process:
        done = run(*words(mode.partition("-")[0], folder))
        process.kill()

    assert done.returncode == 1
    assert f"kube-proxy runs: process {process.pid}" in done.stderr
    assert "next  let it go first: kubectl" in done.stderr
    assert left() == set()
