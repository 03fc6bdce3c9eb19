"""What kubeconfig, Pod and Corefile amount to."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.credentials import FixedCredential, Plugin, TokenPath
from svcdns.source.apiserver.destination import Destination, read_destination
from svcdns.source.apiserver.protocol import LostError
from tests.support.authority import Authority, Pair
from tests.support.reaching import kubeconfig

URL = "https://10.0.0.1:6443"
V1 = "client.authentication.k8s.io/v1"


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def written(folder: Path, user: dict[str, Any] | None = None, **cluster: Any) -> Access:
    return kubeconfig(folder, cluster.pop("server", URL), user or {}, **cluster)


def refusal(access: Access) -> str:
    with pytest.raises(LostError) as caught:
        read_destination(access)
    return str(caught.value)


def test_inline_certificates_are_those_of_the_files(
    tmp_path: Path, authority: Authority, pair: Pair
) -> None:
    inline = read_destination(
        written(
            tmp_path,
            {
                "client-certificate-data": base64_of(pair.certificate),
                "client-key-data": base64_of(pair.key),
            },
            **{"certificate-authority-data": base64_of(authority.certificate)},
        )
    )
    named = read_destination(
        written(
            tmp_path,
            {"client-certificate": str(pair.certificate), "client-key": str(pair.key)},
            **{"certificate-authority": str(authority.certificate)},
        )
    )

    assert inline.certificate == named.certificate is not None
    assert inline.authority == named.authority == authority.certificate.read_bytes()
    assert inline.files == (str(tmp_path / "config"),)
    assert named.files[1:] == tuple(
        str(path) for path in (authority.certificate, pair.certificate, pair.key)
    )
    assert named.who == f"the client certificate {pair.certificate}"
    assert inline.who.startswith("the client certificate client-certificate-data of user 'c'")


def test_inline_content_wins_over_a_file(tmp_path: Path, authority: Authority) -> None:
    cluster: dict[str, Any] = {
        "certificate-authority": "/no/such/file",
        "certificate-authority-data": base64_of(authority.certificate),
    }

    found = read_destination(written(tmp_path, **cluster))

    assert found.authority == authority.certificate.read_bytes()


def test_what_a_cluster_says_about_the_way_is_taken(tmp_path: Path) -> None:
    cluster: dict[str, Any] = {
        "tls-server-name": "kubernetes.default.svc",
        "proxy-url": "http://proxy:3128",
        "insecure-skip-tls-verify": True,
    }

    found = read_destination(written(tmp_path, **cluster))

    assert found.tls_name == "kubernetes.default.svc"
    assert found.proxy == "http://proxy:3128"
    assert not found.verify


@pytest.mark.parametrize(
    ("user", "credential"),
    [
        pytest.param({}, FixedCredential(), id="nothing"),
        pytest.param({"token": "abc\n"}, FixedCredential("Bearer abc"), id="token"),
        pytest.param({"tokenFile": "/t"}, TokenPath("/t"), id="file"),
        pytest.param({"tokenFile": "/t", "token": "abc"}, TokenPath("/t", "abc"), id="both"),
        pytest.param(
            {"token": "abc", "exec": {"command": "none"}},
            FixedCredential("Bearer abc"),
            id="token and plugin",
        ),
        pytest.param(
            {"username": "a", "password": "b:c"},
            FixedCredential("Basic " + base64.b64encode(b"a:b:c").decode()),
            id="password",
        ),
        pytest.param({"exec": {"command": "true", "apiVersion": V1}}, Plugin("true"), id="plugin"),
        pytest.param(
            {"exec": {"command": "true", "apiVersion": V1, "args": None, "env": None}},
            Plugin("true"),
            id="plugin with nulls",
        ),
    ],
)
def test_of_several_credentials_the_first_counts(
    tmp_path: Path, user: dict[str, Any], credential: object
) -> None:
    assert read_destination(written(tmp_path, user)).credential == credential


def test_a_plugin_is_described_whole(tmp_path: Path, authority: Authority) -> None:
    described = {
        "command": "true",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": ["token", "-i", 7],
        "env": [{"name": "A", "value": "b"}, {"name": "C", "value": None}],
        "installHint": "install it",
        "provideClusterInfo": True,
        "interactiveMode": "IfAvailable",
    }
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    cluster = {
        "certificate-authority-data": base64_of(authority.certificate),
        "extensions": [{"name": "other"}, extension],
    }

    plugin = read_destination(written(tmp_path, {"exec": described}, **cluster)).credential

    assert isinstance(plugin, Plugin)
    assert plugin[:5] == (
        "true",
        ("token", "-i", "7"),
        (("A", "b"), ("C", "")),
        "client.authentication.k8s.io/v1beta1",
        "install it",
    )
    assert json.loads(plugin.cluster) == {
        "server": URL,
        "certificate-authority-data": base64_of(authority.certificate),
        "config": {"audience": "x"},
    }


def test_somebody_elses_rights_are_asked_for_in_headers(tmp_path: Path) -> None:
    user = {
        "token": "a",
        "as": "system:serviceaccount:kube-system:svcdns",
        "as-uid": "7",
        "as-groups": ["one", "two"],
        "as-user-extra": {"scopes": ["view"]},
    }

    assert read_destination(written(tmp_path, user)).headers == (
        ("Impersonate-User", "system:serviceaccount:kube-system:svcdns"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "one"),
        ("Impersonate-Group", "two"),
        ("Impersonate-Extra-scopes", "view"),
    )


@pytest.mark.parametrize(
    ("user", "cluster", "message"),
    [
        pytest.param({}, {"server": ""}, "cluster 'b' in CONFIG has no server", id="no server"),
        pytest.param({}, {"server": "https://"}, "'https://' is no URL", id="no URL"),
        pytest.param(
            {},
            {"certificate-authority": "ca.crt"},
            "certificate-authority of cluster 'b' in CONFIG FOLDER/ca.crt cannot be read",
            id="no such authority",
        ),
        pytest.param(
            {},
            {"certificate-authority-data": "%%%"},
            "cluster 'b' in CONFIG: certificate-authority-data is no Base64",
            id="no Base64",
        ),
        pytest.param(
            {},
            {"certificate-authority-data": "aGVsbG8="},
            "certificate-authority-data of cluster 'b' in CONFIG holds no good certificate",
            id="no certificate",
        ),
        pytest.param(
            {"client-key-data": "aGVsbG8="},
            {},
            "user 'c' in CONFIG has only one of client-certificate and client-key",
            id="half a pair",
        ),
        pytest.param(
            {"exec": {}}, {}, "exec of user 'c' in CONFIG has no command", id="no command"
        ),
        pytest.param(
            {"exec": {"command": "no-such-plugin"}},
            {},
            "the credential plugin 'no-such-plugin' is not installed: install it, or name its",
            id="not installed",
        ),
        pytest.param(
            {"exec": {"command": "true", "interactiveMode": "Always"}},
            {},
            "the credential plugin 'true' wants to ask a person",
            id="interactive",
        ),
        pytest.param(
            {"exec": {"command": "true", "env": ["A=b"]}},
            {},
            "exec of user 'c' in CONFIG: one of env is no mapping",
            id="variables",
        ),
        pytest.param(
            {"auth-provider": {"name": "gcp"}},
            {},
            "auth-provider of user 'c' in CONFIG is 'gcp', which svcdns does not have: use a",
            id="provider",
        ),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], message: str
) -> None:
    why = refusal(written(tmp_path, user, **cluster))

    config = str(tmp_path / "config")
    assert why.replace(config, "CONFIG").replace(str(tmp_path), "FOLDER").startswith(message)


def test_a_pod_has_a_token_and_an_authority(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "ca.crt").write_bytes(authority.certificate.read_bytes())

    found = read_destination(Access((URL,), service_account=str(tmp_path)))

    assert found == Destination(
        (URL,),
        TokenPath(f"{tmp_path}/token"),
        who=f"the service account token in {tmp_path}/token",
        authority=authority.certificate.read_bytes(),
        trust=f"{tmp_path}/ca.crt",
        files=(f"{tmp_path}/ca.crt",),
    )


def test_a_pod_without_an_authority_cannot_know_its_server(tmp_path: Path) -> None:
    why = refusal(Access((URL,), service_account=str(tmp_path)))

    assert why.startswith(f"the certificate authority {tmp_path}/ca.crt cannot be read")


def test_an_endpoint_has_a_client_certificate(authority: Authority, pair: Pair) -> None:
    files = (str(pair.certificate), str(pair.key), str(authority.certificate))

    found = read_destination(Access(("10.0.0.1:6443",), tls=files))

    assert found.servers == (URL,)
    assert found.certificate == (pair.certificate.read_bytes(), pair.key.read_bytes())
    assert found.authority == authority.certificate.read_bytes()
    assert found.files == files


def test_an_endpoint_alone_is_asked_without_credentials() -> None:
    assert read_destination(Access(("localhost:8080",))) == Destination(("http://localhost:8080",))


def test_without_anything_there_is_nowhere_to_go() -> None:
    assert refusal(Access()) == (
        "nothing says where the API server is: name a kubeconfig with --kubeconfig FILE"
    )


def test_servers_that_were_named_replace_that_of_the_kubeconfig(tmp_path: Path) -> None:
    access = Access(("http://10.9.9.9",), written(tmp_path, {"token": "a"}).kubeconfig)

    found = read_destination(access)

    assert found.servers == ("http://10.9.9.9",)
    assert found.credential == FixedCredential("Bearer a")
