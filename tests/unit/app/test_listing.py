"""A copy of what a fake API server has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from svcdns.app.listing import listed, silent
from svcdns.app.start_error import StartError
from svcdns.cluster.model import EndpointSlice, Namespace, Pod, Service
from tests.support.fakeapi import Fault, User, objects
from tests.support.live_api import LiveApi, live_api


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        yield api


def test_every_object_comes_with_its_labels(api: LiveApi) -> None:
    api.do("put", objects.service("labelled", addresses=["10.96.4.9"], labels={"app": "web"}))

    found, missing = listed({}, servers=(api.url,))

    kinds = [type(one.value) for one in found]
    assert [kinds.count(kind) for kind in (Namespace, Service, EndpointSlice, Pod)] == [1, 3, 1, 0]
    assert {one.value.name: one.labels.get("app") for one in found}["labelled"] == "web"
    assert missing == ()


def test_a_list_of_several_pages_is_whole(api: LiveApi) -> None:
    for number in range(1100):
        api.do("put", objects.service(f"s-{number}", addresses=["10.96.9.9"]))

    found, _ = listed({}, servers=(api.url,))

    assert sum(isinstance(one.value, Service) for one in found) == 1102


def test_progress_is_told_with_the_total_where_it_is_known(api: LiveApi) -> None:
    for number in range(600):
        api.do("put", objects.service(f"s-{number}", addresses=["10.96.9.9"]))
    told: list[tuple[int, int | None, str]] = []

    listed({}, servers=(api.url,), done=lambda *far: told.append(far))

    assert told[:3] == [
        (500, 602, "services"),
        (602, 602, "services"),
        (1, 1, "endpointslices"),
    ]


def test_nobody_has_to_be_told() -> None:
    assert silent(1, None, "pods") is None  # type: ignore[func-returns-value]


def test_what_is_forbidden_is_missing_and_the_rest_is_there(api: LiveApi, tmp_path: Path) -> None:
    grants = frozenset(("list", name) for name in ("services", "namespaces"))
    api.do("let_in", User("weak", grants), token="weak-token")  # noqa: S106
    path = tmp_path / "kubeconfig"
    path.write_text(
        f'current-context: a\nclusters: [{{name: a, cluster: {{server: "{api.url}"}}}}]\n'
        "users: [{name: a, user: {token: weak-token}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\n",
        encoding="ascii",
    )

    found, missing = listed({}, kubeconfig=str(path))

    assert len(found) == 3
    assert [text.partition(":")[0] for text in missing] == ["endpointslices", "pods"]
    assert "403" in missing[0]


def test_an_object_that_cannot_be_used_is_missing(api: LiveApi) -> None:
    slice_ = objects.endpoint_slice("db-2", "db", ["10.1.0.4", "10.1.0.5"])
    slice_["endpoints"][0]["addresses"] = ["not an address"]
    api.do("put", slice_)

    found, missing = listed({}, servers=(api.url,))

    assert any(one.value.name == "db-2" for one in found)
    (text,) = missing
    assert text.startswith("EndpointSlice shop/db-2: endpoints[0].addresses[0]: ")


def test_a_list_that_got_too_old_is_begun_anew(api: LiveApi) -> None:
    api.do("fail_next", Fault.HTTP_410, kind="Service", times=2)

    found, missing = listed({}, servers=(api.url,))

    assert sum(isinstance(one.value, Service) for one in found) == 2
    assert missing == ()


def test_an_api_server_that_is_not_there_is_said() -> None:
    with pytest.raises(StartError, match=r"no objects can be read .* http://127.0.0.1:1 "):
        listed({}, servers=("http://127.0.0.1:1",))


def test_a_kubeconfig_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"there is no kubeconfig at .*nowhere: name one"):
        listed({}, kubeconfig=str(tmp_path / "nowhere"))
