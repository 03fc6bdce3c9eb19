"""CoreDNS as an API server or files have it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from svcdns.app.migration_sources import Request, of_cluster, of_files
from svcdns.app.start_error import StartError
from tests.support.coredns_objects import COREFILE, NAMESPACE, config_map, places, service, workload
from tests.support.live_api import LiveApi, live_api
from tests.support.upstreams import closed_port


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        for path, document in places().items():
            api.do("place", path, document)
        yield api


def test_a_cluster_is_read_whole(api: LiveApi) -> None:
    custom = config_map("coredns-custom", **{"a.server": "a.example:53 {\n    whoami\n}\n"})
    api.do("place", f"{NAMESPACE}/configmaps/coredns-custom", custom)
    told: list[tuple[int, int]] = []

    found = of_cluster(Request(servers=(api.url,)), lambda *far: told.append(far))

    assert found.corefile == COREFILE
    assert list(found.files) == ["/etc/coredns/custom/a.server"]
    assert [one["kind"] for one in found.objects] == ["Deployment", "Service"]
    assert (found.services, found.slices, found.missing) == (2, 1, ())
    assert told == [(count, 8) for count in range(1, 9)]


def test_only_questions_are_asked(api: LiveApi) -> None:
    of_cluster(Request(servers=(api.url,)))

    assert {one.request.method for one in api.api.received} == {"GET"}


def test_what_cannot_be_read_is_missing_and_the_rest_is_there() -> None:
    with live_api() as api:
        for path, document in places().items():
            if "poddisruptionbudgets" not in path:
                api.do("place", path, document)

        found = of_cluster(Request(servers=(api.url,)))

    assert [one.partition(":")[0] for one in found.missing] == ["poddisruptionbudgets"]
    assert len(found.objects) == 2


@pytest.mark.parametrize(
    ("config_map_name", "said"),
    [
        (
            "elsewhere",
            "ConfigMap kube-system/elsewhere cannot be read.*\n  next  name it with --con",
        ),
        ("empty", "has no key"),
    ],
)
def test_without_a_corefile_there_is_nothing_to_say(
    api: LiveApi, config_map_name: str, said: str
) -> None:
    api.do("place", f"{NAMESPACE}/configmaps/empty", config_map("empty"))

    with pytest.raises(StartError, match=said):
        of_cluster(Request(config_map=config_map_name, servers=(api.url,)))


def test_an_api_server_that_is_not_there_is_named() -> None:
    url = f"http://127.0.0.1:{closed_port()}"

    with pytest.raises(StartError, match=url):
        of_cluster(Request(servers=(url,)))


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="there is no kubeconfig at"):
        of_cluster(Request(kubeconfig=str(tmp_path / "missing")))


def test_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "Corefile").write_text(COREFILE, encoding="ascii")
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom/a.server").write_text("a.example {\n}\n", encoding="ascii")
    manifests = {"kind": "List", "items": [workload(), service()]}
    (tmp_path / "coredns.yaml").write_text(json.dumps(manifests), encoding="ascii")

    found = of_files(
        Request(
            str(tmp_path / "Corefile"), str(tmp_path / "custom"), str(tmp_path / "coredns.yaml")
        )
    )

    assert (found.corefile, found.folder) == (COREFILE, str(tmp_path))
    assert found.files == {"/etc/coredns/custom/a.server": "a.example {\n}\n"}
    assert [one["kind"] for one in found.objects] == ["Deployment", "Service"]
    assert found.services is None


@pytest.mark.parametrize("missing", ["corefile", "custom", "workload"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    (tmp_path / "Corefile").write_text(COREFILE, encoding="ascii")
    request = Request(str(tmp_path / "Corefile"))

    with pytest.raises(StartError, match="nowhere"):
        of_files(replace(request, **{missing: str(tmp_path / "nowhere")}))  # type: ignore[arg-type]


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Corefile").write_text(COREFILE, encoding="ascii")
    path = tmp_path / "coredns.yaml"
    path.write_text("a: b\n}\n", encoding="ascii")

    with pytest.raises(StartError, match=f"{path}:2: no YAML"):
        of_files(Request(str(tmp_path / "Corefile"), workload=str(path)))
