import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.names import ReverseNode
from svcdns.answers.reverse_tree import ReverseTree
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object, Service
from svcdns.cluster.state import State
from svcdns.wire.name import from_text
from tests.support.cluster_text import events_of, state_of
from tests.support.worlds import CLUSTERS, OBJECTS, SETTINGS

CLUSTER = """
Service shop/web 10.96.4.7 fd00::4:7 port http/TCP 80
EndpointSlice shop/web-1 of web port http/TCP 80: 10.1.0.3, 10.2.0.4 not-ready, 10.1.0.5
EndpointSlice shop/web-2 of web port http/TCP 80: a.example.com
EndpointSlice shop/loose-1: 10.3.0.6
"""
OPTIONS = KubernetesSettings((from_text("cluster.local"), from_text("in-addr.arpa")))
FILTERED = KubernetesSettings(OPTIONS.zones, namespaces=frozenset({"shop"}))


def tree_of(
    state: State, settings: KubernetesSettings = OPTIONS, served: str = "shop"
) -> ReverseTree:
    return ReverseTree(state, settings, lambda name: name == served)


@pytest.mark.parametrize(
    ("node", "found"),
    [
        (ReverseNode(4, b""), True),
        (ReverseNode(4, bytes((10,))), True),
        (ReverseNode(4, bytes((10, 96, 4))), True),
        (ReverseNode(4, bytes((10, 1, 0))), True),
        (ReverseNode(4, bytes((9,))), False),
        (ReverseNode(4, bytes((11,))), False),
        (ReverseNode(4, bytes((1, 0, 3))), False),  # in the middle of an address
        (ReverseNode(4, bytes((10, 2))), False),  # not ready
        (ReverseNode(4, bytes((10, 3))), False),  # nobody's
        (ReverseNode(16, b""), True),
        (ReverseNode(16, b"", 0xF), True),
        (ReverseNode(16, b"", 0xE), False),
        (ReverseNode(16, b"\xfd", 0), True),
        (ReverseNode(16, b"\xfd", 1), False),
        (ReverseNode(16, b"\xfd\0"), True),
        (ReverseNode(16, b"\x10\0"), False),
        (ReverseNode(16, b"\xfd" + bytes(12) + b"\x04\0"), True),
        (ReverseNode(16, b"\xfd" + bytes(12) + b"\x04\0", 0), True),
        (ReverseNode(16, b"\xfd" + bytes(12) + b"\x04\0", 1), False),
    ],
)
def test_an_address_may_begin_so(node: ReverseNode, *, found: bool) -> None:
    assert tree_of(state_of(CLUSTER)).holds(node) is found


def test_beginnings_of_what_is_hidden_are_hidden() -> None:
    state = state_of(CLUSTER)
    node = ReverseNode(4, bytes((10, 1)))
    noendpoints = KubernetesSettings(OPTIONS.zones, noendpoints=True)

    assert not tree_of(state, noendpoints).holds(node)
    assert not tree_of(state, FILTERED, served="ops").holds(node)
    assert tree_of(state, FILTERED).holds(node)


@pytest.mark.parametrize("now", [1_499_347_823, 1_600_000_000], ids=["same second", "later"])
def test_a_change_of_the_cluster_is_seen(now: int) -> None:
    state = state_of(CLUSTER)
    tree = tree_of(state)
    node = ReverseNode(4, bytes((11,)))
    assert not tree.holds(node)

    state.apply(events_of(["Service shop/new 11.0.0.1 port http/TCP 80"]), now)

    assert tree.holds(node)


def test_an_endpoint_that_moves_within_one_second_takes_its_beginning_along() -> None:
    state = state_of(CLUSTER)
    tree = tree_of(state)
    there, then = ReverseNode(4, bytes((10, 1))), ReverseNode(4, bytes((10, 9)))
    assert (tree.holds(there), tree.holds(then)) == (True, False)

    state.apply(events_of(["EndpointSlice shop/web-1 of web port http/TCP 80: 10.9.0.3"]), 0)

    assert (tree.holds(there), tree.holds(then)) == (False, True)


def test_what_a_slice_of_a_missing_service_points_to_has_its_nodes_too() -> None:
    state = state_of("EndpointSlice shop/db-1 of db port sql/TCP 5432: 10.1.0.3, fd00::4:7")

    tree = tree_of(state)

    assert tree.holds(ReverseNode(4, bytes((10, 1))))
    assert not tree.holds(ReverseNode(16, b"\xfd"))  # of another family than its slice


def test_a_tree_that_was_left_behind_by_many_changes_starts_anew() -> None:
    state = state_of("Service shop/web 10.96.4.7")
    tree = tree_of(state)
    node = ReverseNode(4, bytes((10, 97)))
    assert not tree.holds(node)

    for number in range(1000):
        state.apply(events_of([f"Service shop/web 10.97.{number % 2}.7"]), 0)

    assert tree.holds(node)
    assert not tree.holds(ReverseNode(4, bytes((10, 96))))


NODES = [
    ReverseNode(4, b""),
    *(
        ReverseNode(4, bytes(prefix))
        for prefix in ((10,), (10, 0), (10, 0, 0), (10, 1), (10, 1, 0))
    ),
    *(ReverseNode(16, prefix, nibble) for prefix in (b"", b"\xfd\0") for nibble in (None, 0, 15)),
]


@settings(max_examples=100, deadline=None)
@given(CLUSTERS, SETTINGS, st.lists(OBJECTS, max_size=6), st.data())
def test_a_tree_that_follows_is_like_one_that_is_new(
    objects: list[Object], options: KubernetesSettings, further: list[Object], data: st.DataObject
) -> None:
    state = State()
    state.apply([WatchEvent(type(one), one.key, one) for one in objects], 1)

    def is_served(namespace: str) -> bool:
        return namespace in state.namespaces and namespace in options.namespaces

    old = ReverseTree(state, options, is_served)
    for one in further:
        old.holds(NODES[0])
        gone = data.draw(st.booleans())
        state.apply([WatchEvent(type(one), one.key, None if gone else one)], 1)

    new = ReverseTree(state, options, is_served)
    assert [old.holds(node) for node in NODES] == [new.holds(node) for node in NODES]


ADDRESSES = st.one_of(
    st.lists(st.sampled_from([0, 1, 10, 255]), min_size=4, max_size=4).map(bytes),
    st.lists(st.sampled_from([0, 0, 1, 16, 255]), min_size=16, max_size=16).map(bytes),
)


@given(st.lists(ADDRESSES, max_size=5), ADDRESSES, st.data())
def test_exactly_the_beginnings_of_addresses_are_held(
    addresses: list[bytes], other: bytes, data: st.DataObject
) -> None:
    state = State()
    service = Service("shop", "web", addresses=tuple(addresses))
    state.apply([WatchEvent(Service, service.key, service)], 1)
    nibbles = other.hex()[: data.draw(st.integers(0, 2 * len(other) - 1))]
    if len(other) == 4:
        nibbles = nibbles[: len(nibbles) & ~1]
    whole, rest = nibbles[: len(nibbles) & ~1], nibbles[len(nibbles) & ~1 :]

    node = ReverseNode(len(other), bytes.fromhex(whole), int(rest, 16) if rest else None)

    expected = any(len(one) == len(other) and one.hex().startswith(nibbles) for one in addresses)
    assert tree_of(state).holds(node) is expected
