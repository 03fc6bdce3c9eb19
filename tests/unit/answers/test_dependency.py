from svcdns.answers.answer import (
    ON_NAMESPACES,
    on_address,
    on_namespace,
    on_service,
    on_services_named,
)
from svcdns.answers.dependency import affected
from svcdns.cluster.change import Change
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service

FIRST, SECOND = bytes((10, 1, 0, 3)), bytes((10, 1, 0, 4))
READY = b"\x03"


def change(before: Object | None, after: Object | None) -> Change:
    value = after or before
    assert value is not None
    return Change(type(value), value.key, before, after)


def endpoint_slice(addresses: bytes, **columns: object) -> EndpointSlice:
    count = len(addresses) // 4
    columns = {"conditions": READY * count} | columns
    return EndpointSlice("shop", "db-x", "db", 4, addresses, **columns)  # type: ignore[arg-type]


def test_a_service_touches_its_name_and_its_addresses_before_and_after() -> None:
    before = Service("shop", "web", addresses=(FIRST,))
    after = Service("shop", "web", addresses=(SECOND,))

    touched = affected([change(before, after)])

    assert touched == {
        on_service("shop", "web"),
        on_services_named("web"),
        on_address(FIRST),
        on_address(SECOND),
    }


def test_a_service_touches_its_external_addresses_too() -> None:
    before = Service("shop", "web", outside=(FIRST,))
    after = Service("shop", "web", outside=(SECOND,))

    touched = affected([change(before, after)])

    assert {on_service("shop", "web"), on_address(FIRST), on_address(SECOND)} <= touched


def test_a_new_endpoint_touches_its_service_and_its_own_address_only() -> None:
    touched = affected([change(endpoint_slice(FIRST), endpoint_slice(FIRST + SECOND))])

    assert touched == {on_service("shop", "db"), on_address(SECOND)}


def test_an_endpoint_that_stops_being_ready_touches_its_address() -> None:
    before = endpoint_slice(FIRST + SECOND)
    after = endpoint_slice(FIRST + SECOND, conditions=READY + b"\x02")

    assert on_address(SECOND) in affected([change(before, after)])
    assert on_address(FIRST) not in affected([change(before, after)])


def test_a_new_hostname_touches_the_address_that_has_it() -> None:
    before = endpoint_slice(FIRST, hostnames=("db-0",))
    after = endpoint_slice(FIRST, hostnames=("db-1",))

    assert affected([change(before, after)]) == {on_service("shop", "db"), on_address(FIRST)}


def test_a_slice_that_moves_to_another_service_touches_both() -> None:
    before = EndpointSlice("shop", "x", "old", 4, FIRST, READY)
    after = EndpointSlice("shop", "x", "new", 4, FIRST, READY)

    touched = affected([change(before, after)])

    assert touched == {on_service("shop", "old"), on_service("shop", "new"), on_address(FIRST)}


def test_a_namespace_touches_itself() -> None:
    touched = affected([change(None, Namespace("shop"))])

    assert touched == {on_namespace("shop"), ON_NAMESPACES}


def test_a_pod_touches_its_addresses() -> None:
    pod = Pod("shop", "db-0", (FIRST, SECOND))

    assert affected([change(pod, None)]) == {on_address(FIRST), on_address(SECOND)}


def test_a_node_touches_no_answer() -> None:
    assert affected([change(None, Node("node-a"))]) == set()
