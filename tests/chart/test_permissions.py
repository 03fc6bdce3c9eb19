"""The chart's ClusterRole: what svcdns asks for, and nothing else."""

import re

import pytest
import yaml

from tests.support.grants import granted, needed
from tests.support.helm import DNS_MODES, MODES, Helm, merged
from tests.support.tree import ROOT

VERIFIED = {"corefile": ".:53 {\n  kubernetes cluster.local {\n    pods verified\n  }\n}"}


@pytest.mark.parametrize("mode", DNS_MODES)
def test_dns_may_what_a_stanza_needs(helm: Helm, mode: str) -> None:
    role = helm.render(MODES[mode]).one("ClusterRole")

    assert granted(role) == needed()


@pytest.mark.parametrize("values", [VERIFIED, {"rbac": {"podsVerified": True}}])
def test_pods_are_permitted_to_a_corefile_that_verifies_them(
    helm: Helm, values: dict[str, object]
) -> None:
    role = helm.render(values).one("ClusterRole")

    assert granted(role) == needed(pods="verified")


def test_the_role_is_the_one_of_the_documentation(helm: Helm) -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (documented,) = (one for one in map(yaml.safe_load, shown) if one["kind"] == "ClusterRole")

    role = helm.render(VERIFIED).one("ClusterRole")

    assert granted(role) == granted(documented)


def test_the_proxy_may_what_it_needs(helm: Helm) -> None:
    role = helm.render(merged(MODES["proxy"], VERIFIED)).one("ClusterRole")

    assert granted(role) == needed(for_proxy=True)


@pytest.mark.parametrize("mode", MODES)
def test_the_role_is_that_of_the_pods(helm: Helm, mode: str) -> None:
    values = merged(MODES[mode], {"clusterRole": {"nameOverride": "system:svcdns"}})

    rendered = helm.render(values, namespace="dns")

    binding = rendered.one("ClusterRoleBinding")
    assert binding["roleRef"]["name"] == rendered.one("ClusterRole")["metadata"]["name"]
    assert binding["roleRef"]["name"] == "system:svcdns"
    (subject,) = binding["subjects"]
    assert subject["name"] == rendered.pod["spec"]["serviceAccountName"]
    assert subject["namespace"] == "dns"


def test_somebody_else_s_role_is_left_to_them(helm: Helm) -> None:
    rendered = helm.render({"rbac": {"create": False}, "serviceAccount": {"create": False}})

    assert not rendered.of("ClusterRole") + rendered.of("ServiceAccount")


def test_the_test_pod_gets_no_token(helm: Helm) -> None:
    assert helm.render({}).one("Pod")["spec"]["automountServiceAccountToken"] is False
