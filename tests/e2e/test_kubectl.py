"""`kubectl svcdns` as kubectl starts it: a program of that name, a kubeconfig, an API server."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.coredns_objects import places
from tests.support.live_api import LiveApi, live_api
from tests.support.tree import ROOT

PROGRAM = f"#!{sys.executable}\nfrom svcdns.cli.main import main\nmain()\n"


class Plugin(NamedTuple):
    """What kubectl would start, and where it would lead."""

    path: Path
    api: LiveApi
    environment: Mapping[str, str]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self.path), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    path, kubeconfig = tmp_path / "kubectl-svcdns", tmp_path / "kubeconfig"
    path.write_text(PROGRAM, encoding="utf-8")
    path.chmod(0o755)
    with live_api() as api:
        for place, document in places().items():
            api.do("place", place, document)
        kubeconfig.write_text(
            f'current-context: a\nclusters: [{{name: a, cluster: {{server: "{api.url}"}}}}]\n'
            "users: [{name: a, user: {token: t}}]\n"
            "contexts: [{name: a, context: {cluster: a, user: a}}]\n",
            encoding="ascii",
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(kubeconfig),
            "TERM": "xterm",
        }
        yield Plugin(path, api, environment)


def test_usage_says_how_it_was_called(plugin: Plugin) -> None:
    done = plugin.run("doctor", "nonsense")

    assert done.returncode == 2
    assert done.stderr.startswith("Usage: kubectl svcdns doctor ")


def test_a_name_is_looked_up_from_a_namespace(plugin: Plugin) -> None:
    done = plugin.run("-n", "shop", "query", "web")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("NOERROR  web.shop.svc.cluster.local A")


def test_everything_can_be_exported(plugin: Plugin) -> None:
    done = plugin.run("export", "-A", "-o", "json")

    assert done.returncode == 0
    assert len(json.loads(done.stdout)["items"]) == 4


def test_a_service_is_described(plugin: Plugin) -> None:
    done = plugin.run("describe", "service", "db", "-n", "shop")

    assert done.returncode == 0
    assert "10.1.0.3" in done.stdout


def test_a_plan_is_made(plugin: Plugin) -> None:
    done = plugin.run("migrate", "--context", "a", "-o", "json")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["values"]["existingConfigMap"] == "coredns"


def test_a_check_up_is_made(plugin: Plugin) -> None:
    done = plugin.run("doctor", "api", "--timeout", "60", "-o", "json")

    names = {one["name"]: one["level"] for one in json.loads(done.stdout)["findings"]}
    assert names["API server"] == names["permissions"] == "ok"


def test_a_terminal_sees_progress_and_a_pipe_does_not(plugin: Plugin) -> None:
    ours, theirs = pty.openpty()
    try:
        shown = subprocess.run(
            [str(plugin.path), "migrate"],
            env=plugin.environment,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            check=False,
        )
        progress = os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert " of 8 answers of the API server" in progress
    assert progress.endswith("\r\x1b[K")
    assert "\x1b" not in shown.stdout
