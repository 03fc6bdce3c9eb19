"""What the server has is known by key, its values shared, and nothing is forgotten by mistake."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.envelope import ADDED, DELETED, MODIFIED, ObjectEvent, UnusableEvent
from svcdns.cluster.model import Key, Service
from svcdns.cluster.object_error import Flaw, ObjectError
from svcdns.source.apiserver.collection import Collection
from svcdns.source.apiserver.resources import SERVICES
from tests.support.followed import Notes

WEB = ("shop", "web")


def collection(notes: Notes | None = None, previous: Collection | None = None) -> Collection:
    return Collection(SERVICES, notes or Notes(), previous)


def service(kind: str = "ClusterIP", name: str = "web") -> Service:
    return Service("shop", name, kind)


def event(value: Service | None, event_type: str = MODIFIED, key: Key = WEB) -> ObjectEvent:
    return ObjectEvent(event_type, 1, key, value)


def unusable(problem: str = "is odd", key: Key | None = WEB) -> UnusableEvent:
    return UnusableEvent(MODIFIED, 1, key, ObjectError("Service", "shop", "web", "spec", problem))


def test_a_new_value_is_a_change() -> None:
    known = collection()

    assert known.take(event(service())) == WatchEvent(Service, WEB, service())
    assert known.take(event(service("NodePort"))) == WatchEvent(Service, WEB, service("NodePort"))
    assert known.take(event(None, DELETED)) == WatchEvent(Service, WEB, None)
    assert len(known) == 0


def test_an_equal_value_is_none_and_the_first_one_stays() -> None:
    known, first = collection(), service()
    known.take(event(first))

    assert known.take(event(service())) is None
    assert known.values()[0] is first


def test_what_is_not_known_cannot_be_deleted() -> None:
    assert collection().take(event(None, DELETED)) is None


def test_an_object_without_use_is_counted_and_not_given_away() -> None:
    known = collection()

    assert known.take(event(None, ADDED)) is None
    assert (len(known), known.values()) == (1, [])
    assert known.take(event(service())) is not None
    assert known.take(event(None)) == WatchEvent(Service, WEB, None)
    assert len(known) == 1
    assert known.take(event(None, DELETED)) is None
    assert len(known) == 0


def test_a_list_takes_equal_values_from_before_it() -> None:
    before, first = collection(), service()
    before.take(event(first))

    after = collection(previous=before)
    after.take(event(service(), ADDED))
    after.forget_previous()

    assert after.values()[0] is first


def test_a_list_has_nothing_that_is_not_in_it() -> None:
    before = collection()
    before.take(event(service()))

    after = collection(previous=before)

    assert (len(after), after.values()) == (0, [])


def test_an_object_that_cannot_be_read_keeps_what_was_known_through_a_list_too() -> None:
    before = collection()
    before.take(event(service()))
    before.take(unusable())

    after = collection(previous=before)
    after.take(unusable())
    after.forget_previous()

    assert before.values() == after.values() == [service()]


def test_a_problem_is_told_once_until_it_is_another_or_was_solved() -> None:
    notes = Notes()
    before = collection(notes)
    before.take(unusable())
    before.take(unusable())
    after = collection(notes, before)
    after.take(unusable())
    after.take(unusable("is worse"))
    after.take(event(service()))
    after.take(unusable())

    told = [str(one.how[0]) for one in notes.of("rejected")]
    assert [text.rsplit(": ", 1)[1] for text in told] == ["is odd", "is worse", "is odd"]


def test_an_object_without_a_name_is_a_gap() -> None:
    notes = Notes()
    known = collection(notes)

    known.take(unusable(key=None))

    assert known.has_gaps
    assert len(notes.of("rejected")) == 1


def test_a_part_that_was_left_out_is_told_when_the_value_is_new() -> None:
    notes = Notes()
    known = collection(notes)
    flawed = event(service())._replace(flaws=(Flaw("spec.ports[0].port", "is no port"),))

    known.take(flawed)
    known.take(flawed)

    (told,) = notes.of("reduced")
    assert told.how == ("Service shop/web: spec.ports[0].port: is no port",)


KEYS = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"))


@given(st.lists(st.tuples(KEYS, st.sampled_from(("A", "B", None)), st.booleans())))
def test_it_agrees_with_a_dictionary(steps: list[tuple[Key, str | None, bool]]) -> None:
    known, wanted = collection(), dict[Key, Service | None]()

    for key, kind, is_deleted in steps:
        value = None if kind is None or is_deleted else Service(*key, kind)
        before = wanted.get(key)
        if is_deleted:
            wanted.pop(key, None)
        else:
            wanted[key] = value
        change = known.take(event(value, DELETED if is_deleted else ADDED, key))
        assert (change is None) == (before == value)

    assert len(known) == len(wanted)
    found = {value.key: value for value in known.values()}
    assert found == {key: value for key, value in wanted.items() if value}
