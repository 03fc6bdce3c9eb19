"""The sum of single Services: what several of them share is counted."""

from svcdns.proxy.model import (
    TCP,
    HealthCheck,
    Kind,
    ServicePortName,
    Skipped,
    VirtualKey,
    VirtualServer,
)
from svcdns.proxy.options import ProxyOptions
from svcdns.proxy.service_plan import ServicePlan
from svcdns.proxy.together import Together

ADDRESS = bytes((10, 96, 0, 1))
NOTHING = ServicePlan()
ONE, TWO = ("shop", "one"), ("shop", "two")


def plan(
    name: str, port: int, *, kind: Kind = Kind.CLUSTER, check: HealthCheck | None = None
) -> ServicePlan:
    key = VirtualKey(TCP, ADDRESS, port)
    virtual = VirtualServer(key, kind, ServicePortName("shop", name, ""))
    return ServicePlan((virtual,), (VirtualKey(TCP, bytes((10, 1, 0, 1)), 8080),), check)


def test_what_two_share_stays_until_neither_needs_it() -> None:
    together, one, two = Together(ProxyOptions()), plan("one", 80), plan("two", 81)
    together.take(ONE, NOTHING, one)
    together.take(TWO, NOTHING, two)
    both = together.desired()
    together.take(ONE, one, NOTHING)
    second = together.desired()
    together.take(TWO, two, NOTHING)
    neither = together.desired()

    assert both.addresses == second.addresses == {ADDRESS}
    assert both.hairpins is second.hairpins
    assert len(second.hairpins) == 1
    assert not neither.addresses
    assert not neither.hairpins
    assert not neither.virtual_servers


def test_who_steps_back_leaves_the_place_to_the_next() -> None:
    together = Together(ProxyOptions())
    one, two = plan("one", 80), plan("two", 80)
    together.take(TWO, NOTHING, two)
    together.take(ONE, NOTHING, one)
    contested = together.desired()
    together.take(ONE, one, NOTHING)
    alone = together.desired()

    assert list(contested.virtual_servers.values()) == list(one.virtual_servers)
    assert [skipped.object for skipped in contested.skipped] == ["Service shop/two"]
    assert list(alone.virtual_servers.values()) == list(two.virtual_servers)
    assert alone.skipped == ()


def test_a_port_of_a_health_check_goes_to_the_next_too() -> None:
    together, check = Together(ProxyOptions()), HealthCheck(32000, 1)
    one, two = plan("one", 80, check=check), plan("two", 81, check=check)
    together.take(TWO, NOTHING, two)
    together.take(ONE, NOTHING, one)
    contested = together.desired()
    together.take(ONE, one, NOTHING)
    alone = together.desired()
    moved = plan("two", 81, check=HealthCheck(32001, 1))
    together.take(TWO, two, moved)

    assert contested.health_checks == {ONE: check}
    assert [skipped.object for skipped in contested.skipped] == ["Service shop/two"]
    assert (alone.health_checks, alone.skipped) == ({TWO: check}, ())
    assert together.desired().health_checks == {TWO: HealthCheck(32001, 1)}


def test_an_address_of_a_node_is_bound_as_soon_as_it_is_no_nodes() -> None:
    together = Together(ProxyOptions())
    together.take(ONE, NOTHING, plan("one", 80))
    together.meet_nodes(frozenset([ADDRESS]))
    hidden = together.desired()
    together.meet_nodes(frozenset())

    assert not hidden.addresses
    assert together.desired().addresses == {ADDRESS}


def test_node_ports_bind_nothing() -> None:
    together = Together(ProxyOptions())
    together.take(ONE, NOTHING, plan("one", 80, kind=Kind.NODE))

    assert not together.desired().addresses


def test_what_is_left_out_is_told_once_more_only_if_it_changes() -> None:
    together = Together(ProxyOptions())
    left_out = ServicePlan(skipped=(Skipped("Service shop/one", "it is odd"),))
    together.take(ONE, NOTHING, left_out)
    before = together.desired()
    together.take(TWO, NOTHING, plan("two", 81))
    after = together.desired()

    assert before.skipped == left_out.skipped
    assert after.skipped is before.skipped
    assert after is not before
