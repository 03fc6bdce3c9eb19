"""Answers from what an API server has now, with a Pod's search list."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svcdns.cli.main import PLUGIN, app
from tests.support.fakeapi import User
from tests.support.live_api import LiveApi, live_api
from tests.support.resolver import resolver


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        yield api


def query(*words: str, program: str = "svcdns", kubeconfig: str = "") -> Result:
    runner = CliRunner(env={"KUBECONFIG": kubeconfig, "KUBERNETES_SERVICE_HOST": None})
    return runner.invoke(app, ["query", *words], prog_name=program)


def kubeconfig(tmp_path: Path, url: str, namespace: str = "default") -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(
        f'current-context: a\nclusters: [{{name: a, cluster: {{server: "{url}"}}}}]\n'
        "users: [{name: a, user: {token: t}}]\n"
        f"contexts: [{{name: a, context: {{cluster: a, user: a, namespace: {namespace}}}}}]\n",
        encoding="ascii",
    )
    return str(path)


def test_the_answer_is_made_from_the_api_server(api: LiveApi) -> None:
    result = query("web.shop.svc.cluster.local", "--apiserver", api.url)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("NOERROR  web.shop.svc.cluster.local A")
    assert "from the API server" in result.stdout
    assert "10.96.4.7" in result.stdout


def test_a_short_name_is_found_from_its_namespace(api: LiveApi) -> None:
    result = query("web", "-n", "shop", "--apiserver", api.url, "-o", "json")

    assert json.loads(result.stdout)["name"] == "web.shop.svc.cluster.local"


def test_a_name_that_is_nowhere_says_why_for_its_own_namespace(api: LiveApi) -> None:
    result = query("wbe", "-n", "shop", "--apiserver", api.url)

    assert result.exit_code == 1
    assert result.stdout.startswith("NXDOMAIN  wbe.shop.svc.cluster.local A")
    assert "no Service 'wbe' in namespace 'shop'" in result.stdout
    assert "near  web.shop" in result.stdout


def test_kubectl_svcdns_means_the_cluster_of_the_kubeconfig(api: LiveApi, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, api.url)

    result = query("db", "-n", "shop", program=PLUGIN, kubeconfig=file)

    assert result.exit_code == 0, result.output
    assert "10.1.0.3" in result.stdout


def test_kubectl_svcdns_begins_in_the_namespace_of_the_context(
    api: LiveApi, tmp_path: Path
) -> None:
    file = kubeconfig(tmp_path, api.url, namespace="shop")

    result = query("web", program=PLUGIN, kubeconfig=file)

    assert result.stdout.startswith("NOERROR  web.shop.svc.cluster.local A")


def test_a_search_list_is_tried_at_a_server_too() -> None:
    asked: list[bytes] = []

    def reply(message: bytes, _: str) -> bytes:
        asked.append(message[12:])
        flags = int.from_bytes(message[2:4]) | 0x8083
        end = message.index(0, 12) + 5
        return message[:2] + flags.to_bytes(2) + b"\0\1" + bytes(6) + message[12:end]

    with resolver(reply) as port:
        result = query("web", "-n", "shop", "--zone", "a.b", f"@127.0.0.1:{port}")

    assert result.stdout.startswith("NXDOMAIN  web.shop.svc.a.b A")
    assert len(asked) == 4


def test_two_clusters_are_wrong_usage(api: LiveApi) -> None:
    result = query("web", "--apiserver", api.url, "--manifests", "a")

    assert result.exit_code == 2
    assert "--manifests is instead of an API server" in " ".join(result.stderr.split())


def test_a_cluster_that_cannot_be_read_exits_with_1(tmp_path: Path) -> None:
    result = query("web", "--kubeconfig", str(tmp_path / "missing"))

    assert result.exit_code == 1
    assert "there is no kubeconfig at" in result.stderr


def let_in(api: LiveApi, *resources: str) -> None:
    grants = frozenset(("list", name) for name in resources)
    api.do("let_in", User("weak", grants), token="t")  # noqa: S106


def test_the_rights_of_a_server_are_enough(api: LiveApi, tmp_path: Path) -> None:
    let_in(api, "services", "endpointslices", "namespaces")

    result = query("db", "-n", "shop", "--kubeconfig", kubeconfig(tmp_path, api.url))

    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("lacking", ["services", "endpointslices", "namespaces"])
def test_without_what_answers_are_made_of_there_is_none(
    api: LiveApi, tmp_path: Path, lacking: str
) -> None:
    let_in(api, *{"services", "endpointslices", "namespaces"} - {lacking})

    result = query("db", "-n", "shop", "--kubeconfig", kubeconfig(tmp_path, api.url))

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"an API server: {lacking}: 403 Forbidden" in result.stderr
    assert "next  svcdns doctor api" in result.stderr
