"""`svcdns serve --proxy`: one process answers and balances."""

import subprocess
import sys
from pathlib import Path

import pytest

from svcdns.app.feed import Feed, View
from svcdns.app.options import Options
from svcdns.app.proxy_beside import ProxyBeside
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.app.watching import Watching
from svcdns.telemetry.metrics import Metrics
from svcdns.telemetry.status import Status
from tests.support.process import free_ports, run
from tests.support.tree import ROOT


@pytest.fixture
def feed() -> Feed:
    return Feed()


def joined(settings: ProxySettings | None, feed: Feed, *, is_live: bool = False) -> ProxyBeside:
    beside = ProxyBeside(settings)
    watching = Watching(feed, Options(), {}, Metrics(), Status(), beside.stanzas)
    beside.join(feed, watching, is_live=is_live)
    return beside


async def test_without_settings_it_is_nothing(feed: Feed) -> None:
    beside = joined(None, feed)

    await beside.begin()
    assert beside.loops() == {}
    assert beside.stanzas == {}
    await beside.close()


async def test_with_settings_it_has_a_view_of_its_own(feed: Feed) -> None:
    healthz, metrics = free_ports(2)
    settings = ProxySettings(
        mode="userspace",
        listen="127.0.0.1",
        healthz=f"127.0.0.1:{healthz}",
        metrics=f"127.0.0.1:{metrics}",
    )
    beside = joined(settings, feed)
    state = feed.state(View())
    feed.serve({View("app=web"): ()}, ())

    await beside.begin()

    assert set(beside.loops()) == {"proxying", "proxy-start"}
    assert list(beside.stanzas) == [View()]
    assert any(one is state for one in feed.states())
    await beside.close()


async def test_a_mode_that_does_not_work_ends_the_start(feed: Feed) -> None:
    settings = ProxySettings(
        mode="userspace", listen="127.0.0.1", healthz="", metrics="", scheduler="nosuch"
    )

    with pytest.raises(StartError, match="nosuch"):
        await joined(settings, feed, is_live=True).begin()


def test_a_server_without_a_proxy_does_not_load_one() -> None:
    code = "import sys, svcdns.app.run; print([one for one in sys.modules if 'dataplane' in one])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert found.stdout == "[]\n"


def test_the_command_line_has_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
        'ipvs: {scheduler: nosuch}\nhealthzBindAddress: ""\nmetricsBindAddress: ""\n'
    )
    (tmp_path / "Corefile").write_text(".:0 {\n kubernetes cluster.local\n}\n")
    (tmp_path / "web.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        "spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}\n"
    )
    line = ("serve", "--corefile", str(tmp_path / "Corefile"), "--manifests", str(tmp_path))
    config = ("--proxy-config", str(tmp_path / "config.yaml"))

    ended = run(*line, "--proxy", "userspace", *config)
    alone = run(*line, *config)

    assert ended.returncode == 1
    assert "use scheduler nosuch" in ended.stderr
    assert alone.returncode == 2
    assert "--proxy-config belongs to --proxy MODE" in alone.stderr
