"""Versions and history of the fake's store."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakeapi import objects
from tests.support.fakeapi.store import ForgottenError, Store

STEPS = st.lists(st.tuples(st.sampled_from(("web", "mail", "db")), st.integers(0, 3)), max_size=30)


def put(store: Store, name: str, number: int = 80) -> int:
    return store.put(objects.service(name, ports={"http": number})).number


@given(STEPS)
def test_every_version_that_there_was_can_be_had_again(steps: list[tuple[str, int]]) -> None:
    store = Store()
    known = store.histories["Service"].objects
    states = {store.number: dict(known)}
    for name, number in steps:
        if number:
            put(store, name, number)
        elif ("shop", name) in known:
            store.delete("Service", "shop", name)
        states[store.number] = dict(known)

    assert {number: store.at("Service", number) for number in states} == states


def test_a_version_is_counted_for_all_collections_together() -> None:
    store = Store()

    first = store.put(objects.service("web")).number
    second = store.put(objects.namespace("shop")).number

    assert second == first + 1


def test_an_object_keeps_its_birth_and_gets_a_new_version() -> None:
    store = Store()

    before = store.put(objects.service("web")).document["metadata"]
    after = store.put(objects.service("web", labels={"a": "b"})).document["metadata"]

    assert (before["uid"], before["creationTimestamp"]) == (
        after["uid"],
        after["creationTimestamp"],
    )
    assert int(after["resourceVersion"]) == int(before["resourceVersion"]) + 1


def test_an_object_that_was_read_can_be_put_back() -> None:
    store = Store()
    version = store.put(objects.pod("web-0", "10.2.0.1"))

    assert store.put(version.document) is version


def test_history_is_as_long_as_it_was_made() -> None:
    store = Store(history=3)
    for number in range(1, 6):
        put(store, "web", number)
    history = store.histories["Service"]

    assert [event.number for event in history.events] == [store.number - 2, *history_tail(store)]
    assert history.floor == history.forgotten == store.number - 3


def history_tail(store: Store) -> list[int]:
    return [store.number - 1, store.number]


def test_compaction_forgets_versions_but_no_objects() -> None:
    store = Store()
    first = put(store, "web")
    put(store, "web", 81)
    store.tick(5)
    store.compact()
    history = store.histories["Service"]

    assert store.at("Service", store.number) == history.objects
    assert history.floor == store.number
    assert history.forgotten == first + 1  # a watch that had this one has missed nothing
    try:
        store.at("Service", first)
    except ForgottenError:
        return
    raise AssertionError


def test_a_restore_brings_back_objects_and_version_in_a_new_era() -> None:
    store = Store()
    then = put(store, "web")
    backup = store.backup()
    put(store, "web", 81)
    put(store, "mail")
    store.restore(backup)

    assert store.number == then
    assert store.histories["Service"].objects == store.at("Service", then)
    assert [(e.era, e.number) for e in store.journal["Service", ("shop", "web")]] == [
        (0, then),
        (0, then + 1),
        (1, then),
    ]
    assert store.journal["Service", ("shop", "mail")][-1] == (1, then, None)


def test_a_restore_can_overtake_what_clients_have_seen() -> None:
    store = Store()
    backup = store.backup()
    last = put(store, "web")
    store.restore(backup, overtaking=True)

    assert store.number > last
    assert store.histories["Service"].floor == backup.number


def test_what_cannot_be_used_has_no_value() -> None:
    store = Store()

    assert store.put(objects.ill_typed("Service")).value is None
    assert store.put(objects.pod("starting", phase="Pending")).value is None
    assert store.put(objects.with_unknown_fields(objects.service("web"))).value is not None
