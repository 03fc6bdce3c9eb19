"""A node has one proxy: whoever comes second is told who is there."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.sole_proxy import (
    Sign,
    described,
    kube_proxy_mode,
    refuse_beside_kube_proxy,
)
from tests.support.namespaces import Network
from tests.support.tools import require
from tests.support.tree import ROOT


@pytest.fixture
def node() -> Iterator[None]:
    """This thread's sockets are in a namespace of the test's own."""
    with Network() as network, network.inside():
        yield


@pytest.mark.usefixtures("node")
def test_the_second_one_is_told_which_process_is_the_first() -> None:
    first, second = Sign(), Sign()
    first.take()

    with pytest.raises(DataplaneError) as caught:
        second.take()

    first.give_back()
    assert f"another svcdns is: process {os.getpid()} (" in caught.value.cause
    assert caught.value.remedy == f"stop it: kill {os.getpid()}"


@pytest.mark.usefixtures("node")
def test_what_was_given_back_can_be_taken() -> None:
    first, second = Sign(), Sign()
    first.take()
    first.give_back()

    second.take()
    second.give_back()


@pytest.mark.usefixtures("node")
def test_one_that_cannot_be_seen_is_found_with_the_command_that_is_named() -> None:
    script = "from svcdns.dataplane.sole_proxy import Sign\nSign().take()"
    first = Sign()
    first.take()
    line = [
        require("unshare", package="util-linux"),
        "--pid",
        "--fork",
        sys.executable,
        "-c",
        script,
    ]

    second = subprocess.run(line, capture_output=True, text=True, check=False)
    (command,) = re.findall(r"ss -lxp.*$", second.stderr, re.MULTILINE)
    require("ss", package="iproute2")
    found = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    first.give_back()
    assert "another svcdns is: a process that cannot be seen from here" in second.stderr
    assert f"pid={os.getpid()}," in found.stdout


def test_namespaces_have_a_proxy_each() -> None:
    signs = []
    for _ in range(2):
        with Network() as network, network.inside():
            signs.append(Sign())
            signs[-1].take()

    for sign in signs:
        sign.give_back()


@pytest.mark.usefixtures("node")
def test_whoever_has_no_right_to_the_node_keeps_nobody_from_it() -> None:
    script = (
        "import os, socket, sys\nos.setuid(65534)\ns = socket.socket(socket.AF_UNIX)\n"
        's.bind("\\0svcdns/proxy")\ns.listen(9)\nprint(flush=True)\nsys.stdin.read()'
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline()
        sign = Sign()
        sign.take()
        stranger.communicate()

    sign.give_back()


def processes(folder: Path, *names: str) -> Path:
    """A /proc with these, all in our network namespace but those whose name is in capitals."""
    (folder / "self/ns").mkdir(parents=True)
    (folder / "self/ns/net").touch()
    for number, name in enumerate(names, 800):
        (folder / str(number) / "ns").mkdir(parents=True)
        (folder / str(number) / "comm").write_text(f"{name.lower()}\n")
        place = folder / str(number) / "ns/net"
        if name.isupper():
            place.touch()
        else:
            place.hardlink_to(folder / "self/ns/net")
    return folder


@pytest.mark.usefixtures("node")
def test_a_kube_proxy_of_this_node_is_known_by_its_process(tmp_path: Path) -> None:
    proc = processes(tmp_path, "kubelet", "kube-proxy")

    with pytest.raises(DataplaneError, match="kube-proxy runs: process 801") as caught:
        refuse_beside_kube_proxy("do this", proc)

    assert caught.value.operation == "do this"
    for page in ("docs/replace-kube-proxy.md", "deploy/README.md"):
        shown = (ROOT / page).read_text(encoding="utf-8").replace("\\\n  ", "")
        (command,) = re.findall(
            r"^kubectl .*patch daemonset kube-proxy -p .*$", shown, re.MULTILINE
        )
        assert command in caught.value.remedy


@pytest.mark.usefixtures("node")
def test_a_kube_proxy_in_another_namespace_is_no_matter(tmp_path: Path) -> None:
    refuse_beside_kube_proxy(proc=processes(tmp_path, "kubelet", "KUBE-PROXY"))


class _Page(BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page(port: int, content: bytes) -> Iterator[None]:
    """Somebody answers at a port of this node."""
    with HTTPServer(("127.0.0.1", port), type("Page", (_Page,), {"content": content})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.usefixtures("node")
def test_a_kube_proxy_that_cannot_be_seen_is_known_by_its_page(tmp_path: Path) -> None:
    content = b'{"lastUpdated": "1", "currentTime": "1", "nodeEligible": true}'

    with page(10256, content), pytest.raises(DataplaneError, match=r"127\.0\.0\.1:10256 answers"):
        refuse_beside_kube_proxy(proc=processes(tmp_path))


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("content", [b"ok", b"[]", b'{"status": "ok"}', b"\xff"])
def test_another_page_at_its_place_is_no_matter(tmp_path: Path, content: bytes) -> None:
    with page(10256, content):
        refuse_beside_kube_proxy(proc=processes(tmp_path))


@pytest.mark.usefixtures("node")
def test_a_kube_proxy_that_runs_says_its_mode() -> None:
    with page(10249, b"ipvs"):
        while_it_runs = kube_proxy_mode()

    assert (while_it_runs, kube_proxy_mode()) == ("ipvs", "")


def test_a_process_has_its_name_where_it_can_be_seen() -> None:
    name = Path("/proc/self/comm").read_text().strip()

    assert described(os.getpid()) == f"process {os.getpid()} ({name})"
    assert described(0) == "a process that cannot be seen from here"
    assert described(1 << 30) == f"process {1 << 30}"
