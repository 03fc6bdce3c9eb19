"""An index finds what a search would find, whatever was put in and taken away."""

from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.index import FewByKey, SliceKeysByNetwork, has_address
from svcdns.cluster.model import EndpointSlice, Key
from tests.support.cluster_objects import ADDRESSES, slices

STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("xyz")))


@given(STEPS)
def test_few_values_are_those_put_in_and_not_taken_away(steps: list[tuple[bool, str, str]]) -> None:
    index = FewByKey[str, str](str)
    naive: dict[str, set[str]] = {"a": set(), "b": set()}

    for is_there, key, value in steps:
        if is_there and value not in naive[key]:
            index.add(key, value)
            naive[key].add(value)
        elif not is_there:
            index.discard(key, value)
            naive[key].discard(value)

    assert {key: index.get(key) for key in naive} == {
        key: tuple(sorted(values)) for key, values in naive.items()
    }
    assert len(index) == sum(1 for values in naive.values() if values)


def test_an_equal_value_is_taken_away_though_it_is_another_object() -> None:
    index = FewByKey[str, str](str)
    index.add("web", "shop")

    index.discard("web", str(b"shop", "ascii"))

    assert index.get("web") == ()


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.none() | slices())))
def test_a_slice_is_found_in_the_networks_of_its_addresses_and_only_there(
    steps: list[tuple[str, EndpointSlice | None]],
) -> None:
    index = SliceKeysByNetwork()
    current: dict[Key, EndpointSlice] = {}

    for name, value in steps:
        key = ("shop", name)
        index.change(key, current.pop(key, None), value)
        if value is not None:
            current[key] = value

    for address in ADDRESSES:
        near = {
            key
            for key, value in current.items()
            if any(network(one.address) == network(address) for one in value.endpoints())
        }
        assert sorted(index.get(address)) == sorted(near)
    assert len(index) == len(
        {network(one.address) for value in current.values() for one in value.endpoints()}
        - {network(b"")}
    )


def network(address: bytes) -> tuple[int, bytes, int]:
    return (len(address), address[:-1], address[-1] >> 6 if address else 0)


def test_equal_octets_of_another_width_are_other_addresses() -> None:
    octets = bytes((10, 0, 0, 1)) * 4
    index = SliceKeysByNetwork()
    before = EndpointSlice("shop", "web", "web", 16, octets, b"\x03")
    index.change(("shop", "web"), None, before)

    index.change(
        ("shop", "web"), before, EndpointSlice("shop", "web", "web", 4, octets, b"\x03" * 4)
    )

    assert list(index.get(octets[:4])) == [("shop", "web")]
    assert list(index.get(octets)) == []


def test_nothing_is_found_at_no_address() -> None:
    index = SliceKeysByNetwork()
    index.change(("shop", "web"), None, EndpointSlice("shop", "web", "web", 0, fqdns=("a.b",)))

    assert list(index.get(b"")) == []


def test_octets_of_two_neighbours_are_no_address() -> None:
    value = EndpointSlice("shop", "web", "web", 4, bytes((1, 10, 0, 0, 7, 2, 2, 2)), b"\x03\x03")

    assert not has_address(value, bytes((10, 0, 0, 7)))
    assert has_address(value, bytes((7, 2, 2, 2)))


def test_octets_of_neighbours_are_no_address_however_often_they_look_like_it() -> None:
    octets = bytes((1, 10, 0, 0, 7, 10, 0, 0, 7, 2, 2, 2))
    value = EndpointSlice("shop", "web", "web", 4, octets, b"\x03\x03\x03")

    assert not has_address(value, bytes((10, 0, 0, 7)))


def test_octets_of_neighbours_do_not_hide_the_address_behind_them() -> None:
    octets = bytes((1, 10, 0, 0, 7, 2, 2, 2, 10, 0, 0, 7))
    value = EndpointSlice("shop", "web", "web", 4, octets, b"\x03\x03\x03")

    assert has_address(value, bytes((10, 0, 0, 7)))


def test_a_slice_of_the_other_family_does_not_have_the_address() -> None:
    value = EndpointSlice("shop", "web", "web", 16, bytes((10, 0, 0, 7)) * 4, b"\x03")

    assert not has_address(value, bytes((10, 0, 0, 7)))
