"""JSON and plain values of one object become the same value, or an error that names the field."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster import structs
from svcdns.cluster.compact import Parsed
from svcdns.cluster.model import (
    Condition,
    EndpointPort,
    EndpointSlice,
    Namespace,
    Node,
    Object,
    Pod,
    Service,
    ServicePort,
)
from svcdns.cluster.object_error import MalformedError, ObjectError
from svcdns.cluster.parse import VERSIONS, Skipped, decode, parse, read_head

SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "0b62…",
        "managedFields": [{"fieldsV1": {"f:spec": {}}}],
    },
    "spec": {
        "type": "NodePort",
        "clusterIP": "10.96.4.7",
        "clusterIPs": ["10.96.4.7", "fd00:10:96::7"],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
        "selector": {"app": "web"},
    },
    "status": {"loadBalancer": {}},
}
SLICE: dict[str, Any] = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "labels": {"kubernetes.io/service-name": "web"},
    },
    "addressType": "IPv4",
    "endpoints": [
        {
            "addresses": ["10.244.1.7"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "hostname": "web-0",
            "nodeName": "node-a",
            "zone": "zone-1",
            "targetRef": {"kind": "Pod", "name": "web-0", "namespace": "shop"},
        }
    ],
    "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web-0", "namespace": "shop", "labels": {"app": "web", "a": None}},
    "spec": {"containers": [{"name": "nginx"}]},
    "status": {
        "phase": "Running",
        "podIP": "10.244.1.7",
        "podIPs": [{"ip": "10.244.1.7"}, {"ip": "fd00::7"}],
    },
}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "zone-1"}},
    "status": {
        "addresses": [
            {"type": "Hostname", "address": "node-a"},
            {"type": "InternalIP", "address": "172.18.0.2"},
            {"type": "ExternalIP", "address": "203.0.113.9"},
        ]
    },
}
V4, V6 = b"\x0a\xf4\x01\x07", b"\xfd" + bytes(14) + b"\x07"


@pytest.mark.parametrize(
    ("document", "value"),
    [
        pytest.param(
            SERVICE,
            Service(
                "shop",
                "web",
                "NodePort",
                (b"\x0a\x60\x04\x07", b"\xfd\x00\x00\x10\x00\x96" + bytes(9) + b"\x07"),
                ports=(ServicePort("http", "TCP", 80),),
            ),
            id="Service",
        ),
        pytest.param(
            SLICE,
            EndpointSlice(
                "shop",
                "web-1",
                "web",
                4,
                V4,
                bytes((Condition.READY | Condition.SERVING,)),
                (EndpointPort("http", "TCP", 8080),),
                ("web-0",),
                ("web-0",),
                ("node-a",),
                ("zone-1",),
            ),
            id="EndpointSlice",
        ),
        pytest.param(POD, Pod("shop", "web-0", (V4, V6), (("a", ""), ("app", "web"))), id="Pod"),
        pytest.param(NAMESPACE, Namespace("shop"), id="Namespace"),
        pytest.param(NODE, Node("node-a", "zone-1", (b"\xac\x12\x00\x02",)), id="Node"),
    ],
)
def test_an_object_becomes_its_value_from_json_and_from_plain_values(
    document: dict[str, Any], value: Object
) -> None:
    bare = {key: part for key, part in document.items() if key not in {"kind", "apiVersion"}}

    assert parse(document) == Parsed(value)
    assert parse(json.dumps(document).encode()) == Parsed(value)
    # An item of a list does not say what it is.
    assert parse(json.dumps(bare).encode(), document["kind"]) == Parsed(value)


@pytest.mark.parametrize("kind", VERSIONS)
@pytest.mark.parametrize("as_json", [True, False])
def test_every_field_may_be_null(kind: str, as_json: bool) -> None:  # noqa: FBT001
    def nulls(part: object) -> Any:
        if isinstance(part, dict):
            return {key: nulls(value) for key, value in part.items()}
        return None

    fields: dict[str, dict[str, Any]] = {
        "Service": {**nulls(SERVICE), "metadata": {"name": "a", "labels": None}},
        "EndpointSlice": {**nulls(SLICE), "metadata": {"name": "a"}, "addressType": "IPv4"},
        "Endpoints": {"metadata": {"name": "a"}, "subsets": None},
        "Pod": {**nulls(POD), "metadata": {"name": "a", "labels": None}},
        "Namespace": {"metadata": {"name": "a"}, "spec": None},
        "Node": {"metadata": {"name": "a"}, "status": {"addresses": None}},
    }
    document = {**fields[kind], "kind": kind, "apiVersion": VERSIONS[kind]}

    parsed = parse(json.dumps(document).encode() if as_json else document)

    assert isinstance(parsed, Parsed)
    assert parsed.flaws == ()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"apiVersion": "v1", "kind": "ConfigMap"}, id="kind"),
        pytest.param({"apiVersion": "serving.knative.dev/v1", "kind": "Service"}, id="group"),
        pytest.param({"apiVersion": "discovery.k8s.io/v1beta1", "kind": "EndpointSlice"}, id="old"),
    ],
)
def test_a_kind_that_dns_does_not_need_is_skipped(document: dict[str, Any]) -> None:
    document |= {"metadata": {"name": "a", "namespace": "shop"}, "data": {"key": [1, {}]}}
    skipped = Skipped(document["apiVersion"], document["kind"], "shop", "a")

    assert parse(document) == skipped
    assert parse(json.dumps(document).encode()) == skipped


def changed(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    part: Any = copy
    *steps, last = path.split(".")
    for step in steps:
        part = part[int(step)] if step.isdigit() else part[step]
    part[int(last) if last.isdigit() else last] = value
    return copy


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(
            changed(SERVICE, "spec.ports", "http"),
            "Service shop/web: spec.ports: expected a list, found text",
            id="list",
        ),
        pytest.param(
            changed(SERVICE, "spec.ports.0.port", 80.5),
            "Service shop/web: spec.ports[0].port: expected a number or text, found a fraction",
            id="fraction",
        ),
        pytest.param(
            changed(SERVICE, "spec.selector.app", 1),
            "Service shop/web: spec.selector[...]: expected text, found a number; put it in quotes",
            id="text",
        ),
        pytest.param(
            changed(SERVICE, "spec.publishNotReadyAddresses", "yes"),
            "Service shop/web: spec.publishNotReadyAddresses: expected true or false, found text",
            id="boolean",
        ),
        pytest.param(
            changed(SERVICE, "spec", [1]),
            "Service shop/web: spec: expected a mapping, found a list",
            id="mapping",
        ),
        pytest.param(
            changed(SERVICE, "metadata.name", None),
            "Service shop/: metadata.name: is missing",
            id="no name",
        ),
        pytest.param(
            {"kind": "Service", "metadata": {"name": "web"}},
            "Service web: apiVersion: is missing: a Service has 'v1'",
            id="no version",
        ),
        pytest.param(
            {"apiVersion": "v1", "metadata": {"name": "web"}},
            "web: kind: is missing: this is no Kubernetes object",
            id="no kind",
        ),
    ],
)
def test_a_field_of_another_type_is_named(document: dict[str, Any], message: str) -> None:
    for form in (document, json.dumps(document).encode()):
        with pytest.raises(ObjectError) as caught:
            parse(form)

        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        pytest.param(b"", "JSON is cut off", id="nothing"),
        pytest.param(b'{"kind": "Serv', "JSON is cut off", id="cut off"),
        pytest.param(b"kind: Service", "JSON is malformed: invalid character", id="YAML"),
        pytest.param(
            b'{"kind": "\xff", "metadata": {"name": "\xff"}}', "is not UTF-8", id="not UTF-8"
        ),
        pytest.param(b'{"a":' * 50_000, "is nested too deeply", id="deep"),
        pytest.param(b"null", "expected a mapping, found nothing", id="null"),
        pytest.param(b"[]", "expected a mapping, found a list", id="list"),
    ],
)
@pytest.mark.parametrize("kind", ["", "Service"])
def test_octets_that_are_no_object_are_an_object_error(
    octets: bytes, problem: str, kind: str
) -> None:
    with pytest.raises(ObjectError) as caught:
        parse(octets, kind)

    assert problem in caught.value.problem


def test_the_head_of_malformed_octets_says_where() -> None:
    with pytest.raises(MalformedError) as caught:
        read_head(b'{"kind": "List",\n "items": [}')

    assert caught.value.octet == 28


def test_the_head_of_a_list_holds_the_octets_of_its_items() -> None:
    head = read_head(b'{"items": [{"a": 1}, {}], "kind": "List", "apiVersion": "v1"}')

    assert [bytes(item) for item in head.items or ()] == [b'{"a": 1}', b"{}"]


def test_the_struct_keeps_what_endpoints_are_derived_from() -> None:
    decoded = decode(SERVICE)

    assert isinstance(decoded, structs.Service)
    assert decoded.spec is not None
    assert decoded.spec.selector == {"app": "web"}


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(("", "IPv4", "10.0.0.1", "fd00::1", "None", "web", "Ä", "x" * 300)),
)
_NAMES = """
    metadata name namespace labels spec status ports port protocol addresses clusterIPs
    clusterIP endpoints conditions ready addressType subsets ip podIPs hostname
"""
FIELDS = st.sampled_from(_NAMES.split())
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5)
)


@given(st.sampled_from([*VERSIONS]), st.dictionaries(FIELDS, ANYTHING))
def test_any_document_is_an_object_or_an_object_error(kind: str, fields: dict[str, object]) -> None:
    document = {**fields, "kind": kind, "apiVersion": VERSIONS[kind]}

    outcomes = []
    for form in (document, json.dumps(document).encode()):
        try:
            outcomes.append(str(parse(form)))
        except ObjectError as error:
            outcomes.append(error.field)

    assert outcomes[0] == outcomes[1]


@given(st.binary(max_size=80), st.sampled_from(["", *VERSIONS]))
def test_any_octets_are_an_object_or_an_object_error(octets: bytes, kind: str) -> None:
    for form in (octets, json.dumps(SERVICE).encode()[: len(octets) * 4] + octets):
        try:
            assert parse(form, kind)
        except ObjectError as error:
            assert error.problem  # noqa: PT017  # either outcome is right
