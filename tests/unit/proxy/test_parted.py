"""Mappings and sets that share what does not differ."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.proxy.model import TCP, VirtualKey
from svcdns.proxy.parted import Parted, PartedSet

OCTETS = st.binary(min_size=1, max_size=2)
STEPS = st.lists(st.dictionaries(OCTETS, st.none() | st.integers(0, 3), max_size=4), max_size=6)


@given(STEPS)
def test_what_was_changed_is_there_and_nothing_else(steps: list[dict[bytes, int | None]]) -> None:
    model: dict[bytes, int] = {}
    mapping, members = Parted[bytes, int](), PartedSet[bytes]()

    for step in steps:
        model = {key: value for key, value in {**model, **step}.items() if value is not None}
        mapping = mapping.but(step)
        members = members.but({key: value is not None for key, value in step.items()})

    assert mapping == model
    assert dict(mapping.items()) == model
    assert sorted(mapping.values()) == sorted(model.values())
    assert len(mapping) == len(members) == len(model)
    assert members == model.keys()


@given(STEPS, STEPS)
def test_two_of_them_are_compared_as_any_other_two(
    mine: list[dict[bytes, int | None]], others: list[dict[bytes, int | None]]
) -> None:
    one, two = Parted[bytes, int](), Parted[bytes, int]()
    for step in mine:
        one = one.but(step)
    two = one
    for step in others:
        two = two.but(step)
    keys, other_keys = PartedSet[bytes](), PartedSet[bytes]()
    keys = keys.but(dict.fromkeys(one, True))
    other_keys = keys.but(dict.fromkeys(two, True) | dict.fromkeys(one.keys() - two.keys(), False))

    assert (one == two) is (dict(one) == dict(two))
    assert (keys == other_keys) is (set(one) == set(two))
    assert keys - other_keys == set(one) - set(two)
    assert keys & other_keys == set(one) & set(two)
    assert keys - frozenset(two) == set(one) - set(two)
    assert keys & frozenset(two) == set(one) & set(two)
    assert frozenset(one) - other_keys == set(one) - set(two)
    apart = {key for parts in two.apart_from(one) for part in parts for key in part}
    assert {key for key in {*one, *two} if one.get(key) != two.get(key)} <= apart


def test_parts_in_which_nothing_differs_are_shared() -> None:
    keys = [VirtualKey(TCP, bytes((10, 96, 0, last)), 80) for last in range(256)]
    mapping = Parted[VirtualKey, int]().but(dict.fromkeys(keys, 1))

    after = mapping.but({keys[7]: 2})

    assert [dict(mine) for mine, _ in after.apart_from(mapping)] == [{keys[7]: 2}]
    assert mapping[keys[7]] == 1, "the one before is as it was"
