"""What a missing or a wrong part of an object means."""

import pytest

from svcdns.cluster import structs
from svcdns.cluster.compact import (
    SERVICE_NAME,
    Parsed,
    cluster_addresses,
    compact,
    pod_addresses,
    port_number,
    usable_label,
)
from svcdns.cluster.model import Condition, EndpointPort, EndpointSlice, Node, Pod, Service
from svcdns.cluster.object_error import Flaw, ObjectError
from svcdns.cluster.outside import packed
from svcdns.wire.name import pack_address

READY, SERVING, TERMINATING = Condition.READY, Condition.SERVING, Condition.TERMINATING
LONG = "a" * 64


def service(**spec: object) -> structs.Service:
    return structs.Service(
        structs.Metadata(name="web", namespace="shop"),
        structs.ServiceSpec(**spec),  # type: ignore[arg-type]  # written as in a manifest
    )


def slice_of(*endpoints: structs.Endpoint, address_type: str = "IPv4") -> structs.EndpointSlice:
    return structs.EndpointSlice(
        structs.Metadata(name="web-1", namespace="shop", labels={SERVICE_NAME: "web"}),
        address_type,
        list(endpoints),
    )


def parsed_service(document: structs.Service) -> Service:
    value = compact(document).value
    assert isinstance(value, Service)
    return value


def parsed_slice(document: structs.EndpointSlice) -> EndpointSlice:
    value = compact(document).value
    assert isinstance(value, EndpointSlice)
    return value


@pytest.mark.parametrize(
    ("ready", "serving", "terminating", "bits"),
    [
        pytest.param(None, None, None, READY | SERVING, id="nothing set"),
        pytest.param(True, True, False, READY | SERVING, id="ready"),
        pytest.param(False, False, False, 0, id="not ready"),
        pytest.param(False, True, True, SERVING | TERMINATING, id="ends and still serves"),
        pytest.param(False, None, None, SERVING, id="serving not set"),
        pytest.param(True, False, True, READY | TERMINATING, id="published while it ends"),
    ],
)
def test_conditions_that_are_not_set_mean_ready(
    ready: bool | None,  # noqa: FBT001  # a column of the table
    serving: bool | None,  # noqa: FBT001
    terminating: bool | None,  # noqa: FBT001
    bits: int,
) -> None:
    conditions = structs.EndpointConditions(ready, serving, terminating)

    value = parsed_slice(slice_of(structs.Endpoint(["10.1.0.3"], conditions)))

    assert value.conditions == bytes((bits,))


def test_an_endpoint_without_conditions_is_ready() -> None:
    value = parsed_slice(slice_of(structs.Endpoint(["10.1.0.3"])))

    assert value.conditions == bytes((READY | SERVING,))


def test_further_addresses_of_an_endpoint_are_marked() -> None:
    value = parsed_slice(slice_of(structs.Endpoint(["10.1.0.3", "10.1.0.4"]), structs.Endpoint([])))

    assert [one.conditions & Condition.FURTHER for one in value.endpoints()] == [
        0,
        Condition.FURTHER,
    ]


def test_a_wrong_part_of_a_slice_is_left_out_and_named() -> None:
    document = slice_of(
        structs.Endpoint(["10.1.0.3", "10.1.0.300"], hostname="Web_0"),
        structs.Endpoint(["fd00::1"]),
        structs.Endpoint(["10.1.0.5"], hostname=LONG),
    )
    document.ports = [
        structs.EndpointPort("http", "TCP", 8080),
        structs.EndpointPort("zero", "TCP", 0),
        structs.EndpointPort("sctp", "XTCP", 9),
        structs.EndpointPort("all"),
    ]
    document.metadata.labels = {SERVICE_NAME: "not_a_service"}

    value, flaws = compact(document)

    assert isinstance(value, EndpointSlice)
    assert [one.address for one in value.endpoints()] == [
        pack_address("10.1.0.3"),
        pack_address("10.1.0.5"),
    ]
    assert value.hostnames == ()
    assert value.service == ""
    assert value.ports == (EndpointPort("http", "TCP", 8080), EndpointPort("all", "TCP", None))
    assert [flaw.field for flaw in flaws] == [
        "endpoints[0].hostname",
        "endpoints[0].addresses[1]",
        "endpoints[1].addresses[0]",
        "endpoints[2].hostname",
        "metadata.labels[kubernetes.io/service-name]",
        "ports[1].port",
        "ports[2].protocol",
    ]
    assert flaws[1].problem == "'10.1.0.300' is not an IP address"
    assert flaws[2].problem == "'fd00::1' is not an IPv4 address"
    assert flaws[5].problem == "0 is not a port number (1 to 65535)"
    assert flaws[6].problem == "'XTCP' is not TCP, UDP or SCTP"


def test_a_slice_of_names_keeps_the_names() -> None:
    document = slice_of(structs.Endpoint(["a.example"]), address_type="FQDN")

    value = parsed_slice(document)

    assert value.width == 0
    assert value.addresses == b""
    assert [one.fqdn for one in value.endpoints()] == ["a.example"]


@pytest.mark.parametrize("name", ["", "a..b", f"{LONG}.example", "ä.example", "a." * 130])
def test_a_name_that_is_none_is_left_out_of_a_slice(name: str) -> None:
    document = slice_of(structs.Endpoint([name]), address_type="FQDN")

    value, flaws = compact(document)

    assert isinstance(value, EndpointSlice)
    assert len(value) == 0
    assert [flaw.field for flaw in flaws] == ["endpoints[0].addresses[0]"]


@pytest.mark.parametrize("address_type", ["", "ipv4", "IP"])
def test_a_slice_needs_an_address_type(address_type: str) -> None:
    with pytest.raises(ObjectError, match="is not IPv4, IPv6 or FQDN") as caught:
        compact(slice_of(address_type=address_type))

    assert caught.value.field == "addressType"


@pytest.mark.parametrize(
    ("document", "addresses", "headless"),
    [
        pytest.param(service(cluster_ip="10.96.4.7"), ("10.96.4.7",), False, id="clusterIP alone"),
        pytest.param(
            service(cluster_ip="10.96.4.7", cluster_ips=["10.96.4.7", "fd00::7"]),
            ("10.96.4.7", "fd00::7"),
            False,
            id="both",
        ),
        pytest.param(service(cluster_ips=["None"]), (), True, id="headless"),
        pytest.param(service(cluster_ip="None"), (), True, id="headless, old form"),
        pytest.param(service(cluster_ip=""), (), False, id="not given yet"),
        pytest.param(
            service(type="ExternalName", external_name="a.b", cluster_ip="10.96.4.7"),
            (),
            False,
            id="ExternalName keeps no address",
        ),
    ],
)
def test_a_service_has_its_cluster_ips(
    document: structs.Service,
    addresses: tuple[str, ...],
    headless: bool,  # noqa: FBT001  # a column of the table
) -> None:
    value = parsed_service(document)

    assert value.addresses == tuple(map(pack_address, addresses))
    assert value.headless is headless


def test_a_wrong_part_of_a_service_is_left_out_and_named() -> None:
    document = service(
        cluster_ips=["10.96.0.999", "10.96.0.9"],
        ports=[
            structs.ServicePort("http", None, 80),
            structs.ServicePort("text", None, "80"),
            structs.ServicePort("none"),
            structs.ServicePort("tcp", "tcp", 80),
        ],
    )

    value, flaws = compact(document)

    assert isinstance(value, Service)
    assert value.addresses == (pack_address("10.96.0.9"),)
    assert [(port.name, port.protocol) for port in value.ports] == [("http", "TCP")]
    assert [flaw.field for flaw in flaws] == [
        "spec.clusterIPs[0]",
        "spec.ports[1].port",
        "spec.ports[2].port",
        "spec.ports[3].protocol",
    ]


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        pytest.param("", "is missing", id="missing"),
        pytest.param("a..b", "'a..b' is not a DNS name", id="empty label"),
        pytest.param(f"{LONG}.example", "is not a DNS name", id="long label"),
    ],
)
def test_an_external_name_has_to_be_a_name(target: str, problem: str) -> None:
    with pytest.raises(ObjectError) as caught:
        compact(service(type="ExternalName", external_name=target))

    assert caught.value.field == "spec.externalName"
    assert problem in caught.value.problem


@pytest.mark.parametrize("target", ["db.example.com", "db.example.com.", "192.0.2.1", "_x.example"])
def test_an_external_name_is_kept_as_it_is_written(target: str) -> None:
    assert (
        parsed_service(service(type="ExternalName", external_name=target)).external_name == target
    )


@pytest.mark.parametrize("name", ["Web", "web_1", "-web", "web.shop", LONG, "ä"])
def test_a_service_or_namespace_that_no_query_could_name_is_refused(name: str) -> None:
    documents: list[structs.ApiObject] = [
        structs.Service(structs.Metadata(name=name)),
        structs.Service(structs.Metadata(name="web", namespace=name)),
        structs.Namespace(structs.Metadata(name=name)),
    ]
    for document in documents:
        with pytest.raises(ObjectError, match="cannot be a DNS label"):
            compact(document)


@pytest.mark.parametrize(
    ("status", "addresses"),
    [
        pytest.param(structs.PodStatus("Running", "10.1.0.3"), ("10.1.0.3",), id="one address"),
        pytest.param(
            structs.PodStatus(
                "Running", "10.1.0.3", [structs.PodIP("10.1.0.3"), structs.PodIP("fd00::3")]
            ),
            ("10.1.0.3", "fd00::3"),
            id="two families",
        ),
        pytest.param(structs.PodStatus(None, "10.1.0.3"), ("10.1.0.3",), id="no phase"),
        pytest.param(structs.PodStatus("Pending"), None, id="no address yet"),
        pytest.param(structs.PodStatus("Succeeded", "10.1.0.3"), None, id="succeeded"),
        pytest.param(structs.PodStatus("Failed", "10.1.0.3"), None, id="failed"),
        pytest.param(structs.PodStatus("Unknown", "10.1.0.3"), None, id="unknown"),
        pytest.param(None, None, id="no status"),
    ],
)
def test_a_pod_is_there_while_it_has_an_address_and_has_not_ended(
    status: structs.PodStatus | None, addresses: tuple[str, ...] | None
) -> None:
    document = structs.Pod(structs.Metadata(name="web-0", namespace="shop"), status=status)
    wanted = (
        None if addresses is None else Pod("shop", "web-0", tuple(map(pack_address, addresses)))
    )

    assert compact(document) == Parsed(wanted)


def test_a_pod_that_is_being_deleted_stays_until_it_is_gone() -> None:
    metadata = structs.Metadata(name="web-0", deletion_timestamp="2026-01-01T00:00:00Z")

    value = compact(structs.Pod(metadata, status=structs.PodStatus("Running", "10.1.0.3"))).value

    assert value == Pod("default", "web-0", (pack_address("10.1.0.3"),))


def test_a_node_has_the_zone_of_the_old_label_too() -> None:
    labels: structs.Labels = {"failure-domain.beta.kubernetes.io/zone": "zone-1"}
    node = compact(structs.Node(structs.Metadata(name="a", labels=labels))).value

    assert getattr(node, "zone", "") == "zone-1"


@pytest.mark.parametrize(
    ("deleted", "taint", "leaving"),
    [
        (None, None, False),
        (None, "node.kubernetes.io/not-ready", False),
        (None, "ToBeDeletedByClusterAutoscaler", True),
        ("2026-01-01T00:00:00Z", None, True),
    ],
)
def test_a_node_that_is_about_to_go_is_leaving(
    deleted: str | None,
    taint: str | None,
    leaving: bool,  # noqa: FBT001  a table
) -> None:
    spec = structs.NodeSpec([structs.Taint(taint)]) if taint else None
    metadata = structs.Metadata(name="a", deletion_timestamp=deleted)

    node = compact(structs.Node(metadata, spec)).value

    assert isinstance(node, Node)
    assert node.leaving is leaving


def test_a_hint_says_whom_an_endpoint_is_meant_for() -> None:
    hints = structs.Hints([structs.Hint("z1"), structs.Hint()], None)
    endpoints = [
        structs.Endpoint(["10.0.0.1"], hints=hints),
        structs.Endpoint(["10.0.0.2", "10.0.0.3"]),
    ]
    metadata = structs.Metadata(name="web-1", namespace="shop")

    value = compact(structs.EndpointSlice(metadata, "IPv4", endpoints)).value

    assert isinstance(value, EndpointSlice)
    assert value.zone_hints == (("z1",), (), ())
    assert value.node_hints == ()


def test_endpoints_are_no_object_of_the_cluster() -> None:
    assert compact(structs.Endpoints(structs.Metadata(name="web"))) == Parsed(None)


def test_equal_ports_are_one_object() -> None:
    def ports() -> list[structs.ServicePort]:
        return [structs.ServicePort("http", "TCP", 80)]

    first, second = parsed_service(service(ports=ports())), parsed_service(service(ports=ports()))

    assert first.ports is second.ports


def test_ports_of_a_service_stay_ports_of_a_service() -> None:
    """Ports of a slice that look the same must not take their place."""
    endpoints = slice_of()
    endpoints.ports = [structs.EndpointPort("http", "TCP", 80)]

    of_slice = parsed_slice(endpoints).ports[0]
    of_service = parsed_service(service(ports=[structs.ServicePort("http", "TCP", 80)])).ports[0]

    assert (type(of_slice).__name__, type(of_service).__name__) == ("EndpointPort", "ServicePort")


def test_small_questions_have_small_answers() -> None:
    flaws: list[Flaw] = []

    assert cluster_addresses(structs.ServiceSpec()) == []
    assert pod_addresses(structs.Pod()) == []
    assert packed(["10.1.0.3", "x"], "field[{}]", flaws) == (pack_address("10.1.0.3"),)
    assert flaws == [Flaw("field[1]", "'x' is not an IP address")]
    assert [port_number(n) for n in (None, 0, 65536, "80", 80)] == [0, 0, 0, 0, 80]
    assert usable_label(None, "field", flaws) == ""
