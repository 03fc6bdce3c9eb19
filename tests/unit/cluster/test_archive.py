"""Values survive being packed and unpacked; octets of another origin are refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cluster.archive import LAYOUT, pack, unpack
from svcdns.cluster.columns import Columns
from svcdns.cluster.model import EndpointSlice, Namespace, Node, Object, Pod, Service, Traffic
from svcdns.cluster.state import KINDS
from tests.support.cluster_objects import objects

_TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
_ODD: st.SearchStrategy[Object] = st.one_of(
    st.builds(Service, _TEXT, _TEXT, _TEXT, external_name=_TEXT),
    st.builds(Pod, _TEXT, _TEXT, labels=st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple)),
    st.builds(Node, _TEXT, _TEXT),
)


def round_trip(kind: type, values: list[Object]) -> list[Object]:
    return [value for piece in pack(kind, values) for value in unpack(kind, piece)]


@given(st.lists(objects | _ODD))
def test_any_objects_survive_a_round_trip(values: list[Object]) -> None:
    for kind in KINDS:
        of_kind = [value for value in values if isinstance(value, kind)]

        assert round_trip(kind, of_kind) == of_kind


def test_layout_is_counted_up_when_a_class_changes() -> None:
    # Another arrangement here needs another number, or old files are misread.
    assert Traffic._fields == (
        *("node_ports", "external", "balancers", "source_ranges", "health_check_port"),
        *("affinity_seconds", "internal_local", "external_local", "scheduler", "is_elsewhere"),
    )
    arrangement = {kind.__name__: kind.__match_args__ for kind in KINDS}  # type: ignore[attr-defined]

    assert LAYOUT == 3
    assert arrangement == {
        "Namespace": ("name",),
        "Node": ("name", "zone", "addresses", "leaving"),
        "Service": (
            *("namespace", "name", "type", "addresses", "headless", "external_name", "ports"),
            *("publish_not_ready", "outside", "outside_names", "traffic"),
        ),
        "EndpointSlice": (
            *("namespace", "name", "service", "width", "addresses", "conditions", "ports"),
            *("hostnames", "pods", "nodes", "zones", "fqdns", "zone_hints", "node_hints"),
        ),
        "Pod": ("namespace", "name", "addresses", "labels"),
    }


def test_no_values_are_no_pieces() -> None:
    assert list(pack(Service, [])) == []


def test_many_values_come_in_small_pieces() -> None:
    pieces = list(pack(Pod, [Pod("shop", f"web-{n}", (b"\n\0\0\1",)) for n in range(10_000)]))

    assert max(map(len, pieces)) < 1 << 15


def test_the_endpoints_of_a_slice_count_for_the_size_of_a_piece() -> None:
    columns = Columns()
    for n in range(100):
        columns.add(n.to_bytes(4), 3, "", f"web-{n}", "node-a", "zone-1")
    full = columns.slice("shop", "web", "web", 4, ())

    pieces = list(pack(EndpointSlice, [full] * 50))

    assert len(pieces) == 10


def test_equal_strings_are_one_object_again() -> None:
    columns = Columns()
    columns.add(b"\n\0\0\1", 3, "web-0", "web-0", "node-a", "zone-1")
    columns.add(b"\n\0\0\2", 3, "other", "web-1", "node-a", "zone-1")
    piece = next(pack(EndpointSlice, [columns.slice("shop", "web", "web", 4, ())]))

    (value,) = unpack(EndpointSlice, piece)

    assert isinstance(value, EndpointSlice)
    assert value.hostnames[0] is value.pods[0]
    assert value.nodes[0] is value.nodes[1]
    assert value.zones[0] is value.zones[1]


@given(st.sampled_from(KINDS), st.binary())
def test_any_octets_are_values_or_refused(kind: type, octets: bytes) -> None:
    try:
        values = unpack(kind, octets)
    except ValueError as error:
        assert str(error).startswith(f"these are no {kind.__name__} objects: ")  # noqa: PT017
    else:
        assert all(isinstance(value, kind) for value in values)


@pytest.mark.parametrize(
    ("kind", "row", "problem"),
    [
        pytest.param(Namespace, [7], "Expected `str`", id="a number for a name"),
        pytest.param(Namespace, ["a", "b"], "length 1", id="a field too many"),
        pytest.param(
            Node, ["a", "", [b"abc"], False], "4 or 16 octets", id="an address of three octets"
        ),
        pytest.param(
            EndpointSlice,
            ["a", "b", "", 4, b"1234", b"", [], [], [], [], [], [], [], []],
            "columns of a/b",
            id="an address without conditions",
        ),
        pytest.param(
            EndpointSlice,
            ["a", "b", "", 4, b"1234", b"1", [], [], ["p", "q"], [], [], [], [], []],
            "columns of a/b",
            id="two Pods for one address",
        ),
        pytest.param(
            EndpointSlice,
            ["a", "b", "", 5, b"12345", b"1", [], [], [], [], [], [], [], []],
            "columns of a/b",
            id="an address of five octets",
        ),
    ],
)
def test_what_is_no_value_is_refused(kind: type, row: list[object], problem: str) -> None:
    piece = msgspec.msgpack.encode([row])

    with pytest.raises(ValueError, match=problem):
        unpack(kind, piece)
