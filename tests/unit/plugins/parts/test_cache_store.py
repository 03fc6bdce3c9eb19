import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from svcdns.answers.kept import Judgement, Kept, Kind, examined
from svcdns.answers.raw import Raw
from svcdns.plugins.parts.cache_store import LEAST_CAPACITY, Store
from svcdns.wire.codes import RRType
from svcdns.wire.plain import PlainHeads
from svcdns.wire.rrset import txt
from tests.support.foreign import foreign
from tests.support.stubs import question
from tests.support.upstreams import record

ASKED = question("a.example.")


def kept(
    kind: Kind, now: float = 0.0, lifetime: float = 60.0, *, answering: bool = True, size: int = 0
) -> Kept:
    padding = [txt(ASKED.owner, 60, b"x" * 250) for _ in range(size // 250)]
    answer = foreign(ASKED, *padding)
    return Kept(answer, Judgement(kind, lifetime, answering), examined(answer, ASKED), now)


def test_what_was_put_is_found_while_it_is_of_use() -> None:
    store = Store(0, 0)
    answer = kept(Kind.SUCCESS, 100.0, 30.0)

    store.put(b"a", answer)

    assert store.find(b"a", 129.9) is answer
    assert store.find(b"b", 129.9) is None
    assert store.find(b"a", 130.0) is None
    assert not store.entries[Kind.SUCCESS]


def test_what_is_stale_is_found_for_as_long_as_it_is_of_use() -> None:
    store = Store(0, 0)
    answer = kept(Kind.SUCCESS, 0.0, 30.0)

    store.put(b"a", answer)

    assert store.find(b"a", 89.9, 60.0) is answer
    assert store.find(b"a", 90.0, 60.0) is None


def test_what_was_touched_makes_room_last() -> None:
    store = Store(0, 0)
    for kind, key in ((Kind.SUCCESS, b"old"), (Kind.SUCCESS, b"used"), (Kind.DENIAL, b"no")):
        store.put(key, kept(kind))
    for number in range(LEAST_CAPACITY - 1):
        store.touch(b"used")
        store.touch(b"no")
        store.put(b"%d" % number, kept(Kind.SUCCESS))

    assert store.find(b"old", 0.0) is None
    assert store.find(b"used", 0.0) is not None
    assert store.find(b"no", 0.0) is not None


def test_a_failure_is_of_no_use_after_its_time() -> None:
    store = Store(0, 0)

    store.put(b"a", kept(Kind.FAILURE, 0.0, 5.0))

    assert store.find(b"a", 5.0, 60.0) is None


@pytest.mark.parametrize(
    ("before", "after"), [(Kind.SUCCESS, Kind.DENIAL), (Kind.DENIAL, Kind.SUCCESS)]
)
def test_a_denial_and_a_success_take_the_place_of_each_other(before: Kind, after: Kind) -> None:
    store = Store(0, 0)

    store.put(b"a", kept(before))
    store.put(b"a", kept(after))

    assert (found := store.find(b"a", 0.0)) is not None
    assert found.kind is after
    assert sum(store.entries.values()) == 1


def test_a_failure_does_not_hide_a_success() -> None:
    store = Store(0, 0)

    store.put(b"a", kept(Kind.SUCCESS, lifetime=10.0))
    store.put(b"a", kept(Kind.FAILURE, now=9.0, lifetime=5.0))

    assert (found := store.find(b"a", 9.0)) is not None
    assert found.kind is Kind.SUCCESS
    assert (found := store.find(b"a", 11.0)) is not None
    assert found.kind is Kind.FAILURE


def test_a_preferred_success_outlives_denials() -> None:
    store = Store(0, 0, prefer_positive=True)
    good = kept(Kind.SUCCESS)

    store.put(b"a", good)
    store.put(b"a", kept(Kind.DENIAL))
    store.put(b"a", kept(Kind.SUCCESS, answering=False))
    assert store.find(b"a", 0.0) is good

    better = kept(Kind.SUCCESS)
    store.put(b"a", better)
    assert store.find(b"a", 0.0) is better
    assert not store.entries[Kind.DENIAL]


def test_an_answer_without_what_was_asked_for_replaces_its_like() -> None:
    store = Store(0, 0, prefer_positive=True)

    store.put(b"a", kept(Kind.SUCCESS, answering=False))
    store.put(b"a", newer := kept(Kind.SUCCESS, answering=False))

    assert store.find(b"a", 0.0) is newer


def test_the_least_recently_used_makes_room() -> None:
    store = Store(0, 0)
    for number in range(LEAST_CAPACITY):
        store.put(b"%d" % number, kept(Kind.SUCCESS))
    store.find(b"0", 0.0)

    store.put(b"more", kept(Kind.SUCCESS))

    assert store.find(b"0", 0.0) is not None
    assert store.find(b"1", 0.0) is None
    assert store.evicted == {Kind.SUCCESS: 1, Kind.DENIAL: 0}


def test_names_asked_for_once_push_out_nothing_that_is_asked_for_again() -> None:
    store = Store(0, 0)
    for number in range(LEAST_CAPACITY // 2):
        store.put(b"used %d" % number, kept(Kind.SUCCESS))
        store.find(b"used %d" % number, 0.0)

    for number in range(3 * LEAST_CAPACITY):
        store.put(b"once %d" % number, kept(Kind.SUCCESS))

    assert all(store.has(b"used %d" % number) for number in range(LEAST_CAPACITY // 2))
    assert store.entries[Kind.SUCCESS] == LEAST_CAPACITY
    assert store.has(b"once %d" % (3 * LEAST_CAPACITY - 1))


def test_a_newer_answer_is_of_as_much_use_as_the_one_it_replaces() -> None:
    store = Store(0, 0)
    store.put(b"used", kept(Kind.SUCCESS))
    store.find(b"used", 0.0)

    store.put(b"used", kept(Kind.SUCCESS))
    for number in range(2 * LEAST_CAPACITY):
        store.put(b"once %d" % number, kept(Kind.SUCCESS))

    assert store.has(b"used")


def test_an_eighth_is_left_to_names_that_are_new() -> None:
    store = Store(0, 0)
    for number in range(2 * LEAST_CAPACITY):
        store.put(b"used %d" % number, kept(Kind.SUCCESS))
        store.find(b"used %d" % number, 0.0)

    for number in range(LEAST_CAPACITY):
        store.put(b"new %d" % number, kept(Kind.SUCCESS))

    new = sum(store.has(b"new %d" % number) for number in range(LEAST_CAPACITY))
    assert new == LEAST_CAPACITY // 8
    assert store.entries[Kind.SUCCESS] == LEAST_CAPACITY


def test_large_answers_make_room_before_there_are_many() -> None:
    store = Store(0, 0)

    for number in range(200):
        store.put(b"%d" % number, kept(Kind.SUCCESS, size=60_000))

    assert 0 < store.entries[Kind.SUCCESS] < 200
    assert store.octets <= LEAST_CAPACITY * 4096


def raw(answers: int, now: float, lifetime: int) -> Raw:
    counts = bytes((0, answers, 0, int(not answers)))
    head = PlainHeads(recursion_desired=True, wants_ad=False, with_opt=False)[
        b"\x81\x80\0\1" + counts + b"\0\0"
    ]
    assert head is not None
    soa = record(bytes(22), RRType.SOA, b"\0")
    return Raw(head, record(b"1234") * answers or soa, lifetime, now)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["raw", "put", "put large", "find", "touch", "wait"]),
            st.integers(0, 7).map(lambda number: number.to_bytes(1)),
            st.integers(0, 3),
            st.integers(1, 9),
        ),
        max_size=60,
    ),
    more=st.integers(0, 90),
    prefer_positive=st.booleans(),
)
def test_when_all_has_gone_no_octet_is_left(
    steps: list[tuple[str, bytes, int, int]], more: int, *, prefer_positive: bool
) -> None:
    store, now = Store(0, 0, prefer_positive=prefer_positive), 0.0
    asked = [ASKED.octets + number.to_bytes(1) for number in range(8)]
    large = kept(Kind.SUCCESS, size=60_000)
    for what, key, number, lifetime in steps:
        kind = (Kind.SUCCESS, Kind.DENIAL, Kind.FAILURE, Kind.SUCCESS)[number]
        match what:
            case "raw":
                store.put(ASKED.octets + key, raw(number, now, lifetime))
            case "put":
                store.put(ASKED.octets + key, kept(kind, now, lifetime, answering=number == 0))
            case "put large":
                store.put(ASKED.octets + key, large)
            case "find":
                store.find(ASKED.octets + key, now, number)
            case "touch":
                store.touch(ASKED.octets + key)
            case _:
                now += number
        assert (store.octets > 0) is (sum(store.entries.values()) > 0)
    for number in range(more):
        asked.append(b"%d" % number)
        store.put(asked[-1], large)
    for key in asked:
        while store.find(key, 1000.0) or store.has(key):
            pass

    assert (store.octets, sum(store.entries.values())) == (0, 0)


class StoreMachine(RuleBasedStateMachine):
    """Beside the store, a dict without limits: what is found is what was put there."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(0, 0)
        self.now = 0.0
        self.put_as: dict[int, bytes] = {}
        self.alive: list[Kept] = []

    @rule(
        key=st.integers(0, 40).map(lambda number: b"%d" % number),
        kind=st.sampled_from(Kind),
        lifetime=st.integers(1, 30),
        size=st.sampled_from((0, 500, 30_000)),
    )
    def put(self, key: bytes, kind: Kind, lifetime: int, size: int) -> None:
        answer = kept(kind, self.now, lifetime, size=size)
        self.alive.append(answer)
        self.put_as[id(answer)] = key
        self.store.put(key, answer)

    @rule(seconds=st.integers(0, 20))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(key=st.integers(0, 45).map(lambda number: b"%d" % number))
    def find(self, key: bytes) -> None:
        found = self.store.find(key, self.now)
        if found is not None:
            assert self.put_as[id(found)] == key
            assert found.remaining(self.now) > 0

    @invariant()
    def is_within_its_capacity(self) -> None:
        assert all(count <= LEAST_CAPACITY for count in self.store.entries.values())
        assert self.store.octets <= 2 * LEAST_CAPACITY * 4096


TestStore = StoreMachine.TestCase


@settings(max_examples=15)
@given(st.integers(-5, 3000), st.integers(1, 3500))
def test_there_are_never_more_than_the_capacity(capacity: int, count: int) -> None:
    store = Store(capacity, 0)
    answer = kept(Kind.SUCCESS)

    for number in range(count):
        store.put(b"%d" % number, answer)

    assert store.entries[Kind.SUCCESS] == min(count, max(capacity, LEAST_CAPACITY))
