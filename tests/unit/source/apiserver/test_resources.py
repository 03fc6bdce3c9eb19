"""A stanza watches what its answers are made of, with CoreDNS's selectors."""

from dataclasses import replace

import pytest

from svcdns.answers.settings import KubernetesSettings
from svcdns.source.apiserver.resources import (
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    SLICES,
    is_needed,
    resources_for,
)
from svcdns.wire.name import from_text

PLAIN = KubernetesSettings((from_text("cluster.local"),))


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (PLAIN, ["services", "endpointslices", "namespaces"]),
        (replace(PLAIN, noendpoints=True), ["services", "namespaces"]),
        (replace(PLAIN, zonal=True), ["services", "endpointslices", "namespaces"]),
        (replace(PLAIN, pods="insecure"), ["services", "endpointslices", "namespaces"]),
        (replace(PLAIN, pods="verified"), ["services", "endpointslices", "namespaces", "pods"]),
    ],
)
def test_only_what_answers_are_made_of_is_watched(
    settings: KubernetesSettings, names: list[str]
) -> None:
    resources = resources_for(settings)

    assert [resource.name for resource in resources] == names
    assert all(is_needed(resource) for resource in resources)


def test_a_proxy_watches_the_whole_cluster_without_selectors() -> None:
    for_proxy = replace(PLAIN, for_proxy=True, labels="app=web")

    assert resources_for(for_proxy) == (SERVICES, SLICES, NODES)


def test_selectors_are_left_to_the_server() -> None:
    settings = replace(PLAIN, labels="app=web", namespace_labels="team=a", pods="verified")

    services, slices, namespaces, pods = resources_for(settings)

    assert services == SERVICES._replace(label_selector="app=web")
    assert slices == SLICES._replace(label_selector="app=web")
    assert namespaces == NAMESPACES._replace(label_selector="team=a")
    assert pods == PODS._replace(
        label_selector="app=web",
        field_selector="status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown",
    )


def test_nodes_hold_up_nobody() -> None:
    assert not is_needed(NODES)
