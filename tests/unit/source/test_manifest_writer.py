"""Manifests that are written are read back to the same objects."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.compact import FURTHER, READY, SERVING
from svcdns.cluster.model import (
    EndpointPort,
    EndpointSlice,
    Namespace,
    Node,
    Pod,
    Service,
    ServicePort,
    Traffic,
)
from svcdns.cluster.state import State
from svcdns.source.assembly import Labelled
from svcdns.source.documents import read_contents
from svcdns.source.manifest_writer import Form, document, files, text
from svcdns.wire.name import pack_address
from tests.support.labelled_clusters import CLUSTERS, by_key, read

FORMS = st.sampled_from(("yaml", "json"))


def labels_of(cluster: list[Labelled]) -> dict[object, dict[str, str]]:
    return {
        (type(one.value), one.value.key): {key: each or "" for key, each in one.labels.items()}
        for one in cluster
    }


def state_of(cluster: list[Labelled]) -> State:
    state = State()
    for kind in (Namespace, Node, Service, EndpointSlice, Pod):
        values = [one.value for one in cluster if isinstance(one.value, kind)]
        state.replace(kind, values, now=1)
    return state


@given(CLUSTERS, FORMS)
def test_a_folder_reads_back_to_the_same_objects(cluster: list[Labelled], form: Form) -> None:
    again = read(dict(files(cluster, form)))

    assert by_key(again) == by_key(cluster)


@given(CLUSTERS, FORMS)
def test_one_text_reads_back_to_the_same_objects(cluster: list[Labelled], form: Form) -> None:
    again = read({f"all.{form}": text(cluster, form)})

    assert by_key(again) == by_key(cluster)


@given(CLUSTERS, FORMS)
def test_labels_stay_so_that_selectors_choose_the_same(cluster: list[Labelled], form: Form) -> None:
    again = labels_of(read(dict(files(cluster, form))))

    for key, labels in labels_of(cluster).items():
        assert labels.items() <= again[key].items()


@given(CLUSTERS, FORMS)
def test_the_state_that_follows_is_the_same(cluster: list[Labelled], form: Form) -> None:
    before, after = state_of(cluster), state_of(read(dict(files(cluster, form))))

    assert after.namespaces == before.namespaces
    assert after.nodes == before.nodes
    assert {one.key: one for one in after.services} == {one.key: one for one in before.services}
    for namespace, name in [one.key for one in before.services]:
        assert after.slices(namespace, name) == before.slices(namespace, name)


@given(CLUSTERS)
def test_what_is_written_again_is_the_same_text(cluster: list[Labelled]) -> None:
    once = list(files(cluster, "yaml"))

    assert list(files(read(dict(once)), "yaml")) == once


def test_each_namespace_has_a_file_and_the_nodes_have_one() -> None:
    cluster = [
        Labelled(Node("node-a"), {}),
        Labelled(Namespace("shop"), {}),
        Labelled(Service("shop", "web"), {}),
        Labelled(Pod("ops", "web"), {}),
    ]

    assert [name for name, _ in files(cluster, "json")] == ["_nodes.json", "ops.json", "shop.json"]


def test_a_file_name_leads_nowhere_else() -> None:
    (file,) = files([Labelled(EndpointSlice("../a.b", "web", "", 4), {})], "yaml")

    assert file.name == "%2e%2e%2fa%2eb.yaml"


def test_a_service_is_followed_by_its_slices() -> None:
    cluster = [
        Labelled(Pod("shop", "a"), {}),
        Labelled(EndpointSlice("shop", "web-2", "web", 4), {}),
        Labelled(EndpointSlice("shop", "web-1", "web", 4), {}),
        Labelled(Service("shop", "web"), {}),
        Labelled(Service("shop", "db"), {}),
        Labelled(Namespace("shop"), {}),
        Labelled(Node("node-a"), {}),
    ]

    items = json.loads(text(cluster, "json"))["items"]

    assert [f"{item['kind']} {item['metadata']['name']}" for item in items] == [
        "Node node-a",
        "Namespace shop",
        "Service db",
        "Service web",
        "EndpointSlice web-1",
        "EndpointSlice web-2",
        "Pod a",
    ]


def test_json_has_an_item_a_line() -> None:
    first, *items, last = text(
        [Labelled(Namespace(name), {}) for name in ("a", "b")], "json"
    ).splitlines()

    assert first == '{"apiVersion": "v1", "kind": "List", "items": ['
    assert [json.loads(item.rstrip(","))["metadata"] for item in items] == [
        {"name": "a"},
        {"name": "b"},
    ]
    assert last == "]}"


def test_no_objects_are_no_files() -> None:
    assert list(files([], "yaml")) == []
    assert text([], "yaml") == ""
    assert read({"a.json": text([], "json")}) == []


def test_a_service_looks_as_the_api_spells_it() -> None:
    addresses = (pack_address("10.96.4.7"), pack_address("fd00::7"))
    value = Service(
        "shop",
        "web",
        "NodePort",
        addresses,
        ports=(ServicePort("", "UDP", 53),),
        publish_not_ready=True,
    )

    assert document(value, {"tier": None}) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"tier": ""}},
        "spec": {
            "type": "NodePort",
            "clusterIP": "10.96.4.7",
            "clusterIPs": ["10.96.4.7", "fd00::7"],
            "ports": [{"protocol": "UDP", "port": 53}],
            "publishNotReadyAddresses": True,
        },
    }


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        pytest.param(
            Service("shop", "web", headless=True),
            {"type": "ClusterIP", "clusterIP": "None"},
            id="headless",
        ),
        pytest.param(
            Service("shop", "web", "ExternalName", external_name="db.example"),
            {"type": "ExternalName", "externalName": "db.example"},
            id="ExternalName",
        ),
    ],
)
def test_kinds_of_service(value: Service, spec: object) -> None:
    assert document(value, {})["spec"] == spec


def test_external_addresses_and_names_of_load_balancers_are_written() -> None:
    one, two, three = (pack_address(f"192.0.2.{number}") for number in (1, 2, 3))
    traffic = Traffic(external=(one,), balancers=(two,))
    value = Service(
        "shop", "web", outside=(one, two, three), outside_names=("lb.example",), traffic=traffic
    )

    written = document(value, {})

    assert written["spec"] == {
        "type": "ClusterIP",
        "clusterIP": "unassigned",
        "externalIPs": ["192.0.2.1"],
    }
    ingress = [
        {"ip": "192.0.2.2"},
        {"ip": "192.0.2.3", "ipMode": "Proxy"},
        {"hostname": "lb.example"},
    ]
    assert written["status"] == {"loadBalancer": {"ingress": ingress}}


def test_what_only_the_proxy_needs_is_written() -> None:
    traffic = Traffic(
        node_ports=(30080, 0),
        source_ranges=("10.0.0.0/8",),
        health_check_port=32000,
        affinity_seconds=60,
        internal_local=True,
        external_local=True,
        scheduler="sh",
        is_elsewhere=True,
    )
    ports = (ServicePort("http", "TCP", 80), ServicePort("dns", "UDP", 53))

    written = document(Service("shop", "web", "LoadBalancer", ports=ports, traffic=traffic), {})

    assert written["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {"service.kubernetes.io/service-proxy-name": "another"},
        "annotations": {"svcdns.io/scheduler": "sh"},
    }
    assert written["spec"] == {
        "type": "LoadBalancer",
        "clusterIP": "unassigned",
        "ports": [
            {"name": "http", "protocol": "TCP", "port": 80, "nodePort": 30080},
            {"name": "dns", "protocol": "UDP", "port": 53},
        ],
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
        "internalTrafficPolicy": "Local",
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 32000,
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
    }


def test_a_service_without_an_address_is_not_given_one_when_it_is_read() -> None:
    file = text([Labelled(Service("shop", "web"), {})], "yaml")

    assert by_key(read({"a.yaml": file}))[Service, ("shop", "web")] == Service("shop", "web")
    (problem,) = read_contents("a.yaml", file.encode()).problems
    assert problem.problem == "'unassigned' is not an IP address"


def test_further_addresses_of_an_endpoint_stay_its_own() -> None:
    column = b"".join(map(pack_address, ("10.0.0.1", "10.0.0.2", "10.0.0.3")))
    bits = bytes([READY | SERVING, READY | SERVING | FURTHER, READY | SERVING])
    value = EndpointSlice("shop", "web-1", "web", 4, column, bits, pods=("a", "a", "a"))

    assert document(value, {})["endpoints"] == [
        {
            "addresses": addresses,
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {"kind": "Pod", "name": "a"},
        }
        for addresses in (["10.0.0.1", "10.0.0.2"], ["10.0.0.3"])
    ]


def test_ports_without_a_number_are_all_ports() -> None:
    value = EndpointSlice("shop", "web-1", "", 0, ports=(EndpointPort("", "TCP", None),))

    assert document(value, {})["ports"] == [{"protocol": "TCP"}]
