"""What a ClusterRole permits, and what svcdns asks an API server for."""

from typing import Any

from svcdns.answers.settings import KubernetesSettings, PodMode
from svcdns.source.apiserver.resources import resources_for
from svcdns.wire.name import from_text

ZONES = (from_text("cluster.local"),)

Grants = set[tuple[str, str, str]]
"""Group, resource and verb."""


def granted(role: dict[str, Any]) -> Grants:
    """Return all that a role permits."""
    assert all(rule.keys() == {"apiGroups", "resources", "verbs"} for rule in role["rules"])
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def needed(*, pods: PodMode = "disabled", for_proxy: bool = False) -> Grants:
    """Return what a stanza, or a proxy, asks for: tests/house holds docs/operations.md to it too.

    Args:
        pods: the option of the stanza.
        for_proxy: whether it is a proxy that asks.
    """
    resources = resources_for(KubernetesSettings(ZONES, pods=pods, for_proxy=for_proxy))
    return {(one.group, one.name, verb) for one in resources for verb in ("list", "watch")}
