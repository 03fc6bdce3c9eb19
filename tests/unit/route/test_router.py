"""Which server block takes a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.route.route import Route
from svcdns.route.router import Router
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_labels, from_text

ZONES = (".", "example.", "b.example.")


def router(*zones: str) -> Router:
    return Router(Route(zone, from_text(zone)) for zone in zones)


@pytest.mark.parametrize(
    ("name", "rrtype", "zone"),
    [
        pytest.param("a.b.example.", RRType.A, "b.example.", id="below"),
        pytest.param("b.example.", RRType.A, "b.example.", id="the apex itself"),
        pytest.param("ab.example.", RRType.A, "example.", id="a label boundary, not a suffix"),
        pytest.param("other.", RRType.A, ".", id="the root takes what is left"),
        pytest.param("b.example.", RRType.DS, "example.", id="DS of an apex is the parent's"),
        pytest.param("a.b.example.", RRType.DS, "b.example.", id="DS below is the zone's"),
        pytest.param(".", RRType.DS, ".", id="the root has no parent"),
    ],
)
def test_the_longest_zone_takes_the_question(name: str, rrtype: int, zone: str) -> None:
    found = router(*ZONES).find(from_text(name), rrtype)

    assert found is not None
    assert found.zone == zone


def test_a_name_in_no_zone_is_taken_by_nobody() -> None:
    assert router("example.").find(from_text("example.org."), RRType.A) is None
    assert router().find(from_text("."), RRType.A) is None


def test_ds_of_an_apex_without_a_parent_here_is_answered_by_the_zone() -> None:
    found = router("b.example.").find(from_text("b.example."), RRType.DS)

    assert found is not None
    assert found.zone == "b.example."


def test_ds_of_an_apex_is_the_roots_when_no_zone_lies_between() -> None:
    found = router("b.example.", ".").find(from_text("b.example."), RRType.DS)

    assert found is not None
    assert found.zone == "."


def test_zones_are_listed_in_the_order_of_the_corefile() -> None:
    assert router("b.example.", ".", "example.").zones == ("b.example.", ".", "example.")


Labels = tuple[bytes, ...]
_LABELS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"\1a"]), max_size=5).map(tuple)


@given(st.sets(_LABELS, max_size=6), _LABELS)
def test_the_zone_found_is_the_one_that_comparing_all_of_them_finds(
    zones: set[Labels], asked: Labels
) -> None:
    routes = [Route(repr(zone), from_labels(zone)) for zone in zones]

    found = Router(routes).find(from_labels(asked), RRType.A)

    holding = [zone for zone in zones if asked[len(asked) - len(zone) :] == zone]
    longest = max(holding, key=len, default=None)
    assert (found and found.zone) == (None if longest is None else repr(longest))
