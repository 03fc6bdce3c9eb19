"""Whatever happened: the state and all its indexes are those of the objects there are now."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.change import Change, WatchEvent
from svcdns.cluster.model import EndpointSlice, Key, Namespace, Node, Object, Pod, Service
from svcdns.cluster.state import KINDS, State
from tests.support.cluster_objects import (
    ADDRESSES,
    NAMES,
    NAMESPACES,
    events,
    objects,
    services,
    slices,
)

Objects = dict[tuple[type, Key], Object]

WEB = Service("shop", "web", addresses=(b"\x0a\x60\x00\x07",))


def assert_indexes(state: State, current: Objects) -> None:
    """Compare every lookup with a search through all objects."""
    found = [*current.values()]
    every_service = {value.key: value for value in found if isinstance(value, Service)}
    every_slice = [value for value in found if isinstance(value, EndpointSlice)]
    assert {value.key: value for value in state.services} == every_service
    assert {value.key: value for value in state.endpoint_slices} == {v.key: v for v in every_slice}
    assert dict(state.namespaces) == {v.name: v for v in found if isinstance(v, Namespace)}
    assert dict(state.nodes) == {v.name: v for v in found if isinstance(v, Node)}
    for kind in KINDS:
        assert state.count(kind) == sum(1 for value in found if isinstance(value, kind))
    for name in (*NAMES, ""):
        assert state.namespaces_of(name) == tuple(
            sorted(space for space, service in every_service if service == name)
        )
    for namespace in NAMESPACES:
        inside = {name for space, name in every_service if space == namespace}
        assert set(state.services_in(namespace)) == inside
        for name in (*NAMES, ""):
            key = (namespace, name)
            assert state.service(*key) == current.get((Service, key))
            assert state.pod(*key) == current.get((Pod, key))
            mine = [value for value in every_slice if (value.namespace, value.service) == key]
            assert state.slices(*key) == tuple(sorted(mine, key=lambda value: value.name))
    for address in ADDRESSES:
        holders = sorted(
            (value for value in found if address in addresses(value)), key=lambda value: value.key
        )
        assert state.services_at(address) == tuple(v for v in holders if isinstance(v, Service))
        outside = [v for v in found if isinstance(v, Service) and address in v.outside]
        assert state.services_from_outside(address) == tuple(
            sorted(outside, key=lambda value: value.key)
        )
        assert state.pods_at(address) == tuple(v for v in holders if isinstance(v, Pod))
        assert state.slices_at(address) == tuple(v for v in holders if isinstance(v, EndpointSlice))


def addresses(value: Object) -> tuple[bytes, ...]:
    match value:
        case EndpointSlice():
            return tuple(endpoint.address for endpoint in value.endpoints())
        case Service() | Pod():
            return value.addresses
        case _:
            return ()


@given(st.lists(st.lists(events, max_size=8), max_size=6))
def test_any_events_lead_to_the_state_of_the_objects_that_are_left(
    batches: list[list[WatchEvent]],
) -> None:
    state, current = State(), Objects()

    for now, batch in enumerate(batches):
        state.apply(batch, now)
        for kind, key, value in batch:
            if value is None:
                current.pop((kind, key), None)
            else:
                current[kind, key] = value

    assert_indexes(state, current)


@given(st.lists(events, max_size=12), st.lists(objects, max_size=12))
def test_a_new_list_leaves_exactly_its_objects(
    before: list[WatchEvent], listed: list[Object]
) -> None:
    state = State()
    state.apply(before, 1)

    for kind in KINDS:
        state.replace(kind, [value for value in listed if isinstance(value, kind)], 2)

    assert_indexes(state, {(type(value), value.key): value for value in listed})


@given(st.lists(events, max_size=12))
def test_changes_say_what_was_and_what_is(batch: list[WatchEvent]) -> None:
    state, current = State(), Objects()

    changes = state.apply(batch, 1)

    for change in changes:
        assert change.before != change.after
        assert change.before == current.get((change.kind, change.key))
        current.pop((change.kind, change.key), None)
        if change.after is not None:
            current[change.kind, change.key] = change.after
    assert_indexes(state, current)


def test_an_equal_object_is_no_change_and_the_old_one_stays() -> None:
    state = State()
    state.apply([WatchEvent(Service, WEB.key, WEB)], 1)
    again = Service("shop", "web", addresses=(b"\x0a\x60\x00\x07",))

    changes = state.apply([WatchEvent(Service, again.key, again)], 2)

    assert changes == []
    assert state.service("shop", "web") is WEB
    assert state.serial == 1


def test_deleting_what_is_not_there_is_no_change() -> None:
    state = State()

    assert state.apply([WatchEvent(Pod, ("shop", "web-0"), None)], 1) == []
    assert state.serial == 0


def test_a_slice_without_endpoints_is_an_object_like_any_other() -> None:
    state = State()
    empty = EndpointSlice("shop", "web-1", "web", 4)

    state.apply([WatchEvent(EndpointSlice, empty.key, empty)], 1)
    changes = state.apply([WatchEvent(EndpointSlice, empty.key, None)], 2)

    assert changes == [Change(EndpointSlice, empty.key, empty, None)]
    assert state.slices("shop", "web") == ()


def test_a_new_list_deletes_only_after_it_has_set() -> None:
    state = State()
    old = EndpointSlice("shop", "web-1", "web", 4, b"\x0a\x01\x00\x03", b"\x03")
    new = EndpointSlice("shop", "web-2", "web", 4, b"\x0a\x01\x00\x03", b"\x03")
    state.replace(EndpointSlice, [old], 1)

    changes = state.replace(EndpointSlice, [new], 2)

    assert [(change.key[1], change.after is None) for change in changes] == [
        ("web-2", False),
        ("web-1", True),
    ]


def test_an_object_that_is_listed_twice_is_as_it_came_last() -> None:
    state = State()
    later = Service("shop", "web", headless=True)

    changes = state.replace(Service, [WEB, later], 1)

    assert changes == [Change(Service, WEB.key, None, later)]


@given(st.lists(services, max_size=4), st.lists(services, max_size=4), st.data())
def test_a_list_is_taken_as_it_is_whether_its_objects_are_those_held_or_only_equal(
    before: list[Service], new: list[Service], data: st.DataObject
) -> None:
    state = State()
    state.replace(Service, before, 1)
    held = [*state.services]
    copies = [replace(value) for value in held]
    listed = data.draw(
        st.lists(st.sampled_from([*held, *copies, *new]) if held or new else st.nothing())
    )

    state.replace(Service, listed, 2)

    latest: Objects = {(Service, value.key): value for value in listed}
    assert_indexes(state, latest)


@pytest.mark.parametrize(
    ("times", "serial"),
    [
        pytest.param([], 0, id="nothing happened"),
        pytest.param([100], 100, id="the time of the change"),
        pytest.param([100, 90], 100, id="the clock went back"),
        pytest.param([100, 200], 200, id="the later one"),
    ],
)
def test_the_serial_is_the_time_of_the_last_change_and_never_goes_back(
    times: list[int], serial: int
) -> None:
    state = State()

    for index, now in enumerate(times):
        service = Service("shop", f"web-{index}")
        state.apply([WatchEvent(Service, service.key, service)], now)

    assert state.serial == serial


def test_namespaces_and_nodes_leave_the_serial_alone() -> None:
    state = State()

    state.replace(Namespace, [Namespace("shop")], 5)
    state.replace(Node, [Node("node-a")], 5)

    assert state.serial == 0


@given(st.lists(events, max_size=12), st.lists(events, max_size=12))
def test_who_was_away_is_told_what_has_changed(
    before: list[WatchEvent], batch: list[WatchEvent]
) -> None:
    state = State()
    state.apply(before, 1)
    seen = state.changes

    changes = state.apply(batch, 1)

    expected = [change for change in changes if change.kind in (Service, EndpointSlice)]
    assert state.changes_since(seen) == expected
    assert state.changes == seen + len(expected)
    assert state.changes_since(state.changes) == []


def test_who_was_away_for_too_long_has_to_look_for_himself() -> None:
    state = State()
    for number in range(1000):
        state.apply([WatchEvent(Service, WEB.key, None if number % 2 else WEB)], 1)

    assert state.changes_since(0) is None
    assert state.changes_since(999) == [Change(Service, WEB.key, WEB, None)]


def test_a_kind_that_is_none_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="str is no kind of cluster object"):
        State().count(str)


def test_every_object_of_a_kind_can_be_listed() -> None:
    objects: dict[type, list[Object]] = {
        Namespace: [Namespace("a")],
        Pod: [Pod("a", "b", ()), Pod("a", "c", ())],
    }
    state = State()
    for kind, values in objects.items():
        state.replace(kind, values, 1)

    assert {kind: list(state.objects(kind)) for kind in KINDS if state.count(kind)} == objects


def test_a_state_is_not_synced_before_somebody_says_so() -> None:
    assert State().synced is False


@given(services, slices())
def test_a_relist_of_the_same_objects_changes_nothing(
    service: Service, endpoints: EndpointSlice
) -> None:
    state = State()
    state.replace(Service, [service], 1)
    state.replace(EndpointSlice, [endpoints], 1)

    assert state.replace(Service, [service], 2) == []
    assert state.replace(EndpointSlice, [endpoints], 2) == []
    assert state.serial == 1
