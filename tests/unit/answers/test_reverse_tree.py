import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.names import ReverseNode
from svcdns.answers.reverse_tree import ReverseTree
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Service
from svcdns.cluster.state import State
from svcdns.wire.name import from_text
from tests.support.cluster_text import events_of, state_of

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
