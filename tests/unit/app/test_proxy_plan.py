"""What a node should have, from manifests or an API server."""

from pathlib import Path

import pytest

from svcdns.app.proxy_plan import gather, planned
from svcdns.app.proxy_settings import ProxySettings
from svcdns.app.start_error import StartError
from svcdns.cluster.model import EndpointSlice, Namespace, Service
from svcdns.wire.name import address_text
from tests.support.live_api import live_api
from tests.support.tree import ROOT

SHOP = ProxySettings(manifests=str(ROOT / "examples/shop"), node="node-a", masquerade_all=True)


def test_manifests_become_what_a_node_should_have() -> None:
    found = planned(SHOP)

    assert len(found.desired.virtual_servers) == 14
    assert (found.options.node, found.options.zone) == ("node-a", "zone-1")
    assert [address_text(one) for one in found.options.node_addresses] == ["172.18.0.2"]
    assert not found.problems
    assert not found.warnings
    assert found.state.synced


def test_parts_of_objects_that_cannot_be_used_are_skipped(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\n"
        "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, protocol: QUIC}, {port: 81}]}\n"
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: -x}\n",
        encoding="ascii",
    )

    found = planned(ProxySettings(manifests=str(file), node="n"))

    assert [one.object for one in found.desired.skipped] == ["Service b/a"]
    assert found.desired.skipped[0].reason.startswith("spec.ports[0].protocol: ")
    assert not found.problems


def test_manifests_that_are_not_there_stop_it() -> None:
    with pytest.raises(StartError, match="/nosuch"):
        planned(ProxySettings(manifests="/nosuch"))


def test_an_api_server_is_asked_for_what_the_proxy_needs() -> None:
    with live_api() as api:
        found = gather(ProxySettings(servers=(api.url,)))

    assert found.state.count(Service) == 2
    assert found.state.count(EndpointSlice) == 1
    assert not found.state.count(Namespace)
    assert not found.problems
