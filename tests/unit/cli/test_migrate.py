"""The plan is shown as text, JSON or YAML, or as values alone; nothing is changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from svcdns.cli.main import app
from tests.support.coredns_objects import COREFILE, places, service, workload
from tests.support.live_api import LiveApi, live_api
from tests.support.tree import ROOT

COREFILES = sorted((ROOT / "tests/corefiles").iterdir())


def migrate(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["migrate", *words], input=stdin)


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        for path, document in places().items():
            api.do("place", path, document)
        yield api


@pytest.fixture
def corefile(tmp_path: Path) -> Path:
    """kubeadm's."""
    path = tmp_path / "Corefile"
    path.write_text(COREFILE, encoding="ascii")
    return path


def test_a_live_cluster_gets_a_plan(api: LiveApi) -> None:
    result = migrate("--apiserver", api.url)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("ok    Corefile")
    assert "  mode: replace\n  existingConfigMap: coredns\n" in result.stdout
    assert f"svcdns migrate --apiserver {api.url} --values > svcdns.yaml" in result.stdout
    assert result.stdout.endswith(
        f"     helm --kube-apiserver {api.url} -n kube-system uninstall svcdns\n"
    )


def test_nothing_is_changed(api: LiveApi) -> None:
    migrate("--apiserver", api.url)

    assert {one.request.method for one in api.api.received} == {"GET"}


def test_values_alone_are_yaml(api: LiveApi) -> None:
    result = migrate("--apiserver", api.url, "--values", "--mode", "canary")

    values = {"mode": "canary", "existingConfigMap": "coredns"}
    assert yaml.safe_load(result.stdout) == values


@pytest.mark.parametrize("folder", COREFILES, ids=lambda path: path.name)
def test_every_distribution_gets_a_plan(folder: Path) -> None:
    words = ["--corefile", str(folder / "Corefile")]
    if (folder / "custom").is_dir():
        words += ["--custom", str(folder / "custom")]

    result = migrate(*words, "-o", "json")

    document = json.loads(result.stdout)
    assert document["possible"] is (result.exit_code == 0)
    assert document["possible"] is (folder.name != "nodelocaldns")
    usual = {"mode": "replace", "existingConfigMap": "coredns"}
    assert usual.items() <= document["values"].items()
    assert document["values"].keys() - usual.keys() <= {"dnsPorts", "prometheus", "readinessProbe"}
    assert yaml.safe_load(migrate(*words, "-o", "yaml").stdout) == document


def test_a_deployment_comes_from_a_file(corefile: Path, tmp_path: Path) -> None:
    path = tmp_path / "coredns.yaml"
    documents = [workload(replicas=7), service()]
    path.write_text("---\n".join(json.dumps(one) + "\n" for one in documents), encoding="ascii")

    result = migrate("--corefile", str(corefile), "--deployment", str(path), "--values")

    assert yaml.safe_load(result.stdout)["replicaCount"] == 7


def test_a_corefile_comes_from_standard_input() -> None:
    result = migrate("--corefile", "-", "-o", "json", stdin=".:53 {\n    dnssec\n}\n")

    assert result.exit_code == 1
    finding = json.loads(result.stdout)["findings"][0]
    assert (finding["level"], finding["name"]) == ("fail", "Corefile:2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--custom", "a"], "--custom and --deployment go with --corefile"),
        (["--corefile", "a", "--context", "b"], "--corefile is instead of a cluster"),
    ],
)
def test_wrong_usage_exits_with_2(words: list[str], said: str) -> None:
    result = migrate(*words)

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_cluster_that_cannot_be_read_exits_with_1(tmp_path: Path) -> None:
    result = migrate("--kubeconfig", str(tmp_path / "missing"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no kubeconfig at" in result.stderr
