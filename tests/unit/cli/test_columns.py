"""Columns stand one below the other, with colours and with wide characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.cli.columns import Cell, aligned, width
from svcdns.cli.terminal import Tone
from tests.support.terminal import plain

_TEXT = st.text(st.characters(categories=("L", "N", "P")), max_size=8)
_CELL = st.builds(Cell, _TEXT, st.none() | st.sampled_from(Tone))


@pytest.mark.parametrize(
    ("text", "cells"), [("shop/web", 8), ("", 0), ("日本", 4), ("e\u0301", 1), ("\uff57", 2)]
)
def test_a_wide_character_takes_two_cells(text: str, cells: int) -> None:
    assert width(text) == cells


def test_columns_are_as_wide_as_their_widest_text() -> None:
    rows = [(Cell("日本"), Cell("5"), Cell("A")), (Cell("a"), Cell("30"), Cell("AAAA"))]

    assert aligned(rows, colour=False, right=(1,)) == ["日本   5  A", "a     30  AAAA"]


def test_a_column_without_text_is_left_out_and_nothing_follows_the_last_text() -> None:
    rows = [(Cell("a"), Cell(""), Cell("b"), Cell("c")), (Cell("dd"), Cell(""), Cell(""), Cell(""))]

    assert aligned(rows, colour=False) == ["a   b  c", "dd"]
    assert aligned([], colour=False) == []


@given(
    st.integers(1, 4).flatmap(
        lambda columns: st.lists(st.tuples(*[_CELL] * columns), min_size=1, max_size=4)
    )
)
def test_colours_change_no_line(rows: list[tuple[Cell, ...]]) -> None:
    painted = aligned(rows, colour=True)

    assert [plain(line) for line in painted] == aligned(rows, colour=False)
