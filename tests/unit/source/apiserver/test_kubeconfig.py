"""Kubeconfig files as people have them, and as they break them."""

from pathlib import Path

import pytest

from svcdns.source.apiserver.kubeconfig import read_kubeconfig
from svcdns.source.apiserver.protocol import LostError

TWO = """
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test-cluster
  cluster: {server: https://10.0.0.1:6443, certificate-authority: pki/ca.crt}
- name: prod-cluster
  cluster: {server: https://10.0.0.2:6443}
contexts:
- name: test
  context: {cluster: test-cluster, user: admin}
- name: prod
  context: {cluster: prod-cluster, user: admin, namespace: shop}
- name: nobody
  context: {cluster: prod-cluster}
users:
- name: admin
  user: {token: 12345, tokenFile: ~/token}
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    file = tmp_path / "config"
    file.write_text(TWO)
    return file


def broken(tmp_path: Path, text: str) -> str:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(LostError) as caught:
        read_kubeconfig([str(file)])
    return str(caught.value).replace(str(tmp_path), "")


def test_the_current_context_is_taken(two: Path) -> None:
    config = read_kubeconfig([str(two)])

    assert config.context == "test"
    assert config.cluster.text("server") == "https://10.0.0.1:6443"
    assert config.files == (str(two),)


def test_a_context_is_chosen_by_name(two: Path) -> None:
    assert read_kubeconfig([str(two)], "prod").cluster.text("server") == "https://10.0.0.2:6443"


def test_a_context_that_is_not_there_says_which_are(two: Path) -> None:
    with pytest.raises(LostError) as caught:
        read_kubeconfig([str(two)], "live")

    assert str(caught.value) == (
        f"there is no context 'live' in {two}: it has 'test', 'prod', 'nobody'"
    )


def test_a_context_without_a_user_is_nobody(two: Path) -> None:
    assert read_kubeconfig([str(two)], "nobody").user.fields == {}


def test_paths_are_relative_to_the_file(two: Path) -> None:
    path = read_kubeconfig([str(two)]).cluster.path("certificate-authority")

    assert path == str(two.parent / "pki/ca.crt")


def test_a_tilde_is_the_home_folder(two: Path) -> None:
    path = read_kubeconfig([str(two)]).user.path("tokenFile")

    assert path == str(Path.home() / "token")


def test_a_number_is_a_text_that_looks_like_one(two: Path) -> None:
    assert read_kubeconfig([str(two)]).user.text("token") == "12345"


def test_of_two_files_the_first_wins_name_by_name(two: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text(
        "current-context: prod\nusers: [{name: admin, user: {token: mine, tokenFile: t}}]\n"
    )

    config = read_kubeconfig([str(first), str(two)])

    assert config.context == "prod"
    assert config.user.text("token") == "mine"
    assert config.cluster.text("server") == "https://10.0.0.2:6443"
    assert config.files == (str(first), str(two))


def test_one_of_several_files_may_be_missing(two: Path, tmp_path: Path) -> None:
    config = read_kubeconfig([str(tmp_path / "none"), str(two)])

    assert config.files == (str(two),)


def test_no_file_at_all_says_where_it_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / ".kube/config"

    with pytest.raises(LostError) as caught:
        read_kubeconfig([str(path)])

    assert str(caught.value) == (
        f"there is no kubeconfig at {path}: name one with --kubeconfig FILE"
    )


def test_a_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(LostError, match="cannot be read: Is a directory"):
        read_kubeconfig([str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "/config:2: no YAML:", id="no YAML"),
        pytest.param("- a", "/config is no mapping: this is no kubeconfig", id="a list"),
        pytest.param("just words", "/config is no mapping", id="a text"),
        pytest.param("", "/config names no current context", id="empty"),
        pytest.param("users: 3", "/config: users is no list: this is no kubeconfig", id="number"),
        pytest.param("users: [3]", "/config: one of users is no mapping", id="list of numbers"),
        pytest.param(
            "users: [{name: a, user: b}]", "/config: user 'a' is no mapping", id="text for user"
        ),
        pytest.param(
            "contexts: [{name: a, context: {cluster: b}}]",
            "/config names no current context: choose one with --context, it has 'a'",
            id="no current context",
        ),
        pytest.param(
            "current-context: c", "there is no context 'c' in /config: it has none", id="gone"
        ),
        pytest.param(
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]",
            "context 'a' names the cluster 'b', which is not in /config: it has none",
            id="no such cluster",
        ),
        pytest.param(
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {}}]\nusers: [{name: d, user: {}}]",
            "context 'a' names the user 'c', which is not in /config: it has 'd'",
            id="no such user",
        ),
    ],
)
def test_what_is_no_kubeconfig_says_where_and_why(tmp_path: Path, text: str, message: str) -> None:
    assert broken(tmp_path, text).startswith(message)


def test_of_many_contexts_some_are_named(tmp_path: Path) -> None:
    names = ", ".join(f"{{name: c{number}}}" for number in range(30))

    assert broken(tmp_path, f"contexts: [{names}]").endswith("'c8', 'c9' and 20 more")


@pytest.mark.parametrize("field", ["text", "items", "entry"])
def test_a_field_of_another_shape_is_named(tmp_path: Path, field: str) -> None:
    value = {"text": "[a]", "items": "{a: b}", "entry": "a"}[field]
    file = tmp_path / "config"
    file.write_text(
        "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
        f"clusters: [{{name: b, cluster: {{odd: {value}}}}}]"
    )
    cluster = read_kubeconfig([str(file)]).cluster

    with pytest.raises(LostError, match="odd"):
        getattr(cluster, field)("odd")


@pytest.mark.parametrize(
    ("command", "found"),
    [("aws", "aws"), ("./bin/login", "bin/login"), ("/bin/login", "/bin/login")],
)
def test_a_command_with_a_slash_is_a_path(tmp_path: Path, command: str, found: str) -> None:
    file = tmp_path / "config"
    file.write_text(
        "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
        f"clusters: [{{name: b, cluster: {{command: {command}}}}}]"
    )

    name = read_kubeconfig([str(file)]).cluster.command()

    assert name == (str(tmp_path / found) if command.startswith(".") else found)
