"""From the entries of all files comes one cluster, as an API server would list it."""

from typing import TypeVar

import pytest

from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service
from svcdns.cluster.selector import Selector, parse_selector
from svcdns.source.assembly import Cluster, assemble
from svcdns.source.documents import read_contents
from svcdns.source.offline_addresses import DEFAULT_RANGES, read_ranges
from svcdns.wire.name import address_text

T = TypeVar("T", Service, EndpointSlice, Namespace, Node, Pod)

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {tier: front}}
spec:
  clusterIP: 10.96.4.7
  selector: {app: web}
  ports: [{name: http, port: 80}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, labels: {app: web}}
spec: {nodeName: node-a}
status: {podIP: 10.1.0.3, conditions: [{type: Ready, status: "True"}]}
"""
SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.1.0.9]}]
"""
ENDPOINTS = """
apiVersion: v1
kind: Endpoints
metadata: {name: web, namespace: shop, labels: {from: endpoints}}
subsets: [{addresses: [{ip: 10.1.0.6}]}]
"""
NODE = """
apiVersion: v1
kind: Node
metadata: {name: node-a, labels: {topology.kubernetes.io/zone: zone-1}}
"""


def cluster(*documents: str, ranges: tuple[str, ...] = DEFAULT_RANGES) -> Cluster:
    return in_files({"a.yaml": "---".join(documents)}, ranges)


def in_files(texts: dict[str, str], ranges: tuple[str, ...] = DEFAULT_RANGES) -> Cluster:
    files = {file: read_contents(file, text.encode()) for file, text in texts.items()}
    assert not any(contents.problems for contents in files.values())
    return assemble(files, read_ranges(ranges), {})


def of(found: Cluster, kind: type[T]) -> list[T]:
    values = found.select(Selector(), Selector())
    return [value for value in values if isinstance(value, kind)]


def endpoints(found: Cluster) -> list[str]:
    return [
        address_text(one.address) for each in of(found, EndpointSlice) for one in each.endpoints()
    ]


@pytest.mark.parametrize(
    ("documents", "addresses"),
    [
        pytest.param([WEB, POD, ENDPOINTS, SLICE], ["10.1.0.9"], id="slices win"),
        pytest.param([WEB, POD, ENDPOINTS], ["10.1.0.6"], id="then Endpoints"),
        pytest.param([WEB, POD], ["10.1.0.3"], id="then Pods"),
        pytest.param([WEB], [], id="nothing"),
        pytest.param([POD, ENDPOINTS], [], id="no Service, nothing derived"),
        pytest.param([SLICE], ["10.1.0.9"], id="a slice needs no Service"),
        pytest.param(
            [WEB, POD, SLICE.replace("service-name: web", "service-name: db")],
            ["10.1.0.9", "10.1.0.3"],
            id="slices of another Service",
        ),
        pytest.param(
            [WEB, POD, SLICE.replace("namespace: shop", "namespace: ops")],
            ["10.1.0.9", "10.1.0.3"],
            id="slices of another Namespace",
        ),
        pytest.param(
            [WEB, POD, SLICE.replace("[{addresses: [10.1.0.9]}]", "")],
            [],
            id="a slice without endpoints is a slice",
        ),
    ],
)
def test_endpoints_come_from_slices_then_endpoints_then_pods(
    documents: list[str], addresses: list[str]
) -> None:
    assert endpoints(cluster(*documents)) == addresses


def test_the_zone_comes_from_the_node() -> None:
    (value,) = of(cluster(WEB, POD, NODE), EndpointSlice)

    assert value.zones == ("zone-1",)


def test_of_two_entries_the_later_wins_and_the_loser_is_named() -> None:
    found = in_files(
        {
            "a.yaml": WEB + "---" + POD,
            "b.yaml": WEB.replace("10.96.4.7", "10.96.4.8"),
        }
    )

    (service,) = of(found, Service)
    assert address_text(service.addresses[0]) == "10.96.4.8"
    assert [str(problem) for problem in found.problems] == [
        "b.yaml:2: Service shop/web: is also in a.yaml:2; this one is used"
    ]
    assert found.problems[0].is_warning


def test_a_namespace_exists_when_something_names_it() -> None:
    found = cluster(
        "\napiVersion: v1\nkind: Namespace\nmetadata: {name: empty}\n",
        WEB,
        "\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
        "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: config}\n",
        NODE,
    )

    assert [value.name for value in of(found, Namespace)] == ["empty", "shop", "default", "config"]


@pytest.mark.parametrize(
    ("ranges", "addresses"),
    [
        pytest.param(("10.200.0.0/24",), 1, id="IPv4"),
        pytest.param(DEFAULT_RANGES, 2, id="both"),
        pytest.param((), 0, id="none"),
    ],
)
def test_a_service_without_an_address_is_given_what_it_asks_for(
    ranges: tuple[str, ...], addresses: int
) -> None:
    text = WEB.replace("clusterIP: 10.96.4.7", "ipFamilyPolicy: RequireDualStack")

    found = cluster(text, ranges=ranges)

    (service,) = of(found, Service)
    assert len(service.addresses) == len(found.assigned) == addresses
    assert len(found.problems) == 2 - addresses
    for problem in found.problems:
        assert problem.subject == "Service shop/web"
        assert "there is no range to give one from" in problem.problem


def test_a_full_range_is_named() -> None:
    texts = [
        WEB.replace("name: web", f"name: web-{n}").replace("10.96.4.7", '""') for n in range(6)
    ]

    found = cluster(*texts, ranges=("10.200.0.0/29",))

    assert len(found.assigned) == 5
    assert [problem.problem for problem in found.problems] == [
        "has no IPv4 address, and none is free to give out"
    ]


def test_an_address_that_is_given_out_stays_while_files_change() -> None:
    texts = {"a.yaml": WEB.replace("10.96.4.7", '""')}
    before = in_files(texts)
    files = {"b.yaml": read_contents("b.yaml", texts["a.yaml"].encode())}

    after = assemble(files, read_ranges(DEFAULT_RANGES), before.assigned)

    assert of(after, Service) == of(before, Service)


def test_a_port_that_leads_nowhere_is_named() -> None:
    found = cluster(WEB.replace("port: 80", "port: 80, targetPort: web"), POD)

    (problem,) = found.problems
    assert str(problem) == (
        "a.yaml:2: Service shop/web: spec.ports[0].targetPort: "
        "no container of its Pods has a port called 'web'"
    )


def test_a_port_is_not_blamed_while_there_are_no_pods() -> None:
    assert cluster(WEB.replace("port: 80", "port: 80, targetPort: web")).problems == ()


@pytest.mark.parametrize(
    ("labels", "namespace_labels", "names"),
    [
        pytest.param("", "", ["node-a", "shop", "web", "web-0", "web/ipv4/1"], id="everything"),
        pytest.param("tier=front", "", ["node-a", "shop", "web", "web/ipv4/1"], id="Service"),
        pytest.param("app=web", "", ["node-a", "shop", "web-0"], id="Pod"),
        pytest.param("app=none", "", ["node-a", "shop"], id="nothing"),
        pytest.param(
            "kubernetes.io/service-name=web", "", ["node-a", "shop", "web/ipv4/1"], id="slice"
        ),
        pytest.param(
            "tier", "team=a", ["node-a", "web", "web/ipv4/1"], id="Namespaces by their own labels"
        ),
        pytest.param(
            "app=none", "kubernetes.io/metadata.name in (shop)", ["node-a", "shop"], id="by name"
        ),
    ],
)
def test_selectors_leave_what_they_select(
    labels: str, namespace_labels: str, names: list[str]
) -> None:
    found = cluster(WEB, POD, NODE)

    selected = found.select(parse_selector(labels), parse_selector(namespace_labels))

    assert sorted(value.name for value in selected) == names


def test_slices_from_endpoints_carry_the_labels_of_the_endpoints() -> None:
    found = cluster(WEB, ENDPOINTS)

    selected = found.select(parse_selector("from=endpoints"), Selector())

    assert [type(value) for value in selected] == [Namespace, EndpointSlice]


def test_the_summary_says_what_there_is_and_what_was_left_out() -> None:
    ended = POD.replace("name: web-0", "name: job-0").replace("podIP: 10.1.0.3", "phase: Failed")
    found = cluster(
        WEB.replace("10.96.4.7", '""'),
        POD,
        ended,
        "\napiVersion: apps/v1\nkind: Deployment\n",
        "\napiVersion: apps/v1\nkind: StatefulSet\n",
        "\napiVersion: v1\nkind: ConfigMap\n",
        "\napiVersion: v1\nkind: ConfigMap\n",
    )

    assert found.summary == (
        "1 Service, 1 endpoint, 1 Pod, 1 Namespace in 1 file",
        "1 ClusterIP given out to Services without one",
        "1 Pod without an address or ended: no endpoints from them",
        (
            "not expanded into Pods: 1 Deployment, 1 StatefulSet; endpoints come from the "
            "EndpointSlices, Endpoints and Pods in the files"
        ),
        "not used: 2 ConfigMap",
    )


def test_no_files_are_an_empty_cluster() -> None:
    found = in_files({})

    assert found.select(Selector(), Selector()) == list[Object]()
    assert found.summary == ("0 Services, 0 endpoints, 0 Pods, 0 Namespaces in 0 files",)
