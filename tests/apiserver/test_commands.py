"""`svcdns doctor` and `svcdns migrate` beside a real kube-apiserver: what they ask, it answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from svcdns.cli.main import app
from tests.support.apiserver import ControlPlane
from tests.support.coredns_objects import COREFILE, config_map, service, workload

FOLDER = "/api/v1/namespaces/kube-system"
APPS = "/apis/apps/v1/namespaces/kube-system"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def findings(result: Result) -> list[dict[str, Any]]:
    found = json.loads(result.stdout)["findings"]
    assert isinstance(found, list)
    return found


@pytest.fixture
def installed(cluster: ControlPlane) -> Iterator[ControlPlane]:
    """A cluster with CoreDNS as kubeadm installs it, though no Pod runs."""
    deployment = workload()
    deployment["spec"]["selector"] = {"matchLabels": {"k8s-app": "kube-dns"}}
    objects = {
        f"{FOLDER}/configmaps": config_map("coredns", Corefile=COREFILE),
        f"{FOLDER}/services": service(),
        f"{APPS}/deployments": deployment,
    }
    for path, document in objects.items():
        status, answer = cluster.ask("POST", path, document)
        assert status == 201, answer
    yield cluster
    for path, document in objects.items():
        cluster.ask("DELETE", f"{path}/{document['metadata']['name']}")


@pytest.mark.parametrize(
    ("user", "missing"),
    [
        ("svcdns", []),
        ("no-slices", ["no-slices cannot list or watch endpointslices.discovery.k8s.io"]),
        ("no-watch", ["no-watch cannot watch endpointslices.discovery.k8s.io"]),
        (
            "weak",
            [
                "weak cannot list or watch services",
                "weak cannot list or watch endpointslices.discovery.k8s.io",
                "weak cannot list or watch namespaces",
            ],
        ),
    ],
)
def test_doctor_finds_the_permissions_that_are_missing(
    cluster: ControlPlane, user: str, missing: list[str]
) -> None:
    kubeconfig = cluster.kubeconfig(user, token=user)

    result = run("doctor", "api", "--kubeconfig", str(kubeconfig), "--timeout", "20", "-o", "json")

    found = findings(result)
    assert [one["text"] for one in found if one["level"] == "fail"] == missing
    assert result.exit_code == bool(missing)
    by_name = {one["name"]: one for one in found}
    assert by_name["API server"]["text"].startswith(f"{cluster.url}  ")
    assert by_name["API certificate"]["level"] == "warn"  # tests' own is good for two days
    assert by_name["clock skew"]["level"] == "ok"


def test_doctor_asks_for_an_accounts_permissions(cluster: ControlPlane) -> None:
    kubeconfig = cluster.kubeconfig("admin", token="admin")  # noqa: S106
    words = ("--kubeconfig", str(kubeconfig), "--timeout", "20", "--service-account")

    good = run("doctor", "api", *words, "svcdns")
    nobody = run("doctor", "api", *words, "nobody")

    assert "system:serviceaccount:kube-system:svcdns may list and watch" in good.stdout
    assert good.exit_code == 0
    assert "--serviceaccount=kube-system:nobody" in nobody.stdout
    assert nobody.exit_code == 1


def test_migrate_reads_coredns_and_changes_nothing(installed: ControlPlane) -> None:
    kubeconfig = installed.kubeconfig("admin", token="admin")  # noqa: S106
    before = [
        installed.ask("GET", path) for path in (f"{FOLDER}/configmaps", f"{APPS}/deployments")
    ]

    result = run("migrate", "--kubeconfig", str(kubeconfig), "-o", "json")

    after = [installed.ask("GET", path) for path in (f"{FOLDER}/configmaps", f"{APPS}/deployments")]
    document = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert document["values"] == {"mode": "replace", "existingConfigMap": "coredns"}
    assert {one["name"]: one["level"] for one in document["findings"]} == {
        "Corefile": "ok",
        "loop": "ok",
        "cache": "ok",
        "Deployment": "ok",
        "memory": "warn",
        "Service": "ok",
        "size": "ok",
    }
    assert _without_versions(before) == _without_versions(after)


def test_migrate_says_what_it_may_not_read(installed: ControlPlane) -> None:
    kubeconfig = installed.kubeconfig("weak", token="weak")  # noqa: S106

    result = run("migrate", "--kubeconfig", str(kubeconfig))

    assert result.exit_code == 1
    assert "ConfigMap kube-system/coredns cannot be read: 403 Forbidden" in result.stderr


def _without_versions(answers: list[tuple[int, Any]]) -> list[Any]:
    return [body["items"] for _, body in answers]
