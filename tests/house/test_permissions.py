"""The ClusterRole of docs/operations.md: what svcdns asks for, and what its tests let it do."""

import re
from typing import Any

import yaml

from svcdns.answers.settings import KubernetesSettings
from svcdns.source.apiserver.resources import resources_for
from svcdns.wire.name import from_text
from tests.support.apiserver import SVCDNS, Rules
from tests.support.tree import ROOT

ONLY_WITH_PODS = "pods"
ZONES = (from_text("cluster.local"),)


def documented() -> dict[str, Any]:
    """The only ClusterRole that the page shows."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (role,) = (one for one in map(yaml.safe_load, shown) if one.get("kind") == "ClusterRole")
    assert isinstance(role, dict)
    return role


def rules_of(role: dict[str, Any]) -> Rules:
    """Verbs by resource, as the tests' own API server is told them."""
    found = {}
    for rule in role["rules"]:
        assert rule.keys() == {"apiGroups", "resources", "verbs"}
        for group in rule["apiGroups"]:
            for name in rule["resources"]:
                found[f"{name}.{group}" if group else name] = tuple(rule["verbs"])
    return found


def needed(settings: KubernetesSettings) -> Rules:
    """Verbs by resource, as the stanza asks for them."""
    resources = resources_for(settings)
    names = (f"{one.name}.{one.group}" if one.group else one.name for one in resources)
    return dict.fromkeys(names, ("list", "watch"))


def test_the_documented_role_is_the_one_that_is_tested() -> None:
    rules = dict(rules_of(documented()))

    assert rules.pop(ONLY_WITH_PODS)
    assert rules == SVCDNS


def test_the_documented_role_is_what_a_stanza_needs_and_no_more() -> None:
    rules = dict(rules_of(documented()))

    assert rules == needed(KubernetesSettings(ZONES, pods="verified"))
    del rules[ONLY_WITH_PODS]
    assert rules == needed(KubernetesSettings(ZONES))
