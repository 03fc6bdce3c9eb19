"""`list`, `diff` and `cleanup` say what the kernel has, or why it cannot be read."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner, Result

from svcdns.app import proxy_backend
from svcdns.app.proxy_plan import planned
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.cli.main import app
from svcdns.dataplane.fake import Fake
from svcdns.proxy.diff import diff
from svcdns.proxy.model import Desired
from tests.support.tree import ROOT

SHOP = ("--manifests", str(ROOT / "examples/shop"), "--node", "node-a", "--masquerade-all")
DESIRED = planned(ProxySettings(manifests=SHOP[1], node="node-a")).desired


def proxy(*words: str) -> Result:
    return CliRunner().invoke(app, ["proxy", *words])


async def realized(wanted: Desired) -> proxy_backend.Observed:
    kernel = Fake()
    await kernel.apply(diff(wanted, kernel.realized()), wanted)
    return proxy_backend.Observed(kernel.realized(), foreign=2)


def has(monkeypatch: pytest.MonkeyPatch, found: proxy_backend.Observed) -> None:
    """Let the kernel be as the strict fake was left."""
    monkeypatch.setattr(proxy_backend, "observed", lambda *_: found)


async def test_what_is_there_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, await realized(DESIRED))

    result = proxy("list", *SHOP)

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1 + len(DESIRED.virtual_servers)
    assert result.stderr == "2 of others are not shown\n"


async def test_one_namespace_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, await realized(DESIRED))

    _, *rows = proxy("list", "-n", "shop", *SHOP).stdout.splitlines()

    assert 0 < len(rows) < len(DESIRED.virtual_servers)
    assert all(" shop/" in row for row in rows)


@pytest.mark.parametrize(
    ("form", "start"), [("wide", "VIRTUAL"), ("json", "{"), ("yaml", "virtual_servers:")]
)
async def test_it_is_listed_in_each_form(
    monkeypatch: pytest.MonkeyPatch, form: str, start: str
) -> None:
    has(monkeypatch, await realized(DESIRED))

    result = proxy("list", "-o", form, *SHOP)

    assert result.exit_code == 0
    assert result.stdout.startswith(start)
    assert "172.18.0.2" in result.stdout


async def test_no_difference_is_success(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, await realized(DESIRED))

    result = proxy("diff", *SHOP)

    assert (result.exit_code, result.stdout) == (0, "no difference in 14 virtual servers\n")


async def test_each_difference_is_a_line_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *rest = DESIRED.virtual_servers
    less = replace(DESIRED, virtual_servers={key: DESIRED.virtual_servers[key] for key in rest})
    has(monkeypatch, await realized(less))

    result = proxy("diff", *SHOP)

    assert result.exit_code == 1
    assert "missing in the kernel\n1 difference in 14 virtual servers." in result.stdout
    assert result.stdout.startswith(str(first))


@pytest.mark.parametrize("command", ["list", "diff"])
def test_a_kernel_that_cannot_be_read_is_a_failure_with_a_way_out(command: str) -> None:
    result = proxy(command, *SHOP, "--mode", "userspace")

    assert result.exit_code == 1
    assert "\n  next  " in result.stderr


@pytest.mark.parametrize("command", ["list", "diff"])
def test_a_cluster_that_cannot_be_read_is_a_failure(command: str) -> None:
    result = proxy(command, "--manifests", "/nosuch")

    assert result.exit_code == 1
    assert "no Kubernetes objects can be read" in result.stderr


def test_cleanup_says_that_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[tuple[str, bool]] = []

    def clean(settings: ProxySettings, *, and_kube_proxys: bool) -> tuple[str, ...]:
        cleaned.append((settings.device, and_kube_proxys))
        return ("virtual servers", "the device")

    monkeypatch.setattr(proxy_backend, "clean", clean)

    result = proxy("cleanup", "--device", "svc0", "--kube-proxy")

    assert (result.exit_code, cleaned) == (0, [("svc0", True)])
    assert result.stdout == (
        "taken away: virtual servers\ntaken away: the device\n"
        "nothing of kube-proxy is left on this node\n"
    )


def test_cleanup_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: ProxySettings, *, and_kube_proxys: bool) -> None:
        assert not and_kube_proxys
        raise StartError("delete device: not permitted")

    monkeypatch.setattr(proxy_backend, "clean", refuse)

    result = proxy("cleanup")

    assert (result.exit_code, result.stderr) == (1, "delete device: not permitted\n")
