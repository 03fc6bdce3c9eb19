"""What only the proxy needs of a Service, read from its fields; bad parts are named."""

import json
from typing import Any

import pytest

from svcdns.cluster.compact import Parsed, compact
from svcdns.cluster.model import PLAIN, Service, Traffic
from svcdns.cluster.parse import Skipped, decode
from svcdns.cluster.traffic import DEFAULT_AFFINITY_SECONDS, HEADLESS, PROXY_NAME
from svcdns.wire.name import pack_address


def parsed(
    spec: dict[str, Any], *, status: Any = None, labels: Any = None, annotations: Any = None
) -> Parsed:
    metadata = {"name": "web", "namespace": "shop", "labels": labels, "annotations": annotations}
    document: dict[str, Any] = {"apiVersion": "v1", "kind": "Service"}
    document |= {"metadata": metadata, "spec": spec, "status": status}
    struct = decode(json.dumps(document).encode(), "Service")
    assert not isinstance(struct, Skipped)
    return compact(struct)


def traffic(spec: dict[str, Any], **rest: Any) -> Traffic:
    found = parsed(spec, **rest)
    assert isinstance(found.value, Service)
    assert not found.flaws
    return found.value.traffic


def ingress(*entries: dict[str, str]) -> dict[str, Any]:
    return {"loadBalancer": {"ingress": list(entries)}}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"type": "ClusterIP", "clusterIP": "10.96.0.1", "ports": [{"port": 80}]},
        {"sessionAffinity": "None", "internalTrafficPolicy": "Cluster"},
        {"externalTrafficPolicy": "Cluster", "externalIPs": [], "ports": [{"nodePort": 0}]},
        {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}},
    ],
)
def test_services_without_anything_of_it_share_one_value(spec: dict[str, Any]) -> None:
    found = parsed(spec).value

    assert isinstance(found, Service)
    assert found.traffic is PLAIN


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"internalTrafficPolicy": "Local"}, Traffic(internal_local=True)),
        ({"externalTrafficPolicy": "Local"}, Traffic(external_local=True)),
        (
            {"sessionAffinity": "ClientIP"},
            Traffic(affinity_seconds=DEFAULT_AFFINITY_SECONDS),
        ),
        (
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86_400}},
            },
            Traffic(affinity_seconds=86_400),
        ),
        (
            {"loadBalancerSourceRanges": [" 10.0.0.0/8 ", "fd00::/8"]},
            Traffic(source_ranges=("10.0.0.0/8", "fd00::/8")),
        ),
    ],
)
def test_a_field(spec: dict[str, Any], expected: Traffic) -> None:
    assert traffic(spec) == expected


def test_node_ports_stand_beside_the_ports_that_are_left() -> None:
    ports = [
        {"name": "a", "port": 80, "nodePort": 30080},
        {"name": "b", "port": 70_000, "nodePort": 30081},
        {"name": "c", "port": 443},
        {"name": "d", "port": 53, "nodePort": 30053},
    ]

    found = parsed({"ports": ports}).value

    assert isinstance(found, Service)
    assert [port.name for port in found.ports] == ["a", "c", "d"]
    assert found.traffic.node_ports == (30080, 0, 30053)


def test_addresses_from_outside_are_told_apart_by_their_origin() -> None:
    found = traffic(
        {"externalIPs": ["192.0.2.1", "2001:db8::1"]},
        status=ingress(
            {"ip": "198.51.100.1"},
            {"ip": "198.51.100.2", "ipMode": "Proxy"},
            {"ip": "198.51.100.3", "ipMode": "VIP"},
            {"hostname": "lb.example"},
        ),
    )

    assert found.external == tuple(map(pack_address, ("192.0.2.1", "2001:db8::1")))
    assert found.balancers == tuple(map(pack_address, ("198.51.100.1", "198.51.100.3")))


def test_an_address_of_both_origins_is_of_both() -> None:
    found = traffic({"externalIPs": ["192.0.2.1"]}, status=ingress({"ip": "192.0.2.1"}))

    assert found.external == found.balancers == (pack_address("192.0.2.1"),)


@pytest.mark.parametrize(
    ("kind", "policy", "port"),
    [
        ("LoadBalancer", "Local", 32_000),
        ("LoadBalancer", "Cluster", 0),
        ("NodePort", "Local", 0),
    ],
)
def test_a_health_check_port_needs_a_load_balancer_with_policy_local(
    kind: str, policy: str, port: int
) -> None:
    found = traffic({"type": kind, "externalTrafficPolicy": policy, "healthCheckNodePort": 32_000})

    assert found.health_check_port == port


@pytest.mark.parametrize(
    ("annotations", "scheduler"),
    [
        ({"svcdns.io/scheduler": "sh"}, "sh"),
        ({"kube-router.io/service.scheduler": "lc"}, "lc"),
        ({"svcdns.io/scheduler": "sh", "kube-router.io/service.scheduler": "lc"}, "sh"),
        ({"svcdns.io/scheduler": "best"}, "best"),
    ],
)
def test_an_annotation_names_the_scheduler(annotations: dict[str, str], scheduler: str) -> None:
    assert traffic({}, annotations=annotations).scheduler == scheduler


@pytest.mark.parametrize("label", [PROXY_NAME, HEADLESS])
@pytest.mark.parametrize("value", ["", "kube-router"])
def test_a_label_says_that_another_proxy_serves_it(label: str, value: str) -> None:
    assert traffic({}, labels={label: value}).is_elsewhere


@pytest.mark.parametrize(
    ("spec", "field", "problem"),
    [
        (
            {"ports": [{"port": 80, "nodePort": 70_000}]},
            "spec.ports[0].nodePort",
            "70000 is not a port number (1 to 65535)",
        ),
        (
            {"ports": [{"port": 80, "nodePort": "http"}]},
            "spec.ports[0].nodePort",
            "'http' is not a port number (1 to 65535)",
        ),
        (
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}},
            },
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
            "0 is not a number of seconds from 1 to 86400",
        ),
        (
            {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Local",
                "healthCheckNodePort": -1,
            },
            "spec.healthCheckNodePort",
            "-1 is not a port number (1 to 65535)",
        ),
    ],
)
def test_what_cannot_be_used_is_named(spec: dict[str, Any], field: str, problem: str) -> None:
    (flaw,) = parsed(spec).flaws

    assert (flaw.field, flaw.problem) == (field, problem)
