"""Services that become others, and namespaces that come and go."""

from tests.support.dig import short
from tests.support.puppets import Puppets
from tests.support.stub_resolvers import StubResolvers
from tests.support.swapping import CLIENTS, STEADY, start_clients
from tests.support.workloads import Workloads
from tests.workloads.manifests import deployment, headless, service


def test_a_service_may_become_one_of_another_type(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    name = "web.types.svc.cluster.local."
    cluster.kubectl("create namespace types")
    cluster.apply(deployment() + service(), "types")
    spec = "get service web -o jsonpath={.spec.clusterIP}"
    address = cluster.kubectl(spec, namespace="types")
    cluster.until(lambda: short(53, name) == [address])
    assert resolvers.ask("types", "web") == [address]

    cluster.kubectl("delete service web", namespace="types")
    cluster.until(lambda: short(53, name) == [])
    cluster.apply(headless(), "types")
    pods = sorted(pod.address for pod in puppets.of("types"))
    cluster.until(lambda: short(53, name) == pods)
    assert resolvers.ask("types", "web") == pods

    cluster.apply(headless("inner", "web"), "types")
    cluster.kubectl("delete service web", namespace="types")
    cluster.kubectl(
        "create service externalname web --external-name=inner.types.svc.cluster.local",
        namespace="types",
    )
    cluster.until(lambda: "inner.types.svc.cluster.local." in short(53, name))
    assert short(53, name) == sorted([*pods, "inner.types.svc.cluster.local."])
    assert resolvers.ask("types", "web") == pods


def test_the_pods_that_ask_in_clusters_of_kind_are_let_in_and_waited_for(
    cluster: Workloads, puppets: Puppets
) -> None:
    start_clients(cluster)

    assert {pod.name for pod in puppets.of("default")} == {*CLIENTS, STEADY}
    cluster.kubectl(f"delete pod {' '.join((*CLIENTS, STEADY))}")


def test_names_come_and_go_with_their_namespace(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    name = "web.coming.svc.cluster.local."
    for _ in range(2):
        assert resolvers.ask("elsewhere", "web.coming") == ["EAI_NONAME"]
        cluster.kubectl("create namespace coming")
        cluster.apply(deployment(replicas=1) + headless(), "coming")
        cluster.until(lambda: short(53, name))
        (pod,) = puppets.of("coming")
        assert short(53, name) == [pod.address]
        assert resolvers.ask("elsewhere", "web.coming") == [pod.address]

        cluster.kubectl("delete namespace coming")
        cluster.until(lambda: short(53, name) == [])
