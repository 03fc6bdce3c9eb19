"""Manifests go to a folder or to standard output, words about them to standard error."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from svcdns.app.export import Outcome
from svcdns.cli.export import MOST_SHOWN, summary
from svcdns.cli.main import app
from svcdns.cluster.columns import Columns
from svcdns.cluster.model import Namespace, Object, Pod, Service
from svcdns.source.assembly import Labelled
from tests.support.live_api import live_api
from tests.support.tree import ROOT

SHOP = str(ROOT / "examples/shop")
COUNTS = "3 Namespaces, 12 Services, 31 endpoints, 9 Pods, 2 Nodes"
BAD = "apiVersion: v1\nkind: Service\nmetadata: {name: -a}\n"


def export(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["export", *words], input=stdin)


def test_objects_go_to_standard_output_and_a_summary_to_standard_error() -> None:
    result = export("--manifests", SHOP)

    assert result.exit_code == 0
    assert len(list(yaml.safe_load_all(result.stdout))) == 38
    assert result.stderr == f"{COUNTS}\n"


def test_json_is_one_list() -> None:
    result = export("--manifests", SHOP, "-o", "json")

    assert len(json.loads(result.stdout)["items"]) == 38


def test_objects_go_to_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"

    result = export("--manifests", SHOP, str(folder))

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{COUNTS} written to {folder} in 4 files\n"
    assert sorted(one.name for one in folder.iterdir()) == [
        "_nodes.yaml",
        "default.yaml",
        "kube-system.yaml",
        "shop.yaml",
    ]


def test_what_was_exported_can_be_exported(tmp_path: Path) -> None:
    first, second = export("--manifests", SHOP), tmp_path / "again.yaml"
    second.write_text(first.stdout, encoding="ascii")

    assert export("--manifests", str(second)).stdout == first.stdout


def test_standard_input_is_read() -> None:
    result = export(
        "--manifests", "-", stdin="apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
    )

    assert result.stdout == "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
    assert result.stderr == "1 Namespace, 0 Services, 0 endpoints, 0 Pods, 0 Nodes\n"


def test_one_namespace_comes_with_the_nodes() -> None:
    result = export("--manifests", SHOP, "-n", "shop")

    kinds = [one["kind"] for one in yaml.safe_load_all(result.stdout)]
    places = [one["metadata"].get("namespace", "shop") for one in yaml.safe_load_all(result.stdout)]
    assert kinds.count("Namespace") == 1
    assert {*places} == {"shop"}
    assert "2 Nodes" in result.stderr


def test_every_namespace_can_be_asked_for() -> None:
    assert export("--manifests", SHOP, "-A").stderr == f"{COUNTS}\n"
    assert export("--manifests", SHOP, "-A", "-n", "shop").exit_code == 2


def test_a_namespace_that_does_not_exist_is_named() -> None:
    result = export("--manifests", SHOP, "-n", "shoop")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is nothing in the Namespace 'shoop'" in result.stderr


def test_an_anonymized_export_names_nobody(tmp_path: Path) -> None:
    table = tmp_path / "names.tsv"

    result = export("--manifests", SHOP, "--anonymize", "--names", str(table))

    assert result.exit_code == 0
    assert "shop" not in result.stdout
    assert "namespace\tshop\tnamespace-1\n" in table.read_text(encoding="ascii")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param([], "say where the objects are: either --manifests", id="no source"),
        pytest.param(
            ["--manifests", SHOP, "--names", "a"], "--names goes with --anonymize", id="names alone"
        ),
        pytest.param(["--manifests", SHOP, "a", "b"], "b", id="two folders"),
        pytest.param(["--manifests", SHOP, "-o", "xml"], "xml", id="another form"),
    ],
)
def test_a_wrong_command_line_exits_with_2(words: list[str], text: str) -> None:
    result = export(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert text in result.stderr


def test_a_source_that_cannot_be_read_exits_with_1(tmp_path: Path) -> None:
    result = export("--manifests", str(tmp_path / "nowhere"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere: does not exist" in result.stderr


def test_a_folder_that_is_not_empty_exits_with_1() -> None:
    result = export("--manifests", SHOP, SHOP)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"'{SHOP}' is not empty: what is in it would be read as part of the export",
        "  next  name a new folder",
    ]


def test_an_export_that_lacks_something_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD, encoding="ascii")

    result = export("--manifests", str(tmp_path))

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "not everything could be read:\n" in result.stderr
    assert "Service -a: metadata.name: '-a' cannot be a DNS label" in result.stderr


def test_the_summary_counts_endpoints_not_slices() -> None:
    columns = Columns()
    columns.add(b"\n\0\0\1", 3, "", "", "", "")
    values: list[Object] = [
        Namespace("a"),
        Service("a", "b"),
        Pod("a", "b"),
        columns.slice("a", "b", "b", 4, ()),
        columns.slice("a", "c", "b", 4, ()),
    ]
    outcome = Outcome(tuple(Labelled(value, {}) for value in values), (), files=1)

    assert summary(outcome, "out") == (
        "1 Namespace, 1 Service, 2 endpoints, 1 Pod, 0 Nodes written to out in 1 file"
    )


def test_not_everything_that_is_missing_is_listed() -> None:
    missing = tuple(f"problem {n}" for n in range(1234))

    lines = summary(Outcome((), missing), None).splitlines()

    assert lines[1:3] == ["not everything could be read:", "  problem 0"]
    assert len(lines) == MOST_SHOWN + 3
    assert lines[-1] == "  and 1,224 more: svcdns serve --manifests logs them all"


def test_a_live_cluster_is_written_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with live_api() as api:
        result = export("--apiserver", api.url, str(folder))

    assert result.exit_code == 0, result.output
    counts = "1 Namespace, 2 Services, 1 endpoint, 0 Pods, 0 Nodes"
    assert result.stderr == f"{counts} written to {folder} in 1 file\n"
    assert export("--manifests", str(folder)).stderr == f"{counts}\n"


def test_a_source_is_named_once() -> None:
    for words in ((), ("--manifests", SHOP, "--context", "a")):
        result = export(*words)

        assert result.exit_code == 2
        assert "either --manifests DIR" in result.stderr
