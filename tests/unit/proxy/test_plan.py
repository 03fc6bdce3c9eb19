"""What Services come to on one node."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import EndpointSlice, Key, Node, Object, Service, ServicePort
from svcdns.dataplane.fake import Fake
from svcdns.proxy.diff import changed_keys, diff
from svcdns.proxy.filter_rows import Row, all_rows, changed_rows
from svcdns.proxy.model import PERSISTENT, SCHED_1, TCP, Desired, HealthCheck, Kind, VirtualKey
from svcdns.proxy.operations import Operation
from svcdns.proxy.options import Network, ProxyOptions
from svcdns.proxy.plan import Plan
from svcdns.proxy.realized import Realized, RealizedServer, RealizedVirtual
from svcdns.wire.name import address_text, pack_address
from tests.support.proxied import (
    DNS,
    ENDING,
    HTTP,
    READY,
    UNREADY,
    endpoints,
    events_of,
    service,
    state_of,
)

NODE = ProxyOptions(
    node="node-a", zone="z1", node_addresses=(pack_address("192.0.2.1"), pack_address("fd01::1"))
)
KEY = VirtualKey(TCP, pack_address("10.96.0.1"), 80)
TWO = endpoints("web", ("10.1.0.1", READY, "node-a"), ("10.1.0.2", READY, "node-b"))
ELSEWHERE = endpoints("web", ("10.1.0.2", READY, "node-b"))


def planned(*objects: Object, options: ProxyOptions = NODE) -> Desired:
    return Plan(options).rebuild(state_of(*objects))


def shown(desired: Desired) -> dict[str, str]:
    """Each virtual server and the last octets of its real servers."""
    return {
        str(key): ",".join(address_text(one.address)[-1] for one in virtual.real_servers())
        for key, virtual in desired.virtual_servers.items()
    }


def test_a_cluster_address_is_balanced_and_bound() -> None:
    desired = planned(service(), TWO)

    assert shown(desired) == {"10.96.0.1:80/TCP": "1,2"}
    assert desired.addresses == {pack_address("10.96.0.1")}
    (virtual,) = desired.virtual_servers.values()
    assert (virtual.kind, virtual.scheduler, virtual.flags) == (Kind.CLUSTER, "rr", 0)
    assert str(virtual.service) == "shop/web:http"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(service(headless=True), id="headless"),
        pytest.param(service(kind="ExternalName"), id="ExternalName"),
        pytest.param(service(is_elsewhere=True), id="another proxy"),
        pytest.param(service(ports=()), id="no ports"),
    ],
)
def test_some_services_need_no_proxy(other: Service) -> None:
    assert planned(other, TWO) == planned()


def test_every_way_to_a_load_balancer_is_served() -> None:
    balanced = service(
        kind="LoadBalancer",
        node_ports=(30080,),
        external=(pack_address("198.51.100.7"),),
        balancers=(pack_address("203.0.113.5"),),
    )

    desired = planned(balanced, TWO, options=replace(NODE, external_ips=True))

    assert shown(desired) == {
        "10.96.0.1:80/TCP": "1,2",
        "198.51.100.7:80/TCP": "1,2",
        "203.0.113.5:80/TCP": "1,2",
        "192.0.2.1:30080/TCP": "1,2",
    }
    assert {address_text(one) for one in desired.addresses} == {
        *("10.96.0.1", "198.51.100.7", "203.0.113.5")
    }


def test_external_addresses_are_served_only_if_that_is_wanted() -> None:
    desired = planned(service(external=(pack_address("198.51.100.7"),)), TWO)

    assert shown(desired) == {"10.96.0.1:80/TCP": "1,2"}
    assert "--enable-external-ips" in desired.skipped[0].reason


def test_each_family_has_its_own() -> None:
    dual = service("web", "10.96.0.1", "fd00::1", node_ports=(30080,), kind="NodePort")
    v6 = endpoints("web", ("fd02::7", READY, "node-a"), name="web-6")

    assert shown(planned(dual, TWO, v6)) == {
        "10.96.0.1:80/TCP": "1,2",
        "192.0.2.1:30080/TCP": "1,2",
        "[fd00::1]:80/TCP": "7",
        "[fd01::1]:30080/TCP": "7",
    }


@pytest.mark.parametrize(
    ("internal", "external", "fallback", "cluster", "node", "drops"),
    [
        pytest.param(False, False, False, "2", "2", (False, False), id="Cluster"),
        pytest.param(True, False, False, "", "2", (True, False), id="internal Local"),
        pytest.param(False, True, False, "2", "", (False, True), id="external Local"),
        pytest.param(True, True, True, "2", "2", (False, False), id="with the fallback"),
    ],
)
def test_local_policies_know_this_node_alone(
    internal: bool,  # noqa: FBT001  a table
    external: bool,  # noqa: FBT001
    fallback: bool,  # noqa: FBT001
    cluster: str,
    node: str,
    drops: tuple[bool, bool],
) -> None:
    policies = service(
        kind="NodePort",
        node_ports=(30080,),
        internal_local=internal,
        external_local=external,
    )

    desired = planned(policies, ELSEWHERE, options=replace(NODE, local_fallback=fallback))

    assert shown(desired) == {"10.96.0.1:80/TCP": cluster, "192.0.2.1:30080/TCP": node}
    assert tuple(one.drops for one in desired.virtual_servers.values()) == drops
    assert desired.without_local == {"internal": int(internal), "external": int(external)}


def test_a_service_without_endpoints_is_refused_and_not_dropped() -> None:
    (virtual,) = planned(service(internal_local=True)).virtual_servers.values()

    assert (len(virtual), virtual.drops) == (0, False)


def test_affinity_and_schedulers_become_flags() -> None:
    sticky = service(affinity_seconds=600, scheduler="sh")

    (virtual,) = planned(sticky, TWO).virtual_servers.values()

    assert virtual.scheduler == "sh"
    assert virtual.flags == PERSISTENT | SCHED_1
    assert virtual.persistence_timeout == 600


def test_source_ranges_are_of_load_balancers_and_a_whole_family_is_none() -> None:
    def ranges(*texts: str) -> tuple[tuple[bytes, int], ...]:
        balanced = service(
            kind="LoadBalancer",
            balancers=(pack_address("203.0.113.5"),),
            source_ranges=texts,
        )
        return next(
            one.source_ranges
            for one in planned(balanced, TWO).virtual_servers.values()
            if one.kind is Kind.BALANCER
        )

    assert ranges("10.0.0.7/8") == ((pack_address("10.0.0.0"), 8),)
    assert ranges("0.0.0.0/0", "10.0.0.0/8") == ()
    assert ranges("fd00::/8") == ((bytes(4), 32),), "nobody of this family"
    assert ranges("nonsense", "10.0.0.0/8") == ((pack_address("10.0.0.0"), 8),)


def test_load_balancers_are_told_how_many_ready_endpoints_are_here() -> None:
    balanced = service(kind="LoadBalancer", external_local=True, health_check_port=32000)
    mixed = endpoints(
        "web",
        ("10.1.0.1", READY, "node-a"),
        ("10.1.0.2", UNREADY, "node-a"),
        ("10.1.0.3", READY, "node-b"),
    )

    assert planned(balanced, mixed).health_checks == {("shop", "web"): HealthCheck(32000, 1)}
    assert not planned(replace(balanced, type="NodePort"), mixed).health_checks


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("169.254.169.254", "metadata"),
        ("169.254.1.1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("192.0.2.1", "this node"),
        ("fe80::1", "link-local"),
        ("::1", "loopback"),
    ],
)
def test_addresses_that_would_take_something_away_are_left_out(address: str, why: str) -> None:
    desired = planned(service("bad", address), service("web"), TWO)

    assert shown(desired) == {"10.96.0.1:80/TCP": "1,2"}
    ((what, reason),) = desired.skipped
    assert what == "Service shop/bad:http"
    assert why in reason


def test_of_two_that_clash_the_first_name_wins_whoever_came_first() -> None:
    desired = planned(service("web"), service("also"), TWO, replace(TWO, service="also"))

    (virtual,) = desired.virtual_servers.values()
    assert virtual.service.name == "also"
    assert [one.object for one in desired.skipped] == ["Service shop/web:http"]
    assert "10.96.0.1:80/TCP is Service shop/also:http's already" in desired.skipped[0].reason


def test_an_external_address_takes_no_place_that_the_cluster_gave_out() -> None:
    thief = service("a", "10.96.0.9", external=(pack_address("10.96.0.1"),))

    desired = planned(service(), thief, TWO, options=replace(NODE, external_ips=True))

    assert desired.virtual_servers[KEY].service.name == "web"
    assert [one.object for one in desired.skipped] == ["Service shop/a:http"]


def test_an_address_of_two_origins_is_one_virtual_server_and_no_clash() -> None:
    address = pack_address("203.0.113.5")
    both = service(
        kind="LoadBalancer",
        external=(address,),
        balancers=(address,),
        source_ranges=("10.0.0.0/8",),
    )

    desired = planned(both, TWO, options=replace(NODE, external_ips=True))

    assert desired.skipped == ()
    found = desired.virtual_servers[KEY._replace(address=address)]
    assert (found.kind, len(found.source_ranges)) == (Kind.BALANCER, 1)


def test_two_ports_of_one_service_that_clash_are_told() -> None:
    ports = (HTTP, ServicePort("also", "TCP", 80))

    desired = planned(service(ports=ports), TWO)

    assert desired.virtual_servers[KEY].service.port == "also"
    assert [one.object for one in desired.skipped] == ["Service shop/web:http"]


def test_two_services_cannot_have_one_health_check_port() -> None:
    one, two = (
        service(
            name,
            address,
            kind="LoadBalancer",
            external_local=True,
            health_check_port=32000,
        )
        for name, address in (("one", "10.96.0.1"), ("two", "10.96.0.2"))
    )

    desired = planned(one, two)

    assert list(desired.health_checks) == [("shop", "one")]
    assert [one.object for one in desired.skipped] == ["Service shop/two"]


def test_addresses_of_nodes_are_served_for_load_balancers_and_never_bound() -> None:
    addresses = tuple(map(pack_address, ("192.0.2.1", "192.0.2.2", "203.0.113.5")))
    other_node = Node("node-b", "z2", (addresses[1],))
    balanced = service(kind="LoadBalancer", balancers=addresses)

    desired = planned(balanced, TWO, other_node)

    assert {key.address for key in desired.virtual_servers} > set(addresses)
    assert {address_text(one) for one in desired.addresses} == {"10.96.0.1", "203.0.113.5"}


def test_an_address_that_becomes_a_nodes_is_given_up() -> None:
    state, plan = state_of(service(), TWO), Plan(NODE)
    plan.rebuild(state)
    node = Node("node-b", addresses=(pack_address("10.96.0.1"),))

    after = plan.apply(state, state.apply(events_of([node]), 2))

    assert not after.virtual_servers
    assert "an address of a node" in after.skipped[0].reason
    gone = WatchEvent(Node, node.key, None)
    assert KEY in plan.apply(state, state.apply([gone], 3)).virtual_servers


def test_a_service_with_an_unknown_scheduler_is_left_out() -> None:
    desired = planned(service(scheduler="best"), TWO, service("other", "10.96.0.2"))

    assert [key.address[-1] for key in desired.virtual_servers] == [2]
    assert desired.skipped[0].object == "Service shop/web"
    assert "no scheduler 'best'" in desired.skipped[0].reason


def test_excluded_networks_are_left_to_others() -> None:
    options = replace(NODE, exclude=(Network(pack_address("10.96.0.0"), 16),))

    desired = planned(service(), TWO, options=options)

    assert desired.virtual_servers == {}
    assert "excluded" in desired.skipped[0].reason


def test_whoever_runs_here_may_reach_itself() -> None:
    desired = planned(service(), endpoints("web", ("10.1.0.1", UNREADY, "node-a")))

    assert [str(one) for one in desired.hairpins] == ["10.1.0.1:8080/TCP"]


NAMES = st.sampled_from(["a", "b", "c"])
ADDRESSES = st.sampled_from(["10.96.0.1", "10.96.0.2", "fd00::1"])
SERVICES = st.builds(
    lambda name, address, kind, flags, ports, outside: service(
        name,
        address,
        kind=kind,
        ports=ports,
        node_ports=(30080, 30053)[: len(ports)] if kind != "ClusterIP" else (),
        internal_local=flags[0],
        external_local=flags[1],
        external=outside,
        balancers=outside[:1],
        scheduler="sh" if flags[2] else "",
        health_check_port=32000 if flags[2] else 0,
    ),
    NAMES,
    ADDRESSES,
    st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from([(HTTP,), (HTTP, DNS), (DNS,)]),
    st.lists(
        st.sampled_from(["10.96.0.1", "203.0.113.5", "192.0.2.7", "192.0.2.1"]).map(pack_address),
        max_size=2,
        unique=True,
    ).map(tuple),
)
NODES = st.builds(
    lambda name, address: Node(name, addresses=(pack_address(address),)),
    st.sampled_from(["node-b", "node-c"]),
    st.sampled_from(["10.96.0.1", "203.0.113.5", "192.0.2.7"]),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["10.1.0.1", "10.1.0.2", "10.1.0.3"]),
        st.sampled_from([READY, UNREADY, ENDING]),
        st.sampled_from(["node-a", "node-b"]),
    ),
    max_size=4,
)
SLICES = st.builds(
    lambda name, rows, number: endpoints(name, *rows, name=f"{name}-{number}"),
    NAMES,
    ROWS,
    st.integers(1, 2),
)
OBJECTS = st.lists(st.one_of(SERVICES, SLICES, NODES), max_size=8)
GONE = st.one_of(
    st.builds(lambda name: (Service, ("shop", name)), NAMES),
    st.builds(lambda name: (Node, ("", name)), st.sampled_from(["node-b", "node-c"])),
    st.builds(lambda name: (EndpointSlice, ("shop", f"{name}-1")), NAMES),
)


@given(
    external_ips=st.booleans(),
    steps=st.lists(st.tuples(OBJECTS, st.lists(GONE, max_size=2)), max_size=5),
)
def test_changes_one_by_one_come_to_the_same_as_everything_at_once(
    *,
    external_ips: bool,
    steps: list[tuple[list[Object], list[tuple[type, Key]]]],
) -> None:
    options = replace(NODE, external_ips=external_ips)
    state, plan = state_of(), Plan(options)

    for objects, deleted in steps:
        events = events_of(objects)
        events += [WatchEvent(kind, key, None) for kind, key in deleted]
        desired = plan.apply(state, state.apply(events, 1))

        assert desired == Plan(options).rebuild(state)


def there(desired: Desired) -> Realized:
    """A node that has what is desired, and whose addresses are where the loop remembers them."""
    return Realized(
        {
            key: RealizedVirtual(
                one.scheduler,
                one.flags,
                one.persistence_timeout,
                dict.fromkeys(one.real_servers(), RealizedServer(active=1)),
            )
            for key, one in desired.virtual_servers.items()
        },
        desired.addresses,
    )


def by_text(operations: Iterable[Operation]) -> list[str]:
    return sorted(map(repr, operations))


@given(
    external_ips=st.booleans(),
    steps=st.lists(st.tuples(OBJECTS, st.lists(GONE, max_size=2)), min_size=1, max_size=5),
)
async def test_looking_at_what_changed_is_as_good_as_looking_at_everything(
    *,
    external_ips: bool,
    steps: list[tuple[list[Object], list[tuple[type, Key]]]],
) -> None:
    state, plan = state_of(), Plan(replace(NODE, external_ips=external_ips))
    before = plan.desired()
    kernel, rows = Fake(), frozenset[Row]()

    for objects, deleted in steps:
        events = events_of(objects)
        events += [WatchEvent(kind, key, None) for kind, key in deleted]
        after = plan.apply(state, state.apply(events, 1))
        few = diff(after, there(before), only=changed_keys(before, after))
        all_of_them = diff(
            after, Realized(dict(there(before).virtual_servers), {*before.addresses})
        )
        at_once = diff(after, there(before), only=changed_keys(before, after), drains=False)
        added, removed = changed_rows(before, after)

        assert by_text(few) == by_text(all_of_them)
        assert await kernel.apply(at_once, after) == ()
        assert diff(after, kernel.realized(), drains=False) == ()
        assert not added & rows
        assert removed <= rows
        rows = (rows | added) - removed
        assert rows == frozenset(all_rows(after))
        before = after
    assert not [one for one in kernel.remarks if "bound before" in one]


def test_what_changes_nothing_is_the_same_value() -> None:
    state, plan = state_of(service(), TWO), Plan(NODE)
    before = plan.rebuild(state)

    assert plan.rebuild(state) is before
    assert plan.apply(state, []) is before


def test_a_plan_of_everything_can_be_made_in_steps_between_which_things_change() -> None:
    state, plan = state_of(service(), TWO, service("other", "10.96.0.9")), Plan(NODE)
    steps = plan.rebuilding(state)
    next(steps)
    changes = state.apply(
        [*events_of([ELSEWHERE]), WatchEvent(Service, ("shop", "other"), None)], 2
    )

    for _ in steps:
        pass

    assert plan.apply(state, changes) == Plan(NODE).rebuild(state)


def test_changes_can_be_taken_in_steps_too() -> None:
    state, plan = state_of(service(), TWO, service("other", "10.96.0.9")), Plan(NODE)
    plan.rebuild(state)
    changes = state.apply(
        [*events_of([ELSEWHERE]), WatchEvent(Service, ("shop", "other"), None)], 2
    )

    assert len(list(plan.applying(state, changes))) == 2
    assert plan.desired() == Plan(NODE).rebuild(state)


def test_what_has_not_changed_stays_the_same_value() -> None:
    state, plan = state_of(service(), TWO, service("other", "10.96.0.9")), Plan(NODE)
    before = plan.rebuild(state)

    after = plan.apply(state, state.apply(events_of([ELSEWHERE]), 2))

    changed = [
        key
        for key, virtual in after.virtual_servers.items()
        if before.virtual_servers[key] is not virtual
    ]
    assert [str(key) for key in changed] == ["10.96.0.1:80/TCP"]


def test_unnamed_ports_have_no_colon() -> None:
    (virtual,) = planned(service(ports=(ServicePort("", "TCP", 80),))).virtual_servers.values()

    assert str(virtual.service) == "shop/web"
