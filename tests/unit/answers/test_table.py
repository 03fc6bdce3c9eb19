from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import on_namespace, on_service
from svcdns.answers.foreign import Renewal
from svcdns.answers.table import Entry, Form, Label, Table
from svcdns.wire.response import Body

HEADERS = (b"", b"", b"", b"")


def entry(*, hits: int = 0) -> Entry:
    form = Form(lambda *_: None, 0)
    label = Label("z.", "kubernetes", 0)
    return Entry(HEADERS, [b"body"], [hits], None, (b"", b""), form, form, label, None)


def table_of(capacity: int = 100, retired: list[tuple[bytes, Entry]] | None = None) -> Table:
    kept = [] if retired is None else retired
    return Table(capacity, lambda key, entry: kept.append((key, entry)))


def test_an_entry_is_found_by_its_question() -> None:
    table = table_of()
    kept = entry()

    table.put(b"question", kept, (on_namespace("shop"),))

    assert table.entries[b"question"] is kept
    assert len(table) == 1


def test_a_change_drops_what_depends_on_it_and_nothing_else() -> None:
    table = table_of()
    table.put(b"db A", entry(), (on_service("shop", "db"), on_namespace("shop")))
    table.put(b"db SRV", entry(), (on_service("shop", "db"), on_namespace("shop")))
    table.put(b"web A", entry(), (on_service("shop", "web"), on_namespace("shop")))

    dropped = table.drop([on_service("shop", "db")])

    assert dropped == 2
    assert list(table.entries) == [b"web A"]


def test_dropping_the_same_thing_twice_drops_nothing_the_second_time() -> None:
    table = table_of()
    table.put(b"db A", entry(), (on_service("shop", "db"),))
    table.drop([on_service("shop", "db")])

    assert table.drop([on_service("shop", "db")]) == 0


def test_an_entry_put_again_depends_on_what_the_new_one_depends_on() -> None:
    table = table_of()
    table.put(b"q", entry(), (on_service("shop", "old"),))

    table.put(b"q", entry(), (on_service("shop", "new"),))

    assert table.drop([on_service("shop", "old")]) == 0
    assert table.drop([on_service("shop", "new")]) == 1


def test_a_full_table_makes_room_by_dropping_the_oldest() -> None:
    table = table_of(4)
    for number in range(5):
        table.put(bytes([number]), entry(), (on_namespace("shop"),))

    assert len(table) <= 4
    assert bytes([4]) in table.entries


class Saying:
    """A renewal that always says the same."""

    def says(self, body: Body) -> bool:
        return body.octets == b"said"

    def body(self, turn: int, turned: Callable[[int], bytes] | None) -> bytearray | None:
        del turned
        return None if turn == 2 else bytearray(b"said %d" % turn)

    def end(self) -> None:
        pass

    def is_kept(self, forget: Callable[[bytes, Renewal], None], key: bytes, turns: int) -> None:
        del forget, key, turns


def renewed(renewal: Renewal | None = None) -> Entry:
    one = entry()
    one.bodies = [None, None, None]
    one.renewal = renewal or Saying()
    return one


def test_an_entry_with_a_renewal_says_what_that_says_at_the_moment() -> None:
    one = renewed()

    assert [one.body(turn, 20) for turn in range(4)] == [b"said 0", b"said 1", None, b"said 0"]


def test_entries_with_a_renewal_never_take_the_place_of_others() -> None:
    table = table_of(2)
    table.put(b"first", entry(), ())
    table.put(b"second", entry(), ())
    for number in range(40_000):
        table.put_renewed(b"%d" % number, renewed())

    assert table.entries.keys() >= {b"first", b"second", b"39999"}
    assert len(table) <= 2 + 32_768


def test_others_never_take_the_place_of_entries_with_a_renewal() -> None:
    table = table_of(2)
    table.put_renewed(b"renewed", renewed())
    for number in range(5):
        table.put(b"%d" % number, entry(), ())

    assert b"renewed" in table.entries
    assert b"4" in table.entries


def test_an_entry_is_forgotten_with_its_renewal_and_no_other() -> None:
    retired: list[tuple[bytes, Entry]] = []
    table = table_of(retired=retired)
    renewal = Saying()
    one = renewed(renewal)
    table.put_renewed(b"one", one)
    table.put(b"two", entry(), ())

    table.forget(b"one", Saying())
    table.forget(b"two", renewal)
    table.forget(b"three", renewal)
    assert len(table) == 2

    table.forget(b"one", renewal)
    assert retired == [(b"one", one)]
    assert list(table.entries) == [b"two"]


def test_whoever_counts_is_given_every_entry_that_leaves() -> None:
    retired: list[tuple[bytes, Entry]] = []
    table = table_of(retired=retired)
    first, second = entry(hits=3), entry()
    table.put(b"first", first, (on_namespace("shop"),))
    table.put(b"second", second, ())

    table.drop([on_namespace("shop")])
    table.clear()

    assert retired == [(b"first", first), (b"second", second)]
    assert not table.entries


KEYS = st.binary(min_size=1, max_size=1)
DEPENDENCIES = st.sets(st.integers(0, 5).map(lambda number: on_namespace(str(number))), max_size=3)


@given(st.lists(st.one_of(st.tuples(KEYS, DEPENDENCIES), DEPENDENCIES), max_size=40))
def test_a_table_holds_what_a_plain_dictionary_would(steps: list[object]) -> None:
    table = table_of()
    model: dict[bytes, set[object]] = {}

    for step in steps:
        if isinstance(step, tuple):
            key, dependencies = step
            table.put(key, entry(), tuple(dependencies))
            model[key] = dependencies
        else:
            table.drop(step)  # type: ignore[arg-type]
            model = {key: on for key, on in model.items() if not on & step}  # type: ignore[operator]

    assert table.entries.keys() == model.keys()
    table.drop([on_namespace(str(number)) for number in range(6)])
    assert table.entries.keys() == {key for key, on in model.items() if not on}


def test_missing_names_never_take_the_place_of_names_that_exist() -> None:
    table = table_of(4)
    for number in range(4):
        table.put(b"exists %d" % number, entry(), (on_namespace("shop"),))

    for number in range(40_000):
        table.put_missing(b"missing %d" % number, entry(), (on_namespace("shop"),))

    assert all(b"exists %d" % number in table.entries for number in range(4))
    assert len(table) <= 4 + 16_384
    assert b"missing 39999" in table.entries


def test_a_full_table_of_names_that_exist_sheds_those_and_not_the_missing() -> None:
    table = table_of(2)
    table.put_missing(b"missing", entry(), (on_namespace("shop"),))
    for number in range(5):
        table.put(b"exists %d" % number, entry(), (on_namespace("shop"),))

    assert b"missing" in table.entries
    assert len(table) <= 3


def test_a_missing_name_is_dropped_when_what_it_depends_on_changes() -> None:
    table = table_of()
    table.put_missing(b"web", entry(), (on_service("shop", "web"),))

    assert table.drop([on_service("shop", "web")]) == 1

    assert not table.entries


def test_the_first_question_for_a_missing_name_is_only_remembered() -> None:
    table = table_of()

    assert not table.is_asked_again(b"web")
    assert table.is_asked_again(b"web")


def test_a_flood_of_different_questions_is_not_remembered_without_limit() -> None:
    table = table_of()
    table.is_asked_again(b"first")

    for number in range(40_000):
        table.is_asked_again(b"%d" % number)

    assert not table.is_asked_again(b"first")
