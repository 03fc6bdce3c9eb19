"""Names of a Deployment's Pods: controllers make them and the EndpointSlices, as in a cluster."""

from functools import partial

import pytest

from tests.support.dig import short
from tests.support.namespaces import Network
from tests.support.puppets import Puppet, Puppets
from tests.support.steady import Steady
from tests.support.stub_resolvers import StubResolvers
from tests.support.workloads import Workloads
from tests.workloads.conftest import SERVER
from tests.workloads.manifests import deployment, headless


def addresses(*pods: Puppet) -> list[str]:
    return sorted(pod.address for pod in pods)


def has(puppets: Puppets, namespace: str, count: int) -> bool:
    return len(puppets.of(namespace)) == count


def leave(pods: list[Puppet], count: int) -> bool:
    return sum(pod.is_leaving for pod in pods) == count


def everybody_sees(
    cluster: Workloads, resolvers: StubResolvers, namespace: str, name: str, *pods: Puppet
) -> None:
    """Wait until dig does, then ask the stub resolvers, which have to as well."""
    whole, expected = f"{name}.{namespace}.svc.cluster.local", addresses(*pods)
    cluster.until(lambda: short(53, whole) == expected, lambda: (short(53, whole), expected))
    for written in (name, f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{whole}."):
        assert resolvers.ask(namespace, written) == (expected or ["EAI_NONAME"]), written


def test_a_deployment_is_scaled_up_to_nothing_and_back(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    cluster.kubectl("create namespace scale")
    cluster.apply(deployment() + headless(), "scale")
    for replicas in (2, 4, 0, 1):
        cluster.kubectl(f"scale deployment/web --replicas={replicas}", namespace="scale")
        cluster.until(partial(has, puppets, "scale", replicas))

        everybody_sees(cluster, resolvers, "scale", "web", *puppets.of("scale"))


def test_a_rolling_update_never_leaves_a_name_without_an_address(
    hub: Network, cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    name = "web.rolling.svc.cluster.local."
    cluster.kubectl("create namespace rolling")
    puppets.linger = True
    cluster.apply(deployment() + headless(), "rolling")
    cluster.until(lambda: short(53, name) == addresses(*puppets.of("rolling")) != [])
    old = puppets.of("rolling")
    assert len(old) == 2
    puppets.are_ready = False
    with Steady(hub, SERVER, [name]) as client:
        cluster.kubectl("set image deployment/web main=main:2", namespace="rolling")
        for count in (1, 2):
            cluster.until(partial(has, puppets, "rolling", 2 + count))
            new = puppets.of("rolling")[2:]
            left = [pod for pod in old if not pod.is_leaving]
            # The last of the new ones is there and not ready.
            everybody_sees(cluster, resolvers, "rolling", "web", *left, *new[:-1])

            new[-1].is_ready = True
            cluster.until(partial(leave, old, count))
            left = [pod for pod in old if not pod.is_leaving]
            # One of the old ones is terminating, still runs, and gets nobody sent any more.
            everybody_sees(cluster, resolvers, "rolling", "web", *left, *new)
        for pod in old:
            pod.lingers = False
        puppets.are_ready, puppets.linger = True, False
        cluster.kubectl("rollout status deployment/web --timeout=30s", namespace="rolling")
        new = puppets.of("rolling")
        everybody_sees(cluster, resolvers, "rolling", "web", *new)
    for pod in new:
        pod.lingers = False

    known = {*addresses(*old, *new)}
    said = client.tally()
    assert said.total() > 20
    wrong = [one for one in said if not one.said or isinstance(one.said, str)]
    assert wrong == []
    assert {address for one in said for address in one.said} == known
    assert all(len(one.said) >= 2 for one in said), said


@pytest.mark.parametrize("publishes", [False, True], ids=["ready", "publishNotReadyAddresses"])
def test_a_service_says_whether_pods_that_are_not_ready_are_found(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers, *, publishes: bool
) -> None:
    namespace = f"ready-{publishes}".lower()
    more = f"publishNotReadyAddresses: {str(publishes).lower()}"
    cluster.kubectl(f"create namespace {namespace}")
    puppets.are_ready = False
    cluster.apply(deployment() + headless("web", more=more) + headless("all", "web"), namespace)
    cluster.until(lambda: len(puppets.of(namespace)) == 2)
    puppets.are_ready = True
    pods = puppets.of(namespace)
    everybody_sees(cluster, resolvers, namespace, "web", *(pods if publishes else []))

    pods[0].is_ready = True
    everybody_sees(cluster, resolvers, namespace, "all", pods[0])
    everybody_sees(cluster, resolvers, namespace, "web", *(pods if publishes else pods[:1]))


def test_names_of_pods_are_answered_as_long_as_there_is_such_a_pod(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    cluster.kubectl("create namespace verified")
    cluster.apply(deployment(replicas=1), "verified")
    cluster.until(lambda: puppets.of("verified"))
    (pod,) = puppets.of("verified")
    label = pod.address.replace(".", "-")
    name = f"{label}.verified.pod.cluster.local."
    cluster.until(lambda: short(53, name) == [pod.address])

    assert resolvers.ask("verified", f"{label}.verified.pod.cluster.local") == [pod.address]
    assert short(53, f"{label}.default.pod.cluster.local.") == []
    assert short(53, "10-244-255-1.verified.pod.cluster.local.") == []
    cluster.kubectl("scale deployment/web --replicas=0", namespace="verified")
    cluster.until(lambda: short(53, name) == [])
    assert resolvers.ask("verified", name) == ["EAI_NONAME"]
