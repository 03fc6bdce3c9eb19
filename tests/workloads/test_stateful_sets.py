"""Pods that keep their names: each is found by name, in the order the controller makes them."""

from tests.support.dig import short
from tests.support.puppets import Puppets
from tests.support.stub_resolvers import StubResolvers
from tests.support.workloads import Workloads
from tests.workloads.manifests import headless, stateful_set


def becomes_ready(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers, number: int
) -> None:
    """Wait for a Pod of `db`, and look at its name before and after it is ready."""
    name = f"db-{number}.db.stateful.svc.cluster.local."
    cluster.until(lambda: len(puppets.of("stateful")) == number + 1)
    pod = puppets.of("stateful")[number]
    assert pod.name == f"db-{number}"
    assert resolvers.ask("stateful", f"db-{number}.db") == ["EAI_NONAME"]
    assert short(53, name) == []

    pod.is_ready = True
    cluster.until(lambda: short(53, name) == [pod.address])
    for written in (f"db-{number}.db", f"db-{number}.db.stateful.svc", name):
        assert resolvers.ask("stateful", written) == [pod.address], written
    assert short(53, "-x", pod.address) == [name]


def test_each_pod_of_a_stateful_set_is_found_by_its_name(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    cluster.kubectl("create namespace stateful")
    puppets.are_ready = False
    cluster.apply(stateful_set() + headless("db"), "stateful")

    for number in (0, 1):
        becomes_ready(cluster, puppets, resolvers, number)
    puppets.are_ready = True

    everyone = sorted(pod.address for pod in puppets.of("stateful"))
    services = short(53, "_http._tcp.db.stateful.svc.cluster.local.", "SRV")
    assert resolvers.ask("stateful", "db") == everyone
    assert [line.split()[-1] for line in services] == [
        f"db-{number}.db.stateful.svc.cluster.local." for number in (0, 1)
    ]


def test_the_name_of_a_pod_that_is_made_again_leads_to_the_new_one(
    cluster: Workloads, puppets: Puppets, resolvers: StubResolvers
) -> None:
    name = "db-0.db.again.svc.cluster.local."
    cluster.kubectl("create namespace again")
    cluster.apply(stateful_set(replicas=1) + headless("db"), "again")
    cluster.until(lambda: short(53, name))
    (first,) = puppets.of("again")
    assert short(53, name) == [first.address]

    cluster.kubectl("delete pod db-0", namespace="again")
    cluster.until(lambda: puppets.of("again") and short(53, name) not in ([], [first.address]))
    (second,) = puppets.of("again")

    assert (second.name, short(53, name)) == ("db-0", [second.address])
    assert resolvers.ask("again", "db-0.db") == [second.address]
    assert short(53, "-x", first.address) == []
    cluster.kubectl("scale statefulset/db --replicas=0", namespace="again")
    cluster.until(lambda: short(53, name) == [])
    assert resolvers.ask("again", "db-0.db") == ["EAI_NONAME"]
