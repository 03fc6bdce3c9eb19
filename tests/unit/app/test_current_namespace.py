"""The Namespace of a context, as kubectl takes it."""

from pathlib import Path

import pytest

from svcdns.app.current_namespace import current_namespace

KUBECONFIG = """\
current-context: here
clusters: [{name: a, cluster: {server: "https://192.0.2.1"}}]
users: [{name: a, user: {}}]
contexts:
  - {name: here, context: {cluster: a, user: a, namespace: shop}}
  - {name: there, context: {cluster: a, user: a}}
"""


@pytest.mark.parametrize(
    ("context", "namespace"), [("", "shop"), ("there", "default"), ("nowhere", "default")]
)
def test_the_context_says_it_or_it_is_the_default(
    tmp_path: Path, context: str, namespace: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG, encoding="ascii")

    assert current_namespace({}, str(path), context) == namespace
    assert current_namespace({"KUBECONFIG": str(path)}, "", context) == namespace


def test_without_a_kubeconfig_it_is_the_default(tmp_path: Path) -> None:
    assert current_namespace({"HOME": str(tmp_path)}, "", "") == "default"
