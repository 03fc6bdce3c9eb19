"""The API server as a fake has it: there or not, what it allows, when certificates end."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from svcdns.app.doctor_api import Wanted, look, look_at_certificates, permissions_for
from svcdns.app.doctor_finding import Finding, Level
from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.resources import NAMESPACES, SERVICES, SLICES
from svcdns.source.apiserver.reviews import ServiceAccount
from tests.support.authority import Authority
from tests.support.fakeapi import Fault, User
from tests.support.live_api import LiveApi, live_api
from tests.support.upstreams import closed_port

PERMISSIONS = permissions_for((SERVICES, SLICES, NAMESPACES, SERVICES))
WITHOUT_SLICES = frozenset(
    (verb, name) for verb in ("list", "watch") for name in ("services", "namespaces")
)


@pytest.fixture
def api() -> Iterator[LiveApi]:
    with live_api() as api:
        yield api


def of(api: LiveApi, account: ServiceAccount | None = None) -> list[Finding]:
    return list(look(Access((api.url,)), Wanted(PERMISSIONS, account)))


def test_each_permission_is_asked_for_once() -> None:
    assert [str(one) for one in PERMISSIONS] == [
        "list services",
        "watch services",
        "list endpointslices.discovery.k8s.io",
        "watch endpointslices.discovery.k8s.io",
        "list namespaces",
        "watch namespaces",
    ]


def test_an_api_server_that_allows_everything(api: LiveApi) -> None:
    server, permissions = of(api)

    assert (server.level, permissions.level) == (Level.OK, Level.OK)
    assert server.text.startswith(f"{api.url}  1.37.2, ")
    assert permissions.text == (
        "system:admin may list and watch services, endpointslices.discovery.k8s.io, namespaces"
    )


def token(tmp_path: Path, api: LiveApi, name: str) -> Access:
    path = tmp_path / "kubeconfig"
    path.write_text(
        f'current-context: a\nclusters: [{{name: a, cluster: {{server: "{api.url}"}}}}]\n'
        f"users: [{{name: a, user: {{token: {name}}}}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\n",
        encoding="ascii",
    )
    return Access(kubeconfig=(str(path),))


def test_a_missing_permission_comes_with_the_command_that_grants_it(
    api: LiveApi, tmp_path: Path
) -> None:
    api.do("let_in", User("alice", WITHOUT_SLICES), token="t")  # noqa: S106

    _, finding = look(token(tmp_path, api, "t"), Wanted(PERMISSIONS))

    assert finding.level is Level.FAIL
    assert finding.text == "alice cannot list or watch endpointslices.discovery.k8s.io"
    role, binding = finding.remedy
    name, verbs = "svcdns-endpointslices", "--verb=list,watch"
    assert role == (
        f"kubectl create clusterrole {name} {verbs} --resource=endpointslices.discovery.k8s.io"
    )
    assert binding == (
        f"kubectl create clusterrolebinding {name} --clusterrole={name} --user=alice"
    )


def test_the_permissions_of_an_account_can_be_asked_for(api: LiveApi, tmp_path: Path) -> None:
    account = ServiceAccount("kube-system", "svcdns")
    api.do("let_in", User("admin"), token="t")  # noqa: S106
    api.do("let_in", User(account.user, WITHOUT_SLICES), token="u")  # noqa: S106

    _, finding = look(token(tmp_path, api, "t"), Wanted(PERMISSIONS, account))

    assert finding.text.startswith("system:serviceaccount:kube-system:svcdns cannot list or watch")
    assert finding.remedy[1].endswith("--serviceaccount=kube-system:svcdns")


def test_one_answer_may_not_take_all_the_time_there_is() -> None:
    assert Wanted(PERMISSIONS).silence_seconds == 1.5
    assert Wanted(PERMISSIONS, seconds=60).silence_seconds == 45


def test_nobody_at_the_address_is_one_failure() -> None:
    access = Access((f"http://127.0.0.1:{closed_port()}",))

    (finding,) = look(access, Wanted(PERMISSIONS))

    assert (finding.level, finding.name) == (Level.FAIL, "API server")
    assert finding.remedy


def test_a_kubeconfig_that_is_not_there_is_one_failure(tmp_path: Path) -> None:
    (finding,) = look(Access(kubeconfig=(str(tmp_path / "missing"),)), Wanted(PERMISSIONS))

    assert finding.level is Level.FAIL
    assert "there is no kubeconfig at" in finding.text


def test_something_that_is_no_api_server_is_named(api: LiveApi) -> None:
    api.do("fail_next", Fault.PROXY_PAGE)

    (finding,) = of(api)

    assert finding.level is Level.FAIL
    assert "text/html" in finding.text


@pytest.mark.parametrize(
    ("later", "level", "said"),
    [(0, Level.OK, "good until"), (95, Level.WARN, "in 4 days"), (101, Level.FAIL, "expired on")],
)
def test_both_certificates_are_read(tmp_path: Path, later: int, level: Level, said: str) -> None:
    authority = Authority(tmp_path / "authority")
    pair = authority.issue("IP:127.0.0.1", days=100)
    ours = authority.issue(subject="/CN=svcdns", days=100)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair.certificate, pair.key)
    files = (str(ours.certificate), str(ours.key), str(authority.certificate))
    with live_api() as api:
        _, port = api.do("serve", tls)
        access = Access((f"https://127.0.0.1:{port}",), tls=files)
        found = list(look_at_certificates(access, datetime.now(UTC) + timedelta(days=later)))

    assert [one.name for one in found] == ["client certificate", "API certificate"]
    assert [one.level for one in found] == [level, level]
    assert all(said in one.text for one in found)


def test_certificates_are_not_spoken_of_without_tls(api: LiveApi) -> None:
    assert list(look_at_certificates(Access((api.url,)))) == []


def test_certificates_are_not_spoken_of_where_nobody_is() -> None:
    assert list(look_at_certificates(Access((f"https://127.0.0.1:{closed_port()}",)))) == []
