"""Slices that are derived are those that the cluster's controllers would have written."""

from typing import Any, NamedTuple

import pytest

from svcdns.cluster.model import Condition, EndpointPort, EndpointSlice
from svcdns.cluster.object_error import ObjectError
from svcdns.cluster.parse import decode
from svcdns.cluster.structs import Endpoints, Pod, Service
from svcdns.source.derive import PodsByLabel, mirrored
from svcdns.wire.name import address_text

READY, SERVING, TERMINATING = Condition.READY, Condition.SERVING, Condition.TERMINATING
HTTP = {"name": "http", "port": 80}
RUNNING = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


class Row(NamedTuple):
    """One endpoint, as a person reads it."""

    address: str
    conditions: int
    hostname: str = ""
    pod: str = ""
    node: str = ""
    zone: str = ""


def pod(name: str = "web-0", address: str = "10.1.0.3", **parts: Any) -> Pod:
    status = {**RUNNING, "podIP": address, **parts.pop("status", {})}
    metadata = {
        "name": name,
        "namespace": "shop",
        "labels": {"app": "web"},
        **parts.pop("metadata", {}),
    }
    document = decode({"metadata": metadata, "status": status, "spec": parts}, "Pod")
    assert isinstance(document, Pod)
    return document


def service(**spec: Any) -> Service:
    spec = {"selector": {"app": "web"}, "ports": [HTTP], **spec}
    document = decode({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}, "Service")
    assert isinstance(document, Service)
    return document


def slices(of: Service, *pods: Pod, zones: dict[str, str] | None = None) -> list[EndpointSlice]:
    return list(PodsByLabel(pods, zones or {}).slices(of))


def rows(value: EndpointSlice) -> list[Row]:
    return [
        Row(address_text(one.address), one.conditions, one.hostname, one.pod, one.node, one.zone)
        for one in value.endpoints()
    ]


NOT_READY = {"conditions": [{"type": "Ready", "status": "False"}]}
ENDS = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
PUBLISHES = {"publishNotReadyAddresses": True}


@pytest.mark.parametrize(
    ("metadata", "status", "spec", "conditions"),
    [
        pytest.param({}, {}, {}, READY | SERVING, id="ready"),
        pytest.param({}, NOT_READY, {}, 0, id="not ready"),
        pytest.param({}, {"conditions": None}, {}, 0, id="nobody said ready"),
        pytest.param(
            {}, {"conditions": [{"type": "Initialized", "status": "True"}]}, {}, 0, id="other"
        ),
        pytest.param({}, {"phase": None}, {}, READY | SERVING, id="no phase"),
        pytest.param({}, {"phase": "Succeeded"}, {}, None, id="succeeded"),
        pytest.param({}, {"phase": "Failed"}, {}, None, id="failed"),
        pytest.param({}, {"podIP": None}, {}, None, id="no address"),
        pytest.param({}, {"podIP": "10.1.0.999"}, {}, None, id="no address that is one"),
        pytest.param({}, NOT_READY, PUBLISHES, READY, id="published before it is ready"),
        pytest.param(ENDS, {}, {}, SERVING | TERMINATING, id="ends and still serves"),
        pytest.param(ENDS, NOT_READY, {}, TERMINATING, id="ends"),
        pytest.param(
            ENDS, {}, PUBLISHES, READY | SERVING | TERMINATING, id="published until it is gone"
        ),
        pytest.param({"namespace": "ops"}, {}, {}, None, id="another namespace"),
        pytest.param({"labels": {"app": "db"}}, {}, {}, None, id="another label"),
        pytest.param({"labels": None}, {}, {}, None, id="no labels"),
        pytest.param({"labels": {"app": None}}, {}, {}, None, id="empty label"),
        pytest.param(
            {"labels": {"app": "web", "tier": "x"}}, {}, {}, READY | SERVING, id="more labels"
        ),
        pytest.param(
            {}, {}, {"selector": {"app": "web", "tier": "x"}}, None, id="one label is missing"
        ),
        pytest.param({}, {}, {"selector": {}}, None, id="empty selector"),
        pytest.param({}, {}, {"selector": None}, None, id="no selector"),
        pytest.param(
            {}, {}, {"type": "ExternalName", "externalName": "a.b"}, None, id="ExternalName"
        ),
    ],
)
def test_a_pod_is_an_endpoint_by_the_controllers_rules(
    metadata: dict[str, Any], status: dict[str, Any], spec: dict[str, Any], conditions: int | None
) -> None:
    found = slices(service(**spec), pod(metadata=metadata, status=status))

    wanted = [] if conditions is None else [[Row("10.1.0.3", conditions, pod="web-0")]]
    assert [rows(value) for value in found] == wanted


@pytest.mark.parametrize(
    ("hostname", "subdomain", "published"),
    [
        pytest.param("a", "web", "a", id="both"),
        pytest.param("a", None, "", id="no subdomain"),
        pytest.param("a", "db", "", id="subdomain of another Service"),
        pytest.param(None, "web", "", id="no hostname"),
        pytest.param("A_b", "web", "", id="no label"),
    ],
)
def test_a_host_name_needs_the_subdomain_of_the_service(
    hostname: str | None, subdomain: str | None, published: str
) -> None:
    (value,) = slices(service(), pod(hostname=hostname, subdomain=subdomain))

    assert [row.hostname for row in rows(value)] == [published]


def test_node_and_zone_come_from_the_pod_and_its_node() -> None:
    (value,) = slices(
        service(), pod("a", nodeName="node-a"), pod("b", "10.1.0.4"), zones={"node-a": "zone-1"}
    )

    assert [(row.node, row.zone) for row in rows(value)] == [("node-a", "zone-1"), ("", "")]


PORTS = [{"name": "web", "containerPort": 8080}, {"name": "dns", "containerPort": 53}]


@pytest.mark.parametrize(
    ("port", "number"),
    [
        pytest.param({"port": 80}, 80, id="no target: the same"),
        pytest.param({"port": 80, "targetPort": 9000}, 9000, id="number"),
        pytest.param({"port": 80, "targetPort": "web"}, 8080, id="name"),
        pytest.param({"port": 80, "targetPort": "side"}, 15000, id="name in a sidecar"),
        pytest.param({"port": 80, "targetPort": "once"}, None, id="not in an init container"),
        pytest.param({"port": 80, "targetPort": "nope"}, None, id="no such name"),
        pytest.param({"port": 80, "targetPort": "dns", "protocol": "UDP"}, None, id="protocol"),
        pytest.param({"port": 80, "targetPort": "8080"}, None, id="text is a name"),
    ],
)
def test_a_port_leads_where_the_container_says(port: dict[str, Any], number: int | None) -> None:
    of = service(ports=[{"name": "http", **port}])
    sidecar = {"restartPolicy": "Always", "ports": [{"name": "side", "containerPort": 15000}]}
    once = {"ports": [{"name": "once", "containerPort": 1}]}
    ours = pod(containers=[{"ports": PORTS}, {}], initContainers=[once, sidecar])

    (value,) = slices(of, ours)

    protocol = port.get("protocol", "TCP")
    assert value.ports == ((EndpointPort("http", protocol, number),) if number else ())


def test_pods_with_other_port_numbers_get_a_slice_of_their_own() -> None:
    of = service(ports=[{"name": "http", "port": 80, "targetPort": "web"}])

    def with_port(name: str, address: str, number: int) -> Pod:
        ports = [{"name": "web", "containerPort": number}]
        return pod(name, address, containers=[{"ports": ports}])

    found = slices(
        of,
        with_port("a", "10.1.0.3", 8080),
        with_port("b", "10.1.0.4", 9090),
        with_port("c", "10.1.0.5", 8080),
    )

    assert [(value.ports[0].port, [row.pod for row in rows(value)]) for value in found] == [
        (8080, ["a", "c"]),
        (9090, ["b"]),
    ]
    assert len({value.name for value in found}) == 2


def test_a_headless_service_without_ports_has_endpoints_too() -> None:
    (value,) = slices(service(ports=None, clusterIP="None"), pod())

    assert value.ports == ()
    assert len(value) == 1


@pytest.mark.parametrize(
    ("spec", "addresses"),
    [
        pytest.param({}, [["10.1.0.3"]], id="IPv4 by default"),
        pytest.param({"ipFamilies": ["IPv6"]}, [["fd00::3"]], id="IPv6"),
        pytest.param(
            {"ipFamilyPolicy": "RequireDualStack"}, [["10.1.0.3"], ["fd00::3"]], id="both"
        ),
        pytest.param(
            {"clusterIP": "None", "ipFamilies": ["IPv6", "IPv4"]},
            [["fd00::3"], ["10.1.0.3"]],
            id="headless, IPv6 first",
        ),
    ],
)
def test_each_family_of_the_service_has_its_slice(
    spec: dict[str, Any], addresses: list[list[str]]
) -> None:
    both = pod(status={"podIPs": [{"ip": "10.1.0.3"}, {"ip": "fd00::3"}]})

    found = slices(service(**spec), both)

    assert [[row.address for row in rows(value)] for value in found] == addresses
    assert [value.width for value in found] == [4 if "." in group[0] else 16 for group in addresses]


def test_pods_come_in_the_order_of_their_names() -> None:
    (value,) = slices(service(), pod("b", "10.1.0.4"), pod("a", "10.1.0.5"))

    assert [row.pod for row in rows(value)] == ["a", "b"]


def test_the_name_of_a_derived_slice_is_none_that_the_api_allows() -> None:
    (value,) = slices(service(), pod())

    assert value.name == "web/ipv4/1"
    assert (value.namespace, value.service) == ("shop", "web")


def endpoints(*subsets: dict[str, Any] | None, name: str | None = "web") -> Endpoints:
    document = {"metadata": {"name": name, "namespace": "shop"}, "subsets": list(subsets)}
    decoded = decode(document, "Endpoints")
    assert isinstance(decoded, Endpoints)
    return decoded


def test_endpoints_are_mirrored_subset_by_subset_and_family_by_family() -> None:
    document = endpoints(
        {
            "addresses": [
                {
                    "ip": "10.1.0.3",
                    "hostname": "a",
                    "nodeName": "node-a",
                    "targetRef": {"kind": "Pod", "name": "web-0"},
                },
                {"ip": "fd00::3"},
            ],
            "notReadyAddresses": [{"ip": "10.1.0.4"}],
            "ports": [{"name": "http", "port": 8080}],
        },
        {"addresses": None, "notReadyAddresses": None, "ports": None},
        {"addresses": [{"ip": "10.1.0.5"}], "ports": [{"name": "http", "port": 9090}]},
    )

    found, flaws = mirrored(document)

    assert flaws == ()
    assert [(value.name, value.ports[0].port, rows(value)) for value in found] == [
        (
            "web/0/ipv4",
            8080,
            [Row("10.1.0.3", READY | SERVING, "a", "web-0", "node-a"), Row("10.1.0.4", 0)],
        ),
        ("web/0/ipv6", 8080, [Row("fd00::3", READY | SERVING)]),
        ("web/2/ipv4", 9090, [Row("10.1.0.5", READY | SERVING)]),
    ]


def test_a_wrong_part_of_endpoints_is_left_out_and_named() -> None:
    document = endpoints(
        {
            "addresses": [{"ip": "10.1.0.999"}, {"ip": "10.1.0.3", "hostname": "A_b"}, {}],
            "ports": [{"port": 0}],
        }
    )

    (value,), flaws = mirrored(document)

    assert rows(value) == [Row("10.1.0.3", READY | SERVING)]
    assert value.ports == ()
    assert [flaw.field for flaw in flaws] == [
        "subsets[0].ports[0].port",
        "subsets[0].addresses[0].ip",
        "subsets[0].addresses[1].hostname",
        "subsets[0].addresses[2].ip",
    ]


def test_endpoints_need_a_name() -> None:
    with pytest.raises(ObjectError, match="is missing"):
        mirrored(endpoints(name=None))
